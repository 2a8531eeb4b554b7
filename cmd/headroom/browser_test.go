package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/headroomhq/headroom/examples/summit"
	"github.com/headroomhq/headroom/internal/browsertest"
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
	browser := browsertest.OpenBrowser(t)
	product := browser.Window("product", productURL)
	product.Until("the speakers are listed", `document.querySelectorAll('#list li[data-id]').length === 8`)
	product.Shot("1")

	t.Run("with the mouse, while the console stands beside", func(t *testing.T) {
		product := product.In(t)
		beside := browser.In(t).Window("console", consoleURL)
		beside.Until("the console shows the month", `['mrr', 'offers'].every((part) => document.querySelector('[aria-labelledby=' + part + '-title] tbody tr'))`)
		beside.Until("the console hears changes", `document.body.innerText.includes('Live')`)
		before := todayIn(beside)
		beside.Shot("1")

		began := time.Now()
		product.Click("#add")
		product.Until("the offer is at the button", `document.querySelector('#offer [data-act=buy]')`)
		offered := time.Since(began)
		product.Reads("#room", "9 of 10 speakers")
		product.Shot("2-near")
		product.Click("#add")
		product.Until("the limit is reached", `document.querySelector('#left').textContent === 'No room left'`)
		product.Click("#add")
		product.Says("There is no room for another speaker. 10 of 10 speakers")
		product.Reads("#offer h2", "Room for 40 speakers")
		product.Reads("#offer .price", "+$100 a month, so $149 a month in all")
		product.Shot("3-full")
		product.Click("#offer [data-act=buy]")
		product.Until("the confirmation is open", `document.querySelector('#confirm').open`)
		product.Until("it shows what is due now and then", `/^\$\d+\.\d\d now, then \$149\.00 a month\.$/.test(document.querySelector('#confirm-sum').textContent)`)
		product.Until("its lines name both plans", `['Starter', 'Pro', 'Total'].every((w) => document.querySelector('#confirm-lines').innerText.includes(w))`)
		product.Shot("4-confirm")

		began = time.Now()
		product.Click("#confirm-yes")
		product.Until("the limit rises", `document.querySelector('#limit').textContent === '40'`)
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
		if after.expansion != before.expansion+100 || after.shown != before.shown+1 || after.clicked != before.clicked+1 {
			t.Errorf("the console tells something else\nbefore %+v\nafter  %+v", before, after)
		}
		product.Says("You now have room for 40 speakers")
		product.Reads("#room", "10 of 40 speakers")
		product.Reads("#plan", "Pro, $149 a month")
		product.FocusOn("#add")
		product.Shot("5-risen")
		beside.Shot("5-moved")
		product.Click("#add")
		product.Reads("#room", "11 of 40 speakers")

		product.Click("[data-view=recordings]")
		product.Until("the recordings are open", `document.querySelectorAll('#talks li').length === 11`)
		product.Shot("6-recordings")
	})

	t.Run("with the keyboard alone", func(t *testing.T) {
		product := product.In(t)
		startOver(product)
		product.TabTo("#add")
		product.Press(kb.Enter)
		product.Reads("#room", "9 of 10 speakers")
		product.Press(" ")
		product.Reads("#room", "10 of 10 speakers")
		product.TabTo("#offer [data-act=buy]")
		product.Press(kb.Enter)
		product.Until("the confirmation is open", `document.querySelector('#confirm[role=alertdialog]').open`)
		product.FocusOn("#confirm-no") // Enter by mistake buys nothing
		product.Press(kb.Escape)
		product.Until("Escape closes it", `!document.querySelector('#confirm').open`)
		product.FocusOn("#offer [data-act=buy]")
		product.Reads("#room", "10 of 10 speakers")
		product.Press(kb.Enter)
		product.FocusOn("#confirm-no")
		product.Press(kb.Tab)
		product.FocusOn("#confirm-yes")
		product.Press(kb.Enter)
		product.Says("You now have room for 40 speakers")
		product.Reads("#room", "10 of 40 speakers")
		product.FocusOn("#add")
	})

	t.Run("as a member who asks an admin", func(t *testing.T) {
		product := product.In(t)
		startOver(product)
		product.Click(".switch")
		product.Says("You are Tavi Okonjo now, a member")
		product.Click("#add")
		product.Reads("#room", "9 of 10 speakers")
		product.Until("the offer asks instead of selling", `document.querySelector('#offer [data-act=request]')?.textContent === 'Ask an admin'`)
		product.Until("there is no price", `!document.body.innerText.includes('$')`)
		product.Click("#offer [data-act=request]")
		product.FocusOn("#why")
		product.Press("Two keynotes said yes")
		product.Shot("7-member")
		product.Click("#offer [data-act=send]")
		product.Reads("#requests h2", "Waiting for Imke Sorel")
		product.Click(".switch")
		product.Until("the admin finds the request", `document.querySelector('#requests')?.innerText.includes('Tavi Okonjo asks for Pro: “Two keynotes said yes”')`)
		product.Shot("8-request")
		product.Click("#requests [data-act=approve]")
		product.Until("the price is shown before", `document.querySelector('#confirm').open && document.querySelector('#confirm-sum').textContent.includes('$149.00 a month')`)
		product.Click("#confirm-yes")
		product.Says("You now have room for 40 speakers")
		product.Until("nothing waits any more", `document.querySelector('#requests').hidden`)
		startOver(product)
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

func startOver(w *browsertest.Window) {
	w.T.Helper()
	w.Click("#start-over")
	w.Reads("#room", "8 of 10 speakers")
	w.Says("Aurora Events is back on Starter with 8 speakers")
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
