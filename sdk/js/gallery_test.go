package sdkjs_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/headroomhq/headroom/internal/browsertest"
)

// The gallery shows every component in every state, under the policy of a strict page. `make components` keeps its
// pictures in docs/images/components.

// openGallery serves the gallery's files beside the scripts that a built server serves.
func openGallery(t *testing.T) string {
	t.Helper()
	h := browsertest.Start(t, sold)
	target, err := url.Parse(h.URL)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/sdk/", &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }})
	mux.Handle("/", http.FileServerFS(os.DirFS("gallery")))
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", fmt.Sprintf(policy, "'self'"))
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return s.URL
}

// settled waits until every element of the gallery has drawn what it was given.
func settled(w *browsertest.Window) {
	w.T.Helper()
	w.Until("the gallery is there", `document.documentElement.dataset.ready === '' && document.querySelectorAll('figure').length > 0`)
	w.Until("every element has drawn", `[...document.querySelectorAll('.stage :is(`+elementNames+`)')].every((e) => e.shadowRoot?.querySelector('[part=root][lang]'))`)
	for n := -1; ; { // what an element loads later comes in while this looks
		now := browsertest.Ask(w, chromedp.Evaluate[int](`(async () => { await new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r))); await Promise.allSettled(document.getAnimations().map((a) => a.finished)); return [...document.querySelectorAll('.stage *')].reduce((n, e) => n + (e.shadowRoot?.querySelectorAll('*').length ?? 0), 0) })()`, chromedp.EvalAwaitPromise))
		if now == n {
			return
		}
		n = now
	}
}

const elementNames = "headroom-usage-meter, headroom-locked, headroom-nav-badge, headroom-trial-banner, headroom-seat-prompt, headroom-upgrade-dialog, headroom-plan-page, headroom-requests, headroom-survey"

func TestTheGalleryShowsEveryElementThatTheSDKDefines(t *testing.T) {
	w := browsertest.OpenBrowser(t).Window("gallery", openGallery(t))
	settled(w)
	for file, text := range elementSources(t) {
		_, rest, defines := strings.Cut(text, "\ndefine('")
		if !defines {
			continue
		}
		name, _, _ := strings.Cut(rest, "'")
		if !w.Is(fmt.Sprintf(`document.querySelector('section[id=%q] figure %s')`, name, name)) {
			t.Errorf("%s defines %s, of which the gallery has no state: add it to gallery/states-*.js", file, name)
		}
	}
}

func TestEveryStateOfEveryElementIsAccessibleInLightAndDark(t *testing.T) {
	at := openGallery(t)
	w := browsertest.OpenBrowser(t).Window("gallery", at)
	for _, look := range []string{"?theme=light", "?theme=dark", "?theme=light&lang=ar", "?theme=dark&zoom=200"} {
		w.Open(at + look)
		settled(w)
		if found := w.Axe(); found != "" {
			t.Errorf("%s: axe finds\n%s", look, found)
		}
	}
}

func TestNothingRunsSidewaysAt320PixelsNorWithTextTwiceAsLarge(t *testing.T) {
	at := openGallery(t)
	w := browsertest.OpenBrowser(t).Window("gallery", at)
	for _, c := range []struct {
		name, look string
		width      int
	}{
		{"a small phone", "", 320},
		{"a small phone, right to left", "?lang=ar", 320},
		{"German words on a small phone", "?lang=de", 320},
		{"text at 200%", "?zoom=200", 640},
		{"text at 200%, right to left", "?zoom=200&lang=ar", 640},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := w.In(t)
			resize(w, c.width)
			w.Open(at + c.look)
			settled(w)
			if wide := browsertest.Ask(w, chromedp.Evaluate[string](sideways)); wide != "" {
				t.Errorf("wider than its place: %s", wide)
			}
		})
	}
}

// sideways names what is wider than the window or than the stage it stands on.
const sideways = `(() => {
  const out = []
  if (document.documentElement.scrollWidth > innerWidth) out.push('the page: ' + document.documentElement.scrollWidth)
  for (const f of document.querySelectorAll('figure')) {
    const stage = f.querySelector('.stage')
    if (stage.scrollWidth > stage.clientWidth) out.push(f.closest('section').id + ', ' + f.dataset.state + ': ' + stage.scrollWidth + ' in ' + stage.clientWidth)
  }
  return out.join('\n')
})()`

func resize(w *browsertest.Window, width int) {
	w.T.Helper()
	if _, err := chromedp.Call(w.Ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: int64(width), Height: 900, DeviceScaleFactor: 1}); err != nil {
		w.T.Fatal(err)
	}
}

