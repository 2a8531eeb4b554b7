package offer

import (
	"cmp"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
)

// What became of a decision, and how a decision is closed.
const (
	Seen       = "seen"
	Clicked    = "clicked"
	Dismissed  = "dismissed"
	Requested  = "requested"
	Accepted   = "accepted"
	superseded = "superseded" // somebody else accepted the same offer
)

// maxReason bounds what a person says about an offer, in bytes.
const maxReason = 500

// Act is an outcome as it is reported.
type Act struct {
	Decision string
	Type     string // seen, clicked, dismissed, requested or accepted
	User     string // pseudonym; empty: whom it was shown to
	Role     Role   // empty: as when it was decided
	Reason   string // sealed, see account.SealText
}

// Result is what an outcome led to.
type Result struct {
	Outcome Outcome
	// Repeated: this outcome was there already; the rest is as the first time, and nothing
	// changed.
	Repeated bool
	Decision Kept
	Request  *Request      // for requested: the one opened, or the one already open
	Give     *catalog.Give // for accepted: what the subscription now gets
	// Fulfilled are the open requests for the same offer that an acceptance answers.
	Fulfilled []Request
}

// Record notes what became of a decision. A repeated outcome is answered as the first
// time. Faults: outcome_invalid, decision_unknown, decision_expired (accepted and requested
// only: what was seen or refused counts however late), decision_closed, not_allowed_to_buy,
// requests_full. On a fault nothing changes.
func Record(st *State, a Act, acct string, now clock.Time, id func(parts ...string) string) (Result, error) {
	if !slices.Contains([]string{Seen, Clicked, Dismissed, Requested, Accepted}, a.Type) {
		return Result{}, fault.New(fault.Invalid, "outcome_invalid", "type %q is no outcome of an offer", fault.Shorten(a.Type)).
			WithMend("use seen, clicked, dismissed, requested or accepted").
			WithField("/type", a.Type, "want seen, clicked, dismissed, requested or accepted")
	}
	if n := account.TextLength(a.Reason); n > maxReason || !utf8.ValidString(a.Reason) {
		return Result{}, fault.New(fault.Invalid, "outcome_invalid", "the reason has %d bytes", n).
			WithMend("say it in at most 500 bytes of text").WithField("/reason", "", "want at most 500 bytes of UTF-8")
	}
	i := st.index(a.Decision)
	if i < 0 {
		return Result{}, fault.New(fault.NotFound, "decision_unknown", "decision %q is not known to account %q, or was forgotten a week after it expired", fault.Shorten(a.Decision), fault.Shorten(acct)).
			WithMend("decide again and use the decision_id of the answer")
	}
	k := &st.Decisions[i]
	if a.User == "" {
		a.User = k.User
	}
	res := Result{Outcome: Outcome{
		Decision: k.ID, Account: acct, User: a.User, Offer: k.Offer, Type: a.Type, Reason: a.Reason, At: now,
	}}
	if k.is(a.Type) {
		res.Repeated, res.Decision = true, *k
		if a.Type == Accepted {
			give := k.Give
			res.Give = &give
		}
		if a.Type == Requested {
			res.Request = st.request(k.Request)
		}
		return res, nil
	}
	if err := k.allows(a, now); err != nil {
		return Result{}, err
	}
	switch a.Type {
	case Seen:
		k.Seen = true
	case Clicked:
		k.Clicked = true
	case Dismissed:
		k.Closed, k.ClosedAt = Dismissed, now
		st.contact(k.Offer).Dismissed = now
	case Requested:
		r, err := st.open(k, a, acct, now, id)
		if err != nil {
			return Result{}, err
		}
		k.Request, res.Request = r.ID, r
	case Accepted:
		give := k.Give
		res.Give = &give
		res.Fulfilled = st.fulfil(k.Offer, a.User, now)
		k.Closed = Accepted // fulfil has closed it with the others
	}
	res.Decision = *k
	return res, nil
}

// is says whether the outcome is on record already.
func (k *Kept) is(outcome string) bool {
	switch outcome {
	case Seen:
		return k.Seen
	case Clicked:
		return k.Clicked
	case Requested:
		return k.Request != ""
	default:
		return k.Closed == outcome
	}
}

