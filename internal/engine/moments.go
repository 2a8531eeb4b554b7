package engine

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// Moments at which more would have helped: a limit hit, a closed feature touched, a milestone
// reached. One that no offer answered is missed, and worth counting.

// The kinds of moment.
const (
	MomentLimit     = "limit"     // all of a feature's limit was used, or more of it wanted
	MomentLocked    = "locked"    // a feature touched that the account does not have
	MomentMilestone = "milestone" // a milestone reached
)

// MomentLife is how long an offer answers a moment: what comes later is about something else.
// The same thing met again within it is the same moment.
const MomentLife = 24 * clock.Hour

// maxMoments bounds the moments of the last day that an account remembers; lists have all.
const maxMoments = 32

// Moment is a moment of an account, and the offer that answered it.
type Moment struct {
	ID        string     `json:"id"`
	Account   string     `json:"account"`
	Kind      string     `json:"kind"`
	Feature   string     `json:"feature,omitempty"`
	Milestone string     `json:"milestone,omitempty"`
	Placement string     `json:"placement,omitempty"` // where it was met, else where an offer belongs
	User      string     `json:"user,omitempty"`      // pseudonym, of the first touch
	At        clock.Time `json:"at"`                  // state time of the first touch
	Times     int64      `json:"times"`               // in how many minutes it was met within MomentLife
	LastAt    clock.Time `json:"last_at"`             // the newest of them
	// Why says what stood in the way of an offer at that time, as Decide's codes do; no_offer when
	// the catalog has none, not_asked when one was ready and the product did not ask there.
	Why    string `json:"why,omitempty"`
	Reason string `json:"reason,omitempty"` // Why in plain words
	// Value is a year's money of the cheapest thing that would have helped; 0 when nothing
	// recurring would.
	Value     money.Amount `json:"value"`
	Decision  string       `json:"decision_id,omitempty"` // that answered it
	Offer     string       `json:"offer,omitempty"`
	Variant   string       `json:"variant,omitempty"` // holdout: kept back to measure
	OfferedAt clock.Time   `json:"offered_at"`
}

// moment notes that a feature or a milestone was met.
func (s *State) moment(a *Account, kind, what, placement, user string, at clock.Time, c *catalog.Catalog) {
	if at+MomentLife <= s.Now {
		return // it has passed
	}
	a.cold = nil
	a.Moments = slices.DeleteFunc(a.Moments, func(m Moment) bool { return m.At+MomentLife <= s.Now })
	for i := range a.Moments {
		m := &a.Moments[i]
		if m.Kind == kind && m.about() == what {
			if s.Now < m.LastAt+clock.Minute {
				return // a client that runs into a limit all the time is no more than a touch a minute
			}
			m.Times, m.LastAt = m.Times+1, s.Now
			s.effects.Moments = append(s.effects.Moments, *m)
			return
		}
	}
	a.Noted++
	m := Moment{Account: a.key, Kind: kind, Placement: strings.Clone(placement), User: strings.Clone(user), At: s.Now, LastAt: s.Now, Times: 1}
	m.ID = a.ids()("moment", strconv.FormatInt(a.Noted, 10))
	if kind == MomentMilestone {
		m.Milestone = what
	} else {
		m.Feature = what
	}
	m.Value = a.worthOf(&m, c, s.Now)
	for _, k := range slices.Backward(a.Offers.Decisions) { // what the person looks at right now
		open := k.Closed == "" && k.ExpiresAt > s.Now && k.At+MomentLife > s.Now
		if m.Decision == "" && open && m.of(k.User) && m.answeredBy(k.Feature, k.Signal, k.Give, a, c) {
			m.answer(k.ID, k.Offer, k.Variant, k.Placement, k.At)
		}
	}
	if m.Decision == "" {
		a.why(&m, c, s.Now)
	}
	a.Moments = append(a.Moments, m)
	if extra := len(a.Moments) - maxMoments; extra > 0 {
		a.Moments = slices.Delete(a.Moments, 0, extra)
	}
	s.effects.Moments = append(s.effects.Moments, m)
}

// of says whether an offer to a person can answer the moment: it was theirs, or nobody knows whose.
func (m *Moment) of(user string) bool { return m.User == "" || user == "" || m.User == user }

// offered notes which moments of the last day a decision answers.
func (s *State) offered(a *Account, d *offer.Decision, give catalog.Give, c *catalog.Catalog) {
	for i := range a.Moments {
		m := &a.Moments[i]
		if m.Decision != "" || m.At+MomentLife <= s.Now || !m.of(d.User) || !m.answeredBy(d.Feature, d.Signal, give, a, c) {
			continue
		}
		m.answer(d.ID, d.OfferKey, d.Variant, d.Placement, s.Now)
		a.cold = nil
		s.effects.Moments = append(s.effects.Moments, *m)
	}
}

// about is the feature or milestone.
func (m *Moment) about() string {
	if m.Kind == MomentMilestone {
		return m.Milestone
	}
	return m.Feature
}

func (m *Moment) answer(decision, offerKey, variant, placement string, at clock.Time) {
	m.place(placement)
	m.Decision, m.Offer, m.Variant, m.OfferedAt, m.Why, m.Reason = decision, offerKey, variant, at, "", ""
}

