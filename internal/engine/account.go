package engine

import (
	"strconv"
	"strings"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/condition"
	"github.com/headroomhq/headroom/internal/contact"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/invite"
	"github.com/headroomhq/headroom/internal/meter"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/opportunity"
	"github.com/headroomhq/headroom/internal/revenue"
	"github.com/headroomhq/headroom/internal/signal"
	"github.com/headroomhq/headroom/internal/subscription"
	"github.com/headroomhq/headroom/internal/survey"
)

// Account is all that a partition keeps of one account, or of one person whose records
// carry no account (see event.UserKey). It survives being stored and read again at any
// moment, as the same bytes for the same state: see encode.
type Account struct {
	near
	Facts         account.Account           `json:"facts"`
	Subscription  subscription.Subscription `json:"subscription"`
	Usage         map[string]*meter.Usage   `json:"-"` // by meter
	Signals       signal.State              `json:"-"`
	Offers        offer.State               `json:"offers"`
	Opportunities []opportunity.Opportunity `json:"opportunities,omitempty"` // open ones, and the newest closed
	Opened        int64                     `json:"opened,omitempty"`        // opportunities ever; numbers their ids
	Ledger        revenue.Standing          `json:"ledger"`
	Imports       map[string]*imported      `json:"imports,omitempty"`  // subscriptions of another system, by id
	Adopted       bool                      `json:"adopted,omitempty"`  // Subscription is the largest running import
	Reversal      *reversal                 `json:"reversal,omitempty"` // of the last change, as long as Subscription.Undo is set
	// Trials are all the account has had, each thing once; at most subscription.MaxTrials. Those
	// of plans follow the Subscription.
	Trials  []subscription.Trial `json:"trials,omitempty"`
	History map[string]history   `json:"history,omitempty"` // imported usage, by meter
	// Problems counts records that could not be used, by what was wrong with them. Bounded.
	Problems map[string]int64 `json:"problems,omitempty"`
	// Entitled has grants, overrides and reservations.
	Entitled entitlement.State `json:"entitled,omitzero"`
	// Value is where the value ledger stands, and which closed features were met.
	Value ledgered `json:"value,omitzero"`
	// Moments are those of the last day; Noted counts all there ever were and numbers their ids.
	Moments []Moment `json:"moments,omitempty"`
	Noted   int64    `json:"noted,omitempty"`
	// Contact are the contacts that count against budgets: the account's own, at a root those of
	// its family too, and under a person's key the person's.
	Contact contact.State `json:"contact,omitzero"`
	// Known are facts that other systems know of the account; not under a person's key.
	Known      account.Facts `json:"known,omitempty"`
	Told       int64         `json:"told,omitempty"`      // changes of facts ever; numbers them
	Downgraded clock.Time    `json:"downgraded,omitzero"` // when it last began to pay less, by a change of its subscription
	// Unit is the root of its family when the account was first drawn in a holdout. What experiments draw by
	// is kept by Assigned, at the root of that time.
	Unit     string   `json:"unit,omitempty"`
	Assigned assigned `json:"assigned,omitzero"` // variants of experiments
	// Month is what it used in its last month; nil where no rule on plan fit asks.
	Month *lastMonth `json:"month,omitempty"`
	// Journey is where the account stands on its way; nil where nothing asks.
	Journey *journey        `json:"journey,omitempty"`
	Members account.Members `json:"-"` // its people, where anybody has said who they are
	// Catalog is the version that rules were last pruned for.
	Catalog string  `json:"catalog,omitempty"`
	Person  *person `json:"person,omitempty"`
	// AtDomain is the state under a domain's key, Domains what an account keeps of domains, and Outside how many
	// people of its own are in no account of its family.
	AtDomain *domain  `json:"at_domain,omitempty"`
	Domains  ofDomain `json:"domains,omitzero"`
	Outside  int      `json:"outside,omitempty"`
	// Invites are who was invited and who asks to join; Referrals how the account does in referral programs, by
	// program, and SignUp whom its own sign-up is credited to.
	Invites   *invite.State     `json:"invites,omitempty"`
	Referrals []invite.Referral `json:"referrals,omitempty"`
	SignUp    *invite.SignUp    `json:"sign_up,omitempty"`
	// Surveys is what its people said last.
	Surveys *survey.Account `json:"surveys,omitempty"`

	key     string
	meters  []string // the keys of Usage, sorted
	stored  []byte   // the whole, as the last harvest wrote it or as it was loaded
	outside int      // about how many bytes of memory sets take that are not in the stored state
	id      func(parts ...string) string
	written written
}

