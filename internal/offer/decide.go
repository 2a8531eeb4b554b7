package offer

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/condition"
	"github.com/headroomhq/headroom/internal/contact"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/signal"
	"github.com/headroomhq/headroom/internal/subscription"
)

// Life is how long a decision may be acted on. Within it the same person is shown the same
// decision again at the same placement, counted once.
const Life = 24 * time.Hour

// Role is what a person may do in the account.
type Role string

// The roles. Anything but admin is treated as member.
const (
	Admin  Role = "admin"
	Member Role = "member"
)

// Input is everything a decision is made from.
type Input struct {
	Catalog      *catalog.Catalog
	Account      string // key
	Family       string // key of the root account: the unit of holdouts
	User         string // pseudonym, empty when unknown
	Role         Role
	Subscription subscription.Subscription
	TrialEndsAt  clock.Time      // of a plan that is tried, in the subscription or beside it; unset: none is
	Signals      []signal.Signal // live ones; decayed ones are ignored
	// Features are the account's answers for its features, by key. Those not there are
	// taken as unused.
	Features map[string]Feature
	// People lists the open opportunities: what people already work on is not offered
	// self-service.
	People []WithPeople
	// Vars are what `for` conditions see, see package condition.
	Vars map[string]any

	Placement string
	Feature   string // the moment's feature, empty when the placement is general
	// Requested: the person asked for offers (a pricing page). Needs no signal, and as
	// nobody is contacted unasked, caps and cool-downs neither bind nor are spent.
	Requested bool

	// Quiet are the rules in force that keep offers away; only saves pass them.
	Quiet []contact.Quiet
	// Refusals are the budgets and silences that forbid a contact in the product.
	Refusals []contact.Refusal
	// Help is what the account needs before any offer; nil: nothing.
	Help *Help
	// HeldOut: the account's family is in the global holdout and sees no offer at all.
	HeldOut bool
	// External: the person is outside of the customer, by their profile.
	External bool
	// Leaving: the person is about to buy less or to end; only saves are offered.
	Leaving  bool
	Language string // BCP 47, as the person reads; empty: as the catalog is written

	State *State // not changed
	Salt  string // of holdouts; the same for the life of an installation
	Now   clock.Time
	// ID makes ids. It is called with "decision" or "request" and a decimal number that
	// rises from 1 per account and kind.
	ID func(parts ...string) string
}

// Feature is an account's standing with one feature, as entitlements see it.
type Feature struct {
	Allowed   bool // a boolean feature is there, or one more of a metered one may be used
	Unlimited bool
	Usage     quantity.Quantity
	Limit     quantity.Quantity
	Remaining quantity.Quantity
	ResetsAt  clock.Time
	// Gained is how much usage rose in the last GainedDays days; 0 days: not known.
	Gained     quantity.Quantity
	GainedDays int
}

// WithPeople is an open opportunity as far as offers need to know.
type WithPeople struct {
	Owner   string
	Signals []string // ids
	Give    catalog.Give
}

// Decide chooses what to show, or why nothing. It changes nothing: Commit keeps the
// decision once it is about to be shown.
//
// The rules, in this order: the placement is known; the offer belongs to it; it relates to
// the moment's feature; one of its signals is alive and still true (unless requested); the
// account can take what it gives, and does not have it; no people work on it; its `for`
// condition holds; no cool-down and no cap forbids it. Of those left the worthiest is taken,
// and shown unless the account's family is held out of it.
func Decide(in Input) Decision {
	d := Decision{
		Account: in.Account, User: in.User, Placement: in.Placement, Feature: in.Feature,
		Status: "none", At: in.Now,
	}
	offers := in.Catalog.OffersAt(in.Placement)
	if len(offers) == 0 {
		d.Reason = "unknown_placement"
		return d
	}
	if in.Feature != "" && in.Catalog.Features[in.Feature] == nil {
		d.Reason = "unknown_feature"
		return d
	}
	all := make([]chosen, len(offers))
	var open []*chosen
	for i, o := range offers {
		all[i].offer = o
		if consider(&in, &all[i]) {
			open = append(open, &all[i])
		}
	}
	if best := pick(open); best != nil {
		settle(&in, &d, best, open)
	} else {
		d.Reason = furthest(all)
	}
	for i := range all {
		d.Considered = append(d.Considered, Considered{Offer: all[i].offer.Key, Code: all[i].code, Reason: all[i].reason})
		if all[i].code == "chosen" {
			c := &d.Considered[len(d.Considered)-1]
			c.Chosen = true
			d.Offer, c.Problems = show(&in, &all[i])
		}
	}
	return d
}

