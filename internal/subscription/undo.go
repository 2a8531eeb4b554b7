package subscription

import (
	"slices"
	"time"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
)

// undoable returns how the change that was made can be taken back, nil when it cannot be.
// The time for it ends before the next invoice of either side and before anything else that
// time brings to either: so undoing is the exact reverse of what was charged.
func (m *made) undoable(t Terms) *Undo {
	window := clock.Time(t.Catalog.Billing.Undo / time.Microsecond)
	if window <= 0 {
		return nil
	}
	until := t.Now + window
	before := m.before
	before.Undo = nil
	for _, s := range []*Subscription{&before, &m.after} {
		if s == &m.after {
			copied := m.after
			copied.Undo = nil
			s = &copied
		}
		if due, any := NextDue(s); any {
			until = min(until, due)
		}
		if s.Status == Active && s.Recurring > 0 {
			until = min(until, s.PaidUntil(m.moment))
		}
	}
	if until <= t.Now {
		return nil
	}
	lines := m.due(t.Catalog)
	return &Undo{Until: until, Before: before, Now: sumOf(lines, m.after.Currency), Lines: lines}
}

// undo takes the last change back: the subscription is what it was before it, whatever was
// charged is given back. A trial that it began is over, and stays the one that the account has
// of that plan: else it could be tried for ever. Faults: undo_alone, nothing_to_undo, undo_used.
func undo(m made, ch Change, t Terms) (made, error) {
	cur := &m.before
	if !ch.nothing() || len(ch.Once) > 0 || ch.Cancel || ch.Effective != "" || ch.StartsAt != 0 {
		return m, fault.New(fault.Invalid, "undo_alone", "undo was sent together with other changes").
			WithMend("send undo alone, or leave it out").WithField("/undo", "true", "takes the last change back, so nothing else can change")
	}
	if cur.Undo == nil || t.Now >= cur.Undo.Until {
		why := "there is no change that can still be undone"
		if t.Catalog.Billing.Undo <= 0 {
			why = "the catalog does not let changes be undone"
		}
		return m, fault.New(fault.Conflict, "nothing_to_undo", "%s", why).
			WithMend("change the subscription instead; a change can be undone once, until the time in the subscription's undo.until")
	}
	if t.OnceUsed {
		return m, fault.New(fault.Conflict, "undo_used", "something that the last change bought has been used already").
			WithMend("change the subscription instead; what was used is not given back")
	}
	m.moment = max(t.Now, cur.ChangedAt)
	m.after = cur.Undo.Before
	m.after.Version, m.after.Undo = cur.Version+1, nil
	m.after.Trialed = cur.Trialed
	return m, nil
}

// reverse lists what is given back for lines.
func reverse(lines []InvoiceLine) []InvoiceLine {
	back := make([]InvoiceLine, 0, len(lines))
	for _, line := range slices.Backward(lines) {
		back = append(back, InvoiceLine{Title: "Taken back: " + line.Title, Amount: money.Of(-line.Amount.Minor, line.Amount.Currency)})
	}
	return back
}

func sumOf(lines []InvoiceLine, c money.Currency) money.Amount {
	sum := money.Of(0, c)
	for _, line := range lines {
		sum.Minor += line.Amount.Minor
	}
	return sum
}

func withoutDropped(lines []AddonLine, dropped []Dropped) []AddonLine {
	return slices.DeleteFunc(slices.Clone(lines), func(line AddonLine) bool {
		return slices.ContainsFunc(dropped, func(d Dropped) bool { return d.Addon == line.Key })
	})
}
