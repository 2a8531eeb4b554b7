package catalog

import "slices"

// NewRules are the rules on values of one property not met before, the lowest From first.
type NewRules struct {
	Property string
	Rules    []*Signal
}

// left adds a rule on what was begun and not ended.
func (x *Streams) left(s *Signal, begins *Stream) {
	ends := x.events(s.When.Without, nil)
	begins.Left, ends.Ends, ends.Began = append(begins.Left, s), append(ends.Ends, s), append(ends.Began, begins)
	mark := s.Mark()
	x.begins[mark], x.ends[mark] = begins, ends
}

// news adds a rule on new values of a property.
func (t *Stream) news(s *Signal) {
	i := slices.IndexFunc(t.New, func(g NewRules) bool { return g.Property == s.When.New })
	if i < 0 {
		i = len(t.New)
		t.New = append(t.New, NewRules{Property: s.When.New})
	}
	t.New[i].Rules = append(t.New[i].Rules, s)
}

// BeginOf and EndOf return the stream on which a live rule with without begins, and the one
// whose occurrences end it; nil for other marks.
func (x *Streams) BeginOf(mark uint64) *Stream { return x.begins[mark] }

// EndOf is described at BeginOf.
func (x *Streams) EndOf(mark uint64) *Stream { return x.ends[mark] }
