// Package react_test uses the React package as an app does: built by Vite, rendered by Node, hydrated in a real Chromium.
package react_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/headroomhq/headroom/internal/browsertest"
)

const catalog = `
version: 1
currency: USD
meters:
  speakers: {aggregate: level, add: speaker.added, remove: speaker.removed}
features:
  speakers: {title: Speakers, benefit: "Bring more voices", kind: metered, meter: speakers}
  recordings: {title: Recordings, benefit: "Sell every talk", kind: boolean}
plans:
  starter: {title: Starter, family: core, price: {month: "49"}, entitlements: {speakers: 2, recordings: false}}
  pro: {title: Pro, family: core, above: starter, price: {month: "149"}, entitlements: {speakers: 50, recordings: true}}
signals:
  speakers_full: {when: {limit: speakers, reaches: 100%}, type: upsell}
offers:
  pro_for_speakers:
    on: [speakers_full]
    give: {plan: pro}
    at: [speakers.add, dashboard.card]
    content: {title: "Room for {limit_next} speakers", body: "You have used {usage} of {limit}.", action: Upgrade}
experiments:
  button_color: {title: Color, state: running, variants: {blue: 100%}}
`

// policy is what a careful product sends: no scripts or styles but its own, and no markup from strings.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https:; connect-src 'self'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"

func TestMain(m *testing.M) {
	code := m.Run()
	browsertest.Remove()
	if built.dir != "" {
		_ = os.RemoveAll(built.dir) // in the folder for temporary files
	}
	os.Exit(code)
}

var built struct {
	once sync.Once
	dir  string
	err  error
}

// app builds the test's app once, for the browser and for Node, and returns the folder.
func app(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "headroom-react-"); built.err != nil { //nolint:usetesting // it outlives the first test
			return
		}
		for _, arguments := range [][]string{{"exec", "--", "tsc", "-p", "testdata"}, {"exec", "--", "vite", "build", "-c", "testdata/app/vite.config.ts"}, {"exec", "--", "vite", "build", "-c", "testdata/app/vite.config.ts", "--ssr"}} {
			build := exec.CommandContext(t.Context(), "npm", arguments...)
			build.Env = append(os.Environ(), "OUT="+built.dir, "NODE_ENV=development")
			if out, err := build.CombinedOutput(); err != nil {
				built.err = fmt.Errorf("npm %s (is the SDK built? `make sdkjs`): %w\n%s", strings.Join(arguments, " "), err, out)
				return
			}
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.dir
}

// product is a product's own server: it renders the page, serves the app, and passes /hr on.
type product struct {
	url     string
	decides atomic.Int64 // calls of decide that came through
	streams atomic.Int64 // that are open
	deaf    atomic.Bool  // nothing that became of a decision comes through
}

var shell = template.Must(template.New("").Parse(`<!doctype html><html lang="en"><title>Summit</title>
<div id="root">{{.HTML}}</div><script type="application/json" id="data">{{.Data}}</script><script type="module" src="/browser.js"></script></html>`))

