package headroom

import (
	"strings"
	"testing"
	"time"

	"log/slog"
)

// march is the server's time in these tests.
var march = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

func later(d time.Duration) *time.Time {
	t := march.Add(d)
	return &t
}

// standing returns a client whose clock the test moves, without a server, and an account of
// which the items are known.
func standing(t testing.TB, items ...*Item) (*Account, *time.Duration) {
	t.Helper()
	elapsed := new(time.Duration)
	c, err := New(Config{URL: "http://127.0.0.1:1", Key: "hr_sk_x", QuietGates: true, Logger: slog.New(slog.DiscardHandler),
		Defaults: map[string]Default{"export": {Allowed: true}, "tier": {Value: "basic"}},
		elapsed:  func() time.Duration { return *elapsed }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(t.Context()) })
	now := march
	c.setClock(&now)
	a := &Account{client: c, key: "acme", ready: make(chan struct{})}
	close(a.ready)
	a.cells.Store(&map[string]*cell{})
	a.replace(items)
	a.vouch(0)
	c.accounts["acme"] = a
	return a, elapsed
}

func emails(usage, limit float64) *Item {
	return &Item{Feature: "emails", Kind: Metered, Allowed: usage < limit, Reason: map[bool]Reason{true: WithinLimit, false: LimitReached}[usage < limit],
		Usage: new(float64(usage)), Limit: new(float64(limit)), Remaining: new(float64(max(limit-usage, 0))), ResetsAt: later(21 * 24 * time.Hour),
		Sources: []Source{{Source: "plan:starter", Limit: new(float64(limit))}}}
}

func with(i *Item, f func(*Item)) *Item {
	f(i)
	return i
}

