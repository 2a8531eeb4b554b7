package catalog

import (
	"cmp"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/quantity"
)

// How rules over events are found by what feeds them, so that an event costs what the rules
// over it cost and no more.

// Mark identifies what a rule remembers: another name or another condition is another
// mark, so that nothing gathered under one definition is taken for another's.
func (s *Signal) Mark() uint64 {
	if s.mark != 0 {
		return s.mark
	}
	w := &s.When
	words := []string{s.Key, w.Limit, w.Gate, w.Event, w.Rate, w.Absent}
	words = append(words, testIDs(w.Where)...)
	for _, step := range w.Sequence {
		words = append(words, step.Event)
		words = append(words, testIDs(step.Where)...)
	}
	for _, n := range []int64{
		w.Reaches, int64(w.Times), int64(w.Within), w.Nth, w.Every, int64(w.Over), w.Rises, w.Falls, int64(w.AtLeast),
		int64(w.For), w.After, int64(w.TrialEndsIn),
	} {
		words = append(words, strconv.FormatInt(n, 36))
	}
	return hashed(append(words, w.more()...)...)
}

// hashed returns a number for the words, never 0. FNV-1a: a company's own rules do not
// try to collide, and 10,000 of them do by chance once in 400 billion catalogs.
func hashed(words ...string) uint64 {
	h := fnv.New64a()
	for _, w := range words {
		h.Write([]byte(w))
		h.Write([]byte{0})
	}
	return max(h.Sum64(), 1)
}

// Stream is one stream of facts that live rules look at: the occurrences of an event type,
// the touches of a locked feature, or what a meter was fed. All rules over it share what
// is remembered of it. Lists are in the order in which they are looked through.
type Stream struct {
	ID   uint64 // the same in every catalog that has this stream
	Type string // event type; feature of a gate; meter
	// Where lets through only occurrences for which every test holds.
	Where []Test

	Nth    []*Signal // lowest number first
	Every  []*Signal // by key
	Times  []TimesRules
	Totals []TotalRules
	Rates  []RateRules
	Absent []*Signal // shortest first
	// Left are the rules that begin here and fire when what ends them does not follow within
	// their Within, the shortest first; Ends those that an occurrence here ends, by key.
	Left, Ends []*Signal
	Began      []*Stream // on which each of Ends begins
	// New are the rules on a value of a property not met before, by property.
	New []NewRules
	// Part lists the beginnings of sequences, and whole ones, with any step on this stream,
	// the shortest first.
	Part []*Prefix
	// Keep is how many of the newest times are to be kept.
	Keep int

	misses     map[string]bool      // by key, rules in Absent
	stepsOf    map[int][]*Prefix    // by number of steps
	stepsAfter map[uint64][]*Prefix // by what comes before the last step
}

// Misses says whether the rule of a key is one on the absence of this stream.
func (t *Stream) Misses(key string) bool { return t.misses[key] }

// StepsOf returns the beginnings of sequences, and whole ones, of that many steps whose last
// step is on the stream, by id.
func (t *Stream) StepsOf(steps int) []*Prefix { return t.stepsOf[steps] }

// StepsAfter returns those whose steps before the last are the beginning with the id, or the
// one step on the stream with the id.
func (t *Stream) StepsAfter(id uint64) []*Prefix { return t.stepsAfter[id] }

// TimesRules are the rules for one number of times, of at most MostKept, the longest window first.
type TimesRules struct {
	Times int
	Rules []*Signal
}

// TotalRules are the rules for more than MostKept times within one length of window, the
// fewest times first.
type TotalRules struct {
	Within time.Duration
	Rules  []*Signal
}

// RateRules are the rules on rates over one length of window, the least change first.
type RateRules struct {
	Over         time.Duration
	Rises, Falls []*Signal
}

// Prefix is the beginning of one or more sequences, two steps or more, or the whole of some.
type Prefix struct {
	ID     uint64
	Parent *Prefix   // all but the last step; nil when that is a single one
	Steps  []*Stream // all steps
	Whole  []*Signal // the sequences that end here, the longest window first
	Inner  bool      // a sequence goes on from here
}

// MostKept is how many times of a stream are kept at most. Rules for more of them count in
// parts of their window.
const MostKept = 64

// stepsKept is how many of the newest times are kept of each step of a sequence, for those
// that arrive out of order.
const stepsKept = 16

