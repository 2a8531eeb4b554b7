package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/headroomhq/headroom/examples/summit"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/console"
)

// What a visitor of the demo does, in real Chromium: the product page in one window, the
// console beside it in another. HEADROOM_SCREENSHOTS=dir keeps a picture of each step.

func TestAVisitorOfTheDemoSeesTheLoopClose(t *testing.T) {
	if !console.Built() {
		t.Fatal("this binary holds no console, so the page beside the product cannot be looked at: run `make console`")
	}
	consoleURL, productURL := visitedDemo(t)
	browser := openBrowserFor(t)
	product := browser.window("product", productURL)
	product.until("the speakers are listed", `document.querySelectorAll('#list li[data-id]').length === 8`)
	product.shot("1")

	t.Run("with the mouse, while the console stands beside", func(t *testing.T) {
		product := product.in(t)
		beside := browser.in(t).window("console", consoleURL)
		beside.until("the console shows the month", `['mrr', 'offers'].every((part) => document.querySelector('[aria-labelledby=' + part + '-title] tbody tr'))`)
		beside.until("the console hears changes", `document.body.innerText.includes('Live')`)
		before := beside.today()
		beside.shot("1")

		began := time.Now()
		product.click("#add")
		product.until("the offer is at the button", `document.querySelector('#offer [data-act=buy]')`)
		offered := time.Since(began)
		product.reads("#room", "9 of 10 speakers")
		product.shot("2-near")
		product.click("#add")
		product.until("the limit is reached", `document.querySelector('#left').textContent === 'No room left'`)
		product.click("#add")
		product.says("There is no room for another speaker. 10 of 10 speakers")
		product.reads("#offer h2", "Room for 40 speakers")
		product.reads("#offer .price", "+$100 a month, so $149 a month in all")
		product.shot("3-full")
		product.click("#offer [data-act=buy]")
		product.until("the confirmation is open", `document.querySelector('#confirm').open`)
		product.until("it shows what is due now and then", `/^\$\d+\.\d\d now, then \$149\.00 a month\.$/.test(document.querySelector('#confirm-sum').textContent)`)
		product.until("its lines name both plans", `['Starter', 'Pro', 'Total'].every((w) => document.querySelector('#confirm-lines').innerText.includes(w))`)
		product.shot("4-confirm")

		began = time.Now()
		product.click("#confirm-yes")
		product.until("the limit rises", `document.querySelector('#limit').textContent === '40'`)
		risen := time.Since(began)
		var after today
		for after = beside.today(); after.now != before.now+100 || after.accepted != before.accepted+1; after = beside.today() {
			if time.Since(began) > 5*time.Second {
				t.Fatalf("5 s after the click the console does not show what it earned\nbefore %+v\nafter  %+v", before, after)
			}
			time.Sleep(5 * time.Millisecond)
		}
		moved := time.Since(began)
		t.Logf("after the click: the offer at the button %d ms, the higher limit %d ms, the console %d ms",
			offered.Milliseconds(), risen.Milliseconds(), moved.Milliseconds())
		for what, took := range map[string]time.Duration{"the offer": offered, "the higher limit": risen} {
			if took > 5*time.Second {
				t.Errorf("%s took %s", what, took)
			}
		}
		if after.expansion != before.expansion+100 || after.shown != before.shown+1 || after.clicked != before.clicked+1 {
			t.Errorf("the console tells something else\nbefore %+v\nafter  %+v", before, after)
		}
		product.says("You now have room for 40 speakers")
		product.reads("#room", "10 of 40 speakers")
		product.reads("#plan", "Pro, $149 a month")
		product.focusOn("#add")
		product.shot("5-risen")
		beside.shot("5-moved")
		product.click("#add")
		product.reads("#room", "11 of 40 speakers")

		product.click("[data-view=recordings]")
		product.until("the recordings are open", `document.querySelectorAll('#talks li').length === 11`)
		product.shot("6-recordings")
	})

	t.Run("with the keyboard alone", func(t *testing.T) {
		product := product.in(t)
		product.startOver()
		product.tabTo("#add")
		product.press(kb.Enter)
		product.reads("#room", "9 of 10 speakers")
		product.press(" ")
		product.reads("#room", "10 of 10 speakers")
		product.tabTo("#offer [data-act=buy]")
		product.press(kb.Enter)
		product.until("the confirmation is open", `document.querySelector('#confirm[role=alertdialog]').open`)
		product.focusOn("#confirm-no") // Enter by mistake buys nothing
		product.press(kb.Escape)
		product.until("Escape closes it", `!document.querySelector('#confirm').open`)
		product.focusOn("#offer [data-act=buy]")
		product.reads("#room", "10 of 10 speakers")
		product.press(kb.Enter)
		product.focusOn("#confirm-no")
		product.press(kb.Tab)
		product.focusOn("#confirm-yes")
		product.press(kb.Enter)
		product.says("You now have room for 40 speakers")
		product.reads("#room", "10 of 40 speakers")
		product.focusOn("#add")
	})

	t.Run("as a member who asks an admin", func(t *testing.T) {
		product := product.in(t)
		product.startOver()
		product.click(".switch")
		product.says("You are Tavi Okonjo now, a member")
		product.click("#add")
		product.reads("#room", "9 of 10 speakers")
		product.until("the offer asks instead of selling", `document.querySelector('#offer [data-act=request]')?.textContent === 'Ask an admin'`)
		product.until("there is no price", `!document.body.innerText.includes('$')`)
		product.click("#offer [data-act=request]")
		product.focusOn("#why")
		product.press("Two keynotes said yes")
		product.shot("7-member")
		product.click("#offer [data-act=send]")
		product.reads("#requests h2", "Waiting for Imke Sorel")
		product.click(".switch")
		product.until("the admin finds the request", `document.querySelector('#requests')?.innerText.includes('Tavi Okonjo asks for Pro: “Two keynotes said yes”')`)
		product.shot("8-request")
		product.click("#requests [data-act=approve]")
		product.until("the price is shown before", `document.querySelector('#confirm').open && document.querySelector('#confirm-sum').textContent.includes('$149.00 a month')`)
		product.click("#confirm-yes")
		product.says("You now have room for 40 speakers")
		product.until("nothing waits any more", `document.querySelector('#requests').hidden`)
		product.startOver()
	})
}

