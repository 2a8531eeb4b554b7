package sdkjs_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/headroomhq/headroom/internal/browsertest"
)

// The guides for pages, done as a reader does them: files saved, commands run, the page used in a real Chromium. What is
// put in: addresses, the key, and instead of what npm would install, what is installed here (sdk/node_modules).

// desk is where a reader of a guide works: a folder, a server of Headroom, and the address of the product.
type desk struct {
	t       *testing.T
	dir     string
	server  *browsertest.Server
	product string // host:port
	key     string
	inserts *strings.Replacer
}

// block is a piece of a guide: a file to save, or commands to run.
type block struct{ file, commands, text string }

var fence = regexp.MustCompile("(?s)```(\\w+)\n(.*?)```")
var saved = regexp.MustCompile("(?s)[Ss]ave this as `([^`]+)`")

func readGuide(t *testing.T, name string) (blocks []block) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "guides", name))
	if err != nil {
		t.Fatal(err)
	}
	from := 0
	for _, m := range fence.FindAllSubmatchIndex(text, -1) {
		kind, shown, before := string(text[m[2]:m[3]]), string(text[m[4]:m[5]]), string(text[from:m[0]])
		from = m[1]
		names := saved.FindAllStringSubmatch(before, -1)
		switch {
		case kind == "sh":
			blocks = append(blocks, block{commands: shown})
		case len(names) == 1:
			blocks = append(blocks, block{file: names[0][1], text: shown})
		default:
			t.Fatalf("%s says %d times under which name this is saved:\n%s", name, len(names), shown)
		}
	}
	return blocks
}

// sit starts a server, and does what every guide begins with: the catalog, the account, the key, the backend's program.
func sit(t *testing.T) *desk {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, dir: t.TempDir(), server: browsertest.Start(t, "version: 1\ncurrency: USD\n"), product: l.Addr().String()}
	_ = l.Close() // the product takes it over
	_, port, err := net.SplitHostPort(d.product)
	if err != nil {
		t.Fatal(err)
	}
	d.inserts = strings.NewReplacer("http://127.0.0.1:8080", d.server.URL, "127.0.0.1:3000", d.product, "listen(3000,", "listen("+port+",",
		// This machine may be busy with other tests.
		"\n  token,\n", "\n  decisionTimeout: 10_000,\n  token,\n", "300*time.Millisecond", "10*time.Second")
	if err := os.Symlink(d.server.Binary(), filepath.Join(d.dir, "headroom")); err != nil {
		t.Fatal(err)
	}
	blocks := readGuide(t, "html.md")
	d.follow(blocks, "catalog.yaml", "server.mjs")
	d.run(blocks[1].commands + blocks[2].commands)
	text, err := os.ReadFile(filepath.Join(d.dir, "key.json"))
	if err != nil {
		t.Fatal(err)
	}
	var key struct{ Secret string }
	if err := json.Unmarshal(text, &key); err != nil {
		t.Fatal(err)
	}
	d.key = key.Secret
	return d
}

// follow saves files of a guide, all that are named, or all that there are.
func (d *desk) follow(blocks []block, names ...string) {
	d.t.Helper()
	found := 0
	for _, b := range blocks {
		if b.file == "" || len(names) > 0 && !slices.Contains(names, b.file) {
			continue
		}
		found++
		path := filepath.Join(d.dir, b.file)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			d.t.Fatal(err)
		}
		text := d.inserts.Replace(b.text)
		if d.key != "" {
			text = strings.ReplaceAll(text, "hr_pk_…", d.key)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			d.t.Fatal(err)
		}
	}
	if found < len(names) {
		d.t.Fatalf("the guide has %d of the files %v", found, names)
	}
}

func (d *desk) shell(commands string) *exec.Cmd {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		d.t.Fatal(err)
	}
	cmd := exec.Command("bash", "-e", "-o", "pipefail", "-c", d.inserts.Replace(commands))
	cmd.Dir = d.dir
	cmd.Env = append(os.Environ(), "PATH="+d.dir+":"+os.Getenv("PATH"), "HEADROOM="+root, "HEADROOM_URL="+d.server.URL,
		"HEADROOM_SECRET_KEY="+d.server.Key, "GOPROXY=off", "GOFLAGS=-mod=mod", "GOWORK=off")
	return cmd
}

