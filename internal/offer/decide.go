package offer

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/condition"
	"github.com/headroomhq/headroom/internal/contact"
	"github.com/headroomhq/headroom/internal/experiment"
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
	// Features are the account's answers for its features, by key. Those not there are asked of
	// Standing, and kept here; without it they are taken as unused.
	Features map[string]Feature
	Standing func(feature string) Feature
	Trials   []subscription.Trial // the account's, all it ever had
	// People lists the open opportunities: what people already work on is not offered
	// self-service.
	People []WithPeople
	// Vars are what `for` conditions see, see package condition.
	Vars map[string]any

	Placement string
	Feature   string // the moment's feature, empty when the placement is general
	// Wanted is how much of Feature the person asks for now; what is missing then is what offers
	// with `fit` cover. 0: not said.
	Wanted quantity.Quantity
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
	// Profile is the role the person plays in the product; empty: not known.
	Profile string
	// External: the person is outside of the customer, by their profile.
	External bool
	// Leaving: the person is about to buy less or to end; only saves are offered. To is the plan
	// they are about to take, empty when they end.
	Leaving  bool
	To       string
	Language string // BCP 47, as the person reads; empty: as the catalog is written

	// Brief leaves out what was thought of each offer, for who is not told anyway.
	Brief bool

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

// Holdout says whether a family never sees an offer: percent (0 to 100) of all families,
// the same ones for ever.
func Holdout(family, offer, salt string, percent int64) bool {
	return experiment.Among(salt, offer, family, percent)
}

func featureTitle(cat *catalog.Catalog, key string) string {
	if f := cat.Features[key]; f != nil {
		return named(f.Title, f.Key)
	}
	return key
}

// feature returns the account's standing with a feature.
func (in *Input) feature(key string) Feature {
	f, known := in.Features[key]
	if known || in.Standing == nil {
		return f
	}
	f = in.Standing(key)
	if in.Features == nil {
		in.Features = make(map[string]Feature)
	}
	in.Features[key] = f
	return f
}

// terms are what a change of the subscription is judged by.
func (in *Input) terms() subscription.Terms {
	return subscription.Terms{Catalog: in.Catalog, Now: in.Now, Tried: in.Trials, Eligible: condition.Holds(in.Vars)}
}

// deciding is one decision on its way.
type deciding struct {
	*Input
	place  *catalog.Placement // nil: the catalog does not describe it
	about  string             // the moment's feature: the one that was said, else the placement's
	values valuing
}

// Decide chooses what to show, or why nothing. It changes nothing: Commit keeps the
// decision once it is about to be shown.
//
// An account that needs help gets it before any offer. Else the rules say no to an offer in
// this order: its kind fits the place; saves are for who is about to buy less, and nothing else
// is for them; people outside of the customer see only what is meant for them; it relates to the
// moment's feature; one of its signals is alive and still true; the account can take what it
// gives, and does not have it; no people work on it; its `for` condition holds; no quiet rule is
// in force; its own cool-down and cap, and then the budgets of contacts, allow it. Of those left
// the one of the highest expected value is taken (see pick), and shown unless the account's
// family is held out of it. For what the person asked for no signal is needed, and help, quiet
// rules, cool-downs and budgets do not bind.
func Decide(in Input) Decision {
	d := Decision{
		Account: in.Account, User: in.User, Placement: in.Placement, Feature: in.Feature,
		Status: "none", At: in.Now, Quiet: in.Quiet, Refusals: in.Refusals,
	}
	place := in.Catalog.Places[in.Placement]
	offers := in.Catalog.OffersAt(in.Placement)
	if len(offers) == 0 && (place == nil || in.Help == nil) {
		d.Reason = "unknown_placement"
		if place != nil {
			d.Reason = "no_offer"
		}
		return d
	}
	if in.Feature != "" && in.Catalog.Features[in.Feature] == nil {
		d.Reason = "unknown_feature"
		return d
	}
	if !in.Leaving {
		d.Help = in.Help
	}
	x := deciding{Input: &in, place: place, about: in.Feature}
	if x.about == "" && place != nil {
		x.about = place.Feature
	}
	x.values = valuing{sub: &in.Subscription, terms: in.terms(), feature: in.feature, about: x.about, wanted: in.Wanted,
		leaving: in.Leaving}
	all := x.candidates(offers)
	var open []*chosen
	for i := range all {
		if x.consider(&all[i]) {
			open = append(open, &all[i])
		}
	}
	switch best := pick(open); {
	case best != nil:
		x.settle(&d, best, open)
	case in.helpFirst():
		d.Reason = in.Help.Rule
	default:
		d.Reason = x.furthest(all, offers)
	}
	x.explain(&d, all)
	return d
}