// near is what every event looks at, side by side: an event is for any account, so what it
// touches comes from memory a line at a time.
type near struct {
	dirty   bool             // changed since the last harvest
	timed   bool             // State.due has its timer, if it has one
	touched uint32           // State.round in which it was last touched
	by      *catalog.Catalog // for which it is pruned and cal holds; nil: to be worked out
	cal     subscription.Calendar
	watches []watch // by meter; see watchOf
	settles bool    // changes of usage are to be settled with grants, or begin a grace
	// The encoded parts, nil when they must be encoded anew; see encode.
	cold, signals []byte
}

// person is the state under a user key: who they are, where they belong, under which
// pseudonym they go on, and what waits until their account is known.
type person struct {
	account.Person
	Held    []event.Record `json:"held,omitempty"`
	Dropped int64          `json:"dropped,omitempty"` // beyond maxHeld: in the log, attributed to nobody
	Sent    int64          `json:"sent,omitempty"`    // forwards without an id of their own; numbers their ids
	Told    *toldDomain    `json:"told,omitempty"`    // what the domain of their address knows
	flows
}

// maxHeld bounds how many records wait for a person's account.
const maxHeld = 1000

// account returns the account of key, made when it does not exist.
func (s *State) account(key string) *Account {
	a := s.get(key)
	if a == nil {
		key = strings.Clone(key) // which may be a part of a whole log message
		a = &Account{key: key}
		a.Facts = account.Account{Key: key, Unknown: true, CreatedAt: s.Now, UpdatedAt: s.Now}
		a.written.known = true // that there is nothing
		s.accounts[key] = a
	}
	a.touched = s.round
	if !a.dirty {
		a.dirty = true
		s.dirty = append(s.dirty, a)
	}
	return a
}

// touch is account for records that may change anything about it; its timers are set anew when done.
func (s *State) touch(key string, c *catalog.Catalog, f func(a *Account)) {
	a := s.account(key)
	a.changed()
	a.follow(c, s.Now)
	a.by = nil // f may move the anchor
	f(a)
	s.fillSeats(a, nil, c)
	s.time(a, c)
}

// time sets the account's timer anew.
func (s *State) time(a *Account, c *catalog.Catalog) {
	entitlement.Track(a.Input(c, s.Now))
	s.due.put(a.key, a.nextDue(c, s.Now))
	a.timed = true
}

// changed says that more than usage is another now.
func (a *Account) changed() { a.cold, a.signals, a.watches, a.by = nil, nil, nil, nil }

// follow forgets what an earlier catalog's rules remembered, and works out the calendar.
func (a *Account) follow(c *catalog.Catalog, now clock.Time) {
	if a.by == c {
		return
	}
	if a.Catalog != c.Version {
		a.Signals.Prune(c.Signals, c.Streams(), now)
		a.Catalog = c.Version
		a.timed = false // another catalog may ask for other times
		a.changed()
	}
	a.by, a.cal = c, a.calendar(c)
	a.settles = len(a.Invites.LooksAt()) > 0 || entitlement.AnySettles(a.Input(c, now))
}

// prefixes begin the ids of each kind of thing.
var prefixes = map[string]string{"signal": "sig", "decision": "dec", "request": "req", "opportunity": "opp", "moment": "mom",
	"approval": "apv", "notice": "ntc"}

func (a *Account) ids() func(parts ...string) string {
	if a.id == nil {
		a.id = a.makeIDs()
	}
	return a.id
}

func (a *Account) makeIDs() func(parts ...string) string {
	return func(parts ...string) string {
		n, err := strconv.ParseInt(parts[1], 10, 64)
		if err != nil {
			panic("id number is not a number: " + parts[1]) // a bug of ours: domains count their own ids
		}
		return ID(prefixes[parts[0]], a.key, n)
	}
}

