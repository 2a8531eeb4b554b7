package api

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/condition"
	"github.com/headroomhq/headroom/internal/event"
)

// Events that the catalog does not know are kept and count for nothing, which is how a
// mistyped name goes unnoticed for weeks. They are counted here, at the door and by
// request, so that Step stays as it is.

const (
	maxUnknownTypes = 200             // counted by name in a day; the others only in sum
	maxToldTypes    = 20              // named in one answer
	knownTypesAge   = 1 * time.Second // how old the set of known types may be
)

// UnknownType is a type of event that no meter and no signal of the active catalog names.
type UnknownType struct {
	Type   string     `json:"type"`
	Day    string     `json:"day" doc:"UTC, 2026-11-21"`
	Events int64      `json:"events" doc:"accepted by this process on that day"`
	LastAt clock.Time `json:"last_at" doc:"when the last of them came in"`
	Meant  string     `json:"meant,omitempty" doc:"a type that the catalog does know and that is written almost so"`
}

// UnknownTypes returns the types of events that came in today or yesterday (UTC, by the
// server's clock) and that the active catalog does not know, today first, the most frequent first. It
// is what this process saw since it started; beyond 200 types a day the rest stands
// under the type "". Nil when every type was known.
func (s *Server) UnknownTypes(ctx context.Context) ([]UnknownType, error) {
	known, err := s.known.types(ctx, s.Runner.Active)
	if err != nil {
		return nil, err
	}
	return s.unknown.list(known), nil
}

// knownTypes is the set of types that the active catalog knows, looked up anew once a
// second and not with every request, as that takes a partition's lock.
type knownTypes struct{ held atomic.Pointer[heldTypes] }

type heldTypes struct {
	version string
	names   map[string]bool
	sorted  []string
	at      time.Time
}

func (k *knownTypes) types(ctx context.Context, active func(context.Context) (*catalog.Catalog, error)) (*heldTypes, error) {
	h := k.held.Load()
	if h != nil && time.Since(h.at) < knownTypesAge {
		return h, nil
	}
	c, err := active(ctx)
	if err != nil {
		return nil, err
	}
	next := &heldTypes{version: c.Version, at: time.Now()}
	if h != nil && h.version == c.Version {
		next.names, next.sorted = h.names, h.sorted
	} else {
		next.sorted, next.names = c.EventTypes(), make(map[string]bool)
		for _, t := range next.sorted {
			next.names[t] = true
		}
	}
	k.held.Store(next)
	return next, nil
}

// unknownTypes counts events of unknown types, today's and yesterday's.
type unknownTypes struct {
	mu     sync.Mutex
	day    int64 // since 1970
	counts [2]map[string]*unknownCount
}

type unknownCount struct {
	events int64
	last   clock.Time
}

// note counts the events of a request that the catalog does not know and returns their
// types, each once and at most maxToldTypes of them. While there is no catalog, nothing
// is unknown.
func (s *Server) note(ctx context.Context, d *event.Decoded, now clock.Time) []string {
	known, err := s.known.types(ctx, s.Runner.Active)
	if err != nil || known.version == "" { // the events are in the log; this is by the way
		return nil
	}
	var told []string
	var of map[string]int64
	last, lastKnown := "", true
	for i := range d.Pending {
		r := &d.Pending[i].Record
		if r.Kind != event.KindEvent {
			continue
		}
		if r.Type != last { // events of a type often come one after the other
			last, lastKnown = r.Type, known.names[r.Type]
		}
		if lastKnown {
			continue
		}
		if of == nil {
			of = make(map[string]int64)
		}
		if of[r.Type]++; of[r.Type] == 1 && len(told) < maxToldTypes {
			told = append(told, strings.Clone(r.Type)) // the body goes back before the answer is written
		}
	}
	if of != nil {
		s.unknown.add(of, now)
	}
	return told
}

func (u *unknownTypes) add(of map[string]int64, now clock.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.turn(int64(now / clock.Day))
	today := u.counts[0]
	for name, n := range of {
		c := today[name]
		if c == nil {
			if len(today) >= maxUnknownTypes {
				name = ""
			}
			if c = today[name]; c == nil {
				c = &unknownCount{}
				today[strings.Clone(name)] = c
			}
		}
		c.events += n
		c.last = now
	}
}

// turn makes day today.
func (u *unknownTypes) turn(day int64) {
	switch {
	case u.counts[0] == nil || day > u.day+1 || day < u.day:
		u.counts = [2]map[string]*unknownCount{{}, {}}
	case day == u.day+1:
		u.counts = [2]map[string]*unknownCount{{}, u.counts[0]}
	}
	u.day = day
}

func (u *unknownTypes) list(known *heldTypes) []UnknownType {
	u.mu.Lock()
	defer u.mu.Unlock()
	var out []UnknownType
	for age, counts := range u.counts {
		day := clock.Time(u.day-int64(age)) * clock.Day
		for name, c := range counts {
			if known.names[name] { // by a catalog that came later
				continue
			}
			out = append(out, UnknownType{Type: name, Day: day.String()[:len("2006-01-02")], Events: c.events, LastAt: c.last,
				Meant: condition.Nearest(name, known.sorted)})
		}
	}
	slices.SortFunc(out, func(a, b UnknownType) int {
		return cmp.Or(strings.Compare(b.Day, a.Day), cmp.Compare(b.Events, a.Events), strings.Compare(a.Type, b.Type))
	})
	return out
}