// visitedDemo runs the demo with a short life and returns where its two pages are.
func visitedDemo(t *testing.T) (consoleURL, productURL string) {
	t.Helper()
	life := shortLife()
	life.End = life.End.AddDate(0, 0, 14) // so that the month has a story already
	c := &company{t: t, data: t.TempDir()}
	c.opts = serverOptions{data: c.data, listen: "127.0.0.1:0", partitions: 16, secretKey: "hr_sk_test_key", demo: summit.Company,
		testClock: clock.At(life.Start()).String(), logger: slog.New(slog.DiscardHandler)}
	c.open()
	t.Cleanup(func() { c.server.close() })
	life.URL, life.Key = c.server.url(), c.opts.secretKey
	if err := life.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	page, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &demo{server: c.server, key: c.opts.secretKey, noOpen: true, out: io.Discard}
	ctx, stop := context.WithCancel(context.Background())
	shown := make(chan error, 1)
	go func() { shown <- d.show(ctx, page) }()
	t.Cleanup(func() {
		stop()
		if err := <-shown; err != nil {
			t.Error(err)
		}
	})
	return c.server.url(), "http://" + page.Addr().String()
}

// chromium is a running browser.
type chromium struct {
	t   *testing.T
	ctx context.Context
}

// browsers are the names that scripts/setup looks for.
var browsers = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}

func openBrowserFor(t *testing.T) *chromium {
	t.Helper()
	path := ""
	for _, name := range browsers {
		if found, err := exec.LookPath(name); err == nil && exec.Command(found, "--version").Run() == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Fatalf("there is no browser here (%s): run `make setup`", strings.Join(browsers, ", "))
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.WindowSize(1280, 1000), chromedp.Flag("lang", "en-US"))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, end := chromedp.NewContext(ctx)
	t.Cleanup(end)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("%s does not start: %v", path, err)
	}
	return &chromium{t, ctx}
}

func (b *chromium) in(t *testing.T) *chromium { return &chromium{t, b.ctx} }

// window opens an address in a window of its own: a page in a hidden tab is not a page that
// somebody looks at. What the page complains about fails the test.
func (b *chromium) window(name, url string) *window {
	b.t.Helper()
	ctx, closed := chromedp.NewContext(b.ctx, chromedp.WithNewWindow(true), chromedp.WithListener(func(event any) {
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			b.t.Errorf("%s: %s", url, e.ExceptionDetails.Text)
		case *log.EventEntryAdded:
			if e.Entry.Level == log.EntryLevelError {
				b.t.Errorf("%s: %s %s", url, e.Entry.Text, e.Entry.URL)
			}
		}
	}))
	b.t.Cleanup(closed)
	w := &window{b.t, ctx, name}
	if err := chromedp.Do(ctx); err != nil { // without a time-out: the window lives as long as what opens it
		b.t.Fatal(err)
	}
	w.do(chromedp.Navigate(url))
	return w
}

// window is a page that somebody looks at.
type window struct {
	t    *testing.T
	ctx  context.Context
	name string
}