// consider takes an offer through the rules and says whether it came through.
func consider(in *Input, c *chosen) bool {
	for stage, rule := range []func(*Input, *chosen) (code, reason string){
		relates, alive, takes, unattended, meant, welcome,
	} {
		if code, reason := rule(in, c); code != "" {
			c.stage, c.code, c.reason = stage, code, reason
			return false
		}
	}
	c.reason = "The person asked for offers"
	if c.signal != nil {
		c.reason = c.signal.Evidence
	}
	return true
}

// relates: an offer belongs to the moment it appears in.
func relates(in *Input, c *chosen) (code, reason string) {
	if in.Feature == "" {
		return "", ""
	}
	for _, e := range entitlementsOf(in.Catalog, c.offer.Give) {
		if e.Feature == in.Feature && gives(e) {
			return "", ""
		}
	}
	for _, s := range in.Signals {
		if s.Data["feature"] == in.Feature && slices.Contains(c.offer.On, s.Key) && holds(in, &s) {
			return "", ""
		}
	}
	return "not_related", "It has nothing to do with " + featureTitle(in.Catalog, in.Feature) + ", which this moment is about"
}

// alive finds the strongest signal behind the offer that no people have taken over.
func alive(in *Input, c *chosen) (code, reason string) {
	taken := ""
	for i := range in.Signals {
		s := &in.Signals[i]
		if !slices.Contains(c.offer.On, s.Key) || !holds(in, s) {
			continue
		}
		if owner := workedOn(in, s.ID); owner != "" {
			taken = owner
		} else if c.signal == nil || stronger(s, c.signal, in.Now) {
			c.signal = s
		}
	}
	switch {
	case c.signal != nil:
		return "", ""
	case taken != "":
		return "routed_to_people", "People work on what was noticed: " + taken
	case in.Requested:
		return "", ""
	}
	return "no_signal", "None of its signals is alive: " + strings.Join(c.offer.On, ", ")
}

func stronger(a, b *signal.Signal, now clock.Time) bool {
	return cmp.Or(
		cmp.Compare(signal.ScoreAt(a, now), signal.ScoreAt(b, now)),
		cmp.Compare(a.At, b.At),
		cmp.Compare(b.ID, a.ID),
	) > 0
}

// workedOn returns the owner of the open opportunity that a signal belongs to.
func workedOn(in *Input, id string) string {
	for _, p := range in.People {
		if slices.Contains(p.Signals, id) {
			return cmp.Or(p.Owner, "their owner")
		}
	}
	return ""
}

// takes: the account can take what the offer gives, and does not have it.
func takes(in *Input, c *chosen) (code, reason string) {
	w, o := WorthOf(c.offer.Give, &in.Subscription, in.Features, subscription.Terms{Catalog: in.Catalog, Now: in.Now, Eligible: condition.Holds(in.Vars)})
	if o != nil {
		return o.Code, o.Reason
	}
	c.worth = w
	return "", ""
}

// unattended: nobody sells the same thing to the account in person.
func unattended(in *Input, c *chosen) (code, reason string) {
	for _, p := range in.People {
		if p.Give == c.offer.Give {
			return "routed_to_people", "People work on the same thing: " + cmp.Or(p.Owner, "their owner")
		}
	}
	return "", ""
}

