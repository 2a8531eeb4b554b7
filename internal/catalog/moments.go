package catalog

import (
	"time"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/condition"
	"github.com/headroomhq/headroom/internal/quantity"
)

// Signal is a compelling event: a hypothesis with the rule that notices it.
type Signal struct {
	Key        string
	Title      string // what people call it; the key when not said
	Type       RevenueType
	Hypothesis string
	Owner      string        // product, sales, marketing or success
	State      string        // proposed, testing, validated or retired; retired never fires
	Evidence   string        // what the hypothesis was validated by; a validated one has it
	Driven     string        // usage or time; worked out from the rule when not said
	Review     clock.Time    // the day the hypothesis is to be looked at again; 0: none said
	Decays     time.Duration // how long it stays worth acting on; 30 days when not said
	When       When

	mark uint64
}

// When is a signal's rule. Exactly one of its kinds is set, which the field of the same name as
// the first key tells: Limit, RunsOut, Unlimited, Held, Gate, Event, New, Sequence, Rate, Absent,
// Unused, Flat, Fit, Value, Milestone, Stuck, Outside, ChampionLeft, TrialEndsIn, TrialExpired,
// RenewsIn, Rule.
type When struct {
	Limit   string // feature whose usage reaches Reaches percent of its limit
	Reaches int64  // 1 to 1000

	// RunsOut is a feature whose limit will be reached, at the pace of the last Over (7 days when
	// not said), Ahead or more before it resets (1 day when not said); of what never resets,
	// within Within (14 days when not said).
	RunsOut string
	Ahead   time.Duration

	// Unlimited is a feature without a limit, of which more than Above is used in a month.
	Unlimited string
	Above     quantity.Quantity

	// Held is a feature of which Reaches percent (90 when not said) up to all of its limit, and
	// never more, was used in each of the last Periods periods (2 to 24); of what never resets,
	// at the end of each of so many months.
	Held    string
	Periods int64

	Gate   string        // locked feature touched Times within Within
	Times  int           // 1 to 1000; also for Event
	Within time.Duration // up to 366 days; also for Event with Times, Sequence, Without and RunsOut

	// Event is an event type that occurs for the Nth time in the account's life, every Every-th
	// time, Times within Within, or Without another one following: one of the four.
	Event string
	Nth   int64
	Every int64
	// Without is an event type that does not follow Event, or a touch of Gate, within Within:
	// what was begun and left.
	Without string
	Where   []Test // only such occurrences of Event, New, Rate and Absent count

	// New is a property of Event that has a value not met before: the From-th (2 when not said) or
	// a later one, up to 256.
	New  string
	From int64

	Sequence []Step // event types that follow each other, all within Within; 2 to 8

	// Rate is a meter, or else an event type, of which there is more by Rises percent, or
	// less by Falls, in a window of Over than in the one before it, with at least AtLeast in
	// the fuller of the two.
	Rate         string
	Over         time.Duration
	Rises, Falls int64 // percent; one of the two
	AtLeast      quantity.Quantity

	// Absent is an event type that does not occur for For, after it has at least After times.
	Absent string
	For    time.Duration // also for Unused, Flat and Stuck
	After  int64

	// Unused is a feature paid for, or "any", of which less than Below percent of the limit (or
	// nothing of what has none) was used at every daily look for For.
	Unused string
	Below  int64

	Flat bool   // neither MRR nor the usage of any counted feature has grown for For
	Fit  string // lower or higher: another plan would fit what was used in the last full month
	// Value is a value metric whose last full month left its band, Leaves above or below.
	Value  string
	Leaves string

	Milestone string // reached
	Stuck     string // milestone not reached For after its own Within

	Outside      int64 // so many people of the account's domain use the product outside its plan
	ChampionLeft bool  // a champion left, or was not seen for For

	TrialEndsIn  time.Duration // before the end of the trial
	TrialExpired bool          // a trial ended and nothing was bought
	RenewsIn     time.Duration // before the subscription renews

	// Rule is looked at once a day, and fires when it comes true.
	Rule *condition.Condition
	// And must hold as well when any other kind fires.
	And *condition.Condition
}

// Step is one step of a sequence.
type Step struct {
	Event string
	Where []Test // only such occurrences count
}

// OfferKind is how much attention an offer asks for.
type OfferKind string

// The offer kinds.
const (
	Ambient      OfferKind = "ambient"      // raises awareness, asks nothing, spends no contact budget
	Contextual   OfferKind = "contextual"   // at the point of need
	Interruption OfferKind = "interruption" // in the way, under a stricter cap
)

// Shape says what sort of thing an offer proposes. It follows from Give; Save is said.
type Shape string