// serve starts a product for a person of an account of the server.
func serve(t *testing.T, s *browsertest.Server, data map[string]any) *product {
	t.Helper()
	dir, p := app(t), &product{}
	target, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	pass := &httputil.ReverseProxy{ErrorLog: log.New(io.Discard, "", 0), Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Header.Set("Authorization", "Bearer "+s.Publishable())
	}}
	data["endpoint"], data["decisionTimeout"] = "/hr", 10_000
	mux := http.NewServeMux()
	mux.Handle("/hr/", http.StripPrefix("/hr", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case p.deaf.Load() && strings.HasSuffix(r.URL.Path, "/outcomes"):
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		case strings.HasSuffix(r.URL.Path, "/v1/decide"):
			p.decides.Add(1)
		case strings.HasSuffix(r.URL.Path, "/stream"):
			p.streams.Add(1)
			defer p.streams.Add(-1)
		}
		pass.ServeHTTP(w, r)
	})))
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.Handle("/", http.FileServer(http.Dir(filepath.Join(dir, "browser"))))
	html := render(t, dir, data)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", policy)
		if err := shell.Execute(w, map[string]any{"HTML": template.HTML(html), "Data": data}); err != nil {
			t.Error(err)
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

// render has Node render the page, as a server of the product does.
func render(t *testing.T, dir string, data map[string]any) string {
	t.Helper()
	input, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	var out, said bytes.Buffer
	node := exec.CommandContext(t.Context(), "node", filepath.Join(dir, "server", "server.js"))
	node.Stdin, node.Stdout, node.Stderr = bytes.NewReader(input), &out, &said
	if err := node.Run(); err != nil || said.Len() > 0 {
		t.Fatalf("node: %v\n%s", err, &said)
	}
	return out.String()
}

// company is a server with the account acme, whose plan has room for two speakers and which has so many.
func company(t *testing.T, speakers int) *browsertest.Server {
	t.Helper()
	s := browsertest.Start(t, catalog)
	s.Must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter"}, nil)
	if speakers > 0 {
		s.Events("acme", "speaker.added", speakers)
	}
	return s
}

// known is what the backend fetches before it renders.
func known(s *browsertest.Server) map[string]any {
	var entitlements map[string]any
	s.Must("GET", "/v1/accounts/acme/entitlements", nil, &entitlements)
	return map[string]any{"token": s.Token("acme", "ann", "admin"), "entitlements": entitlements}
}

func text(selector string) string {
	return fmt.Sprintf(`document.querySelector(%q)?.textContent`, selector)
}

func TestWhatAServerRenderedIsHydratedAsItIsAndKeptUpToDate(t *testing.T) {
	s := company(t, 1)
	data := known(s)
	p := serve(t, s, data)

	html := render(t, app(t), data)
	for _, want := range []string{`<p id="room" data-stale="false">1 of 2</p>`, `<p id="recordings">locked</p>`, `<headroom-usage-meter feature="speakers" label="Voices" class="meter">`} {
		if !strings.Contains(html, want) {
			t.Errorf("the server's HTML lacks %s:\n%s", want, html)
		}
	}

	w := browsertest.OpenBrowser(t).Window("react", p.url)
	w.Until("the page is hydrated", "window.hydrated")
	w.Reads("#room", "1 of 2")
	w.Until("both cards know that there is nothing to offer yet", `[...document.querySelectorAll('.card')].every((c) => c.textContent.startsWith('nothing: '))`)
	w.Reads("#variant", "blue")
	w.Until("the meter came to life", `document.querySelector('headroom-usage-meter').shadowRoot?.querySelector('[role=meter]')`)
	drawn := browsertest.Ask(w, chromedp.Evaluate[float64]("window.drawn"))

	s.Events("acme", "speaker.added", 1)
	w.Reads("#room", "2 of 2")
	w.Until("the meter follows", `document.querySelector('headroom-usage-meter').shadowRoot.querySelector('[role=meter]').ariaValueText?.startsWith('2 of 2') || document.querySelector('headroom-usage-meter').shadowRoot.querySelector('[role=meter]').getAttribute('aria-valuetext').startsWith('2 of 2')`)
	if now := browsertest.Ask(w, chromedp.Evaluate[float64]("window.drawn")); now > drawn+4 { // twice for each change, in strict mode
		t.Errorf("one change drew the same hook %v times", now-drawn)
	}
	if said := browsertest.Ask(w, chromedp.Evaluate[string]("complaints.join('\\n')")); said != "" {
		t.Errorf("React complains:\n%s", said)
	}
}

func TestADecisionIsAskedForOnceInStrictModeWhoeverShowsIt(t *testing.T) {
	s := company(t, 2)
	p := serve(t, s, known(s))
	w := browsertest.OpenBrowser(t).Window("react", p.url)
	w.Until("both cards show the offer", `document.querySelectorAll('.card h2').length === 2`)
	w.Reads(".card h2", "Room for 50 speakers")
	w.Until("the element of another placement shows its own", text("#told")+` === 'Room for 50 speakers'`)
	if n := p.decides.Load(); n != 2 {
		t.Errorf("two placements were decided by %d calls", n)
	}
	t.Run("the element is handed to a ref once, however often the component is drawn", func(t *testing.T) {
		if said := browsertest.Ask(w.In(t), chromedp.Evaluate[string]("handed.join(' ')")); said != "headroom-upgrade-dialog" {
			t.Errorf("the ref was handed %s", said)
		}
	})
	t.Run("it is seen once, however often that is said", func(t *testing.T) {
		w := w.In(t)
		w.Run(`document.querySelectorAll('.card .seen').forEach((b) => { b.click(); b.click() })`)
		eventually(t, "it is on record", func() bool { return funnel(s).Seen >= 1 })
		if n := funnel(s).Shown; n != 2 { // one for each placement
			t.Errorf("%d decisions are on record", n)
		}
	})
	t.Run("what was looked at is bought, and everything that asked before opens", func(t *testing.T) {
		w := w.In(t)
		w.Click(".card .price")
		w.Reads(".card .buy", "Buy for 149.00")
		w.Click(".card .buy")
		w.Reads("#recordings", "open")
		w.Reads("#room", "2 of 50")
		w.Until("what the plan has is shown", `document.querySelector('#film').checkVisibility()`)
	})
	if said := browsertest.Ask(w, chromedp.Evaluate[string]("complaints.join('\\n')")); said != "" {
		t.Errorf("React complains:\n%s", said)
	}
}

// eventually waits for something to become true, 10 s at most.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for began := time.Now(); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > 10*time.Second {
			t.Fatalf("not so within 10 s: %s", what)
		}
	}
}

