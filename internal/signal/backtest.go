package signal

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/money"
)

// A backtest runs rules over a history and tells what they would have fired, and what became of
// the accounts. Package replay steps the history; a Tally gathers what comes of it.

// Question is what a backtest is to find out.
type Question struct {
	// Current are the rules that are active now, to compare with; nil: there is nothing to compare.
	Current *catalog.Catalog
	// Proposed has the rules that are tried.
	Proposed *catalog.Catalog
	// From and To bound the firings that count, From included; the history before From is
	// stepped as well. Zero: no bound.
	From, To clock.Time
	Rules    []string // only these; none: all
	// Examples is how many accounts are listed of each rule, and of each side of a difference.
	Examples int
}

// Move is a line of the ledger: from At on, an account's MRR is Delta higher or lower.
type Move struct {
	At       clock.Time
	Delta    money.Twelfths
	Currency money.Currency
}

// Tally gathers what happens in a history. Not safe for concurrent use: each partition has its
// own, and they are merged.
type Tally struct {
	q        *Question
	rules    map[string]int32
	keys     []string
	accounts map[string]*past
	words    []string // evidence of first firings
	firings  int64
	lost     int64 // firings beyond maxFirings
	last     clock.Time
}

// past is what is kept of one account.
type past struct {
	since clock.Time // when it was first heard of
	moves []Move
	shots []shot
}

// shot is one firing.
type shot struct {
	rule   int32
	before bool // by the rules of the time
	why    int32
	at     clock.Time
}

// maxFirings bounds the firings that a tally keeps, 24 bytes each; more are only counted.
const maxFirings = 20_000_000

// NewTally returns an empty tally.
func NewTally(q *Question) *Tally {
	return &Tally{q: q, rules: make(map[string]int32), accounts: make(map[string]*past)}
}

// Seen says that there is an account since a time.
func (t *Tally) Seen(account string, since clock.Time) {
	if p := t.of(account); p.since == 0 || since < p.since {
		p.since = since
	}
}

// Fired takes a firing of the proposed rules, Before one of the rules of the time.
func (t *Tally) Fired(s *Signal) { t.shot(s, false) }

// Before is Fired for what fired at the time.
func (t *Tally) Before(s *Signal) { t.shot(s, true) }

func (t *Tally) shot(s *Signal, before bool) {
	if len(t.q.Rules) > 0 && !slices.Contains(t.q.Rules, s.Key) || s.At < t.q.From || t.q.To != 0 && s.At >= t.q.To {
		return
	}
	if t.firings++; t.firings > maxFirings {
		t.lost++
		return
	}
	rule, known := t.rules[s.Key]
	if !known {
		rule = int32(len(t.keys))
		t.keys = append(t.keys, s.Key)
		t.rules[s.Key] = rule
	}
	p, why := t.of(s.Account), int32(-1)
	if !slices.ContainsFunc(p.shots, func(x shot) bool { return x.rule == rule && x.before == before }) {
		why = int32(len(t.words))
		t.words = append(t.words, s.Evidence)
	}
	p.shots = append(p.shots, shot{rule, before, why, s.At})
}

// Moved takes a line of an account's ledger.
func (t *Tally) Moved(account string, m Move) {
	if m.Delta != 0 {
		p := t.of(account)
		p.moves = append(p.moves, m)
	}
}

// Until says up to when the history goes.
func (t *Tally) Until(at clock.Time) { t.last = max(t.last, at) }

func (t *Tally) of(account string) *past {
	p := t.accounts[account]
	if p == nil {
		p = &past{}
		t.accounts[strings.Clone(account)] = p
	}
	return p
}

