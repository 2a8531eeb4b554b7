package offer

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/subscription"
)

// Request is a member's wish for something only an admin can buy.
type Request struct {
	ID       string       `json:"id"`
	Account  string       `json:"account"`
	User     string       `json:"user"`
	Name     string       `json:"name,omitempty"`    // of the person, as colleagues know them; sealed
	Decision string       `json:"decision_id"`       // empty: it came without an offer
	Offer    string       `json:"offer"`             // likewise
	Feature  string       `json:"feature,omitempty"` // what the person wanted to use, where it is known
	Give     catalog.Give `json:"give"`              // what approving it changes
	Title    string       `json:"title,omitempty"`   // what people call that
	Reason   string       `json:"reason,omitempty"`  // sealed
	// Status is open, approved, declined, expired (nobody answered), superseded (somebody got
	// the same otherwise) or undone (it was approved, and the purchase was taken back).
	Status    string     `json:"status"`
	At        clock.Time `json:"at"`
	ExpiresAt clock.Time `json:"expires_at"`
	RemindAt  clock.Time `json:"remind_at,omitzero"` // when admins hear of it again; unset: they do not
	Reminded  int        `json:"reminded,omitempty"` // how often they have
	Joined    []Joined   `json:"joined,omitempty"`   // who asked for the same meanwhile
	DecidedAt clock.Time `json:"decided_at"`
	DecidedBy string     `json:"decided_by,omitempty"`
	Answer    string     `json:"answer,omitempty"`      // why it was declined, sealed
	Approval  string     `json:"approval_id,omitempty"` // of the standing approval that answered it
	Had       int64      `json:"had,omitempty"`         // of the add-on, when it was asked for
}

// Joined is somebody who asked for what another had asked for already.
type Joined struct {
	User   string     `json:"user"`
	Name   string     `json:"name,omitempty"`   // sealed
	Reason string     `json:"reason,omitempty"` // sealed
	At     clock.Time `json:"at"`
}

// What a request comes to.
const (
	Waiting   = "open"
	Approved  = "approved"
	Declined  = "declined"
	Expired   = "expired"
	Otherwise = "superseded"
	Undone    = "undone" // also an outcome: of an offer that was accepted
)

// maxJoined bounds how many people one request has beside the first.
const maxJoined = 50

// SeenBy is the request as one of those who asked sees it: what others said is theirs.
func (r Request) SeenBy(user string) Request {
	if r.User != user {
		r.Reason, r.Name = "", ""
	}
	r.Joined = slices.Clone(r.Joined)
	for i := range r.Joined {
		if r.Joined[i].User != user {
			r.Joined[i].Reason, r.Joined[i].Name = "", ""
		}
	}
	return r
}

// Ask is somebody's wish.
type Ask struct {
	User     string       `json:"user"` // pseudonym
	Decision string       `json:"decision,omitempty"`
	Offer    string       `json:"offer,omitempty"`
	Feature  string       `json:"feature,omitempty"`
	Give     catalog.Give `json:"give"`
	Reason   string       `json:"reason,omitempty"` // sealed
	Name     string       `json:"name,omitempty"`   // sealed
	// Has is what the account has bought, to tell when the wish has come true otherwise.
	Has *subscription.Subscription `json:"-"`
}

// What asking led to.
const (
	AskedFirst  = "opened"
	AskedToo    = "joined"
	AskedBefore = "repeated" // the person has asked; nothing changed
)

// policyOf is the catalog's, or what holds where it says nothing.
func policyOf(c *catalog.Catalog) catalog.RequestPolicy {
	p := c.Requests
	if p.Expire == 0 {
		p = catalog.RequestPolicy{Expire: 30 * 24 * time.Hour, Remind: []time.Duration{3 * 24 * time.Hour, 7 * 24 * time.Hour}, CoolOff: 14 * 24 * time.Hour}
	}
	return p
}

// by says whether the person is among those who asked.
func (r *Request) by(user string) bool {
	return r.User == user || slices.ContainsFunc(r.Joined, func(j Joined) bool { return j.User == user })
}

// People are the pseudonyms of all who asked, the first one first.
func (r *Request) People() []string {
	out := []string{r.User}
	for _, j := range r.Joined {
		out = append(out, j.User)
	}
	return out
}

