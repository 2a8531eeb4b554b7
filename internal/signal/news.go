package signal

import (
	"hash/fnv"
	"slices"
	"strconv"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/event"
)

// Values of a property that were not met before: a new department, a new role. Of each value a
// hash of 32 bits is kept; two of 256 values are taken for one in one account of 130,000.

// maxValues bounds how many values of a property are told apart; later ones are not looked at.
const maxValues = 256

// valuesMet are those met of one property.
type valuesMet struct {
	property uint64   // hash of its name
	hashes   []uint32 // sorted
}

func (v *valuesMet) key() uint64 { return v.property }

// news notes the values of an event's properties and fires the rules on new ones.
func (st *State) news(se *series, t *catalog.Stream, f *fact) []Signal {
	var out []Signal
	for i := range t.New {
		g := &t.New[i]
		v := f.record.Prop(g.Property)
		if v.Kind == event.Null || v.Text == "" {
			continue
		}
		n, fresh := se.meets(g.Property, v)
		if !fresh {
			continue
		}
		for _, r := range g.Rules { // the lowest number first
			if n < max(r.When.From, 1) {
				break
			}
			if !f.timely(r, f.at) {
				continue
			}
			data := map[string]string{"event": t.Type, "property": g.Property, "nth": strconv.FormatInt(n, 10)}
			if g.Property != event.PropUser {
				data["value"] = shortened(v.Text)
			}
			out = append(out, fire(st, r, f.Context, f.at, newEvidence(g.Property, n, data["value"]), data, newScore(g.Property, n))...)
		}
	}
	return out
}

// meets adds a value and returns how many there are, and whether it is a new one.
func (se *series) meets(property string, v event.Value) (int64, bool) {
	id := hashed64(property)
	i, ok := find(se.values, id, (*valuesMet).key)
	if !ok {
		se.values = slices.Insert(se.values, i, valuesMet{property: id})
	}
	met := &se.values[i]
	h := fnv.New32a()
	h.Write([]byte{byte(v.Kind)})
	h.Write([]byte(v.Text))
	at, known := slices.BinarySearch(met.hashes, h.Sum32())
	if known || len(met.hashes) >= maxValues {
		return 0, false
	}
	met.hashes = slices.Insert(met.hashes, at, h.Sum32())
	return int64(len(met.hashes)), true
}

// hashed64 is a number for a text, never 0.
func hashed64(text string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(text))
	return max(h.Sum64(), 1)
}

// keeps drops values of properties that no rule is about any more.
func (se *series) keeps(rules []catalog.NewRules) {
	se.values = slices.DeleteFunc(se.values, func(v valuesMet) bool {
		return !slices.ContainsFunc(rules, func(g catalog.NewRules) bool { return hashed64(g.Property) == v.property })
	})
}

// newEvidence says what came up: "A 3rd department came up: Legal".
func newEvidence(property string, n int64, value string) string {
	name := strings.ReplaceAll(property[strings.LastIndexByte(property, '.')+1:], "_", " ")
	words := capital(article(n)) + " " + Ordinal(n) + " " + name + " came up"
	if value != "" {
		words += ": " + value
	}
	return words
}

func newScore(property string, n int64) []Part {
	return []Part{
		{Name: "reach", Points: 45 + int(min(n, 10)), Why: "use spreads: " + Grouped(strconv.FormatInt(n, 10)) + " values of " + property + " so far"},
		{Name: "how pressing", Points: 5, Why: "it is no obstacle"},
	}
}

// shortened is a text that fits into a sentence.
func shortened(text string) string {
	const most = 60
	if letters := []rune(text); len(letters) > most {
		return string(letters[:most]) + "…"
	}
	return strings.Clone(text)
}