// The shapes.
const (
	ShapePlan     Shape = "plan_upgrade"
	ShapeAddon    Shape = "add_on"
	ShapePack     Shape = "pack"    // a quantity each interval
	ShapeSeats    Shape = "seats"   // add-ons of kind seat
	ShapeTopUp    Shape = "top_up"  // a quantity, once
	ShapeTrial    Shape = "trial"   // of a plan, an add-on or a feature
	ShapeAnnual   Shape = "annual"  // pay by the year
	ShapeService  Shape = "service" // a service or a service tier
	ShapeSave     Shape = "save"    // instead of a downgrade or an end
	ShapeReferral Shape = "referral"
	ShapeTalk     Shape = "talk" // to sales or success
	ShapeInvite   Shape = "invite"
)

// Offer is what is proposed when one of its signals is alive.
type Offer struct {
	Key     string
	On      []string // signals
	Give    Give
	At      []string // placements
	Kind    OfferKind
	For     *condition.Condition // nil: everybody
	Contact Contact
	Content Content
	Holdout int64 // percent of account families that never see it, 0 to 100

	// Save: it is proposed to who is about to buy less, instead of less; only so.
	Save bool
	// Chance is how many percent of those who see it are expected to accept, for its expected
	// value: 1 to 100; 10 when not said.
	Chance int64
	// External: people of profiles that are external to the customer may see it.
	External bool
	// Link is where its button leads: an http(s) link or a path, with {account}, {offer},
	// {decision} and {placement} filled in. Empty: Links.Billing.
	Link string
}

// Give is what accepting the offer changes or begins: a plan, an add-on and its quantity, a
// trial, another interval, or none of the account's money: a referral, a talk, an invitation.
type Give struct {
	Plan     string `json:"plan,omitempty"`
	Addon    string `json:"addon,omitempty"`
	Quantity int64  `json:"quantity,omitempty"` // of the add-on, 1 when not said
	// Fit: as many of the add-on as cover what is used or asked for, at least Quantity.
	Fit      bool   `json:"fit,omitempty"`
	Trial    bool   `json:"trial,omitempty"`    // of Plan, Addon or Feature, instead of buying it
	Feature  string `json:"feature,omitempty"`  // only with Trial
	Interval string `json:"interval,omitempty"` // year: what is there, paid by the year
	Refer    string `json:"refer,omitempty"`    // a referral program of the catalog
	Talk     string `json:"talk,omitempty"`     // to sales or success
	Invite   string `json:"invite,omitempty"`   // a profile: somebody of it is to be invited
}

// Contact is an offer's own contact policy. Zero values mean no bound.
type Contact struct {
	Cooldown time.Duration // silence for this account after a dismissal
	AtMost   int           // times shown ...
	Per      time.Duration // ... within this window
}

// Content is what the offer says. Placeholders such as {usage}, {limit}, {remaining},
// {limit_next}, {feature}, {plan}, {plan_next}, {price} and {percent} are filled from the
// account's own usage; texts are messages of ICU MessageFormat, with plural and select.
type Content struct {
	Title  string
	Body   string
	Action string // label of the button
	Media  string // http(s) link
	// Translations by BCP 47 language; what is empty falls back to de for de-AT, then to the above.
	Translations map[string]Content
}

// Route sends a signal's revenue to the team that fits its size.
type Route struct {
	When    *condition.Condition // over amount (a year's money, in major units), type and account; nil: always
	To      string               // self_service, or the owner of an opportunity
	Motion  string               // self_service, success, sales or partner
	Involve []string
	Play    string
}

// Milestone is a step on an account's way to its first success.
type Milestone struct {
	Key   string
	Title string
	// Event is the type that reaches it when it occurs for the Nth time (1 when not said); else
	// Feature is what is used at least AtLeast of.
	Event   string
	Where   []Test
	Nth     int64
	Feature string
	AtLeast quantity.Quantity
	Within  time.Duration        // of the account's start; who takes longer is stuck. 0: no time is said
	Plans   []string             // whose subscribers are to reach it; none: all
	For     *condition.Condition // and for whom; nil: everybody
	// Optional: an account is activated without it.
	Optional bool
	After    string // the milestone that comes before it; empty: none does
	Help     Help
}

// Help is what is said to who needs help before any offer.
type Help struct {
	Title string
	Body  string
	Link  string // http(s) link
	// Invite is a profile of who can help, to be invited: a developer.
	Invite string
}

// Lifecycle bounds the stages of accounts; see package account for their meaning.
type Lifecycle struct {
	// Adopted: at least AdoptedFeatures of the features paid for are used, each by AdoptedShare
	// percent of its limit or more (any use of what has none). Default 3 and 25.
	AdoptedFeatures int64
	AdoptedShare    int64
	// UnderUse: every counted feature paid for is used by less than UnderUse percent of its
	// limit for UnderUseFor. Default 10 and 30 days.
	UnderUse    int64
	UnderUseFor time.Duration
	Help        Help // for who under-uses
	// Expanding: MRR grew within Expanding. Default 90 days.
	Expanding time.Duration
	// AtRisk: use fell by AtRisk percent from one AtRiskOver to the next. Default 50 and 28 days.
	AtRisk     int64
	AtRiskOver time.Duration
	// Advocate: an answer to an NPS survey of Advocate or more within a year, or a referral. Default 9.
	Advocate int64
}