// run runs commands to their end and returns what they print.
func (d *desk) run(commands string) string {
	d.t.Helper()
	out, err := d.shell(commands).CombinedOutput()
	if err != nil {
		d.t.Fatalf("%s\n%v\n%s", commands, err, out)
	}
	return string(out)
}

// serve runs commands whose last one is the product's server, until the test ends, and returns the product's address.
func (d *desk) serve(commands string) string {
	d.t.Helper()
	cmd, said := d.shell(commands), new(strings.Builder)
	cmd.Stdout, cmd.Stderr = said, said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // with what it starts
	if err := cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		_ = cmd.Wait() // a killed server ends with an error
		close(done)
	}()
	d.t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // it may have ended by itself
		<-done
	})
	address := "http://" + d.product
	for began := time.Now(); ; {
		req, err := http.NewRequestWithContext(d.t.Context(), http.MethodGet, address+"/headroom-token", nil)
		if err != nil {
			d.t.Fatal(err)
		}
		if res, err := http.DefaultClient.Do(req); err == nil {
			_ = res.Body.Close() // that it answers is enough
			return address
		}
		select {
		case <-done:
			d.t.Fatalf("the product ended:\n%s", said)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Since(began) > time.Minute {
			d.t.Fatal("the product does not answer")
		}
	}
}

// installed runs the guide's npm commands, with the versions that are installed here, which npm has at hand then.
func (d *desk) installed(blocks []block) {
	d.t.Helper()
	commands := ""
	for _, b := range blocks {
		if strings.Contains(b.commands, "npm install") {
			commands = b.commands
		}
	}
	name := regexp.MustCompile(` (@?[a-z][-a-z/]*)`)
	lines := strings.Split(commands, "\n")
	for i, line := range lines {
		if !strings.HasPrefix(line, "npm install") {
			continue
		}
		lines[i] = "npm install --prefer-offline --no-audit --no-fund" + name.ReplaceAllStringFunc(strings.TrimPrefix(line, "npm install"), func(found string) string {
			text, err := os.ReadFile(filepath.Join("..", "node_modules", found[1:], "package.json"))
			var installed struct{ Version string }
			if err != nil || json.Unmarshal(text, &installed) != nil {
				d.t.Fatalf("the guide installs%s, which sdk/package.json does not: %v", found, err)
			}
			return found + "@" + installed.Version
		})
	}
	d.run(strings.Join(lines, "\n"))
}

// signing puts the secret of key.json where the guide for HTML puts it.
func (d *desk) signing() string {
	for _, b := range readGuide(d.t, "html.md") {
		if command, _, ok := strings.Cut(b.commands, "node server.mjs"); ok {
			return command
		}
	}
	d.t.Fatal("the guide does not say where the signing secret goes")
	return ""
}

// within reads what an element shows.
func within(tag string) string {
	return fmt.Sprintf(`document.querySelector(%q)?.shadowRoot?.querySelector('[part~=root]')?.innerText ?? ''`, tag)
}

// meterSays waits until the meter is read so by who doesn't see it.
func meterSays(w *browsertest.Window, text string) {
	w.T.Helper()
	w.Until("the meter says "+text, fmt.Sprintf(`document.querySelector('headroom-usage-meter')?.shadowRoot?.querySelector('[role=meter]')?.getAttribute('aria-valuetext').startsWith(%q)`, text))
}

