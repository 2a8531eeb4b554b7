package entitlement

import (
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/quantity"
)

// State is what an account has beside its subscription: balances, overrides, reservations,
// and what must be remembered of limits. The zero value is nothing. Every list has a most.
type State struct {
	// Grants are the live ones and those that were burned from in the window of now, oldest first.
	Grants    []Grant    `json:"grants,omitempty"`
	Past      []Grant    `json:"past,omitempty"`      // the newest that are over, oldest first
	Overrides []Override `json:"overrides,omitempty"` // by feature
	// Reservations are the open ones, Finished the newest that are over, each oldest first.
	Reservations []Reservation `json:"reservations,omitempty"`
	Finished     []Reservation `json:"finished,omitempty"`
	// Drawn is what must be known of what features drew from grants in their window of now.
	Drawn map[string]Drawn `json:"drawn,omitempty"`
	// Over is when usage of a feature passed its limit in the period of now: grace runs from then.
	Over map[string]clock.Time `json:"over,omitempty"`
	// Within is since when usage of a feature that is in Over and has no period is within its limit again.
	Within map[string]clock.Time `json:"within,omitempty"`
	// Base is the usage in the account's life of a feature that only grants give, at the time
	// when they began to give it: they are not burned by what was used before.
	Base map[string]quantity.Quantity `json:"base,omitempty"`
	// RollsAt is when what is left of a feature's allowance next rolls over.
	RollsAt map[string]clock.Time `json:"rolls_at,omitempty"`
	// Pools are the accounts that hold parts of this account's pooled features, by feature and account.
	Pools   map[string]map[string]Holding `json:"pools,omitempty"`
	Granted int64                         `json:"granted,omitempty"`  // grants ever; numbers their ids
	Numbers int64                         `json:"reserved,omitempty"` // reservations ever; numbers their ids
}

// IsZero says whether there is nothing in it: what was emptied is as what never was, so that
// the same state is stored as the same bytes.
func (st State) IsZero() bool {
	return len(st.Grants)+len(st.Past)+len(st.Overrides)+len(st.Reservations)+len(st.Finished)+
		len(st.Drawn)+len(st.Over)+len(st.Within)+len(st.Base)+len(st.RollsAt)+len(st.Pools) == 0 && st.Granted == 0 && st.Numbers == 0
}

// Bounds of a State's lists.
const (
	MaxGrants       = 500 // not yet used up or expired
	MaxPast         = 50
	MaxOverrides    = 500
	MaxReservations = 1000 // open ones
	MaxFinished     = 100
	MaxHolders      = 1000 // accounts that share a pool
)

// Grant is a balance of one feature: it is used after the allowances, and what was used of it
// does not come back when a period begins anew. Of a level, and of seats, it raises the limit.
// A grant without Amount opens a feature that is on or off.
type Grant struct {
	ID        string            `json:"id"`
	Feature   string            `json:"feature"`
	Amount    quantity.Quantity `json:"quantity"`
	Used      quantity.Quantity `json:"used"`     // 0 to Amount
	Priority  int               `json:"priority"` // 0 to 100; lower ones are used first
	GrantedAt clock.Time        `json:"granted_at"`
	ExpiresAt clock.Time        `json:"expires_at"` // from then on it gives nothing; unset: never
	Source    string            `json:"source"`     // operator, rollover, top_up:KEY
	Reason    string            `json:"reason,omitempty"`
	RevokedAt clock.Time        `json:"revoked_at,omitzero"`
	Gone      bool              `json:"gone,omitempty"` // it has expired, and was noticed to
	// Open is the part of Used that is above the allowance of the window of now: it is given
	// back when usage falls.
	Open quantity.Quantity `json:"open,omitempty"`
	// Burned is the part of Used that was above the allowance of the window of now before its
	// limit rose: it stays used, and is not drawn again should the limit fall.
	Burned quantity.Quantity `json:"burned,omitempty"`
}

// Drawn says of which window Open and Burned of a feature's grants are.
type Drawn struct {
	Until    clock.Time        `json:"until,omitzero"`     // its end; unset: it has none
	Based    bool              `json:"based,omitempty"`    // nothing but grants gave the feature
	Limit    quantity.Quantity `json:"limit,omitempty"`    // of a rolling allowance: the one that they were last drawn above
	Reserved quantity.Quantity `json:"reserved,omitempty"` // part of Open that only reservations need
}

// Sources of grants.
const (
	FromOperator = "operator"
	FromRollover = "rollover"
	FromTopUp    = "top_up:" // and the key of the add-on
)

// DefaultPriority is the priority of a grant that names none.
const DefaultPriority = 50

// Override replaces all that gives a feature. One of Allowed, Limit, Unlimited and Value is
// set: Allowed false locks a feature of any kind, true opens one that is on or off.
type Override struct {
	Feature   string             `json:"feature"`
	Allowed   *bool              `json:"allowed,omitempty"`
	Limit     *quantity.Quantity `json:"limit,omitempty"`
	Per       *catalog.Period    `json:"per,omitempty"` // of Limit; unset: that of the plan's allowance
	Unlimited bool               `json:"unlimited,omitempty"`
	Value     *string            `json:"value,omitempty"`
	Until     clock.Time         `json:"until"` // from then on it means nothing; unset: for good
	Reason    string             `json:"reason,omitempty"`
	SetAt     clock.Time         `json:"set_at"`
}

// Reservation locks an amount of a feature until it is finalized, released or expires. It
// counts against the limit as if it were used.
type Reservation struct {
	ID        string            `json:"id"`
	Feature   string            `json:"feature"`
	Quantity  quantity.Quantity `json:"quantity"`
	For       string            `json:"for,omitempty"` // the account of the family that holds it, when it is not this one
	User      string            `json:"user,omitempty"`
	CreatedAt clock.Time        `json:"created_at"`
	ExpiresAt clock.Time        `json:"expires_at"`
	// State is open, finalized, released or expired.
	State     string            `json:"state"`
	Finalized quantity.Quantity `json:"finalized,omitempty"` // what was taken in the end
}

// States of a reservation.
const (
	Open      = "open"
	Finalized = "finalized"
	Released  = "released"
	Expired   = "expired"
)

// Source is one of the things that give a feature, and what it gives.
type Source struct {
	// Source is plan:KEY, addon:KEY, trial:KEY, grant:ID or override.
	Source    string             `json:"source"`
	Limit     *quantity.Quantity `json:"limit,omitempty"`   // what it adds to the limit; unset: no limit, or no counted feature
	Balance   *quantity.Quantity `json:"balance,omitempty"` // what is left of a grant
	ExpiresAt clock.Time         `json:"expires_at,omitzero"`
	Priority  *int               `json:"priority,omitempty"` // of a grant: lower ones are used first
	Value     string             `json:"value,omitempty"`
}
