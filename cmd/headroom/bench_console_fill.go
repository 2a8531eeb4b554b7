package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/headroomhq/headroom/bench/load"
	"github.com/headroomhq/headroom/internal/clock"
)

// consoleCatalog is benchCatalog with one of everything that the console shows.
var consoleCatalog = strings.NewReplacer(
	"features:\n", "features:\n  reports: {title: Reports, kind: boolean}\n",
	"signals:\n", "addons:\n  reports: {title: Reports, price: {month: \"29\"}, entitlements: {reports: true}}\nsignals:\n  wants_reports: {when: {gate: reports, times: 1, within: 30d}, type: cross_sell}\n",
).Replace(benchCatalog) + `  reports: {on: [wants_reports], give: {addon: reports}, at: [reports], kind: contextual, content: {title: Reports, body: "See what sells", action: Add}}
readiness:
  upsell:
    ready: 50
    parts:
      - {group: usage, when: "usage.mails.percent >= 80", points: 40, why: Their mails are nearly used up}
      - {group: fit, when: "account.traits.industry == 'museums'", points: 20, why: Museums grow}
      - {group: intent, signal: wants_reports, points: 30, why: They want reports}
milestones:
  first_build: {title: First build, event: build.done, nth: 1, within: 14d}
  team: {title: A team, feature: seats, at_least: 3, within: 30d, after: first_build}
value:
  reached: {title: People reached, unit: people, formula: "mails * 20", worth: "0.01", band: 5% to 20%}
`

// fillStart is when the filled server's clock begins; days pass while it is filled.
var fillStart = time.Date(2026, 6, 1, 8, 0, 0, 0, time.UTC)

// fillDays is how many days pass, each with use of all accounts.
const fillDays = 3

// fillCounts is what a server was filled with.
type fillCounts struct {
	Accounts  int64 `json:"accounts"`
	Copies    int64 `json:"copies"` // of every account that lived through Step; what follows is of one copy
	Events    int64 `json:"events"`
	Checks    int64 `json:"checks"`    // of closed features
	Decisions int64 `json:"decisions"` // asked for
	Shown     int64 `json:"shown"`
	Outcomes  int64 `json:"outcomes"`
	Requests  int64 `json:"requests"`
	Before    bool  `json:"filled_before"` // the others are 0 then
}

// String says it in a line.
func (c fillCounts) String() string {
	if c.Before {
		return fmt.Sprintf("%d accounts, %d copies of each, filled before", c.Accounts, c.Copies)
	}
	return fmt.Sprintf("%d accounts, %d copies of each, of one: %d events, %d checks of closed features, %d decisions of which %d showed an offer, %d outcomes, %d requests, %d days",
		c.Accounts, c.Copies, c.Events, c.Checks, c.Decisions, c.Shown, c.Outcomes, c.Requests, fillDays)
}

// fill fills a server through its API.
type fill struct {
	*benched
	accounts, clients int // accounts that live through Step
	copies            int // of each of them in the tables, itself included
	counts            fillCounts
	now               time.Time
}

// run fills the server unless it has accounts.
func (f *fill) run(ctx context.Context) error {
	c := clientFor(f.url(), benchKey)
	var have struct{ Items []struct{ Key string } }
	if err := c.call(ctx, http.MethodGet, "/v1/accounts?limit=1", nil, &have); err != nil {
		return err
	}
	f.counts.Accounts, f.counts.Copies = int64(f.accounts*f.copies), int64(f.copies)
	if len(have.Items) == 0 {
		if err := f.everything(ctx); err != nil {
			return err
		}
	} else {
		f.counts.Before = true
	}
	var at struct{ Now time.Time }
	err := c.call(ctx, http.MethodGet, "/v1/clock", nil, &at)
	f.now = at.Now
	return err
}