// explain shows what was chosen, and says of every offer what was thought of it.
func (x *deciding) explain(d *Decision, all []chosen) {
	if !x.Brief {
		d.Considered = make([]Considered, len(all))
	}
	for i := range all {
		c := &all[i]
		var problems []string
		if c.code == "chosen" {
			d.Offer, problems = show(x, c, d.ID)
		}
		if !x.Brief {
			d.Considered[i] = Considered{Offer: c.offer.Key, Chosen: c.code == "chosen", Code: c.code, Reason: c.reason, Problems: problems}
		}
	}
}

// helpFirst says whether the account gets help instead of offers.
func (in *Input) helpFirst() bool { return in.Help != nil && !in.Requested && !in.Leaving }

// candidates are the offers to consider, in the order of offers: all of them, but where nobody is
// told why not only those that react to a signal there is. The others would not come past alive.
func (x *deciding) candidates(offers []*catalog.Offer) []chosen {
	if !x.Brief || x.Requested || x.Leaving {
		all := make([]chosen, len(offers))
		for i, o := range offers {
			all[i].offer = o
		}
		return all
	}
	var few []int
	for i := range x.Signals {
		few = append(few, x.Catalog.OffersAtOn(x.Placement, x.Signals[i].Key)...)
	}
	slices.Sort(few)
	few = slices.Compact(few)
	all := make([]chosen, len(few))
	for i, n := range few {
		all[i].offer = offers[n]
	}
	return all
}

// aliveStage is how far offers come that are no candidates.
const aliveStage = 4

// rule says why an offer is not shown; empty: no objection.
type rule func(*deciding, *chosen) (code, reason string)

// rules take an offer one after the other; the first that objects says why.
var rules = []rule{
	(*deciding).placed, (*deciding).fitsIntent, (*deciding).seenByOutsiders, (*deciding).relates, (*deciding).alive,
	(*deciding).takes, (*deciding).unattended, (*deciding).meant, (*deciding).helped, (*deciding).loud, (*deciding).welcome,
	(*deciding).withinBudgets,
}

// consider takes an offer through the rules and says whether it came through.
func (x *deciding) consider(c *chosen) bool {
	if !x.through(c, rules) {
		return false
	}
	c.reason = "The person asked for offers"
	switch {
	case c.signal != nil:
		c.reason = c.signal.Evidence
	case x.Leaving:
		c.reason = "The person is about to buy less"
	}
	return true
}

// through takes an offer through some rules and says whether none of them objects.
func (x *deciding) through(c *chosen, rules []rule) bool {
	for stage, rule := range rules {
		if code, reason := rule(x, c); code != "" {
			c.stage, c.code, c.reason = stage, code, reason
			return false
		}
	}
	return true
}

// placed: what is in the way is shown only where a place is made for it, and nothing where a place
// is made for others.
func (x *deciding) placed(c *chosen) (code, reason string) {
	if p := x.place; p != nil && p.Profile != "" && x.Profile != "" && p.Profile != x.Profile {
		return "other_profile", x.Placement + " is for the profile " + p.Profile + ", and the person's is " + x.Profile
	}
	if p := x.place; c.offer.Kind != catalog.Interruption || p == nil || p.Kind == "" || p.Kind == "in_flow" || p.Kind == "launch" {
		return "", ""
	}
	return "wrong_place", "It is an interruption, and " + x.Placement + " is no place to interrupt"
}

// fitsIntent: saves are for who is about to buy less, and they see nothing else.
func (x *deciding) fitsIntent(c *chosen) (code, reason string) {
	switch {
	case x.Leaving && !c.offer.Save:
		return "not_a_save", "The person is about to buy less, so only what may save the account is offered"
	case !x.Leaving && c.offer.Save:
		return "save_only", "It is for who is about to buy less"
	}
	return "", ""
}

// seenByOutsiders: nothing is offered to people outside of the customer unless switched on.
func (x *deciding) seenByOutsiders(c *chosen) (code, reason string) {
	if x.External && !c.offer.External {
		return "external", "The person is outside of the customer, and it is not for them"
	}
	return "", ""
}