// Merge adds what another tally of the same question gathered, which must not be used afterwards.
func (t *Tally) Merge(other *Tally) {
	rules := make([]int32, len(other.keys))
	for i, key := range other.keys {
		rule, known := t.rules[key]
		if !known {
			rule = int32(len(t.keys))
			t.keys = append(t.keys, key)
			t.rules[key] = rule
		}
		rules[i] = rule
	}
	words := int32(len(t.words))
	t.words = append(t.words, other.words...)
	for key, p := range other.accounts {
		for i := range p.shots {
			x := &p.shots[i]
			if x.rule = rules[x.rule]; x.why >= 0 {
				x.why += words
			}
		}
		have := t.accounts[key]
		if have == nil {
			t.accounts[key] = p
			continue
		}
		have.moves, have.shots = append(have.moves, p.moves...), append(have.shots, p.shots...)
		if have.since == 0 || p.since != 0 && p.since < have.since {
			have.since = p.since
		}
	}
	t.firings, t.lost, t.last = t.firings+other.firings, t.lost+other.lost, max(t.last, other.last)
}

// of returns the firings of one rule, in the order of time, once the tally is in order.
func (p *past) of(rule int32) []shot {
	i, _ := slices.BinarySearchFunc(p.shots, rule, func(x shot, rule int32) int { return cmp.Compare(x.rule, rule) })
	n := i
	for n < len(p.shots) && p.shots[n].rule == rule {
		n++
	}
	return p.shots[i:n]
}

// ruleKeys returns the keys of the rules that there is something to say of.
func (t *Tally) ruleKeys() []string {
	all := make(map[string]bool)
	for _, key := range t.keys {
		all[key] = true
	}
	for key, r := range t.q.Proposed.Signals {
		if !r.Retired() && (len(t.q.Rules) == 0 || slices.Contains(t.q.Rules, key)) {
			all[key] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// inOrder returns the accounts by key, each with what happened in the order of time.
func (t *Tally) inOrder() []string {
	for _, p := range t.accounts {
		slices.SortStableFunc(p.moves, func(a, b Move) int { return cmp.Compare(a.At, b.At) })
		slices.SortStableFunc(p.shots, func(a, b shot) int { return cmp.Or(cmp.Compare(a.rule, b.rule), cmp.Compare(a.at, b.at)) })
	}
	return slices.Sorted(maps.Keys(t.accounts))
}

// paid returns what the account pays at a time; one currency at a time, as the ledger has it.
func (p *past) paid(at clock.Time) (mrr money.Twelfths, currency money.Currency) {
	for i := range p.moves {
		m := &p.moves[i]
		if m.At > at {
			break
		}
		if m.Currency != currency && m.Delta > 0 && mrr <= 0 {
			mrr, currency = 0, m.Currency
		}
		if m.Currency == currency {
			mrr += m.Delta
		}
	}
	return max(mrr, 0), currency
}

// Fate is what became of an account within some days.
type Fate uint8

// The fates.
const (
	Nothing    Fate = iota // it pays what it paid
	Started                // it did not pay, and does
	Expanded               // it pays more
	Contracted             // it pays less
	Churned                // it paid, and does not
	Unknown                // the history ends sooner
	fates      = iota
)

// String names it as documents do.
func (f Fate) String() string {
	return [...]string{"nothing", "started", "expanded", "contracted", "churned", "too_recent"}[f]
}

// fate compares what is paid at a time with days later. An account that pays in another
// currency then counts as one that did nothing: nothing is converted.
func (p *past) fate(at clock.Time, days int64, end clock.Time) (Fate, Move) {
	later := at + clock.Time(days)*clock.Day
	if later > end {
		return Unknown, Move{}
	}
	was, wasIn := p.paid(at)
	is, in := p.paid(later)
	change := Move{At: later, Delta: is - was, Currency: cmp.Or(in, wasIn)}
	switch {
	case was > 0 && is > 0 && wasIn != in:
		return Nothing, Move{}
	case was == is:
		return Nothing, change
	case was == 0:
		return Started, change
	case is == 0:
		change.Currency = wasIn
		return Churned, change
	case is > was:
		return Expanded, change
	}
	return Contracted, change
}
