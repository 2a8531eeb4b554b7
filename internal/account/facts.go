package account

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
)

// Fact is something that another system knows of an account.
type Fact struct {
	// Name is one of the Fact constants, or any other: conditions see it as facts.NAME.
	Name  string     `json:"name"`
	Value any        `json:"value"` // string, float64 or bool
	At    clock.Time `json:"at"`    // since when it holds
	// Until is when it ends to hold or ended: an incident that was closed. Unset: it holds until
	// somebody says otherwise.
	Until clock.Time `json:"until,omitzero"`
	Ref   string     `json:"ref,omitempty"`  // its id in that system; incidents are told apart by it
	Note  string     `json:"note,omitempty"` // sealed, see SealText
}

// The facts that have a meaning of their own. Any other name is allowed.
const (
	FactIncident     = "incident"     // true while one is open
	FactOverdue      = "overdue"      // true while an invoice is
	FactContacted    = "contacted"    // true, or over which channel; At is when
	FactSatisfaction = "satisfaction" // 0 to 10
	FactMuted        = "muted"        // true: no offers, until Until
)

// Facts are those of one account: one of each name, but incidents, of which there is one for
// each Ref. At most MaxFacts.
type Facts []Fact

// MaxFacts bounds the facts of an account, those included that were and no longer hold.
const MaxFacts = 100

// rememberedFor is how long a fact that no longer holds is kept for the quiet rules that look
// back: as long as the longest of them may.
const rememberedFor = 366 * clock.Day

// maxFact bounds a fact's name, its text and its reference, in bytes.
const maxFact = 200

// CheckFact says what is wrong with a fact that came in.
func CheckFact(f *Fact) error {
	bad := func(field, value, message string) error {
		return fault.New(fault.Invalid, "fact_invalid", "fact %s: %s %s", fault.Shorten(f.Name), field, message).
			WithField("/"+field, value, message).
			WithMend("a fact is a name and a string, a number or a boolean; see the meaning of incident, overdue, contacted, satisfaction and muted")
	}
	if f.Name == "" || len(f.Name) > maxFact || strings.ContainsFunc(f.Name, func(r rune) bool {
		return r != '_' && (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}) {
		return bad("name", f.Name, "must be of lower-case letters, digits and _")
	}
	if len(f.Ref) > maxFact {
		return bad("ref", f.Ref, "is above 200 bytes")
	}
	if f.Until != 0 && f.Until < f.At {
		return bad("until", f.Until.String(), "is before it began to hold")
	}
	switch v := f.Value.(type) {
	case string:
		if len(v) > maxFact {
			return bad("value", v, "is above 200 bytes")
		}
	case float64, bool:
	default:
		return bad("value", fmt.Sprint(v), "must be a string, a number or a boolean")
	}
	text, _ := f.Value.(string)
	if event.Personal("ref", event.Value{Kind: event.String, Text: f.Ref}) {
		return personal("ref", f.Ref)
	}
	if text != "" && event.Personal(f.Name, event.Value{Kind: event.String, Text: text}) {
		return personal("value", text)
	}
	_, isBool := f.Value.(bool)
	switch f.Name {
	case FactIncident, FactOverdue, FactMuted:
		if !isBool {
			return bad("value", fmt.Sprint(f.Value), "must be true or false")
		}
	case FactSatisfaction:
		if n, isNumber := f.Value.(float64); !isNumber || n < 0 || n > 10 {
			return bad("value", fmt.Sprint(f.Value), "must be a number of 0 to 10")
		}
	case FactContacted:
		if _, isText := f.Value.(string); !isBool && !isText {
			return bad("value", fmt.Sprint(f.Value), "must be true, or by which channel")
		}
	}
	return nil
}

func personal(field, value string) error {
	return fault.New(fault.Invalid, event.CodePersonal, "the %s of the fact looks like an email address or free text", field).
		WithField("/"+field, value, "must not name a person").
		WithMend("write a short key; words about it go into its note, which is kept sealed")
}

// Holds says whether the fact holds at now.
func (f *Fact) Holds(now clock.Time) bool { return f.At <= now && (f.Until == 0 || f.Until > now) }

// same says whether another fact takes the place of this one.
func (f *Fact) same(name, ref string) bool {
	return f.Name == name && (name != FactIncident || f.Ref == ref)
}

// outlasts says whether a fact says the same as another one that has an end, and ends later. What
// has no end outlasts nothing that is newer: that one said otherwise.
func (f *Fact) outlasts(o *Fact) bool { return f.Value == o.Value && o.Until != 0 && f.Until > o.Until }

// Put sets a fact in the place of the one before it. An incident that is false is closed, at its
// At, and nothing is remembered of one that was never open. What is older than what is known
// changes nothing, but that the same held until later. Fault: facts_full.
func (fs *Facts) Put(f Fact, now clock.Time) error {
	list := slices.DeleteFunc(*fs, func(o Fact) bool { return o.Until != 0 && o.Until+rememberedFor <= now })
	defer func() {
		if *fs = list; len(list) == 0 {
			*fs = nil
		}
	}()
	i := slices.IndexFunc(list, func(o Fact) bool { return o.same(f.Name, f.Ref) })
	if f.Name == FactIncident && f.Value == false {
		if i >= 0 {
			if f.At >= list[i].At { // else it closed an earlier time of it
				list[i].Until = f.At
			}
			return nil
		}
		f.Value, f.Until = true, f.At // known only by its end, which keeps quiet for a while
	}
	switch {
	case i >= 0 && (f.At >= list[i].At || f.outlasts(&list[i])):
		list[i] = f
	case i >= 0:
	case f.Until != 0 && f.Until+rememberedFor <= now: // long over
	case len(list) >= MaxFacts:
		return fault.New(fault.Conflict, "facts_full", "the account has %d facts, the most there can be", len(list)).
			WithMend("delete those that nobody needs")
	default:
		list = append(list, f)
		if f.Name == FactIncident && f.Until != 0 {
			list = lastEnded(list)
		}
		slices.SortStableFunc(list, func(a, b Fact) int { return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Ref, b.Ref)) })
	}
	return nil
}