// answeredBy says whether an offer is about the moment: made for its feature, giving it, or
// following from a signal on it.
func (m *Moment) answeredBy(feature, signalID string, give catalog.Give, a *Account, c *catalog.Catalog) bool {
	if m.Feature != "" && (feature == m.Feature || given(c, give, m.Feature)) {
		return true
	}
	for i := range a.Signals.Live {
		sig := &a.Signals.Live[i]
		if sig.ID != signalID {
			continue
		}
		if m.Feature != "" {
			return sig.Data["feature"] == m.Feature
		}
		rule := c.Signals[sig.Key]
		return rule != nil && rule.When.Milestone == m.Milestone
	}
	return false
}

// given says whether a plan, an add-on or a trial gives something of a feature.
func given(c *catalog.Catalog, give catalog.Give, feature string) bool {
	if give.Feature == feature {
		return true
	}
	var all map[string]*catalog.Entitlement
	if addon := c.Addons[give.Addon]; addon != nil {
		all = addon.Entitlements
	} else if plan := c.Plans[give.Plan]; plan != nil {
		all = plan.Entitlements
	}
	e := all[feature]
	return e != nil && (e.Allowed || e.Unlimited || e.Limit > 0 || e.Value != "")
}

// helps says whether an offer is meant for moments like this.
func (m *Moment) helps(o *catalog.Offer, c *catalog.Catalog) bool {
	if m.Feature != "" {
		return given(c, o.Give, m.Feature)
	}
	return slices.ContainsFunc(o.On, func(key string) bool { return c.Signals[key] != nil && c.Signals[key].When.Milestone == m.Milestone })
}

// worthOf is a year's money of what would have helped: of a feature the cheapest thing that opens it.
func (a *Account) worthOf(m *Moment, c *catalog.Catalog, now clock.Time) money.Amount {
	none := money.Of(0, c.Currency)
	if m.Feature != "" {
		for _, u := range entitlement.Check(a.Input(c, now), m.Feature, quantity.One).Unlock {
			switch u.Interval {
			case subscription.Month:
				return money.Of(12*u.More.Minor, u.More.Currency)
			case subscription.Year:
				return *u.More
			}
		}
		return none
	}
	return none // a milestone is worth what was ready to be offered; see why
}

// maxAsked bounds at how many placements why looks.
const maxAsked = 4

// why finds what stood in the way of an offer when the moment came, and where one belongs.
func (a *Account) why(m *Moment, c *catalog.Catalog, now clock.Time) {
	var places []string
	for _, key := range slices.Sorted(maps.Keys(c.Offers)) {
		if o := c.Offers[key]; m.helps(o, c) {
			for _, at := range o.At {
				if !slices.Contains(places, at) {
					places = append(places, at)
				}
			}
		}
	}
	if len(places) == 0 {
		m.Why, m.Reason = "no_offer", "No offer gives it"
		if m.Milestone != "" {
			m.Reason = "No offer follows from it"
		}
		return
	}
	slices.SortStableFunc(places, func(x, y string) int { return m.nearness(y, c) - m.nearness(x, c) })
	for i, at := range places[:min(len(places), maxAsked)] {
		d := offer.Decide(a.OfferInput(c, DecideCall{Placement: at, Feature: m.Feature, Role: offer.Admin, Family: a.Unit}, m.User, now))
		if d.Status == "show" || d.Variant == "holdout" {
			m.Why, m.Reason = "not_asked", "An offer was ready at "+at+", and the product did not ask there"
			if m.Milestone != "" && d.Offer != nil && d.Offer.Expected != nil {
				m.Value = d.Offer.Expected.Year
			}
			m.place(at)
			return
		}
		if i == 0 {
			m.Why, m.Reason = d.Reason, ""
			for _, one := range d.Considered {
				if one.Code == d.Reason && c.Offers[one.Offer] != nil && m.helps(c.Offers[one.Offer], c) {
					m.Reason = one.Reason
					break
				}
			}
		}
	}
	if m.Why == "no_signal" {
		a.notYet(m, c)
	}
	m.place(places[0])
}

// notYet tells an offer that waits for more of the same from one that nothing leads to.
func (a *Account) notYet(m *Moment, c *catalog.Catalog) {
	for _, key := range slices.Sorted(maps.Keys(c.Offers)) {
		o := c.Offers[key]
		if !m.helps(o, c) {
			continue
		}
		for _, on := range o.On {
			if rule := c.Signals[on]; rule != nil && !rule.Retired() && (m.Feature == "" || rule.When.About(m.Feature)) {
				m.Why, m.Reason = "not_yet", "The signal "+on+", from which an offer follows, had not fired or had faded"
				return
			}
		}
	}
}

// place says where an offer belongs, unless it is known where the moment was.
func (m *Moment) place(at string) {
	if m.Placement == "" {
		m.Placement = at
	}
}

// nearness of a placement to the moment: where it was met, then the place of its feature.
func (m *Moment) nearness(at string, c *catalog.Catalog) int {
	switch p := c.Places[at]; {
	case at == m.Placement:
		return 2
	case p != nil && p.Feature != "" && p.Feature == m.Feature:
		return 1
	}
	return 0
}