// meant: the offer's own condition.
func meant(in *Input, c *chosen) (code, reason string) {
	cond := c.offer.For
	if cond == nil {
		return "", ""
	}
	yes, err := cond.Eval(in.Vars)
	switch {
	case err != nil:
		return "not_for_account", "Its condition could not be judged and counts as not met: " + err.Error()
	case !yes:
		return "not_for_account", "Its condition is not met: " + cond.Source
	}
	return "", ""
}

// pick returns the worthiest: of those within a tenth of the highest value the one of the widest
// scope, then of the highest value, then by key.
func pick(open []*chosen) *chosen {
	var top money.Minor
	for _, c := range open {
		top = max(top, c.worth.Year)
	}
	var best *chosen
	for _, c := range open {
		if c.worth.Year < top-top/10 {
			continue
		}
		if best == nil || cmp.Or(
			cmp.Compare(c.worth.Scope, best.worth.Scope),
			cmp.Compare(c.worth.Year, best.worth.Year),
			cmp.Compare(best.offer.Key, c.offer.Key),
		) > 0 {
			best = c
		}
	}
	return best
}

// settle shows the best offer, or holds it out, and says why the others stood back.
func settle(in *Input, d *Decision, best *chosen, open []*chosen) {
	for _, c := range open {
		if c != best {
			c.code, c.reason = "outranked", "It could be shown, but "+best.offer.Key+" goes first: "+outranks(best, c)
		}
	}
	o := best.offer
	d.OfferKey, d.At, d.ExpiresAt = o.Key, in.Now, in.Now.Add(Life)
	if best.signal != nil {
		d.Signal = best.signal.ID
	}
	if best.again != nil {
		d.ID, d.At, d.ExpiresAt, d.Again = best.again.ID, best.again.At, best.again.ExpiresAt, true
	} else {
		d.ID = in.ID("decision", strconv.FormatInt(in.State.Decided+1, 10))
	}
	if o.Holdout > 0 {
		d.Variant = "treatment"
	}
	if Holdout(in.Family, o.Key, in.Salt, o.Holdout) {
		d.Variant, d.Reason = "holdout", "holdout"
		best.code = "holdout"
		best.reason = fmt.Sprintf("The account's family belongs to the %d%% that never see it, to measure what it earns", o.Holdout)
		return
	}
	d.Status, d.Reason, best.code = "show", "signal", "chosen"
	if best.signal == nil {
		d.Reason = "requested"
	}
}

func outranks(best, c *chosen) string {
	currency := best.worth.After.Currency
	a, b := Words(money.Of(best.worth.Year, currency)), Words(money.Of(c.worth.Year, currency))
	switch {
	case best.worth.Scope > c.worth.Scope && c.worth.Year >= best.worth.Year-best.worth.Year/10:
		return "of near-equal value, new scope goes before more of the same"
	case best.worth.Year > c.worth.Year:
		return "worth " + a + " a year against " + b
	}
	return "of equal value, the order of the keys decides"
}

// furthest returns the code of the offer that came furthest through the rules.
func furthest(all []chosen) string {
	best := &all[0]
	for i := range all {
		if all[i].stage > best.stage {
			best = &all[i]
		}
	}
	return best.code
}

// Holdout says whether a family never sees an offer: percent (0 to 100) of all families,
// the same ones for ever.
func Holdout(family, offer, salt string, percent int64) bool {
	if percent <= 0 {
		return false
	}
	h := sha256.New()
	for _, part := range []string{salt, offer, family} {
		h.Write(binary.AppendUvarint(nil, uint64(len(part))))
		h.Write([]byte(part))
	}
	// Of 2^64 values the remainder favours low ones by less than one in 10^17.
	return binary.BigEndian.Uint64(h.Sum(nil))%100 < uint64(percent)
}

func featureTitle(cat *catalog.Catalog, key string) string {
	if f := cat.Features[key]; f != nil {
		return named(f.Title, f.Key)
	}
	return key
}