// calendar says where the account's windows of usage begin: at the anchor, by the clocks of
// its own time zone, else of the catalog's.
func (a *Account) calendar(c *catalog.Catalog) subscription.Calendar {
	if a.by == c {
		return a.cal
	}
	cal := subscription.Calendar{Anchor: a.Subscription.Anchor, Zone: c.Zone}
	if name := a.Facts.Billing[event.BillingTimeZone]; name != "" {
		if zone, err := clock.Zone(name); err == nil { // it was checked when it came in
			cal.Zone = zone
		}
	}
	return cal
}

// usage returns the state of a meter, made when it is not there.
func (a *Account) usage(key string) *meter.Usage {
	u := a.Usage[key]
	if u == nil {
		u = &meter.Usage{}
		if a.Usage == nil {
			a.Usage = make(map[string]*meter.Usage)
		}
		a.Usage[key] = u
	}
	return u
}

// nextDue returns when time next changes the account, zero when never.
func (a *Account) nextDue(c *catalog.Catalog, now clock.Time) clock.Time {
	var due clock.Time
	earlier := func(t clock.Time, ok bool) {
		if ok && t != 0 && (due == 0 || t < due) {
			due = t
		}
	}
	earlier(subscription.NextDue(&a.Subscription))
	for _, u := range a.Usage {
		earlier(meter.NextDue(u))
	}
	if _, ends := a.planTrial(); ends != 0 {
		t := signal.NextDue(&a.Signals, ends, c.SignalsOnTrial(), now)
		earlier(t, t != 0)
	}
	earlier(a.trialDue(), true)
	earlier(a.Offers.RequestsDue(), true)
	earlier(a.Entitled.NextDue(), true)
	earlier(a.Signals.Due(), true)
	earlier(a.Invites.NextDue(), true)
	earlier(a.AtDomain.due(), true)
	earlier(a.valueDue(c, now), true)
	earlier(a.lookDue(c, now), true)
	for _, i := range a.Imports {
		earlier(i.EndsAt, i.Live)
	}
	return due
}

// Input is what entitlements are answered from.
func (a *Account) Input(c *catalog.Catalog, now clock.Time) entitlement.Input {
	if a == nil {
		return entitlement.Input{Catalog: c, Now: now, Zone: c.Zone}
	}
	return entitlement.Input{Catalog: c, Subscription: &a.Subscription, Now: now, Zone: a.calendar(c).Zone,
		Eligible: a.eligible(), State: &a.Entitled, Trials: a.Trials,
		Usage: func(m string) *meter.Usage { return a.Usage[m] }}
}

// Terms are what a change of the subscription is judged by.
func (a *Account) Terms(c *catalog.Catalog, now clock.Time) subscription.Terms {
	return subscription.Terms{Catalog: c, Now: now, Eligible: a.eligible(), Tried: a.Trials, OnceUsed: a.onceUsed(c, now)}
}

// eligible says whether a condition of the catalog holds for the account.
func (a *Account) eligible() func(*condition.Condition) bool {
	var holds func(*condition.Condition) bool // made when it is first asked for: hardly any catalog does
	return func(c *condition.Condition) bool {
		if holds == nil {
			holds = condition.Holds(a.Vars("", "", ""))
		}
		return holds(c)
	}
}

// Vars are what the catalog's conditions see of the account and the person asking.
func (a *Account) Vars(role offer.Role, profile, placement string) map[string]any {
	traits := a.Facts.Traits
	if traits == nil {
		traits = map[string]any{}
	}
	mrr := a.Ledger.MRR.Round()
	scale := 1.0
	for range a.Ledger.Currency.Exponent() {
		scale *= 10
	}
	return map[string]any{
		"account": map[string]any{
			"key": a.key, "name": a.Facts.Name, "plan": a.Subscription.Plan,
			"status": string(a.Subscription.Status), "mrr": float64(mrr) / scale, "traits": traits,
		},
		"user":      map[string]any{"role": string(role), "profile": profile},
		"placement": placement,
	}
}

// features returns the account's standing with every feature, as offers see it.
func (a *Account) features(c *catalog.Catalog, now clock.Time) map[string]offer.Feature {
	out := make(map[string]offer.Feature, len(c.Features))
	for _, item := range entitlement.All(a.Input(c, now)) {
		out[item.Feature] = standingOf(item.Answer)
	}
	return out
}
