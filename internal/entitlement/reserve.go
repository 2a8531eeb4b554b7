package entitlement

import (
	"slices"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/quantity"
)

// Bounds of how long an amount may be reserved.
const (
	MinReserve = clock.Second
	MaxReserve = clock.Day
)

// CheckReserve says what is wrong with the length of a reservation.
func CheckReserve(length clock.Time) error {
	if length >= MinReserve && length <= MaxReserve {
		return nil
	}
	return fault.New(fault.Invalid, "reserve_invalid", "an amount cannot be reserved for that long").
		WithMend("reserve from 1s to 24h, such as 5m").WithField("/reserve", "", "must be 1s to 24h")
}

// CanReserve says why no more can be reserved.
func (st *State) CanReserve() error {
	if len(st.Reservations) < MaxReservations {
		return nil
	}
	return fault.New(fault.Conflict, "too_many_reservations", "the account has %d open reservations, the most there can be", MaxReservations).
		WithMend("finalize or release some, or reserve for a shorter time")
}

// Reserve locks what Take has allowed. The caller settles the feature.
func (st *State) Reserve(r Reservation, id func(n int64) string) (Reservation, error) {
	if err := st.CanReserve(); err != nil {
		return Reservation{}, err
	}
	st.Numbers++
	r.ID, r.State = id(st.Numbers), Open
	st.Reservations = append(st.Reservations, r)
	return r, nil
}

// Find returns a reservation, and whether it is still open; else why there is none.
func (st *State) Find(id string) (Reservation, bool, error) {
	for i := range st.Reservations {
		if st.Reservations[i].ID == id {
			return st.Reservations[i], true, nil
		}
	}
	for i := range st.Finished {
		if st.Finished[i].ID == id {
			return st.Finished[i], false, nil
		}
	}
	return Reservation{}, false, NoReservation(id)
}

// NoReservation is the fault of a reservation that is not known.
func NoReservation(id string) error {
	return fault.New(fault.NotFound, "reservation_not_found", "there is no reservation %q, or it was over long ago", fault.Shorten(id)).
		WithMend("reserve again; GET /v1/accounts/{account}/reservations lists those there are")
}

// Reserved returns the open reservations, then the newest that are over, each the newest first.
func (st *State) Reserved() []Reservation {
	out := make([]Reservation, 0, len(st.Reservations)+len(st.Finished))
	for _, r := range slices.Backward(st.Reservations) {
		out = append(out, r)
	}
	for _, r := range slices.Backward(st.Finished) {
		out = append(out, r)
	}
	return out
}

// Over is the fault of asking something of a reservation that is over.
func (r *Reservation) Over() error {
	switch r.State {
	case Expired:
		return fault.New(fault.Conflict, "reservation_expired", "the reservation %s expired at %s", r.ID, r.ExpiresAt).
			WithMend("consume the amount without it, or reserve again")
	case Released:
		return fault.New(fault.Conflict, "reservation_finished", "the reservation %s was released", r.ID).
			WithMend("consume the amount without it, or reserve again")
	}
	return fault.New(fault.Conflict, "reservation_finished", "the reservation %s was finalized with %s", r.ID, r.Finalized).
		WithMend("consume or release the difference")
}

// Finish ends an open reservation; q was taken of it. The caller settles the feature.
func (st *State) Finish(id, state string, q quantity.Quantity) {
	if i := slices.IndexFunc(st.Reservations, func(r Reservation) bool { return r.ID == id }); i >= 0 {
		st.finish(i, state, q)
	}
}

// Free ends an open reservation of which nothing was taken: grants get back what it drew, those
// of all features that its meter measures.
func Free(in Input, id, state string) {
	if i := slices.IndexFunc(in.State.Reservations, func(r Reservation) bool { return r.ID == id }); i >= 0 {
		in.free(i, state)
	}
}

func (in *Input) free(i int, state string) {
	feature := in.State.Reservations[i].Feature
	in.eachOf(feature, Lapse)
	in.State.finish(i, state, 0)
	in.eachOf(feature, Settle)
}

func (st *State) finish(i int, state string, q quantity.Quantity) {
	r := st.Reservations[i]
	r.State, r.Finalized = state, q
	if st.Reservations = slices.Delete(st.Reservations, i, i+1); len(st.Reservations) == 0 {
		st.Reservations = nil
	}
	if st.Finished = append(st.Finished, r); len(st.Finished) > MaxFinished {
		st.Finished = slices.Delete(st.Finished, 0, len(st.Finished)-MaxFinished)
	}
}

// After is the answer to what Take allowed once it was taken or reserved: as things stand now,
// allowed for the reason it was.
func After(in Input, before Answer) Answer {
	in.Subscription = current(in)
	a, given := answer(&in, before.Feature, 0)
	a.Allowed, a.Reason, a.Shortfall, a.Overage, a.Hidden = true, before.Reason, 0, before.Overage, false
	a.TrialEndsAt = before.TrialEndsAt
	a.Message = sentence(in, in.Catalog.Features[before.Feature], &a, 0, &given)
	return a
}
