package engine

import (
	"maps"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
)

// Which types of event come in, and how many of each: counted where the meters of a type are
// looked up anyway.

// TypeCount is how many events of a type were counted on a day.
type TypeCount struct {
	Type   string     // OtherTypes for those beyond MaxTypes
	Day    int32      // of receipt, days since 1970-01-01, UTC
	Events int64      // each counted once
	Last   clock.Time // when the last of them came in
}

// MaxTypes bounds the types that a partition counts by name; OtherTypes stands for the rest.
const (
	MaxTypes   = 2_000
	OtherTypes = ""
)

// types are the types that came in since the last harvest, with the meters they feed.
type types struct {
	by    map[string]*typed
	fresh []*typed   // with events
	until clock.Time // end of the day that is counted
	day   int32
	told  []TypeCount // of days that have ended
}

type typed struct {
	name   string
	cat    *catalog.Catalog // that meters are of
	meters []*catalog.Meter
	n      int64
	last   clock.Time
}

// metersOf returns the meters that an event feeds, and counts the event.
func (s *State) metersOf(r *event.Record, c *catalog.Catalog) []*catalog.Meter {
	if s.Now >= s.types.until {
		s.turnTypes()
	}
	t := s.types.by[r.Type]
	if t == nil {
		if t = s.newType(r.Type); t.name != r.Type {
			s.counted(t)
			return c.MetersOf(r.Type)
		}
	}
	if t.cat != c {
		t.cat, t.meters = c, c.MetersOf(r.Type)
	}
	s.counted(t)
	return t.meters
}

func (s *State) counted(t *typed) {
	if t.n == 0 {
		s.types.fresh = append(s.types.fresh, t)
	}
	t.n++
	t.last = s.Now
}

// newType returns the counter of a type that is not counted yet, or that of all others.
func (s *State) newType(name string) *typed {
	if s.types.by == nil {
		s.types.by = make(map[string]*typed)
	}
	if len(s.types.by) >= MaxTypes {
		name = OtherTypes
	}
	t := s.types.by[name]
	if t == nil {
		t = &typed{name: strings.Clone(name)}
		s.types.by[t.name] = t
	}
	return t
}

// turnTypes ends the day that is counted.
func (s *State) turnTypes() {
	s.tellTypes()
	s.types.day = s.Now.Day()
	s.types.until = clock.Time(s.types.day+1) * clock.Day
}

// tellTypes puts what was counted where the next checkpoint takes it. A type that was not met for a whole harvest
// makes room for another when there are too many.
func (s *State) tellTypes() {
	x := &s.types
	slices.SortFunc(x.fresh, func(a, b *typed) int { return strings.Compare(a.name, b.name) })
	for _, t := range x.fresh {
		x.told = append(x.told, TypeCount{Type: t.name, Day: x.day, Events: t.n, Last: t.last})
	}
	if len(x.by) >= MaxTypes {
		maps.DeleteFunc(x.by, func(_ string, t *typed) bool { return t.n == 0 })
	}
	for _, t := range x.fresh {
		t.n = 0
	}
	clear(x.fresh)
	x.fresh = x.fresh[:0]
}