// relates: an offer belongs to the moment it appears in. A talk does to any.
func (x *deciding) relates(c *chosen) (code, reason string) {
	if x.about == "" || x.Leaving || c.offer.Give.Talk != "" {
		return "", ""
	}
	for _, e := range entitlementsOf(x.Catalog, c.offer.Give) {
		if e.Feature == x.about && gives(e) {
			return "", ""
		}
	}
	for i := range x.Signals {
		s := &x.Signals[i]
		if s.Data["feature"] == x.about && slices.Contains(c.offer.On, s.Key) && x.holds(s) {
			return "", ""
		}
	}
	return "not_related", "It has nothing to do with " + featureTitle(x.Catalog, x.about) + ", which this moment is about"
}

// alive finds the strongest signal behind the offer that no people have taken over.
func (x *deciding) alive(c *chosen) (code, reason string) {
	taken := ""
	for i := range x.Signals {
		s := &x.Signals[i]
		if !slices.Contains(c.offer.On, s.Key) || !x.holds(s) {
			continue
		}
		if owner := workedOn(x.Input, s.ID); owner != "" {
			taken = owner
		} else if c.signal == nil || stronger(s, c.signal, x.Now) {
			c.signal = s
		}
	}
	switch {
	case c.signal != nil:
		return "", ""
	case taken != "":
		return "routed_to_people", "People work on what was noticed: " + taken
	case x.Requested, x.Leaving && len(c.offer.On) == 0:
		return "", ""
	}
	if x.Brief {
		return "no_signal", ""
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
func (x *deciding) takes(c *chosen) (code, reason string) {
	w, o := x.values.worth(c.offer.Give)
	if o != nil {
		return o.Code, o.Reason
	}
	c.worth, c.give = w, w.Give
	if w.Estimated {
		c.give = c.offer.Give
	}
	if a := x.Catalog.Addons[c.give.Addon]; a != nil && w.Once > 0 && x.about != "" {
		if e := a.Entitlements[x.about]; e != nil {
			short := x.values.short(x.about)
			c.covers = short > 0 && (e.Unlimited || e.Limit > 0 && int64((short-1)/e.Limit) < c.give.Quantity)
		}
	}
	return "", ""
}

// unattended: nobody sells the same thing to the account in person. A preview asks it also of what the account
// cannot take.
func (x *deciding) unattended(c *chosen) (code, reason string) {
	if c.worth == nil {
		return "", ""
	}
	for _, p := range x.People {
		if sameThing(p.Give, c.give) || c.give.Talk != "" && sameThing(p.Give, c.worth.Give) {
			return "routed_to_people", "People work on the same thing: " + cmp.Or(p.Owner, "their owner")
		}
	}
	return "", ""
}

// meant: the offer's own condition.
func (x *deciding) meant(c *chosen) (code, reason string) {
	cond := c.offer.For
	if cond == nil {
		return "", ""
	}
	yes, err := cond.Eval(x.Vars)
	switch {
	case err != nil:
		return "not_for_account", "Its condition could not be judged and counts as not met: " + err.Error()
	case !yes:
		return "not_for_account", "Its condition is not met: " + cond.Source
	}
	return "", ""
}

// helped: who needs help gets that, and no offer.
func (x *deciding) helped(*chosen) (code, reason string) {
	if !x.helpFirst() {
		return "", ""
	}
	if x.Help.Rule == catalog.QuietUnderUsing {
		return x.Help.Rule, "The account hardly uses what it pays for, so it gets help before any offer"
	}
	return x.Help.Rule, "The account is not activated yet, so it gets help before any offer"
}

// loud: no quiet rule keeps it away.
func (x *deciding) loud(c *chosen) (code, reason string) {
	if len(x.Quiet) == 0 || x.Requested || c.offer.Save {
		return "", ""
	}
	q := x.Quiet[0]
	return "quiet", "Nothing is offered now: " + q.Reason
}

// withinBudgets: a contact that nobody asked for needs budget of its person, account and family.
// What is open is no new contact, but stays away too after a dismissal.
func (x *deciding) withinBudgets(c *chosen) (code, reason string) {
	if !spends(x.Input, c.offer) {
		return "", ""
	}
	for _, r := range x.Refusals {
		binds := r.Channel == catalog.AnyChannel || r.Channel == catalog.InProduct ||
			r.Channel == catalog.Interruptions && c.offer.Kind == catalog.Interruption
		if binds && (c.again == nil || r.Code != "contact_budget") {
			return r.Code, r.Reason
		}
	}
	return "", ""
}
