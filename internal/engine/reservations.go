package engine

import (
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/meter"
	"github.com/headroomhq/headroom/internal/quantity"
)

// ConsumeCall is the body of consume and release records; their Type is the feature.
type ConsumeCall struct {
	Quantity quantity.Quantity `json:"quantity"`
	Reserve  clock.Time        `json:"reserve,omitempty"` // how long to lock it instead of taking it
	// For is the account of the family that claims or gives back part of this account's pool.
	For string `json:"for,omitempty"`
	// Holder is whose pool the account's own call is about: it is remembered and goes on there.
	Holder string `json:"holder,omitempty"`
}

// ReservationCall is the body of a KindReservation record, whose Type is the reservation's id:
// Quantity is what to take in the end (unset: all of it), unless it is a Release.
type ReservationCall struct {
	Quantity *quantity.Quantity `json:"quantity,omitempty"`
	Release  bool               `json:"release,omitempty"`
}

// consume takes from a limit or reserves, or says why not. A hard limit is never passed: here
// and in reservation is the only place where usage of such a meter rises.
func (s *State) consume(a *Account, r *event.Record, c *catalog.Catalog) Answer {
	call, err := decode[ConsumeCall](r)
	if err != nil {
		return refused(err)
	}
	if call.Holder != "" {
		return s.claim(r, call.Holder)
	}
	f, err := entitlement.Consumable(c, r.Type, call.Quantity)
	if err == nil {
		err = poolable(f, call.For)
	}
	if err == nil && call.Reserve != 0 {
		err = entitlement.CheckReserve(call.Reserve)
	}
	if err == nil {
		err = a.canHold(f, call.For)
	}
	if err != nil {
		return refused(err)
	}
	ans, err := entitlement.Take(a.Input(c, s.Now), r.Type, call.Quantity)
	if err != nil {
		return refused(err)
	}
	if !ans.Allowed {
		s.gate(a, r, c)
		ans.Holder = a.holderFor(call.For)
		return ok(ans)
	}
	if call.Reserve == 0 {
		s.takeUsage(a, f, call.Quantity, r, c)
		s.hold(a, f, call.For, call.Quantity, c)
		return ok(a.taken(ans, call.For, s.Now, c))
	}
	if err := a.Entitled.CanReserve(); err != nil {
		return refused(err) // before anything is another
	}
	s.lapse(a, c.Meters[f.Meter], c)
	made, err := a.Entitled.Reserve(entitlement.Reservation{Feature: f.Key, Quantity: call.Quantity, For: call.For, User: r.User,
		CreatedAt: s.Now, ExpiresAt: s.Now + call.Reserve}, func(n int64) string { return ID("rsv", a.key, n) })
	if err != nil {
		return refused(err)
	}
	s.settleUsage(a, c.Meters[f.Meter], c)
	out := a.taken(ans, call.For, s.Now, c)
	out.ReservationID = made.ID
	return ok(out)
}

// taken is the answer to what was just taken or reserved, as things stand afterwards.
func (a *Account) taken(before entitlement.Answer, holds string, now clock.Time, c *catalog.Catalog) entitlement.Answer {
	after := entitlement.After(a.Input(c, now), before)
	after.Holder = a.holderFor(holds)
	return after
}

// takeUsage lets usage rise by q, which a limit has allowed.
func (s *State) takeUsage(a *Account, f *catalog.Feature, q quantity.Quantity, r *event.Record, c *catalog.Catalog) {
	s.moveUsage(a, c.Meters[f.Meter], r, c, func(m *catalog.Meter) {
		meter.Consume(a.usage(m.Key), m, q, a.calendar(c), s.Now)
	})
}

// moveUsage changes the usage of a meter fed by consume, with all that follows from it.
func (s *State) moveUsage(a *Account, m *catalog.Meter, r *event.Record, c *catalog.Catalog, move func(*catalog.Meter)) {
	s.lapse(a, m, c)
	watches := s.watchOf(a, m, c)
	total := s.total(a, m, c)
	move(m)
	s.settleUsage(a, m, c)
	s.noticeUsage(a, watches, r.User, meter.Result{}, c)
	s.usedFor(a, m, r.User, s.Now, c)
	s.noticeFed(a, m, total, r, false, c)
}