func TestElementsAreMirroredWhereTheyAreReadFromTheRight(t *testing.T) {
	at := openGallery(t)
	w := browsertest.OpenBrowser(t).Window("gallery", at)
	figure := func(state string) string {
		return fmt.Sprintf(`document.querySelector('figure[data-state=%q] .stage').firstElementChild.shadowRoot`, state)
	}
	// given a meter of three of ten and the words of its language
	for _, c := range []struct{ look, left, side string }{
		{"?only=headroom-usage-meter", "7 left", "left"},
		{"?only=headroom-usage-meter&lang=de", "7 übrig", "left"},
		{"?only=headroom-usage-meter&lang=ar", "بقي ٧", "right"},
		{"?only=headroom-usage-meter&dir=rtl", "7 left", "right"},
	} {
		w.Open(at + c.look)
		settled(w)
		// then it fills from where reading begins
		side := browsertest.Ask(w, chromedp.Evaluate[string](fmt.Sprintf(`((r) => { const m = r.querySelector('[part=meter]').getBoundingClientRect(), f = r.querySelector('[part=fill]').getBoundingClientRect(); return f.left - m.left < m.right - f.right ? 'left' : 'right' })(%s)`, figure("fine"))))
		if side != c.side {
			t.Errorf("%s: it fills from the %s", c.look, side)
		}
		words := browsertest.Ask(w, chromedp.Evaluate[string](figure("fine")+`.querySelector('[part=status]').textContent`))
		if words != c.left && words != strings.ReplaceAll(c.left, "٧", "7") {
			t.Errorf("%s: it says %q", c.look, words)
		}
	}
}

func TestEveryTextIsTranslatedAndFilled(t *testing.T) {
	at := openGallery(t)
	w := browsertest.OpenBrowser(t).Window("gallery", at)
	for _, lang := range []string{"en", "de", "ar"} {
		w.Open(at + "?lang=" + lang)
		settled(w)
		// then no text stands there as its key, nor with a name that nothing fills
		odd := browsertest.Ask(w, chromedp.Evaluate[string](`[...document.querySelectorAll('.stage *')].flatMap((e) => e.shadowRoot ? [[e.localName, e.shadowRoot.textContent]] : []).filter(([, text]) => /\{\w|\b(`+strings.Join(tables(t), "|")+`)\.[a-z]+\b/.test(text)).map(String).join('\n')`))
		if odd != "" {
			t.Errorf("%s: %s", lang, odd)
		}
		// and none is English in another language
		if lang != "en" {
			if missing := browsertest.Ask(w, chromedp.Evaluate[string](`import('/sdk/elements/index.js').then(({allTexts}) => Object.keys(allTexts()).filter((key) => !(key in allTexts('`+lang+`'))).join(', '))`, chromedp.EvalAwaitPromise)); missing != "" {
				t.Errorf("%s lacks %s", lang, missing)
			}
		}
	}
}

// tables are the names of the elements' texts.
func tables(t *testing.T) (names []string) {
	t.Helper()
	for _, text := range elementSources(t) {
		for _, part := range strings.Split(text, "\ntexts('")[1:] {
			name, _, _ := strings.Cut(part, "'")
			names = append(names, name)
		}
	}
	return names
}

func TestForcedColoursKeepTheMeterAndReducedMotionMovesNothing(t *testing.T) {
	at := openGallery(t)
	w := browsertest.OpenBrowser(t).Window("gallery", at)
	w.Media("forced-colors", "active", "prefers-reduced-motion", "reduce")
	w.Open(at + "?only=headroom-usage-meter")
	settled(w)
	root := `document.querySelector('figure[data-state=near] .stage').firstElementChild.shadowRoot`
	if !w.Is(`((r) => { const [m, f] = ['meter', 'fill'].map((p) => getComputedStyle(r.querySelector('[part=' + p + ']'))); return m.borderTopStyle === 'solid' && m.borderTopColor !== 'rgba(0, 0, 0, 0)' && f.backgroundColor !== m.backgroundColor })(` + root + `)`) {
		t.Error("in forced colours the meter is not to be told from its ground")
	}
	if w.Is(`document.getAnimations({subtree: true}).length || [...` + root + `.querySelectorAll('*')].some((e) => !/^(all|none)?( 0s)?/.test(getComputedStyle(e).transition) || parseFloat(getComputedStyle(e).transitionDuration))`) {
		t.Error("something moves although motion is not wanted")
	}
}