// funnel is what the server counts of the offer.
func funnel(s *browsertest.Server) (line struct{ Shown, Seen, Dismissed int }) {
	var answer struct {
		Totals struct{ Shown, Seen, Dismissed int }
	}
	s.Must("GET", "/v1/offers/funnel", nil, &answer)
	return answer.Totals
}

func TestAPriceThatWasNotLookedAtIsRefusedWithAProblem(t *testing.T) {
	s := company(t, 2)
	w := silent(t, serve(t, s, known(s)).url)
	w.Until("both cards show the offer", `document.querySelectorAll('.card h2').length === 2`)
	w.Click(".card .guess")
	w.Until("its code is told", text(".refused")+`?.includes('token')`)
	w.Reads("#recordings", "locked")
}

func TestAnOfferThatIsDismissedIsGoneAtOnceWhoeverShowsIt(t *testing.T) {
	s := company(t, 2)
	w := browsertest.OpenBrowser(t).Window("react", serve(t, s, known(s)).url)
	w.Until("both cards show the offer", `document.querySelectorAll('.card h2').length === 2`)
	w.Click(".card .dismiss")
	w.Until("neither does now", `[...document.querySelectorAll('.card')].length === 2 && !document.querySelector('.card h2')`)
	eventually(t, "it is on record", func() bool { return funnel(s).Dismissed == 1 })
}

func TestAnOfferThatIsDismissedStaysAwayWhenTheServerDoesNotHearOfIt(t *testing.T) {
	s := company(t, 2)
	p := serve(t, s, known(s))
	w := silent(t, p.url)
	w.Until("both cards show the offer", `document.querySelectorAll('.card h2').length === 2`)
	p.deaf.Store(true)
	asked := p.decides.Load()
	w.Click(".card .dismiss")
	eventually(t, "the card's offer is asked for again", func() bool { return p.decides.Load() > asked })
	w.Until("that is answered", fmt.Sprintf(`performance.getEntriesByType('resource').filter((r) => r.name.endsWith('/decide') && r.responseEnd > 0).length > %d`, asked))
	if !w.Is(`[...document.querySelectorAll('.card')].length === 2 && !document.querySelector('.card h2')`) {
		t.Error("the offer came back")
	}
}

func TestWhatIsUnmountedLeavesNoStreamOpen(t *testing.T) {
	s := company(t, 1)
	p := serve(t, s, known(s))
	w := browsertest.OpenBrowser(t).Window("react", p.url)
	w.Until("the page is hydrated", "window.hydrated")
	w.Reads("#variant", "blue")
	s.Events("acme", "speaker.added", 1)
	w.Reads("#room", "2 of 2") // by the stream
	if n := p.streams.Load(); n != 1 {
		t.Errorf("%d streams are open for one provider in strict mode", n)
	}
	w.Click("#leave")
	w.Until("the provider's part has gone", `!document.querySelector('#room')`)
	eventually(t, "no stream is open", func() bool { return p.streams.Load() == 0 })
}

func TestWithoutAServerHooksSaySoAndComeBackByThemselves(t *testing.T) {
	s := company(t, 1)
	data := known(s)
	delete(data, "entitlements") // the backend could not fetch them either
	p := serve(t, s, data)
	s.Kill()
	w := silent(t, p.url)
	w.Reads("#room", "no answer: unreachable")
	w.Until("nothing is offered", `[...document.querySelectorAll('.card')].every((c) => c.textContent === 'no answer: unreachable')`)
	w.Reads("#recordings", "locked")
	s.Run()
	w.Reads("#room", "1 of 2")
	w.Reads("#recordings", "locked")
	s.Kill()
	w.Until("what is known stays, and says that it may be old", `document.querySelector('#room[data-stale=true]')?.textContent === '1 of 2'`)
}

// silent opens a page whose failing requests are what the test is about.
func silent(t *testing.T, address string) *browsertest.Window {
	t.Helper()
	ctx, closed := chromedp.NewContext(browsertest.OpenBrowser(t).Ctx, chromedp.WithNewWindow(true))
	t.Cleanup(closed)
	w := &browsertest.Window{T: t, Ctx: ctx, Name: "react"}
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	w.Open(address)
	return w
}