// ReadinessRule says when an account is ready to grow by one type of revenue (PQA).
type ReadinessRule struct {
	Type  RevenueType
	Ready int64 // from so many points of 100; 60 when not said
	Parts []ReadinessPart
}

// ReadinessPart is one contribution.
type ReadinessPart struct {
	Group  string               // fit, usage or intent
	Why    string               // in plain words
	When   *condition.Condition // points when it holds; one of When and Signal
	Signal string               // points while it is alive, fading with its score
	Points int64                // -100 to 100
}

// Scope is over what a contact budget counts.
type Scope string

// The scopes.
const (
	PerPerson  Scope = "person" // in all accounts
	PerAccount Scope = "account"
	PerFamily  Scope = "family" // all accounts below one root
)

// Channel is a way to reach people.
type Channel string

// The channels. AnyChannel counts all of them; Interruptions only those in the product that
// are in the way.
const (
	InProduct     Channel = "in_product"
	Interruptions Channel = "interruption"
	Email         Channel = "email"
	ByPeople      Channel = "people"
	AnyChannel    Channel = "any"
)

// Budget is how often one person, account or family is contacted at most.
type Budget struct {
	Scope   Scope
	Channel Channel
	AtMost  int // 1 to 100
	Per     time.Duration
}

// The quiet rules: what keeps all offers but help and saves away.
const (
	QuietIncident     = "incident"      // an incident is open, or was within For
	QuietOverdue      = "overdue"       // an invoice is overdue
	QuietContacted    = "contacted"     // somebody was in touch within For
	QuietDowngraded   = "downgraded"    // bought less within For
	QuietDissatisfied = "dissatisfied"  // low satisfaction within For
	QuietNotActivated = "not_activated" // required milestones are missing
	QuietUnderUsing   = "under_using"   // what is paid for is hardly used
	QuietMuted        = "muted"         // somebody said so, until a time
)

// ContactPolicy is the budget of contacts over all channels, and when to say nothing.
type ContactPolicy struct {
	// Budgets: where none is given for interruptions of a person, one a week is.
	Budgets []Budget
	// AfterDismissal is how long a person who dismissed an offer is left alone by all offers but
	// ambient ones; 1 day when not said.
	AfterDismissal time.Duration
	// Quiet has each rule that is on, with its For; all are on when nothing is said: incident 1
	// day, contacted 3 days, downgraded 30 days, dissatisfied 30 days.
	Quiet map[string]time.Duration
}

// RequestPolicy is how upgrade requests of members wait for an admin.
type RequestPolicy struct {
	Expire  time.Duration   // 30 days when not said
	Remind  []time.Duration // after the request; 3 and 7 days when not said
	CoolOff time.Duration   // after a decline the same person cannot ask for the same; 14 days
}

// Links lead into the product, each with its own parts filled in; all know {account}.
type Links struct {
	Billing string // the pricing and billing page: {offer}, {decision}, {placement}
	Invite  string // where who is invited joins: {code}, {invite} or {request}
	Refer   string // where who was referred signs up: {code}
	Powered string // where "powered by" leads: {code}
}

// Referral is a program by which customers bring others.
type Referral struct {
	Key    string
	Title  string
	Reward string // in words
	// Window is within which of an exposure a sign-up is credited; 90 days when not said.
	Window time.Duration
}

// Survey asks people in the product.
type Survey struct {
	Key      string
	Title    string
	Kind     string // nps (0 to 10), csat (1 to 5) or feature_request
	Question string
	Follow   string // the open question after it
	At       []string
	For      *condition.Condition // nil: everybody who is not external
	Sample   int64                // percent of people asked in each Every, drawn anew each time; 100
	Every    time.Duration        // 90 days when not said
	// Refer is the referral program that promoters (9 and 10; of CSAT 5) are asked to join.
	Refer        string
	Translations map[string]SurveyText
}

// SurveyText is a survey in another language.
type SurveyText struct{ Title, Question, Follow string }

// Experiment assigns account families to variants.
type Experiment struct {
	Key        string
	Title      string
	Hypothesis string
	State      string // draft, running or stopped; only running ones assign
	Variants   []Variant
	For        *condition.Condition // nil: everybody
	// Outcome is the signal whose time is compared; empty: none.
	Outcome string
}

// Variant is one side of an experiment. Shares are in percent and add up to at most 100; the rest
// is not in the experiment.
type Variant struct {
	Key   string
	Share int64
}