// Streams are the live rules of a catalog over streams, found by what feeds them. It is
// safe for concurrent reading.
type Streams struct {
	byEvent, byGate, byMeter map[string][]*Stream // at most one of each gate and meter
	feeds                    map[string]*feed     // by event type
	byID                     map[uint64]*Stream
	timed                    []*Stream // with rules that fire by the passing of time
	prefixes                 map[uint64]*Prefix
	marks                    map[uint64]*Signal
	begins, ends             map[uint64]*Stream // by mark, of the rules with without
}

// feed finds the streams that events of one type feed.
type feed struct {
	all   []*Stream // but those in equal
	equal []equalities
}

// equalities are the streams of events one of whose properties has a certain value.
type equalities struct {
	property string
	streams  map[worth][]*Stream
}

// worth is a value of a property; texts of numbers are left out.
type worth struct {
	kind   event.ValueKind
	text   string
	number quantity.Quantity
}

func newFeed(streams []*Stream) *feed {
	f := &feed{}
	for _, t := range streams {
		i := slices.IndexFunc(t.Where, func(test Test) bool { return test.Op == Is })
		if i < 0 {
			f.all = append(f.all, t)
			continue
		}
		test := &t.Where[i]
		j := slices.IndexFunc(f.equal, func(e equalities) bool { return e.property == test.Property })
		if j < 0 {
			j = len(f.equal)
			f.equal = append(f.equal, equalities{test.Property, map[worth][]*Stream{}})
		}
		for _, l := range test.Values {
			w := worth{l.Kind, l.Text, 0}
			if l.Kind == event.Number {
				w = worth{kind: l.Kind, number: l.Number}
			}
			f.equal[j].streams[w] = append(f.equal[j].streams[w], t)
		}
	}
	return f
}

// FedBy appends the streams that an event feeds to buf, which may be empty, by id: those of
// its type whose tests it passes. Tests for equality cost what there is to be found.
func (x *Streams) FedBy(r *event.Record, buf []*Stream) []*Stream {
	f := x.feeds[r.Type]
	if f == nil {
		return buf
	}
	fed := buf
	for _, t := range f.all {
		if len(t.Where) == 0 || Passes(t.Where, r) {
			fed = append(fed, t)
		}
	}
	for i := range f.equal {
		e := &f.equal[i]
		v := r.Prop(e.property)
		w := worth{v.Kind, v.Text, 0}
		if v.Kind == event.Number {
			q, err := quantity.Parse(v.Text)
			if err != nil {
				continue
			}
			w = worth{kind: v.Kind, number: q}
		}
		for _, t := range e.streams[w] {
			if len(t.Where) == 1 || Passes(t.Where, r) {
				fed = append(fed, t)
			}
		}
	}
	if len(f.equal) > 0 {
		slices.SortFunc(fed, func(a, b *Stream) int { return cmp.Compare(a.ID, b.ID) })
	}
	return fed
}

// NewStreams finds the streams of those rules that are not retired. meters tells which
// rates are of a meter; the others are of an event type.
func NewStreams(rules []*Signal, meters map[string]*Meter) *Streams {
	x := &Streams{
		byEvent: map[string][]*Stream{}, byGate: map[string][]*Stream{}, byMeter: map[string][]*Stream{},
		feeds: map[string]*feed{}, byID: map[uint64]*Stream{}, prefixes: map[uint64]*Prefix{}, marks: map[uint64]*Signal{},
		begins: map[uint64]*Stream{}, ends: map[uint64]*Stream{},
	}
	rules = slices.Clone(rules)
	slices.SortFunc(rules, func(a, b *Signal) int { return strings.Compare(a.Key, b.Key) })
	for _, s := range rules {
		if s.Retired() {
			continue
		}
		w := &s.When
		switch {
		case w.Without != "" && w.Gate != "":
			x.left(s, x.stream(x.byGate, "gate", w.Gate))
		case w.Without != "":
			x.left(s, x.events(w.Event, w.Where))
		case w.New != "":
			x.events(w.Event, w.Where).news(s)
		case w.Gate != "":
			x.stream(x.byGate, "gate", w.Gate).counts(s)
		case w.Event != "" && w.Times > 0:
			x.events(w.Event, w.Where).counts(s)
		case w.Event != "" && w.Every > 0:
			t := x.events(w.Event, w.Where)
			t.Every = append(t.Every, s)
		case w.Event != "":
			t := x.events(w.Event, w.Where)
			t.Nth = append(t.Nth, s)
		case w.Absent != "":
			t := x.events(w.Absent, w.Where)
			t.Absent = append(t.Absent, s)
			if t.misses == nil {
				t.misses = map[string]bool{}
			}
			t.misses[s.Key] = true
		case w.Rate != "" && meters[w.Rate] != nil:
			x.stream(x.byMeter, "meter", w.Rate, fed(meters[w.Rate])...).compares(s)
		case w.Rate != "":
			x.events(w.Rate, w.Where).compares(s)
		case len(w.Sequence) > 0:
			x.sequence(s)
		}
		s.mark = s.Mark()
		x.marks[s.mark] = s
	}
	for _, t := range x.byID {
		t.order()
		if t.timed() {
			x.timed = append(x.timed, t)
		}
	}
	for eventType, streams := range x.byEvent {
		slices.SortFunc(streams, func(a, b *Stream) int { return cmp.Compare(a.ID, b.ID) })
		x.feeds[eventType] = newFeed(streams)
	}
	slices.SortFunc(x.timed, func(a, b *Stream) int { return cmp.Compare(a.ID, b.ID) })
	return x
}