// allows returns the fault that forbids a new outcome.
func (k *Kept) allows(a Act, now clock.Time) error {
	closed := func(why string) error {
		return fault.New(fault.Conflict, "decision_closed", "decision %s cannot be %s: %s", k.ID, a.Type, why).
			WithMend("decide again")
	}
	if k.Variant == "holdout" {
		return closed("nothing was shown, the account is held out of the offer")
	}
	if a.Type == Seen || a.Type == Clicked {
		return nil
	}
	switch k.Closed {
	case Dismissed:
		return closed("it was dismissed on " + day(k.ClosedAt))
	case Accepted:
		return closed("it was accepted on " + day(k.ClosedAt))
	case superseded:
		return closed("the same offer was accepted by somebody else on " + day(k.ClosedAt))
	}
	if a.Type == Dismissed {
		return nil
	}
	if k.ExpiresAt <= now {
		return fault.New(fault.Conflict, "decision_expired", "decision %s expired at %s", k.ID, k.ExpiresAt).
			WithMend("decide again: price and need may be others now")
	}
	buyer := k.Buyer
	if a.Role != "" {
		buyer = a.Role == Admin
	}
	if a.Type == Accepted && !buyer {
		return fault.New(fault.Denied, "not_allowed_to_buy", "a member cannot buy for the account").
			WithMend("send the outcome requested, for an admin to approve, or accept as an admin").
			WithField("/type", a.Type, "needs the role admin")
	}
	return nil
}

// open opens an upgrade request, or finds the open one of the same person for the same offer.
func (st *State) open(k *Kept, a Act, account string, now clock.Time, id func(parts ...string) string) (*Request, error) {
	open := 0
	for i := range st.Requests {
		r := &st.Requests[i]
		if r.Status != "open" {
			continue
		}
		if open++; r.User == a.User && r.Offer == k.Offer {
			found := *r
			return &found, nil
		}
	}
	if open >= maxRequests {
		return nil, fault.New(fault.Conflict, "requests_full", "%d upgrade requests of the account wait for an answer", open).
			WithMend("have an admin approve or decline some")
	}
	st.Requested++
	r := Request{
		ID: id("request", strconv.FormatInt(st.Requested, 10)), Account: account, User: a.User,
		Decision: k.ID, Offer: k.Offer, Give: k.Give, Reason: a.Reason, Status: "open", At: now,
	}
	st.Requests = append(st.Requests, r)
	if len(st.Requests) > maxRequests {
		i := slices.IndexFunc(st.Requests, func(r Request) bool { return r.Status != "open" })
		st.Requests = slices.Delete(st.Requests, i, i+1)
	}
	return &r, nil
}

// fulfil closes whatever else is open for an offer that was just bought, so that nothing
// is bought twice: decisions as superseded, requests as approved.
func (st *State) fulfil(offer, by string, now clock.Time) []Request {
	for i := range st.Decisions {
		if k := &st.Decisions[i]; k.Offer == offer && k.Closed == "" {
			k.Closed, k.ClosedAt = superseded, now
		}
	}
	var out []Request
	for i := range st.Requests {
		if r := &st.Requests[i]; r.Offer == offer && r.Status == "open" {
			r.Status, r.DecidedAt, r.DecidedBy = "approved", now, by
			out = append(out, *r)
		}
	}
	return out
}

func (st *State) request(id string) *Request {
	for _, r := range st.Requests {
		if r.ID == id {
			return &r
		}
	}
	return nil
}

// Answered is an upgrade request after an admin's answer.
type Answered struct {
	Request   Request
	Repeated  bool          // answered so before; nothing changed
	Outcome   *Outcome      // when approved for the first time: the acceptance of its decision
	Give      *catalog.Give // when approved: what the subscription now gets
	Signal    string        // id of the signal behind the decision it came from
	Fulfilled []Request     // other open requests for the same offer, approved with it
}

// Answer approves or declines a request. The same answer again is answered as the first
// time. Faults: request_unknown, request_answered. On a fault nothing changes.
func Answer(st *State, request string, approve bool, by string, now clock.Time) (Answered, error) {
	i := slices.IndexFunc(st.Requests, func(r Request) bool { return r.ID == request })
	if i < 0 {
		return Answered{}, fault.New(fault.NotFound, "request_unknown", "request %q is not known, or was answered long ago", fault.Shorten(request)).
			WithMend("list what there is with GET /v1/requests")
	}
	r := &st.Requests[i]
	answer := "declined"
	if approve {
		answer = "approved"
	}
	k, _ := st.Find(r.Decision)
	res := Answered{Repeated: r.Status == answer, Signal: k.Signal}
	if !res.Repeated && r.Status != "open" {
		return Answered{}, fault.New(fault.Conflict, "request_answered", "request %s was %s on %s", r.ID, r.Status, day(r.DecidedAt)).
			WithMend("decide again for a new offer")
	}
	if approve {
		give := r.Give
		res.Give = &give
	}
	if !res.Repeated {
		r.Status, r.DecidedAt, r.DecidedBy = answer, now, by
		if approve {
			res.Fulfilled = st.fulfil(r.Offer, by, now)
			if i := st.index(r.Decision); i >= 0 && st.Decisions[i].Closed == superseded {
				st.Decisions[i].Closed = Accepted
			}
			res.Outcome = &Outcome{
				Decision: r.Decision, Account: r.Account, User: cmp.Or(by, r.User), Offer: r.Offer, Type: Accepted, At: now,
				Reason: "upgrade request approved",
			}
		}
	}
	res.Request = *r
	return res, nil
}
