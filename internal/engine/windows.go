package engine

import (
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/meter"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/signal"
	"github.com/headroomhq/headroom/internal/subscription"
)

// What happens to an account over time: the rules over events, rates and absence. All of
// them share one timer, the account's; see signal.State.Due.

// noticeEvent tells the rules over events of an event. late: some meter took it as such. It
// returns whether the account's timer may be another now.
func (s *State) noticeEvent(a *Account, r *event.Record, late bool, c *catalog.Catalog) bool {
	var few [8]*catalog.Stream
	streams := c.Streams().FedBy(r, few[:0])
	if len(streams) == 0 {
		return false
	}
	// What is younger than the grace is of no closed period: most events need not look.
	if r.At != 0 && !late && r.At < s.Now-meter.Grace {
		late = s.closedBefore(a, c) > r.At
	}
	a.signals = nil
	due := a.Signals.Due()
	fired := signal.OnEvent(&a.Signals, signal.Occurrence{At: r.When(), Late: late, Record: r}, streams, s.context(a, r.User, c))
	s.fired(a, fired, c)
	return len(fired) > 0 || a.Signals.Due() != due
}

// closedBefore returns the time before which the account's periods are closed, so that what
// happened then is late for rules; zero when none is: in the first period of a subscription,
// which has closed nothing by beginning.
func (s *State) closedBefore(a *Account, c *catalog.Catalog) clock.Time {
	start := a.calendar(c).Of(catalog.Monthly, s.Now).Start
	if a.Subscription.Status != "" && start <= a.Subscription.StartsAt {
		return 0
	}
	return start - meter.Grace
}

// total returns what a meter has counted in all, for noticeFed to tell by how much it is
// more after an event; zero when no rule asks.
func (s *State) total(a *Account, m *catalog.Meter, c *catalog.Catalog) quantity.Quantity {
	if c.Streams().OnMeter(m.Key) == nil {
		return 0
	}
	return meter.Value(a.Usage[m.Key], m, catalog.Lifetime, subscription.Calendar{}, s.Now)
}

// noticeFed tells the rules on a meter's rate by how much the meter has grown; r is what
// fed it. It returns whether the account's timer may be another now.
func (s *State) noticeFed(a *Account, m *catalog.Meter, before quantity.Quantity, r *event.Record, late bool, c *catalog.Catalog) bool {
	stream := c.Streams().OnMeter(m.Key)
	if stream == nil {
		return false
	}
	a.signals = nil
	due := a.Signals.Due()
	fired := signal.OnMeter(&a.Signals, signal.Fed{Amount: s.total(a, m, c) - before, At: r.When(), Late: late}, stream, s.context(a, r.User, c))
	s.fired(a, fired, c)
	return len(fired) > 0 || a.Signals.Due() != due
}

// passSignals fires what is due by the passing of time alone.
func (s *State) passSignals(a *Account, c *catalog.Catalog) {
	in := s.context(a, "", c)
	in.Title = func(feature string) string {
		if f := c.Features[feature]; f != nil {
			return f.Title
		}
		return feature
	}
	s.fired(a, signal.OnTime(&a.Signals, c.Streams(), in), c)
}