// maxPicture is how large a picture of the docs may be, in bytes.
const maxPicture = 150_000

// The pictures of docs/components.md are taken where HEADROOM_COMPONENTS names the folder: what they weigh depends on
// the fonts of the machine. Elsewhere those that are kept are looked at.
func TestEveryComponentHasItsPicturesAndTheyAreSmall(t *testing.T) {
	if dir := os.Getenv("HEADROOM_COMPONENTS"); dir != "" {
		takePictures(t, dir)
	}
	for file, text := range elementSources(t) {
		_, rest, defines := strings.Cut(text, "\ndefine('")
		if !defines {
			continue
		}
		name, _, _ := strings.Cut(rest, "'")
		for _, look := range []string{"", "-dark"} {
			picture := filepath.Join("..", "..", "docs", "images", "components", name+look+".png")
			kept, err := os.Stat(picture)
			if err != nil {
				t.Errorf("%s defines %s, of which there is no picture: make components", file, name)
			} else if kept.Size() > maxPicture {
				t.Errorf("%s is %d bytes: a picture of the docs has %d at most", picture, kept.Size(), maxPicture)
			}
		}
	}
}

func takePictures(t *testing.T, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	at := openGallery(t)
	w := browsertest.OpenBrowser(t).Window("gallery", at)
	resize(w, 1100)
	looks := []struct{ name, query string }{{"", "&theme=light"}, {"-dark", "&theme=dark"}}
	w.Open(at)
	settled(w)
	var sections []string
	if err := json.Unmarshal([]byte(browsertest.Ask(w, chromedp.Evaluate[string](`JSON.stringify([...document.querySelectorAll('section')].map((s) => s.id))`))), &sections); err != nil {
		t.Fatal(err)
	}
	for _, section := range sections {
		for _, look := range looks {
			w.Open(at + "?only=" + section + look.query)
			settled(w)
			if err := os.WriteFile(filepath.Join(dir, section+look.name+".png"), picture(w, "#"+section), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// picture is an element as it looks, in the size of its own.
func picture(w *browsertest.Window, selector string) []byte {
	w.T.Helper()
	var box struct{ X, Y, Width, Height float64 }
	text := browsertest.Ask(w, chromedp.Evaluate[string](fmt.Sprintf(`JSON.stringify((({x, y, width, height}) => ({x: x + scrollX, y: y + scrollY, width, height}))(document.querySelector(%q).getBoundingClientRect()))`, selector)))
	if err := json.Unmarshal([]byte(text), &box); err != nil {
		w.T.Fatal(err)
	}
	shot, err := chromedp.Call(w.Ctx, cdppage.CaptureScreenshot, cdppage.CaptureScreenshotParams{
		Format: "png", CaptureBeyondViewport: new(true), Clip: &cdppage.Viewport{X: box.X, Y: box.Y, Width: box.Width, Height: box.Height, Scale: 1},
	})
	if err != nil {
		w.T.Fatal(err)
	}
	return fewColours(w.T, shot.Data)
}

// fewColours writes a picture with at most 256 colours, the most frequent ones: text and plain areas need no more, and
// it takes a third of the bytes.
func fewColours(t *testing.T, from []byte) []byte {
	t.Helper()
	full, err := png.Decode(bytes.NewReader(from))
	if err != nil {
		t.Fatal(err)
	}
	size := full.Bounds()
	count := make(map[color.RGBA]int)
	at := func(x, y int) color.RGBA { return color.RGBAModel.Convert(full.At(x, y)).(color.RGBA) }
	for y := size.Min.Y; y < size.Max.Y; y++ {
		for x := size.Min.X; x < size.Max.X; x++ {
			count[at(x, y)]++
		}
	}
	colours := slices.SortedFunc(maps.Keys(count), func(a, b color.RGBA) int {
		return cmp.Or(count[b]-count[a], int(a.R)-int(b.R), int(a.G)-int(b.G), int(a.B)-int(b.B))
	})
	palette := make(color.Palette, 0, 256)
	for _, c := range colours[:min(len(colours), 256)] {
		palette = append(palette, c)
	}
	few := image.NewPaletted(size, palette)
	index := make(map[color.RGBA]uint8, len(count))
	for c := range count {
		index[c] = uint8(palette.Index(c))
	}
	for y := size.Min.Y; y < size.Max.Y; y++ {
		for x := size.Min.X; x < size.Max.X; x++ {
			few.SetColorIndex(x, y, index[at(x, y)])
		}
	}
	var to bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&to, few); err != nil {
		t.Fatal(err)
	}
	return to.Bytes()
}