// fed lists what a meter's total is of, so that another definition is another stream.
func fed(m *Meter) []string {
	d := meterWords(m).values
	var words []string
	for _, key := range slices.Sorted(maps.Keys(d)) {
		words = append(words, key, d[key])
	}
	return words
}

// stream returns the stream of a kind and type, made when it is not there yet.
func (x *Streams) stream(by map[string][]*Stream, kind, name string, more ...string) *Stream {
	id := hashed(append([]string{kind, name}, more...)...)
	if t := x.byID[id]; t != nil {
		return t
	}
	t := &Stream{ID: id, Type: name}
	x.byID[id] = t
	by[name] = append(by[name], t)
	return t
}

// events returns the stream of those events of a type that pass the tests.
func (x *Streams) events(eventType string, where []Test) *Stream {
	t := x.stream(x.byEvent, "event", eventType, testIDs(where)...)
	t.Where = where
	return t
}

// testIDs lists all that tests say, each in its place.
func testIDs(tests []Test) []string {
	var ids []string
	for _, t := range tests {
		ids = append(ids, t.Property, string(t.Op), strconv.Itoa(len(t.Values)))
		for _, l := range t.Values {
			ids = append(ids, strconv.Itoa(int(l.Kind)), l.Text)
		}
	}
	return ids
}

// counts adds a rule for a number of times within a window.
func (t *Stream) counts(s *Signal) {
	w := &s.When
	if times := max(w.Times, 1); times <= MostKept {
		t.Keep = max(t.Keep, times)
		i := slices.IndexFunc(t.Times, func(g TimesRules) bool { return g.Times == times })
		if i < 0 {
			i = len(t.Times)
			t.Times = append(t.Times, TimesRules{Times: times})
		}
		t.Times[i].Rules = append(t.Times[i].Rules, s)
		return
	}
	i := slices.IndexFunc(t.Totals, func(g TotalRules) bool { return g.Within == w.Within })
	if i < 0 {
		i = len(t.Totals)
		t.Totals = append(t.Totals, TotalRules{Within: w.Within})
	}
	t.Totals[i].Rules = append(t.Totals[i].Rules, s)
}

// compares adds a rule on a rate.
func (t *Stream) compares(s *Signal) {
	w := &s.When
	i := slices.IndexFunc(t.Rates, func(g RateRules) bool { return g.Over == w.Over })
	if i < 0 {
		i = len(t.Rates)
		t.Rates = append(t.Rates, RateRules{Over: w.Over})
	}
	if g := &t.Rates[i]; w.Rises > 0 {
		g.Rises = append(g.Rises, s)
	} else {
		g.Falls = append(g.Falls, s)
	}
}

// sequence adds a sequence and the beginnings of it.
func (x *Streams) sequence(s *Signal) {
	var steps []*Stream
	var parent *Prefix
	ids := []string{"sequence"}
	for i, step := range s.When.Sequence {
		t := x.events(step.Event, step.Where)
		t.Keep = max(t.Keep, stepsKept)
		steps = append(steps, t)
		ids = append(ids, strconv.FormatUint(t.ID, 36))
		if i == 0 {
			continue
		}
		id := hashed(ids...)
		p := x.prefixes[id]
		if p == nil {
			p = &Prefix{ID: id, Parent: parent, Steps: slices.Clone(steps)}
			x.prefixes[id] = p
			before := steps[0].ID
			if parent != nil {
				before = parent.ID
			}
			t.stepsOf, t.stepsAfter = listed(t.stepsOf, i+1, p), listed(t.stepsAfter, before, p)
			for j, part := range steps {
				if !slices.Contains(steps[:j], part) {
					part.Part = append(part.Part, p)
				}
			}
		}
		if i < len(s.When.Sequence)-1 {
			p.Inner = true
		} else {
			p.Whole = append(p.Whole, s)
		}
		parent = p
	}
}