func TestAnswersOfTheProcess(t *testing.T) {
	for _, c := range []struct {
		name      string
		given     *Item
		after     time.Duration
		asked     float64
		allowed   bool
		reason    Reason
		remaining float64
		shortfall float64
	}{
		{"one of many", emails(700, 1000), 0, 1, true, WithinLimit, 300, 0},
		{"the last of them", emails(999, 1000), 0, 1, true, WithinLimit, 1, 0},
		{"exactly what is left", emails(700, 1000), 0, 300, true, WithinLimit, 300, 0},
		{"a millionth too much", emails(700, 1000), 0, 300.000001, false, LimitReached, 300, 0.000001},
		{"more than is left", emails(700, 1000), 0, 1200, false, LimitReached, 300, 900},
		{"none, with nothing left", emails(1000, 1000), 0, 0, true, WithinLimit, 0, 0},
		{"one, with nothing left", emails(1000, 1000), 0, 1, false, LimitReached, 0, 1},
		{"one, when usage is over the limit", emails(1010, 1000), 0, 1, false, LimitReached, 0, 11},
		{"above a soft limit", with(emails(1000, 1000), func(i *Item) { i.Soft, i.Allowed, i.Reason = true, true, Overage }), 0, 50, true, Overage, 0, 0},
		{"within a soft limit", with(emails(900, 1000), func(i *Item) { i.Soft = true }), 0, 50, true, WithinLimit, 100, 0},
		{"within the grace", with(emails(1000, 1000), func(i *Item) { i.Grace, i.Allowed, i.Reason = new(float64(100)), true, InGrace }), 0, 100, true, InGrace, 0, 0},
		{"beyond the grace", with(emails(1000, 1000), func(i *Item) { i.Grace, i.Allowed, i.Reason = new(float64(100)), true, InGrace }), 0, 101, false, LimitReached, 0, 101},
		{"after the grace", with(emails(1000, 1000), func(i *Item) {
			i.Grace, i.Allowed, i.Reason, i.GraceEndsAt = new(float64(100)), true, InGrace, *later(time.Hour)
		}), 2 * time.Hour, 1, false, LimitReached, 0, 1},
		{"within a grace that only its end bounds", with(emails(1000, 1000), func(i *Item) { i.Allowed, i.Reason = true, InGrace }), 0, 5000, true, InGrace, 0, 0},
		{"without a limit", with(emails(5, 0), func(i *Item) {
			i.Limit, i.Remaining, i.Unlimited, i.Allowed, i.Reason = nil, nil, true, true, Included
		}), 0, 1e9, true, Included, 0, 0},
		{"not in the plan", with(emails(0, 0), func(i *Item) { i.Reason = NotInPlan }), 0, 0, false, NotInPlan, 0, 0},
		{"reserved by others", with(emails(700, 1000), func(i *Item) { i.Reserved, i.Remaining = 200, new(float64(100)) }), 0, 101, false, LimitReached, 100, 1},
		{"a new month, by the server's clock", emails(1000, 1000), 22 * 24 * time.Hour, 1000, true, WithinLimit, 1000, 0},
		{"a moment before the new month", emails(1000, 1000), 21*24*time.Hour - time.Second, 1, false, LimitReached, 0, 1},
		{"a new month does not bring back what was burned of a grant", with(emails(1200, 1500), func(i *Item) {
			i.Sources = []Source{{Source: "plan:starter", Limit: new(float64(1000))}, {Source: "grant:1", Balance: new(float64(300))}}
		}), 22 * 24 * time.Hour, 1301, false, LimitReached, 1300, 1},
		{"what is given back bit by bit is not given back at once", with(emails(1000, 1000), func(i *Item) { i.Rolling = true }), 22 * 24 * time.Hour, 1, false, LimitReached, 0, 1},
		{"a grant that ended", with(emails(500, 1500), func(i *Item) {
			i.Sources = append(i.Sources, Source{Source: "grant:1", Balance: new(float64(500)), ExpiresAt: later(time.Hour)})
		}), 2 * time.Hour, 501, false, LimitReached, 500, 1},
		{"seats", &Item{Feature: "emails", Kind: Seats, Allowed: true, Reason: WithinLimit, Usage: new(float64(4)), Limit: new(float64(5)), Remaining: new(float64(1))}, 0, 2, false, LimitReached, 1, 1},
		{"on", &Item{Feature: "emails", Kind: Boolean, Allowed: true, Reason: Included}, 0, 1, true, Included, 0, 0},
		{"off", &Item{Feature: "emails", Kind: Boolean, Reason: NotInPlan}, 0, 0, false, NotInPlan, 0, 0},
		{"part of what is locked", &Item{Feature: "emails", Kind: Boolean, Reason: PartLocked, PartOf: "suite"}, 0, 1, false, PartLocked, 0, 0},
		{"on for a trial, in the minute after it", trial(), 14*24*time.Hour + 30*time.Second, 1, true, OnTrial, 0, 0},
		{"on for a trial that is over", trial(), 14*24*time.Hour + 2*time.Minute, 1, false, TrialExpired, 0, 0},
		{"opened by hand until yesterday", &Item{Feature: "emails", Kind: Boolean, Allowed: true, Reason: Override,
			Sources: []Source{{Source: "plan:pro"}, {Source: "override", ExpiresAt: later(time.Hour)}}}, 2 * time.Hour, 1, false, NotInPlan, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, elapsed := standing(t, c.given)
			*elapsed = c.after
			a.vouch(int64(c.after)) // the server is there, and says nothing
			got := a.Check("emails", c.asked)
			if got.Allowed != c.allowed || got.Reason != c.reason || got.Remaining != c.remaining || abs(got.Shortfall-c.shortfall) > 1e-9 {
				t.Errorf("answered %+v", got)
			}
			if again := a.Gate("emails").Check(c.asked); again.Allowed != got.Allowed || again.Reason != got.Reason {
				t.Errorf("the gate answers %+v", again)
			}
		})
	}
}

func abs(f float64) float64 { return max(f, -f) }

func trial() *Item {
	return &Item{Feature: "emails", Kind: Boolean, Allowed: true, Reason: OnTrial, TrialEndsAt: *later(14 * 24 * time.Hour),
		Sources: []Source{{Source: "trial:emails", ExpiresAt: later(14*24*time.Hour + time.Minute)}}}
}