func (w *window) in(t *testing.T) *window { return &window{t, w.ctx, w.name} }

func (w *window) do(steps ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	ask(w, chromedp.Steps(steps...))
}

// ask runs something in the page, 10 s at most, and returns what came of it.
func ask[T any](w *window, action chromedp.Action[T]) T {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, 10*time.Second)
	defer cancel()
	v, err := chromedp.Run(ctx, action)
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

// is says whether something is true in the page.
func (w *window) is(condition string) bool {
	w.t.Helper()
	return ask(w, chromedp.Evaluate[bool](`Boolean(`+condition+`)`))
}

// until waits for something to become true in the page, 10 s at most.
func (w *window) until(what, condition string) {
	w.t.Helper()
	for began := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		if w.is(condition) {
			return
		}
		if time.Since(began) > 10*time.Second {
			w.shot("failed")
			w.t.Fatalf("not so within 10 s: %s\n%s\nthe page says:\n%s", what, condition, ask(w, chromedp.Evaluate[string](`document.body.innerText`)))
		}
	}
}

func (w *window) click(selector string) {
	w.t.Helper()
	w.do(chromedp.Click(chromedp.CSS(selector)))
}

func (w *window) press(keys string) {
	w.t.Helper()
	w.do(chromedp.KeyEvent(keys))
}

// reads waits until an element reads so, as a person sees it.
func (w *window) reads(selector, text string) {
	w.t.Helper()
	w.until(fmt.Sprintf("%s reads %q", selector, text),
		fmt.Sprintf(`document.querySelector(%q)?.innerText.trim() === %q`, selector, text))
}

// says waits until the page says so politely, in its live region.
func (w *window) says(text string) {
	w.t.Helper()
	w.until(fmt.Sprintf("the page says %q", text), fmt.Sprintf(`document.querySelector('[role=status] span')?.textContent === %q`, text))
}

func (w *window) focusOn(selector string) {
	w.t.Helper()
	w.until("the focus is on "+selector, fmt.Sprintf(`document.activeElement === document.querySelector(%q)`, selector))
}

// tabTo presses Tab until an element has the focus.
func (w *window) tabTo(selector string) {
	w.t.Helper()
	for range 40 {
		w.press(kb.Tab)
		if w.is(fmt.Sprintf(`document.activeElement === document.querySelector(%q)`, selector)) {
			return
		}
	}
	w.t.Fatalf("40 presses of Tab do not reach %s", selector)
}

func (w *window) startOver() {
	w.t.Helper()
	w.click("#start-over")
	w.reads("#room", "8 of 10 speakers")
	w.says("Aurora Events is back on Starter with 8 speakers")
}

// shot keeps a picture where HEADROOM_SCREENSHOTS asks for it.
func (w *window) shot(name string) {
	w.t.Helper()
	dir := os.Getenv("HEADROOM_SCREENSHOTS")
	if dir == "" {
		return
	}
	w.do(chromedp.Sleep(600 * time.Millisecond)) // what just came in arrives with an animation
	png := ask(w, chromedp.FullScreenshot(100))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+"-"+w.name+".png"), png, 0o644); err != nil {
		w.t.Fatal(err)
	}
}

// today is what the console's first page says about the month.
type today struct {
	now, expansion           int // whole units of money a month
	shown, clicked, accepted int
}

// today reads the console as a person does: row by row, by its heading.
func (w *window) today() today {
	w.t.Helper()
	text := ask(w, chromedp.Evaluate[string](`JSON.stringify(Object.fromEntries([...document.querySelectorAll('[aria-labelledby=mrr-title] tbody tr, [aria-labelledby=offers-title] tbody tr')].map((tr) =>
		[tr.querySelector('th').firstChild.textContent.trim(), [...tr.querySelectorAll('td:not([aria-hidden])')].map((td) => td.firstChild?.textContent ?? '')])))`))
	rows := make(map[string][]string)
	if err := json.Unmarshal([]byte(text), &rows); err != nil {
		w.t.Fatal(err)
	}
	cell := func(row string, i int) int {
		if i >= len(rows[row]) {
			w.t.Fatalf("the console has no row %q with %d figures: %s", row, i+1, text)
		}
		n, sign := 0, 1
		whole, _, _ := strings.Cut(rows[row][i], ".")
		for _, r := range whole {
			switch {
			case r == '-' || r == '−':
				sign = -1
			case r >= '0' && r <= '9':
				n = 10*n + int(r-'0')
			}
		}
		return sign * n
	}
	return today{now: cell("Now", 0), expansion: cell("Expansion", 0),
		shown: cell("All offers", 0), clicked: cell("All offers", 1), accepted: cell("All offers", 2)}
}