func listed[K comparable](by map[K][]*Prefix, key K, p *Prefix) map[K][]*Prefix {
	if by == nil {
		by = map[K][]*Prefix{}
	}
	by[key] = append(by[key], p)
	return by
}

// order brings the lists of a stream into the order in which they are looked through.
func (t *Stream) order() {
	by := func(of func(*When) int64) func(a, b *Signal) int {
		return func(a, b *Signal) int {
			return cmp.Or(cmp.Compare(of(&a.When), of(&b.When)), cmp.Compare(a.Key, b.Key))
		}
	}
	longest := by(func(w *When) int64 { return -int64(w.Within) })
	slices.SortFunc(t.Nth, by(func(w *When) int64 { return w.Nth }))
	slices.SortFunc(t.Every, by(func(w *When) int64 { return w.Every }))
	slices.SortFunc(t.Times, func(a, b TimesRules) int { return cmp.Compare(a.Times, b.Times) })
	for _, g := range t.Times {
		slices.SortFunc(g.Rules, longest)
	}
	slices.SortFunc(t.Totals, func(a, b TotalRules) int { return cmp.Compare(a.Within, b.Within) })
	for _, g := range t.Totals {
		slices.SortFunc(g.Rules, by(func(w *When) int64 { return int64(w.Times) }))
	}
	slices.SortFunc(t.Rates, func(a, b RateRules) int { return cmp.Compare(a.Over, b.Over) })
	for _, g := range t.Rates {
		slices.SortFunc(g.Rises, by(func(w *When) int64 { return w.Rises }))
		slices.SortFunc(g.Falls, by(func(w *When) int64 { return w.Falls }))
	}
	slices.SortFunc(t.Absent, by(func(w *When) int64 { return int64(w.For) }))
	slices.SortFunc(t.Left, by(func(w *When) int64 { return int64(w.Within) }))
	slices.SortFunc(t.New, func(a, b NewRules) int { return strings.Compare(a.Property, b.Property) })
	for _, g := range t.New {
		slices.SortFunc(g.Rules, by(func(w *When) int64 { return w.From }))
	}
	length := func(a, b *Prefix) int {
		return cmp.Or(cmp.Compare(len(a.Steps), len(b.Steps)), cmp.Compare(a.ID, b.ID))
	}
	slices.SortFunc(t.Part, length)
	for _, steps := range t.stepsOf {
		slices.SortFunc(steps, length)
		for _, p := range steps {
			slices.SortFunc(p.Whole, longest)
		}
	}
}

// timed says whether some rule over the stream fires by the passing of time.
func (t *Stream) timed() bool {
	return len(t.Absent) > 0 || len(t.Left) > 0 || slices.ContainsFunc(t.Rates, func(g RateRules) bool { return len(g.Falls) > 0 })
}

// OnEvent returns the streams of an event type, by id; FedBy those that an event feeds.
func (x *Streams) OnEvent(eventType string) []*Stream { return x.byEvent[eventType] }

// OnGate returns the stream of the touches of a locked feature; nil when no rule looks at it.
func (x *Streams) OnGate(feature string) *Stream { return only(x.byGate[feature]) }

// OnMeter returns the stream of what a meter is fed; nil when no rule looks at it.
func (x *Streams) OnMeter(meter string) *Stream { return only(x.byMeter[meter]) }

func only(streams []*Stream) *Stream {
	if len(streams) == 0 {
		return nil
	}
	return streams[0]
}

// Timed returns the streams with rules that fire by the passing of time, by id.
func (x *Streams) Timed() []*Stream { return x.timed }

// Stream returns the stream of an id; nil when no live rule looks at it.
func (x *Streams) Stream(id uint64) *Stream { return x.byID[id] }

// Prefix returns the beginning of sequences with an id; nil when no live sequence has it.
func (x *Streams) Prefix(id uint64) *Prefix { return x.prefixes[id] }

// Rule returns the live rule with a mark; nil when there is none.
func (x *Streams) Rule(mark uint64) *Signal { return x.marks[mark] }

// EventTypes returns the event types that rules look at, in no particular order.
func (x *Streams) EventTypes() []string { return slices.Collect(maps.Keys(x.byEvent)) }
