package main_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
)

// The checker. It knows what was sent and what was answered, and nothing of the server's
// code: what it compares with are sums of its own.

// history is what clients sent and what they were told.
type history struct {
	mu         sync.Mutex
	accounts   map[string]*deeds
	answered   int      // requests of any kind that got an answer, which faults are timed by
	complaints []string // what was wrong already while it was answered
}

// deeds are those of one account.
type deeds struct {
	events   []*sent
	consumes []*bought
	plans    []string // every plan it was put on, in order

	acked tally  // events acknowledged so far
	tried tally  // events sent at all so far
	token string // of the latest position an acknowledgement carried
	at    uint64 // that position
	seen  []string
}

// tally is how many events there are, and what they weigh together.
type tally struct{ count, weight int64 }

func (t *tally) add(weight int64) { t.count++; t.weight += weight }

// sent is one event. Its weight tells apart one event lost and another one doubled.
type sent struct {
	id     string
	weight int64
	time   string // when it happened, in RFC 3339; empty for now
	acked  bool
}

// bought is one consume.
type bought struct {
	key      string
	quantity int64
	heard    *consumed // nil when nobody answered yet
}

// consumed is the answer to a consume.
type consumed struct {
	Allowed   bool
	Reason    string
	Usage     float64
	Limit     *float64
	Remaining *float64
}

func (c *consumed) String() string {
	limit := "none"
	if c.Limit != nil {
		limit = fmt.Sprint(*c.Limit)
	}
	return fmt.Sprintf("allowed=%v %s usage=%v limit=%s", c.Allowed, c.Reason, c.Usage, limit)
}

func newHistory() *history { return &history{accounts: make(map[string]*deeds)} }

func (h *history) complain(format string, args ...any) {
	if len(h.complaints) < 50 {
		h.complaints = append(h.complaints, fmt.Sprintf(format, args...))
	}
}

// consume notes an answer to a consume.
func (h *history) consume(account string, b *bought, heard consumed) {
	if b.heard == nil {
		b.heard = &heard
	} else if b.heard.String() != heard.String() {
		h.complain("%s: consume %s was answered %s, and repeated %s", account, b.key, b.heard, &heard)
	}
	if heard.Allowed && heard.Limit != nil && heard.Usage > *heard.Limit {
		h.complain("%s: consume %s was allowed and is over the limit: %s", account, b.key, &heard)
	}
}

// read notes what a read with a position said, that began when so much was acknowledged.
func (h *history) read(account string, least, got tally) {
	most := h.accounts[account].tried
	if got.count < least.count || got.weight < least.weight {
		h.complain("%s: a read sees %v, and at its position %v were acknowledged", account, got, least)
	}
	if got.count > most.count || got.weight > most.weight {
		h.complain("%s: a read sees %v, and only %v were sent", account, got, most)
	}
}

// observed is what the server says of an account once all is quiet.
type observed struct {
	before   tally // before anything was repeated
	settled  tally // once every event had been acknowledged
	repeated tally // once every event had been sent again
	bought   int64 // usage of what is consumed
	plan     string
}

// limits of what can be consumed, by plan; prices a month.
var (
	exportLimit = map[string]int64{"base": 150, "plus": 220}
	planPrice   = map[string]int64{"base": 49, "plus": 79}
)

// verdict returns what is wrong with what the server says of an account, given its history
// in which by now every event is acknowledged and every consume answered. unknown are the
// events nobody had acknowledged when before was read.
func (d *deeds) verdict(unknown tally, o observed) (wrong []string) {
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	var all tally
	ids := make(map[string]bool)
	for _, e := range d.events {
		if ids[e.id] {
			say("the test sent two events as %q", e.id)
		}
		ids[e.id] = true
		all.add(e.weight)
		if !e.acked {
			say("event %q was never acknowledged", e.id)
		}
	}
	acked := tally{all.count - unknown.count, all.weight - unknown.weight}
	if o.before.count < acked.count || o.before.weight < acked.weight {
		say("lost: %v were acknowledged and %v are counted", acked, o.before)
	}
	if o.before.count > all.count || o.before.weight > all.weight {
		say("doubled: %v were sent and %v are counted", all, o.before)
	}
	if o.settled != all {
		say("with all acknowledged, %v are counted of %v", o.settled, all)
	}
	if o.repeated != all {
		say("with all sent again, %v are counted of %v", o.repeated, all)
	}
	var bought int64
	keys := make(map[string]bool)
	for _, b := range d.consumes {
		if keys[b.key] {
			say("the test used the key %q twice", b.key)
		}
		keys[b.key] = true
		switch {
		case b.heard == nil:
			say("consume %q was never answered", b.key)
		case b.heard.Allowed:
			bought += b.quantity
		}
	}
	if o.bought != bought {
		say("%d were allowed to be consumed and %d are counted", bought, o.bought)
	}
	var most int64
	for _, plan := range d.plans {
		most = max(most, exportLimit[plan])
	}
	if bought > most {
		say("%d were allowed to be consumed, above the hard limit of %d", bought, most)
	}
	if last := d.plans[len(d.plans)-1]; o.plan != last {
		say("it was put on the plan %s and is on %s", last, o.plan)
	}
	return wrong
}