// release gives back what was consumed.
func (s *State) release(a *Account, r *event.Record, c *catalog.Catalog) Answer {
	call, err := decode[ConsumeCall](r)
	if err != nil {
		return refused(err)
	}
	if call.Holder != "" {
		return s.claim(r, call.Holder)
	}
	// The same refusals as for a consume of it: unknown, not metered, fed by events.
	f, err := entitlement.Consumable(c, r.Type, call.Quantity)
	if err == nil {
		err = poolable(f, call.For)
	}
	if err == nil && f.Pooled {
		err = s.holds(a, f, call.For, call.Quantity, c)
	}
	if err != nil {
		return refused(err)
	}
	s.moveUsage(a, c.Meters[f.Meter], r, c, func(m *catalog.Meter) {
		meter.Release(a.usage(m.Key), m, call.Quantity, a.calendar(c), s.Now)
	})
	s.hold(a, f, call.For, -call.Quantity, c)
	ans := entitlement.Check(a.Input(c, s.Now), r.Type, 0)
	ans.Holder = a.holderFor(call.For)
	return ok(ans)
}

// reservation finalizes or releases what was reserved. Repeating it with the same content
// hears how things stand.
func (s *State) reservation(a *Account, r *event.Record, c *catalog.Catalog) Answer {
	call, err := decode[ReservationCall](r)
	if err != nil {
		return refused(err)
	}
	held, open, err := a.Entitled.Find(r.Type)
	if err != nil {
		return refused(err)
	}
	q := held.Quantity
	switch {
	case call.Release:
		q = 0
	case call.Quantity != nil:
		q = *call.Quantity
	}
	if q < 0 {
		return refused(fault.New(fault.Invalid, "quantity_invalid", "quantity %s is below zero", q).
			WithMend("use 0 or more").WithField("/quantity", q.String(), "must be 0 or more"))
	}
	state := entitlement.Finalized
	if call.Release {
		state = entitlement.Released
	}
	if !open {
		if held.State != state || held.Finalized != q {
			return refused(held.Over())
		}
		return ok(a.reserved(held, entitlement.Check(a.Input(c, s.Now), held.Feature, 0)))
	}
	f := c.Features[held.Feature]
	consumable := f != nil && c.Meters[f.Meter] != nil && c.Meters[f.Meter].FedByConsume
	if !consumable && q > 0 { // the catalog is another one: there is nothing to take it from
		return refused(fault.New(fault.Conflict, "reservation_void", "feature %s can no longer be consumed, so nothing of the reservation %s can be taken", held.Feature, held.ID).
			WithMend("release it, or let it expire; see the catalog for what the feature is now"))
	}
	if more := q - held.Quantity; more > 0 {
		ans := entitlement.Check(a.Input(c, s.Now), held.Feature, more)
		if !ans.Allowed {
			return ok(a.reserved(held, ans))
		}
	}
	if q == 0 {
		entitlement.Free(a.Input(c, s.Now), held.ID, state)
		a.watches = nil
	} else {
		s.moveUsage(a, c.Meters[f.Meter], r, c, func(m *catalog.Meter) {
			a.Entitled.Finish(held.ID, state, q)
			meter.Consume(a.usage(m.Key), m, q, a.calendar(c), s.Now)
		})
		s.hold(a, f, held.For, q, c)
	}
	return ok(a.reserved(held, entitlement.Check(a.Input(c, s.Now), held.Feature, 0)))
}

// reserved is an answer about a reservation.
func (a *Account) reserved(r entitlement.Reservation, ans entitlement.Answer) entitlement.Answer {
	ans.ReservationID, ans.Holder = r.ID, a.holderFor(r.For)
	return ans
}