func TestWhatIsAnsweredWhileTheServerIsAway(t *testing.T) {
	items := func() []*Item {
		return []*Item{emails(0, 10), {Feature: "export", Kind: Boolean, Reason: NotInPlan}, {Feature: "tier", Kind: Value, Allowed: true, Reason: Included, Value: "gold"}}
	}
	for _, c := range []struct {
		name    string
		away    time.Duration
		feature string
		allowed bool
		stale   bool
		reason  Reason
		value   string
	}{
		{"fresh", time.Minute, "emails", true, false, WithinLimit, ""},
		{"the last known", 6 * time.Minute, "emails", true, true, WithinLimit, ""},
		{"the last known is a no", 23 * time.Hour, "export", false, true, NotInPlan, ""},
		{"too old: closed without a default", 25 * time.Hour, "emails", false, true, Unavailable, ""},
		{"too old: by its default", 25 * time.Hour, "export", true, true, Unavailable, ""},
		{"the last known value", time.Hour, "tier", true, true, Included, "gold"},
		{"too old: the default value", 25 * time.Hour, "tier", false, true, Unavailable, "basic"},
		{"too old: a feature nobody knows", 25 * time.Hour, "typo", false, true, Unavailable, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, elapsed := standing(t, items()...)
			*elapsed = c.away
			got := a.Check(c.feature, 1)
			if got.Allowed != c.allowed || got.Stale != c.stale || got.Reason != c.reason || got.Value != c.value {
				t.Errorf("answered %+v", got)
			}
		})
	}
}

func TestWhatThisProcessUsesCountsBeforeTheNewsOfIt(t *testing.T) {
	a, elapsed := standing(t, emails(5, 10))
	g := a.Metered("emails")
	g.Add(4)
	if got := g.Check(2); got.Allowed || got.Usage != 9 || got.Shortfall != 1 {
		t.Errorf("after 4 more: %+v", got)
	}
	a.change([]*Item{emails(6, 10)}, nil) // news that have not seen them
	if got := g.Check(1); got.Usage != 9 {
		t.Errorf("older news: %+v", got)
	}
	a.change([]*Item{emails(10, 10)}, nil) // news with somebody else's
	if got := g.Check(1); got.Usage != 10 || got.Allowed {
		t.Errorf("newer news: %+v", got)
	}
	a.change([]*Item{emails(2, 10)}, nil)
	*elapsed += settle + time.Second
	if got := g.Check(1); got.Usage != 2 {
		t.Errorf("what the server never counted is forgotten: %+v", got)
	}
	g.Add(1)
	g.Add(-1)
	if got := g.Check(1); got.Usage != 2 {
		t.Errorf("one more and one less: %+v", got)
	}
}

func TestAMistypedFeatureNeverOpensAGate(t *testing.T) {
	for _, development := range []bool{false, true} {
		a, _ := standing(t, emails(0, 10))
		var said strings.Builder
		a.client.Logger, a.client.Development = slog.New(slog.NewTextHandler(&said, nil)), development
		a.client.Defaults["emials"] = Default{Allowed: true}
		for range 3 {
			got := a.Check("emials", 1)
			if got.Allowed || got.Reason != UnknownFeature || (got.Err != nil) != development || development && CodeOf(got.Err) != CodeUnknownFeature {
				t.Errorf("development %v: %+v", development, got)
			}
		}
		times := map[bool]int{false: 1, true: 3}[development]
		if n := strings.Count(said.String(), "an unknown feature is closed"); n != times {
			t.Errorf("development %v: said %d times\n%s", development, n, said.String())
		}
	}
}

func TestAWrongQuantityIsAnsweredWithNo(t *testing.T) {
	a, _ := standing(t, emails(0, 10))
	for _, q := range []float64{-1, nan(), 2e12} {
		if got := a.Check("emails", q); got.Allowed || CodeOf(got.Err) != CodeQuantityInvalid {
			t.Errorf("%g: %+v", q, got)
		}
	}
}

func nan() float64 { zero := 0.0; return zero / zero }

func TestAnAnswerSaysItsReasonInWords(t *testing.T) {
	a, _ := standing(t, with(emails(9, 10), func(i *Item) { i.Message, i.Content.Title = "The server's words.", "Emails" }))
	g := a.Metered("emails")
	if got := g.Check(1).Message(); got != "The server's words." {
		t.Errorf("%s", got)
	}
	if got := g.Check(5).Message(); got != "Emails: 9 of 10 used, 4 too few." {
		t.Errorf("%s", got)
	}
	g.Add(1)
	if got := g.Check(0).Message(); got != "Emails: 10 of 10 used." {
		t.Errorf("%s", got)
	}
}