// lastEnded leaves only the incident that ended last of those that ended: the rules that look back
// ask for no other.
func lastEnded(list []Fact) []Fact {
	var last clock.Time
	for i := range list {
		if list[i].Name == FactIncident {
			last = max(last, list[i].Until)
		}
	}
	return slices.DeleteFunc(list, func(f Fact) bool { return f.Name == FactIncident && f.Until != 0 && f.Until < last })
}

// Delete takes a fact away, and says whether it was there; an incident is closed at now, all open
// ones where no ref is given.
func (fs *Facts) Delete(name, ref string, now clock.Time) (was bool) {
	list := *fs
	for i := range list {
		if f := &list[i]; name == FactIncident && f.Name == name && (ref == "" || f.Ref == ref) && f.Holds(now) {
			f.Until, was = now, true
		}
	}
	if name != FactIncident {
		list = slices.DeleteFunc(list, func(f Fact) bool {
			gone := f.Name == name && (ref == "" || f.Ref == ref)
			was = was || gone
			return gone
		})
	}
	if *fs = list; len(list) == 0 {
		*fs = nil
	}
	return was
}

// Get returns a fact that holds at now.
func (fs Facts) Get(name string, now clock.Time) (Fact, bool) {
	for i := range fs {
		if fs[i].Name == name && fs[i].Holds(now) {
			return fs[i], true
		}
	}
	return Fact{}, false
}

// Latest returns the newest fact of a name that began by now, whether it still holds or not.
func (fs Facts) Latest(name string, now clock.Time) (last Fact, found bool) {
	for i := range fs {
		if f := &fs[i]; f.Name == name && f.At <= now && (!found || f.end(now) > last.end(now)) {
			last, found = *f, true
		}
	}
	return last, found
}

// end is when the fact last held, by now.
func (f *Fact) end(now clock.Time) clock.Time {
	if f.Holds(now) {
		return now
	}
	return f.Until
}

// Vars are the facts that hold at now as conditions see them, by name.
func (fs Facts) Vars(now clock.Time) map[string]any {
	out := make(map[string]any, len(fs))
	for i := range fs {
		if fs[i].Holds(now) {
			out[fs[i].Name] = fs[i].Value
		}
	}
	return out
}
