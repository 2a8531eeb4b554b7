package offer

import (
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
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

	State *State // not changed
	Salt  string // of holdouts; the same for the life of an installation
	Now   clock.Time
	// ID makes ids. It is called with "decision" or "request" and a decimal number that
	// rises from 1 per account and kind.
	ID func(parts ...string) string
}

// Feature is an account's standing with one feature, as entitlements see it.
type Feature struct {
	Allowed   bool // Boolean features
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
func Decide(in Input) Decision { return Decision{} }

// Commit keeps a decision that Decide made from the same input: it spends the contact
// budget and can be acted on until it expires. A decision that is shown again, or that
// nobody needs to remember, changes nothing.
func Commit(in Input, d Decision) {}

// Holdout says whether a family never sees an offer: percent (0 to 100) of all families,
// the same ones for ever.
func Holdout(family, offer, salt string, percent int64) bool { return false }

// Change is what accepting give changes in sub. Add-ons are added to those there.
func Change(give catalog.Give, sub *subscription.Subscription) subscription.Change {
	return subscription.Change{}
}

// Placeholders returns the placeholders in a text of an offer that nothing fills, for the
// check of a catalog.
func Placeholders(text string) []string { return nil }
