package offer

import (
	"slices"
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/signal"
)

// State is what an account's offers remember. Its zero value is an account never offered
// anything. JSON that survives a round trip, bounded: see maxDecisions and maxRequests.
type State struct {
	Decided   int64               `json:"decided,omitempty"`   // decisions ever; numbers their ids
	Requested int64               `json:"requested,omitempty"` // requests ever; numbers their ids
	Offers    map[string]*Contact `json:"offers,omitempty"`    // by offer key
	Decisions []Kept              `json:"decisions,omitempty"` // oldest first
	Requests  []Request           `json:"requests,omitempty"`  // oldest first
	Approved  int64               `json:"approved,omitempty"`  // standing approvals ever; numbers their ids
	Approvals []Approval          `json:"approvals,omitempty"` // standing ones, oldest first
	Noticed   int64               `json:"noticed,omitempty"`   // notices ever; numbers their ids
	Notices   []Notice            `json:"notices,omitempty"`   // the newest maxNotices, oldest first
}

// Contact is how often an offer was shown and when it was last refused.
type Contact struct {
	Shown     []clock.Time `json:"shown,omitempty"` // the latest ones that the cap counts, oldest first
	Dismissed clock.Time   `json:"dismissed"`
}

// Kept is a decision that may still be acted on, or was.
type Kept struct {
	ID        string       `json:"id"`
	Offer     string       `json:"offer"`
	User      string       `json:"user,omitempty"`
	Placement string       `json:"placement"`
	Feature   string       `json:"feature,omitempty"` // the moment's
	Variant   string       `json:"variant,omitempty"`
	Signal    string       `json:"signal,omitempty"`
	Give      catalog.Give `json:"give"`
	Buyer     bool         `json:"buyer,omitempty"` // made for somebody who can buy
	At        clock.Time   `json:"at"`
	ExpiresAt clock.Time   `json:"expires_at"`
	Seen      bool         `json:"seen,omitempty"`
	Clicked   bool         `json:"clicked,omitempty"`
	Request   string       `json:"request,omitempty"` // id
	Closed    string       `json:"closed,omitempty"`  // dismissed, accepted, superseded or undone
	ClosedAt  clock.Time   `json:"closed_at"`
}

// Bounds of what an account's offers remember.
const (
	maxDecisions = 200
	maxRequests  = 100 // the oldest answered ones go first; more open ones are refused
	maxShown     = 1000
	// retold is how long a decision is remembered after it can no longer be acted on, so that a
	// repeated outcome is answered as the first time.
	retold = 7 * 24 * time.Hour
)

// Commit keeps a decision that Decide made from the same input: it spends the contact
// budget and can be acted on until it expires. One that is shown again costs nothing and gives as
// many as it shows now; one that nobody needs to remember changes nothing. A decision held out is kept and counted like
// one shown, so that both sides of the comparison live under the same caps.
func Commit(in Input, d Decision) {
	st, o := in.State, in.Catalog.Offers[d.OfferKey]
	if d.ID == "" || o == nil {
		return
	}
	if d.Again {
		if i := st.index(d.ID); i >= 0 {
			st.Decisions[i].Give = d.Give
		}
		return
	}
	st.Decided++
	st.Decisions = append(st.Decisions, Kept{
		ID: d.ID, Offer: d.OfferKey, User: d.User, Placement: d.Placement, Feature: d.Feature,
		Variant: d.Variant, Signal: d.Signal, Give: d.Give, Buyer: in.Role == Admin,
		At: d.At, ExpiresAt: d.ExpiresAt,
	})
	st.forget(in.Now)
	for key := range st.Offers {
		if in.Catalog.Offers[key] == nil {
			delete(st.Offers, key)
		}
	}
	if keep := min(o.Contact.AtMost, maxShown); keep > 0 && spends(&in, o) {
		c := st.contact(o.Key)
		c.Shown = append(c.Shown, in.Now)
		if extra := len(c.Shown) - keep; extra > 0 {
			c.Shown = slices.Delete(c.Shown, 0, extra)
		}
	}
}

// forget drops decisions that nobody can ask about any more, and beyond the bound those
// least likely to be asked about: the oldest that are over, then the oldest.
func (st *State) forget(now clock.Time) {
	st.Decisions = slices.DeleteFunc(st.Decisions, func(k Kept) bool { return k.ExpiresAt.Add(retold) <= now })
	for len(st.Decisions) > maxDecisions {
		i := slices.IndexFunc(st.Decisions, func(k Kept) bool { return k.Closed != "" || k.ExpiresAt <= now })
		st.Decisions = slices.Delete(st.Decisions, max(i, 0), max(i, 0)+1)
	}
}

func (st *State) contact(offer string) *Contact {
	c := st.Offers[offer]
	if c == nil {
		if st.Offers == nil {
			st.Offers = make(map[string]*Contact)
		}
		c = &Contact{}
		st.Offers[offer] = c
	}
	return c
}

// spends says whether showing the offer costs contact budget: ambient offers ask nothing,
// and what a person asked for is no contact.
func spends(in *Input, o *catalog.Offer) bool { return o.Kind != catalog.Ambient && !in.Requested }

// welcome: the contact policy. An open decision of the same person at the same placement
// is found here, because showing it again costs nothing.
func (x *deciding) welcome(c *chosen) (code, reason string) {
	o, in, st := c.offer, x.Input, x.State
	policy := o.Contact
	past := st.Offers[o.Key]
	if past != nil && past.Dismissed != 0 && policy.Cooldown > 0 && !in.Requested {
		if until := past.Dismissed.Add(policy.Cooldown); until > in.Now {
			return "cooldown", "It was dismissed on " + day(past.Dismissed) + " and stays silent until " + day(until)
		}
	}
	if in.Role != Admin && !ForAnyone(c.give) { // all that a member could do is ask
		if until := st.CoolingOff(in.User, c.give, in.Catalog); until > in.Now {
			return "request_declined", "An admin declined the person's request for it, who can ask again on " + day(until)
		}
	}
	for i := range st.Decisions {
		k := &st.Decisions[i]
		if k.Offer == o.Key && k.User == in.User && k.Placement == in.Placement && sameThing(k.Give, c.give) && k.Closed == "" && k.ExpiresAt > in.Now {
			c.again = k
			return "", ""
		}
	}
	if past == nil || policy.AtMost <= 0 || !spends(in, o) {
		return "", ""
	}
	recent := 0
	for _, at := range past.Shown {
		if policy.Per <= 0 || at.Add(policy.Per) > in.Now {
			recent++
		}
	}
	if recent < min(policy.AtMost, maxShown) {
		return "", ""
	}
	reason = "It was shown " + signal.Times(recent)
	if policy.Per > 0 {
		reason += " in the last " + signal.Span(policy.Per)
	}
	return "at_most", reason + ", which is as often as it may"
}

// Find returns a kept decision.
func (st *State) Find(decision string) (Kept, bool) {
	if i := st.index(decision); i >= 0 {
		return st.Decisions[i], true
	}
	return Kept{}, false
}

// GiveOf returns what a decision gives: while it is kept, or an upgrade request that came
// from it waits for an answer, however late that comes.
func (st *State) GiveOf(decision string) (catalog.Give, bool) {
	if k, kept := st.Find(decision); kept {
		return k.Give, true
	}
	for _, r := range st.Requests {
		if r.Decision == decision && r.Status == Waiting {
			return r.Give, true
		}
	}
	return catalog.Give{}, false
}

func (st *State) index(decision string) int {
	return slices.IndexFunc(st.Decisions, func(k Kept) bool { return k.ID == decision })
}