// revenue is what all accounts together pay a month.
func (h *history) revenue() (sum int64) {
	for _, d := range h.accounts {
		if len(d.plans) > 0 {
			sum += planPrice[d.plans[len(d.plans)-1]]
		}
	}
	return sum
}

func TestTheCheckerNoticesWhatIsWrong(t *testing.T) {
	limit := 150.0
	yes := func(usage float64) *consumed { return &consumed{Allowed: true, Usage: usage, Limit: &limit} }
	right := func() (*deeds, tally, observed) {
		d := &deeds{plans: []string{"base"},
			events:   []*sent{{id: "a", weight: 5, acked: true}, {id: "b", weight: 7, acked: true}, {id: "c", weight: 7, acked: true}},
			consumes: []*bought{{key: "k", quantity: 2, heard: yes(2)}, {key: "l", quantity: 3, heard: &consumed{}}}}
		return d, tally{1, 7}, observed{before: tally{2, 12}, settled: tally{3, 19}, repeated: tally{3, 19}, bought: 2, plan: "base"}
	}
	for _, c := range []struct {
		name    string
		spoil   func(*deeds, *observed)
		wrong   int
		sayings string
	}{
		{"nothing", func(*deeds, *observed) {}, 0, ""},
		{"the unacknowledged event was counted, which may be", func(_ *deeds, o *observed) { o.before = tally{3, 19} }, 0, ""},
		{"an acknowledged event is lost", func(_ *deeds, o *observed) { o.before, o.settled, o.repeated = tally{1, 5}, tally{2, 12}, tally{2, 12} }, 3, "lost: {2 12} were acknowledged and {1 5} are counted"},
		{"one is lost and another one is there twice", func(_ *deeds, o *observed) { o.settled, o.repeated = tally{3, 17}, tally{3, 17} }, 2, "with all acknowledged, {3 17} are counted of {3 19}"},
		{"lost before, and back by the repetition", func(_ *deeds, o *observed) { o.before = tally{1, 7} }, 1, "lost: {2 12} were acknowledged and {1 7} are counted"},
		{"an event is there twice", func(_ *deeds, o *observed) {
			o.before, o.settled, o.repeated = tally{4, 24}, tally{4, 24}, tally{4, 24}
		}, 3, "doubled: {3 19} were sent and {4 24} are counted"},
		{"the repetition is counted", func(_ *deeds, o *observed) { o.repeated = tally{6, 38} }, 1, "with all sent again, {6 38} are counted of {3 19}"},
		{"a consume that was allowed is not counted", func(_ *deeds, o *observed) { o.bought = 0 }, 1, "2 were allowed to be consumed and 0 are counted"},
		{"a consume is counted twice", func(_ *deeds, o *observed) { o.bought = 4 }, 1, "2 were allowed to be consumed and 4 are counted"},
		{"a limit is passed", func(d *deeds, o *observed) { d.consumes[0].quantity, o.bought = 151, 151 }, 1, "151 were allowed to be consumed, above the hard limit of 150"},
		{"a consume without an answer", func(d *deeds, _ *observed) { d.consumes[1].heard = nil }, 1, `consume "l" was never answered`},
		{"a change of plan is forgotten", func(d *deeds, _ *observed) { d.plans = append(d.plans, "plus") }, 1, "it was put on the plan plus and is on base"},
		{"a test that sends one id twice", func(d *deeds, _ *observed) { d.events[2].id = "a" }, 1, `the test sent two events as "a"`},
		{"a test that gives up", func(d *deeds, _ *observed) { d.events[2].acked = false }, 1, `event "c" was never acknowledged`},
	} {
		d, unknown, o := right()
		c.spoil(d, &o)
		if got := d.verdict(unknown, o); len(got) != c.wrong || c.wrong > 0 && got[0] != c.sayings {
			t.Errorf("%s: it says %q, want %d with %q first", c.name, got, c.wrong, c.sayings)
		}
	}
	h := newHistory()
	h.accounts["a"] = &deeds{tried: tally{3, 19}, plans: []string{"base", "plus"}}
	b := &bought{key: "k", quantity: 1}
	h.consume("a", b, *yes(1))
	h.consume("a", b, *yes(1))
	h.consume("a", b, *yes(2))
	h.consume("a", &bought{key: "l"}, *yes(151))
	h.read("a", tally{2, 12}, tally{3, 19})
	h.read("a", tally{2, 12}, tally{2, 11})
	h.read("a", tally{2, 12}, tally{3, 20})
	if want := []string{
		"a: consume k was answered allowed=true  usage=1 limit=150, and repeated allowed=true  usage=2 limit=150",
		"a: consume l was allowed and is over the limit: allowed=true  usage=151 limit=150",
		"a: a read sees {2 11}, and at its position {2 12} were acknowledged",
		"a: a read sees {3 20}, and only {3 19} were sent",
	}; !slices.Equal(h.complaints, want) {
		t.Errorf("on the way it says %q", h.complaints)
	}
	if h.revenue() != 79 {
		t.Errorf("the accounts pay %d", h.revenue())
	}
}
