package invite

import (
	"slices"
	"time"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
)

// AskStatus is where a request to join stands.
type AskStatus string

// The states of a request to join.
const (
	Asking   AskStatus = "open"
	Approved AskStatus = "approved"
	Refused  AskStatus = "declined"
)

// Ask is a person who asks to join an account.
type Ask struct {
	ID      string `json:"id"`
	Account string `json:"account"`
	User    string `json:"user"` // pseudonym
	Profile string `json:"profile,omitempty"`
	Feature string `json:"feature,omitempty"` // of which they would take a seat
	Reason  string `json:"reason,omitempty"`  // in their own words, sealed
	// OfDomain: their address is of the account's domain.
	OfDomain  bool       `json:"of_domain"`
	Status    AskStatus  `json:"status"`
	At        clock.Time `json:"at"`
	DecidedAt clock.Time `json:"decided_at,omitzero"`
	DecidedBy string     `json:"decided_by,omitempty"` // pseudonym
}

// Request keeps that somebody asks to join. Who asks already keeps that request; who was declined
// is not heard again for coolOff.
func (st *State) Request(a Ask, coolOff time.Duration, now clock.Time, id func(n int64) string) (Ask, bool, error) {
	if i := slices.IndexFunc(st.Asks, func(x Ask) bool { return x.User == a.User }); i >= 0 {
		return st.Asks[i], true, nil
	}
	for _, x := range slices.Backward(st.Asked) {
		if x.User == a.User && x.Status == Refused && now < x.DecidedAt+clock.Time(coolOff.Microseconds()) {
			return x, false, fault.New(fault.Conflict, "asked_before", "the request to join was declined on %s", x.DecidedAt.String()[:10]).
				WithMend("ask an admin of the account, or again after %s", (x.DecidedAt + clock.Time(coolOff.Microseconds())).String()[:10])
		}
	}
	if len(st.Asks) >= maxAsks {
		return Ask{}, false, fault.New(fault.Conflict, "requests_full", "%d people wait for an answer, the most there can be", maxAsks).
			WithMend("answer some of them")
	}
	st.Askers++
	a.ID, a.Status, a.At = id(st.Askers), Asking, now
	st.Asks = append(st.Asks, a)
	return a, false, nil
}

// Decide answers a request to join. Approved, it takes a seat, if it needs one and one is free.
func (st *State) Decide(id string, approve bool, by string, seats func(feature string) Seats, now clock.Time) (a Ask, repeated bool, err error) {
	want := Refused
	if approve {
		want = Approved
	}
	i := slices.IndexFunc(st.Asks, func(x Ask) bool { return x.ID == id })
	if i < 0 {
		if j := slices.IndexFunc(st.Asked, func(x Ask) bool { return x.ID == id }); j >= 0 {
			if a = st.Asked[j]; a.Status == want {
				return a, true, nil
			}
			return a, false, fault.New(fault.Conflict, "request_answered", "the request was %s", a.Status).WithMend("invite the person instead")
		}
		return Ask{}, false, fault.New(fault.NotFound, "access_request_not_found", "there is no request to join %q, or it was answered long ago", fault.Shorten(id)).
			WithMend("list them with GET /v1/accounts/{account}/access-requests")
	}
	a = st.Asks[i]
	if approve {
		s := seats(a.Feature)
		if free, endless := st.Free(a.Feature, s); !endless && free <= 0 {
			return a, false, fault.New(fault.Conflict, "seats_full", "no seat of %s is free", a.Feature).
				WithMend("add seats, or take one back, and approve then")
		}
		st.take(a.Feature, s)
	}
	a.Status, a.DecidedAt, a.DecidedBy = want, now, by
	st.Asks = slices.Delete(st.Asks, i, i+1)
	if st.Asked = append(st.Asked, a); len(st.Asked) > maxClosed {
		st.Asked = slices.Delete(st.Asked, 0, len(st.Asked)-maxClosed)
	}
	return a, false, nil
}
