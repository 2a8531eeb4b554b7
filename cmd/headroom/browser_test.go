package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/headroomhq/headroom/examples/summit"
	"github.com/headroomhq/headroom/internal/browsertest"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/console"
)

// What a visitor of the demo does, in real Chromium: the product in one window, the console
// beside it in another. HEADROOM_SCREENSHOTS=dir keeps a picture of each step.

func TestAVisitorOfTheDemoSeesTheLoopClose(t *testing.T) {
	if !console.Built() {
		t.Fatal("this binary holds no console, so the page beside the product cannot be looked at: run `make console`")
	}
	demo := visitedSummit(t)
	browser := browsertest.OpenBrowser(t)
	product := openSummit(browser, "product", demo.product+"/speakers")
	product.Until("the speakers are listed", `document.querySelectorAll('#list li[data-id]').length === 8`)
	product.uses("speakers", "8 of 10 speakers")
	product.Shot("1")
	dialog := func(inside string) []string { return offerAt("speakers.add", inside) }

	t.Run("with the mouse, while the console stands beside", func(t *testing.T) {
		product := product.in(t)
		beside := browser.In(t).Window("console", demo.console)
		beside.Until("the console shows the month", `['mrr', 'offers'].every((part) => document.querySelector('[aria-labelledby=' + part + '-title] tbody tr'))`)
		beside.Until("the console hears changes", `document.body.innerText.includes('Live')`)
		beside.Shot("1")

		began := time.Now()
		product.add()
		product.has(dialog("[part~=action]")...)
		offered := time.Since(began)
		product.uses("speakers", "9 of 10 speakers")
		product.Shot("2-near")
		product.add()
		product.uses("speakers", "10 of 10 speakers")
		product.add()
		product.Says("There is no room for another speaker")
		product.sees("Room for 40 speakers", dialog("[part~=title]")...)
		product.sees("$100 a month more, so $149 a month in all.", dialog("[part~=price]")...)
		product.Shot("3-full")
		before := todayIn(beside)
		product.press(dialog("[part~=action]")...)
		product.Until("the confirmation is open", part(dialog("dialog[role=alertdialog]")...)+"?.open")
		product.Until("it shows what is due now and then", fmt.Sprintf(`/^\$\d+(\.\d\d)? now, then \$149(\.00)? a month\.$/.test(%s.innerText)`, part(dialog("dialog [part~=price]")...)))
		product.Until("its lines name both plans", fmt.Sprintf(`['Starter', 'Pro', 'Total'].every((w) => %s.innerText.includes(w))`, part(dialog("dialog[open]")...)))
		product.Shot("4-confirm")

		began = time.Now()
		product.press(dialog("[part~=confirm]")...)
		product.uses("speakers", "10 of 40 speakers")
		risen := time.Since(began)
		var after today
		for after = todayIn(beside); after.now != before.now+100 || after.accepted != before.accepted+1; after = todayIn(beside) {
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
		if after.expansion != before.expansion+100 || after.clicked <= before.clicked-1 {
			t.Errorf("the console tells something else\nbefore %+v\nafter  %+v", before, after)
		}
		product.Reads("#plan", "Pro, $149 a month")
		product.FocusOn("#add")
		product.Shot("5-risen")
		beside.Shot("5-moved")
		product.add()
		product.uses("speakers", "11 of 40 speakers")

		product.visit("/recordings")
		product.Until("the recordings are open", `document.querySelector('#talks')?.checkVisibility() && document.querySelectorAll('#talks li').length === 11`)
		product.Shot("6-recordings")
	})

	t.Run("with the keyboard alone", func(t *testing.T) {
		product := product.in(t)
		product.startOver()
		product.tabTo("#add")
		product.Press(kb.Enter)
		product.uses("speakers", "9 of 10 speakers")
		product.rested()
		product.Press(" ")
		product.uses("speakers", "10 of 10 speakers")
		product.tabTo(dialog("[part~=action]")...)
		product.Press(kb.Enter)
		product.Until("the focus is on Cancel: Enter by mistake buys nothing", focused(dialog("[part~=cancel]")...))
		product.Press(kb.Escape)
		product.lacks(dialog("dialog[open]")...)
		product.Until("the focus is where it was", focused(dialog("[part~=action]")...))
		product.uses("speakers", "10 of 10 speakers")
		product.Press(kb.Enter)
		product.Until("the focus is on Cancel", focused(dialog("[part~=cancel]")...))
		product.Press(kb.Tab)
		product.Until("the focus is on the confirmation", focused(dialog("[part~=confirm]")...))
		product.Press(kb.Enter)
		product.uses("speakers", "10 of 40 speakers")
		product.FocusOn("#add")
		product.startOver()
		product.uses("speakers", "8 of 10 speakers")
	})
}

// visitedDemo is a demo with a short life, and where its two pages are.
type visitedDemo struct {
	company          *company
	console, product string
}

// livedLife is a short life, lived once for all tests of this process: each visits a copy of it.
var livedLife = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "headroom-visited-")
	if err != nil {
		return "", err
	}
	visitedLife = dir
	life := shortLife()
	life.End = life.End.AddDate(0, 0, 14) // so that the month has a story already
	s, err := start(context.Background(), visitedOptions(dir, clock.At(life.Start())))
	if err != nil {
		return "", err
	}
	defer s.close()
	life.URL, life.Key = s.url(), "hr_sk_test_key"
	return dir, life.Run(context.Background())
})

// visitedLife is where livedLife keeps it; empty while nobody asked.
var visitedLife string

// Cleanup removes what tests of this process share; TestMain calls it in the end.
func Cleanup() {
	if visitedLife != "" {
		_ = os.RemoveAll(visitedLife) // in the folder for temporary files
	}
}

func visitedOptions(data string, at clock.Time) serverOptions {
	return serverOptions{data: data, listen: "127.0.0.1:0", partitions: 16, secretKey: "hr_sk_test_key", demo: summit.Company,
		testClock: at.String(), logger: slog.New(slog.DiscardHandler)}
}

func visitedSummit(t *testing.T) visitedDemo {
	t.Helper()
	life, err := livedLife()
	if err != nil {
		t.Fatal(err)
	}
	c := &company{t: t, data: t.TempDir()}
	if err := os.CopyFS(c.data, os.DirFS(life)); err != nil {
		t.Fatal(err)
	}
	c.opts = visitedOptions(c.data, clock.At(shortLife().Start())) // the clock stands where the life ended
	c.open()
	t.Cleanup(func() { c.server.close() })
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
	return visitedDemo{c, c.server.url(), "http://" + page.Addr().String()}
}

// today is what the console's first page says about the month.
type today struct {
	now, expansion           int // whole units of money a month
	shown, clicked, accepted int
}

// todayIn reads the console as a person does: row by row, by its heading.
func todayIn(w *browsertest.Window) today {
	w.T.Helper()
	text := browsertest.Ask(w, chromedp.Evaluate[string](`JSON.stringify(Object.fromEntries([...document.querySelectorAll('[aria-labelledby=mrr-title] tbody tr, [aria-labelledby=offers-title] tbody tr')].map((tr) =>
		[tr.querySelector('th').firstChild.textContent.trim(), [...tr.querySelectorAll('td:not([aria-hidden])')].map((td) => td.firstChild?.textContent ?? '')])))`))
	rows := make(map[string][]string)
	if err := json.Unmarshal([]byte(text), &rows); err != nil {
		w.T.Fatal(err)
	}
	cell := func(row string, i int) int {
		if i >= len(rows[row]) {
			w.T.Fatalf("the console has no row %q with %d figures: %s", row, i+1, text)
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