func (f *fill) everything(ctx context.Context) error {
	if err := f.subscriptions(ctx); err != nil {
		return err
	}
	if err := f.names(ctx); err != nil {
		return err
	}
	for day := range fillDays {
		for _, step := range []func(context.Context, int) error{f.use, f.gates, f.decide} {
			if err := step(ctx, day); err != nil {
				return err
			}
		}
		if err := f.pass(ctx, fillStart.AddDate(0, 0, day+1)); err != nil {
			return err
		}
	}
	if err := f.wait(ctx); err != nil {
		return err
	}
	return f.store.Multiply(ctx, f.copies-1)
}

// pass lets the clock go on: every account has its daily look.
func (f *fill) pass(ctx context.Context, to time.Time) error {
	position, err := f.runner.Advance(ctx, clock.At(to))
	if err != nil {
		return err
	}
	return f.runner.WaitAll(ctx, position, true)
}

func (f *fill) wait(ctx context.Context) error {
	_, _, err := f.settle(ctx)
	return err
}

// each makes the requests for 0 to n at once with all clients, a batch of them in each call.
func (f *fill) each(ctx context.Context, n, batch int, request func(from, to int) []byte, heard func(from int, a load.Answer) error) error {
	var next atomic.Int64
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	for range f.clients {
		wg.Go(func() {
			c, err := load.Dial(ctx, f.address)
			if err != nil {
				cancel(err)
				return
			}
			defer func() { c.Close() }()
			for ctx.Err() == nil {
				to := int(next.Add(int64(batch)))
				from := to - batch
				if from >= n {
					return
				}
				r := request(from, min(to, n))
				if r == nil {
					continue
				}
				a, err := c.Do(r)
				// Beside other work the log may be slow to answer, too. What has an id counts once however often it is sent.
				for try := 0; err == nil && (a.Status == http.StatusTooManyRequests || a.Status == http.StatusServiceUnavailable && try < 20); try++ {
					time.Sleep(max(a.RetryAfter, 10*time.Millisecond))
					a, err = c.Do(r)
				}
				if err == nil && a.Status >= 300 {
					err = fmt.Errorf("%.80q was answered with %d: %.300s", r, a.Status, a.Body)
				}
				if err == nil && heard != nil {
					err = heard(from, a)
				}
				if err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// listed joins what make gives for from up to but without to.
func listed(from, to int, make func(i int) string) string {
	var items []string
	for i := from; i < to; i++ {
		if item := make(i); item != "" {
			items = append(items, item)
		}
	}
	return strings.Join(items, ",")
}

// subscriptions gives nine accounts of ten a subscription that began within the last year; one of a hundred
// tries one, one of thirty has left again.
func (f *fill) subscriptions(ctx context.Context) error {
	return f.each(ctx, f.accounts, 1000, func(from, to int) []byte {
		rows := listed(from, to, func(i int) string {
			began := fillStart.AddDate(0, -(i % 12), -(i % 27))
			plan, amount, more := "base", "49", ""
			if i%5 == 0 {
				plan, amount = "more", "149"
			}
			switch {
			case i%10 == 9:
				return ""
			case i%100 == 8:
				more = fmt.Sprintf(`,"trial":true,"ended_at":%q`, fillStart.AddDate(0, 0, 4+i%10).Format(time.RFC3339))
			case i%30 == 7 && i%12 > 2:
				more = fmt.Sprintf(`,"ended_at":%q`, fillStart.AddDate(0, 0, -(i%40)).Format(time.RFC3339))
			}
			return fmt.Sprintf(`{"row":"%d","account":%q,"subscription":{"plan":%q,"amount":%q,"started_at":%q%s}}`, i, load.AccountKey(i), plan, amount, began.Format(time.RFC3339), more)
		})
		return load.Request("/v1/imports/subscriptions", benchKey, `{"import":"bench","rows":[`+rows+"]}")
	}, func(_ int, a load.Answer) error {
		if !bytes.Contains(a.Body, []byte(`"rejected":[]`)) {
			return fmt.Errorf("rows were refused: %.300s", a.Body)
		}
		return nil
	})
}

// names says what accounts are called and of which industry they are, with a person in each.
func (f *fill) names(ctx context.Context) error {
	industries := []string{"events", "schools", "retail", "software", "banks", "clubs", "hospitals"}
	return f.each(ctx, f.accounts, 200, func(from, to int) []byte {
		calls := listed(from, to, func(i int) string {
			industry := industries[i%len(industries)]
			if i%200 == 0 {
				industry = "museums"
			}
			return fmt.Sprintf(`{"type":"group","messageId":"g-%d","userId":"user-%d","groupId":%q,"traits":{"name":"Company %d","industry":%q}}`, i, i, load.AccountKey(i), i, industry)
		})
		return load.Request("/v1/batch", benchKey, `{"batch":[`+calls+"]}")
	}, nil)
}

// use sends a day's events of every account: mails up to 130% of the limit, seats, builds.
func (f *fill) use(ctx context.Context, day int) error {
	return f.each(ctx, f.accounts, 100, func(from, to int) []byte {
		events := listed(from, to, func(i int) string {
			mails := (i * 7919) % 130 * 4 / fillDays
			event := func(kind, more string) string {
				atomic.AddInt64(&f.counts.Events, 1)
				return fmt.Sprintf(`{"specversion":"1.0","id":"%s-%d-%d","source":"bench","type":%q,"subject":%q,"data":{"user":"user-%d"%s}}`, kind, day, i, kind, load.AccountKey(i), i, more)
			}
			all := []string{event("mail.sent", fmt.Sprintf(`,"count":%d`, mails)), event("seat.added", fmt.Sprintf(`,"user_id":"s%d"`, day))}
			if i%3 > 0 {
				all = append(all, event("build.done", ""))
			}
			return strings.Join(all, ",")
		})
		return load.Request("/v1/events", benchKey, "["+events+"]", "Content-Type: application/cloudevents-batch+json")
	}, nil)
}

// gates lets one account in four want the reports that it does not have.
func (f *fill) gates(ctx context.Context, day int) error {
	return f.each(ctx, f.accounts, 1, func(i, _ int) []byte {
		if i%4 != day%4 {
			return nil
		}
		atomic.AddInt64(&f.counts.Checks, 1)
		return load.Request("/v1/check", benchKey, fmt.Sprintf(`{"account":%q,"user":"user-%d","feature":"reports"}`, load.AccountKey(i), i))
	}, nil)
}

// decide asks for who has just wanted the reports what to show; what is shown is seen, and some of it clicked,
// dismissed or asked for.
func (f *fill) decide(ctx context.Context, day int) error {
	var mu sync.Mutex
	var shown []string
	err := f.each(ctx, f.accounts, 1, func(i, _ int) []byte {
		if i%4 != day%4 {
			return nil
		}
		atomic.AddInt64(&f.counts.Decisions, 1)
		return load.Request("/v1/decide", benchKey, fmt.Sprintf(`{"account":%q,"user":"user-%d","role":"member","placement":%q}`, load.AccountKey(i), i, []string{"usage", "reports", "reports", "reports", "reports"}[i%5]))
	}, func(_ int, a load.Answer) error {
		var d struct {
			ID     string `json:"decision_id"`
			Status string
		}
		if err := json.Unmarshal(a.Body, &d); err != nil {
			return err
		}
		if d.Status == "show" {
			mu.Lock()
			shown = append(shown, d.ID)
			mu.Unlock()
		}
		return nil
	})
	if err != nil {
		return err
	}
	f.counts.Shown += int64(len(shown))
	return f.each(ctx, 2*len(shown), 1, func(i, _ int) []byte {
		outcome := "seen"
		if i >= len(shown) {
			outcome = []string{"clicked", "dismissed", "requested", "", "", "", "", ""}[i%8]
		}
		if outcome == "" {
			return nil
		}
		atomic.AddInt64(&f.counts.Outcomes, 1)
		if outcome == "requested" {
			atomic.AddInt64(&f.counts.Requests, 1)
		}
		return load.Request("/v1/decisions/"+shown[i%len(shown)]+"/outcomes", benchKey, fmt.Sprintf(`{"type":%q}`, outcome))
	}, nil)
}