// buy takes the offer that stands in the page: its button, what it costs, the confirmation.
func buy(w *browsertest.Window) {
	w.T.Helper()
	w.Until("the offer is there", `(`+within("headroom-upgrade-dialog")+`).includes('Room for 50 speakers')`)
	part := func(name string) string {
		return fmt.Sprintf(`document.querySelector('headroom-upgrade-dialog').shadowRoot.querySelector('[part~=%s]')`, name)
	}
	w.Run(part("action") + ".click()")
	w.Until("what it costs is shown, with the focus on Cancel", part("confirm")+`?.checkVisibility() && document.querySelector('headroom-upgrade-dialog').shadowRoot.activeElement === `+part("cancel"))
	w.Run(part("confirm") + ".click()")
}

// forgiving opens a page whose failing requests are what the test is about.
func forgiving(t *testing.T, address string) *browsertest.Window {
	t.Helper()
	ctx, closed := chromedp.NewContext(browsertest.OpenBrowser(t).Ctx, chromedp.WithNewWindow(true))
	t.Cleanup(closed)
	w := &browsertest.Window{T: t, Ctx: ctx, Name: "guide"}
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	w.Open(address)
	return w
}

func TestTheGuideToPlainHTMLDoesWhatItSays(t *testing.T) {
	for _, backend := range []string{"node server.mjs", "go run main.go"} {
		t.Run("with "+backend, func(t *testing.T) {
			d := sit(t)
			d.follow(readGuide(t, "html.md"))
			address := d.serve(d.signing() + backend)
			w := browsertest.OpenBrowser(t).Window("html", address)
			meterSays(w, "0 of 2 speakers")
			w.Until("there is a lock", `document.querySelector('#talks').checkVisibility() === false`)
			w.Until("it says what opens it, and what that costs", `(`+within("headroom-locked")+`).match(/Pro.*149/s) && document.querySelector('headroom-locked').shadowRoot.querySelector('[part~=action],[part~=offer]')`)
			if !strings.Contains(d.run("curl -si "+address), "frame-ancestors 'none'") {
				t.Error("the page may stand in anybody's frame")
			}
			if status := d.run(`curl -so /dev/null -w '%{http_code}' --path-as-is ` + address + "//"); !slices.Contains([]string{"307", "400"}, status) {
				t.Errorf("an address that is none is answered with %s", status)
			}

			w.Click("#add")
			meterSays(w, "1 of 2 speakers")
			w.Click("#add")
			meterSays(w, "2 of 2 speakers")
			w.Click("#add")
			w.Until("the offer is there", `(`+within("headroom-upgrade-dialog")+`).includes('Room for 50 speakers')`)
			w.Shot("guide-html-offer")
			if !w.Is(`document.querySelectorAll('#speakers li').length === 2`) {
				t.Error("a third speaker was added")
			}

			buy(w)
			meterSays(w, "2 of 50 speakers")
			w.Until("the talks are there", `document.querySelector('#talks').checkVisibility()`)
			w.Until("it can be undone", `document.querySelector('headroom-upgrade-dialog').shadowRoot.querySelector('[part~=undo]')?.checkVisibility()`)
			w.Click("#add")
			w.Until("the next speaker is added", `document.querySelectorAll('#speakers li').length === 3`)
			w.Shot("guide-html-bought")
			if found := w.Axe(); found != "" {
				t.Error(found)
			}
		})
	}
}

func TestTheGuidesSnippetIsTheOneOfTheReadme(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, snippet, _ := strings.Cut(string(readme), "<script nonce=\"…\">\n")
	snippet, _, found := strings.Cut(snippet, "</script>")
	for guide, at := range map[string]struct{ file, headroom string }{"html.md": {"public/page.js", "http://127.0.0.1:8080"}, "go-server.md": {"page.js", "/hr"}} {
		if !slices.ContainsFunc(readGuide(t, guide), func(b block) bool {
			return found && b.file == at.file && strings.HasPrefix(b.text, strings.ReplaceAll(snippet, "https://headroom.example", at.headroom))
		}) {
			t.Errorf("%s has another snippet than sdk/js/README.md", guide)
		}
	}
}