// Open opens a request, or lets the person join the one that is open for the same thing: there
// are never two, and where more of it is wanted now, that one is for as many. Faults: request_cooling_off, while the person who was declined the same cannot
// ask for it again; requests_full. On a fault nothing changes.
func Open(st *State, q Ask, acct string, c *catalog.Catalog, now clock.Time, id func(parts ...string) string) (Request, string, error) {
	p := policyOf(c)
	if until := st.CoolingOff(q.User, q.Give, c); until > now {
		return Request{}, "", fault.New(fault.Conflict, "request_cooling_off", "%s was declined; it can be asked for again on %s", titleOf(c, q.Give), day(until)).
			WithMend("wait until %s, or talk to an admin of the account", until)
	}
	open := 0
	for i := range st.Requests {
		r := &st.Requests[i]
		if r.Status != Waiting {
			continue
		}
		if open++; !sameThing(r.Give, q.Give) {
			continue
		}
		if r.by(q.User) {
			return *r, AskedBefore, nil
		}
		if len(r.Joined) >= maxJoined {
			return Request{}, "", full(len(r.Joined) + 1)
		}
		r.Joined = append(slices.Clip(r.Joined), Joined{User: q.User, Name: q.Name, Reason: q.Reason, At: now})
		if q.Give.Quantity > max(r.Give.Quantity, 1) {
			r.Give.Quantity = q.Give.Quantity
			r.Title = titleOf(c, r.Give)
		}
		r.Feature = cmp.Or(r.Feature, q.Feature)
		return *r, AskedToo, nil
	}
	if open >= maxRequests {
		return Request{}, "", full(open)
	}
	st.Requested++
	r := Request{
		ID: id("request", strconv.FormatInt(st.Requested, 10)), Account: acct, User: q.User, Decision: q.Decision, Offer: q.Offer,
		Feature: q.Feature, Give: q.Give, Title: titleOf(c, q.Give), Reason: q.Reason, Name: q.Name, Status: Waiting, At: now, ExpiresAt: now.Add(p.Expire),
	}
	if q.Has != nil {
		r.Had = quantityOf(q.Has, q.Give.Addon)
	}
	r.remindNext(p)
	st.Requests = append(st.Requests, r)
	if len(st.Requests) > maxRequests {
		i := slices.IndexFunc(st.Requests, func(r Request) bool { return r.Status != Waiting })
		st.Requests = slices.Delete(st.Requests, i, i+1)
	}
	return r, AskedFirst, nil
}

func full(open int) error {
	return fault.New(fault.Conflict, "requests_full", "%d upgrade requests of the account wait for an answer", open).
		WithMend("have an admin approve or decline some")
}

// sameThing says whether two gives are of the same thing, of which one may be more: how many fit
// changes with every use.
func sameThing(a, b catalog.Give) bool {
	a.Quantity, a.Fit, b.Quantity, b.Fit = 0, false, 0, false
	return a == b
}

// CoolingOff returns until when the person cannot ask for give, unset when they can.
func (st *State) CoolingOff(user string, give catalog.Give, c *catalog.Catalog) clock.Time {
	var until clock.Time
	for i := range st.Requests {
		if r := &st.Requests[i]; r.Status == Declined && sameThing(r.Give, give) && user != "" && r.by(user) {
			until = max(until, r.DecidedAt.Add(policyOf(c).CoolOff))
		}
	}
	return until
}

// remindNext sets when admins are to hear of the request again: never at or after its end.
func (r *Request) remindNext(p catalog.RequestPolicy) {
	r.RemindAt = 0
	if r.Reminded < len(p.Remind) {
		if at := r.At.Add(p.Remind[r.Reminded]); at < r.ExpiresAt {
			r.RemindAt = at
		}
	}
}

// RequestsDue returns when time next does something to an open request, zero when never.
func (st *State) RequestsDue() clock.Time {
	var due clock.Time
	for i := range st.Requests {
		r := &st.Requests[i]
		if r.Status != Waiting {
			continue
		}
		for _, at := range []clock.Time{r.RemindAt, r.ExpiresAt} {
			if at != 0 && (due == 0 || at < due) {
				due = at
			}
		}
	}
	return due
}

// PassRequests reminds and expires what is due at now, and returns what it did.
func (st *State) PassRequests(c *catalog.Catalog, now clock.Time) (reminded, expired []Request) {
	p := policyOf(c)
	for i := range st.Requests {
		r := &st.Requests[i]
		switch {
		case r.Status != Waiting:
		case r.ExpiresAt <= now:
			r.Status, r.DecidedAt, r.RemindAt = Expired, r.ExpiresAt, 0
			expired = append(expired, *r)
		case r.RemindAt != 0 && r.RemindAt <= now:
			for r.RemindAt != 0 && r.RemindAt <= now { // those missed together are one
				r.Reminded++
				r.remindNext(p)
			}
			reminded = append(reminded, *r)
		}
	}
	return reminded, expired
}

// Supersede closes the open requests for what the subscription has come to give otherwise.
func (st *State) Supersede(sub *subscription.Subscription, c *catalog.Catalog, now clock.Time) []Request {
	var out []Request
	for i := range st.Requests {
		r := &st.Requests[i]
		if r.Status != Waiting || !r.moot(sub, c) {
			continue
		}
		r.Status, r.DecidedAt, r.RemindAt = Otherwise, now, 0
		out = append(out, *r)
	}
	return out
}

