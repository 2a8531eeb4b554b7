package offer

import (
	"slices"
	"unicode/utf8"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/subscription"
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
	Name     string `json:",omitempty"` // of who asks, sealed likewise
	// Has is what the account has bought, for what is requested.
	Has *subscription.Subscription `json:"-"`
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
	Asked    string        // for requested: what it led to, see AskedFirst
	// Fulfilled are the open requests for the same offer that an acceptance answers.
	Fulfilled []Request
}

// Record notes what became of a decision. A repeated outcome is answered as the first
// time. Faults: outcome_invalid, decision_unknown, decision_expired (accepted and requested
// only: what was seen or refused counts however late), decision_closed, not_allowed_to_buy,
// and those of Open. On a fault nothing changes.
func Record(st *State, a Act, acct string, c *catalog.Catalog, now clock.Time, id func(parts ...string) string) (Result, error) {
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
		ask := Ask{User: a.User, Decision: k.ID, Offer: k.Offer, Feature: k.Feature, Give: k.Give, Reason: a.Reason, Name: a.Name, Has: a.Has}
		r, asked, err := Open(st, ask, acct, c, now, id)
		if err != nil {
			return Result{}, err
		}
		k.Request, res.Request, res.Asked = r.ID, &r, asked
	case Accepted:
		give := k.Give
		res.Give = &give
		res.Fulfilled = st.fulfil(k.Offer, k.Give, a.User, now)
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
	case Undone:
		return closed("it was accepted, and undone on " + day(k.ClosedAt))
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
	if a.Type == Accepted && !buyer && !ForAnyone(k.Give) {
		return fault.New(fault.Denied, "not_allowed_to_buy", "a member cannot buy for the account").
			WithMend("send the outcome requested, for an admin to approve, or accept as an admin").
			WithField("/type", a.Type, "needs the role admin")
	}
	return nil
}

// supersede closes what else was decided of an offer that was just bought.
func (st *State) supersede(offer string, now clock.Time) {
	for i := range st.Decisions {
		if k := &st.Decisions[i]; k.Offer == offer && k.Closed == "" {
			k.Closed, k.ClosedAt = superseded, now
		}
	}
}

// fulfil closes whatever else is open for what was just bought, so that nothing is bought
// twice: decisions of the offer as superseded, requests for as many of the same as approved.
func (st *State) fulfil(offer string, give catalog.Give, by string, now clock.Time) []Request {
	st.supersede(offer, now)
	var out []Request
	for i := range st.Requests {
		if r := &st.Requests[i]; r.Status == Waiting && sameThing(r.Give, give) && max(r.Give.Quantity, 1) <= max(give.Quantity, 1) {
			r.Status, r.DecidedAt, r.DecidedBy, r.RemindAt = Approved, now, by, 0
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
