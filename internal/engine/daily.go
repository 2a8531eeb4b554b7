package engine

import (
	"hash/fnv"
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
)

// The daily look: what no single record brings about is looked at once a day, in the morning by
// the account's clock.

// lookHour is the hour in which accounts are looked at, each at its own second of it.
const lookHour = 6

// lookDue returns the first daily look at the account after a time; zero when the catalog needs
// none.
func (a *Account) lookDue(c *catalog.Catalog, after clock.Time) clock.Time {
	if !c.Daily() || event.IsOwnKey(a.key) {
		return 0
	}
	h := fnv.New32a()
	h.Write([]byte(a.key))
	second := int(h.Sum32() % 3600)
	zone := a.calendar(c).Zone
	if zone == nil {
		zone = time.UTC
	}
	t := after.Std().In(zone)
	for day := t.Day(); ; day++ {
		if due := clock.At(time.Date(t.Year(), t.Month(), day, lookHour, second/60, second%60, 0, zone)); due > after {
			return due
		}
	}
}

// passDay looks at the account if its daily look is due at that very moment.
func (s *State) passDay(a *Account, due clock.Time, c *catalog.Catalog) {
	if a.lookDue(c, due-1) == due {
		s.day(a, c)
	}
}

// day is the daily look.
func (s *State) day(a *Account, c *catalog.Catalog) {
	s.dailyActivation(a, c)
}
