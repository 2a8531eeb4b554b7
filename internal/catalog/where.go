package catalog

import (
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/quantity"
)

// Passes says whether an event passes all tests.
func Passes(tests []Test, r *event.Record) bool {
	for i := range tests {
		if !tests[i].Holds(r.Prop(tests[i].Property)) {
			return false
		}
	}
	return true
}

// Holds says whether a property with this value passes. A text never equals a number, and
// what is not there passes Not only.
func (t *Test) Holds(v event.Value) bool {
	var number quantity.Quantity
	isNumber := false
	if v.Kind == event.Number {
		q, err := quantity.Parse(v.Text)
		number, isNumber = q, err == nil
	}
	switch t.Op {
	case Is, Not:
		for i := range t.Values {
			l := &t.Values[i]
			if l.Kind == v.Kind && (l.Kind == event.Number && isNumber && l.Number == number || l.Kind != event.Number && l.Text == v.Text) {
				return t.Op == Is
			}
		}
		return t.Op == Not
	case Above:
		return isNumber && number > t.Values[0].Number
	case AtLeast:
		return isNumber && number >= t.Values[0].Number
	case Below:
		return isNumber && number < t.Values[0].Number
	default:
		return isNumber && number <= t.Values[0].Number
	}
}