func TestThePageOfTheGuideGoesOnWithoutHeadroom(t *testing.T) {
	d := sit(t)
	d.follow(readGuide(t, "html.md"))
	address := d.serve(d.signing() + "node server.mjs")
	for _, now := range []struct {
		is  string
		end func()
	}{{"hangs", d.server.Hang}, {"is away", d.server.Kill}} {
		t.Run("when it "+now.is, func(t *testing.T) {
			now.end()
			w := forgiving(t, "about:blank")
			w.Run(fmt.Sprintf("location = %q", address)) // which doesn't wait for all that the page loads
			w.Until("the page is there", `document.querySelector('#add')`)
			w.Until("its own code runs", `document.readyState !== 'loading'`)
			w.Click("#add")
			w.Until("a speaker is added", `document.querySelectorAll('#speakers li').length === 1`)
			if !w.Is(`document.querySelector('headroom-upgrade-dialog').checkVisibility() === false || document.querySelector('headroom-upgrade-dialog').innerText === ''`) {
				t.Error("something is offered")
			}
		})
	}
}

func TestTheGuideToReactDoesWhatItSays(t *testing.T) {
	d := sit(t)
	blocks := readGuide(t, "react.md")
	d.installed(blocks)
	d.follow(blocks)
	var build, render string
	for _, b := range blocks {
		switch {
		case strings.Contains(b.commands, "node server.mjs dist"):
			build = b.commands
		case strings.Contains(b.commands, "--ssr"):
			render = b.commands
		}
	}
	address := d.serve(d.signing() + build)
	if html := d.run(render); !strings.Contains(html, "2 of 2 left") || !strings.Contains(html, "<headroom-usage-meter") || strings.Contains(html, `id="talks"`) {
		t.Errorf("the server renders\n%s", html)
	}
	t.Run("words of the catalog cannot end the script in which the data stand", func(t *testing.T) {
		d.run(`sed 's|title: Speakers,|title: "</script><script>alert(1)</script>",|' catalog.yaml > hostile.yaml && headroom catalog apply hostile.yaml`)
		data := d.run(strings.ReplaceAll(render[strings.Index(render, "export"):], ".html", ".data"))
		var said struct{ Items []struct{ Message string } }
		if err := json.Unmarshal([]byte(data), &said); err != nil || strings.Contains(data, "<") || !slices.ContainsFunc(said.Items, func(i struct{ Message string }) bool { return strings.HasPrefix(i.Message, "</script>") }) {
			t.Errorf("%v in\n%s", err, data)
		}
		d.run("headroom catalog apply catalog.yaml")
	})
	w := browsertest.OpenBrowser(t).Window("react", address)
	app(w)
	d.tipSeen()
	w.Open("about:blank") // it would complain
	d.server.Kill()
	withoutHeadroom(forgiving(t, address))
}

func TestTheGuideToVueDoesWhatItSays(t *testing.T) {
	d := sit(t)
	blocks := readGuide(t, "vue.md")
	d.installed(blocks)
	d.follow(blocks)
	address := d.serve(d.signing() + blocks[len(blocks)-1].commands)
	w := browsertest.OpenBrowser(t).Window("vue", address)
	app(w)
	w.Reads("#bought", "Thank you")
	d.tipSeen()
	w.Open("about:blank") // it would complain
	d.server.Kill()
	withoutHeadroom(forgiving(t, address))
}

// app uses the page that the guides to React and to Vue build.
func app(w *browsertest.Window) {
	w.T.Helper()
	w.Reads("#room", "2 of 2 left")
	w.Until("there is a lock", `!document.querySelector('#talks') && document.querySelector('headroom-locked').checkVisibility()`)
	w.Click("#add")
	w.Reads("#room", "1 of 2 left")
	w.Click("#add")
	w.Reads("#room", "0 of 2 left")
	w.Until("the button is grey", `document.querySelector('#add').disabled`)
	w.Until("the tip is there", `document.querySelector('#tip')?.textContent.includes('Room for 50 speakers')`)
	w.Run(`document.querySelector('#tip').scrollIntoView()`)
	meterSays(w, "2 of 2 speakers")
	buy(w)
	w.Reads("#room", "48 of 50 left")
	w.Reads("#talks", "All talks of your last summit")
	w.Click("#add")
	w.Reads("#added", "3 added here")
	w.Reads("#room", "47 of 50 left")
}