// Above says whether a plan lies above another in their family.
func Above(c *catalog.Catalog, plan, other string) bool { return above(c, plan, other) }

// moot says whether sub gives what was asked for: the plan or one above it, as many more of the
// add-on, the interval.
func (r *Request) moot(sub *subscription.Subscription, c *catalog.Catalog) bool {
	g := r.Give
	switch {
	case !sub.Live():
		return false
	case g.Addon != "" && !g.Trial:
		a := c.Addons[g.Addon]
		return a != nil && !a.OneOff() && quantityOf(sub, g.Addon) >= r.Had+max(g.Quantity, 1)
	case g.Addon != "":
		return quantityOf(sub, g.Addon) > r.Had
	case g.Plan != "":
		return (sub.Plan == g.Plan && (g.Trial || sub.Status == subscription.Active)) || sub.Plan != g.Plan && above(c, sub.Plan, g.Plan)
	case g.Interval != "":
		return string(sub.Interval) == g.Interval && sub.Status == subscription.Active
	}
	return false
}

// Verdict is an admin's answer to a request.
type Verdict struct {
	Request  string
	Approve  bool
	By       string // pseudonym
	Why      string // of a decline, sealed
	Approval string // id of the standing approval that answers
}

// Answered is an upgrade request after an admin's answer.
type Answered struct {
	Request  Request
	Repeated bool          // answered so before; nothing changed
	Outcome  *Outcome      // when approved for the first time: the acceptance of its decision, if it has one
	Give     *catalog.Give // when approved: what the subscription now gets
	Signal   string        // id of the signal behind the decision it came from
}

// Answer approves or declines a request. The same answer again is answered as the first
// time. Faults: request_unknown, request_answered. On a fault nothing changes.
func Answer(st *State, v Verdict, now clock.Time) (Answered, error) {
	i := slices.IndexFunc(st.Requests, func(r Request) bool { return r.ID == v.Request })
	if i < 0 {
		return Answered{}, RequestUnknown(v.Request)
	}
	r := &st.Requests[i]
	answer := Declined
	if v.Approve {
		answer = Approved
	}
	k, _ := st.Find(r.Decision)
	res := Answered{Repeated: r.Status == answer, Signal: k.Signal}
	if !res.Repeated && r.Status != Waiting {
		return Answered{}, fault.New(fault.Conflict, "request_answered", "request %s was %s on %s", r.ID, r.Status, day(r.DecidedAt)).
			WithMend("decide again for a new offer")
	}
	if v.Approve {
		give := r.Give
		res.Give = &give
	}
	if !res.Repeated {
		r.Status, r.DecidedAt, r.DecidedBy, r.Answer, r.Approval, r.RemindAt = answer, now, v.By, v.Why, v.Approval, 0
		if v.Approve && r.Offer != "" {
			st.supersede(r.Offer, now)
			if i := st.index(r.Decision); i >= 0 && st.Decisions[i].Closed == superseded {
				st.Decisions[i].Closed = Accepted
			}
			if r.Decision != "" {
				res.Outcome = &Outcome{
					Decision: r.Decision, Account: r.Account, User: cmp.Or(v.By, r.User), Offer: r.Offer, Type: Accepted, At: now,
					Reason: "upgrade request approved",
				}
			}
		}
	}
	res.Request = *r
	return res, nil
}

// RequestUnknown is the fault for an id that no request has.
func RequestUnknown(id string) error {
	return fault.New(fault.NotFound, "request_unknown", "request %q is not known, or was answered long ago", fault.Shorten(id)).
		WithMend("list what there is with GET /v1/requests")
}

// Request returns a request that is remembered: open ones, and the newest answered.
func (st *State) Request(id string) (Request, bool) {
	if r := st.request(id); r != nil {
		return *r, true
	}
	return Request{}, false
}

// TakenBack notes that a purchase was undone: by its decision, its request or both. Nothing is
// opened again; the outcome is for whoever watches how often an offer is undone, and nil for
// what came without an offer. A standing approval that answered the request has its amount back.
func TakenBack(st *State, decision, request, offer, acct, user string, now clock.Time) (*Outcome, *Request) {
	var out *Outcome
	if i := st.index(decision); i >= 0 && st.Decisions[i].Closed == Accepted {
		st.Decisions[i].Closed, st.Decisions[i].ClosedAt = Undone, now
	}
	if decision != "" {
		out = &Outcome{Decision: decision, Account: acct, User: user, Offer: offer, Type: Undone, At: now}
	}
	i := slices.IndexFunc(st.Requests, func(r Request) bool { return request != "" && r.ID == request })
	st.refund(request)
	if i < 0 {
		return out, nil
	}
	st.Requests[i].Status = Undone
	r := st.Requests[i]
	return out, &r
}