// tipSeen waits until the server knows that the tip was seen.
func (d *desk) tipSeen() {
	d.t.Helper()
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		var made struct{ Items []struct{ Placement string } }
		d.server.Must("GET", "/v1/decisions?reached=seen", nil, &made)
		if slices.ContainsFunc(made.Items, func(i struct{ Placement string }) bool { return i.Placement == "dashboard.card" }) {
			return
		}
		if time.Since(began) > 20*time.Second {
			d.t.Fatalf("nobody reports that the tip was seen: %+v", made)
		}
	}
}

// withoutHeadroom uses the same page with nobody to ask: work goes on as `defaults` say, and nothing is offered.
func withoutHeadroom(w *browsertest.Window) {
	w.T.Helper()
	w.Reads("#room", "Add as many as you need")
	w.Click("#add")
	w.Reads("#added", "1 added here")
	if !w.Is(`document.querySelector('headroom-upgrade-dialog').shadowRoot.querySelector('[part~=card]') === null`) {
		w.T.Error("something is offered")
	}
}

func TestTheGuideToServerRenderedGoDoesWhatItSays(t *testing.T) {
	d := sit(t)
	blocks := readGuide(t, "go-server.md")
	d.follow(blocks)
	address := d.serve(blocks[len(blocks)-1].commands)
	page := func() string { return d.run("curl -sf " + address) }
	if html := page(); !strings.Contains(html, "0 of 2") {
		t.Errorf("the server's HTML does not say how much room there is:\n%s", html)
	}

	w := browsertest.OpenBrowser(t).Window("go", address)
	meterSays(w, "0 of 2 speakers")
	for n := 1; n <= 2; n++ {
		w.Click("#add")
		w.Reads("#count", fmt.Sprintf("%d speakers", n))
		meterSays(w, fmt.Sprintf("%d of 2 speakers", n))
	}
	w.Click("#add")
	w.Reads("#full", "Your plan has no room for another speaker.")
	w.Reads("#count", "2 speakers")
	buy(w)
	meterSays(w, "2 of 50 speakers")
	w.Click("#add")
	w.Reads("#count", "3 speakers")
	if elsewhere := browsertest.Ask(w, chromedp.Evaluate[string](`performance.getEntriesByType('resource').map((r) => r.name).filter((n) => !n.startsWith(location.origin)).join(' ')`)); elsewhere != "" {
		t.Errorf("the page asks elsewhere: %s", elsewhere)
	}
	if html := page(); strings.Contains(html, d.key) || strings.Contains(d.run("curl -sf "+address+"/page.js"), d.key) {
		t.Error("the key stands in the page")
	}

	t.Run("nothing else of Headroom is on the product's address", func(t *testing.T) {
		for _, path := range []string{"/hr/", "/hr/console/", "/hr/v1/../console/", "/hr/v1/%2e%2e/console/"} {
			if said := d.run("curl -siL --path-as-is " + address + path); strings.Contains(said, " 200 ") || strings.Contains(said, "<html") {
				t.Errorf("%s answers\n%s", path, said)
			}
		}
	})
	w.Open("about:blank") // it would complain
	for n, now := range []struct {
		is  string
		end func()
	}{{"hangs", d.server.Hang}, {"is away", d.server.Kill}} {
		t.Run("where Headroom "+now.is+" the page is rendered, and work goes on", func(t *testing.T) {
			now.end()
			w := forgiving(t, "about:blank")
			w.Run(fmt.Sprintf("location = %q", address)) // which doesn't wait for all that the page loads
			w.Until("the page is there", `document.querySelector('#add')`)
			w.Until("its own code runs", `document.readyState !== 'loading'`)
			w.Click("#add")
			w.Reads("#count", fmt.Sprintf("%d speakers", 4+n))
		})
	}
}
