package signal

import (
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/quantity"
)

// maxLive bounds the live signals kept per account; the oldest go first.
const maxLive = 50

// State is what an account's rules remember between facts. Its zero value is an account
// nothing has happened to. It is JSON that survives a round trip at any moment, and small:
// one entry per rule that fired or counts, and at most 50 live signals.
type State struct {
	Fired  int64                   `json:"fired,omitempty"`  // signals ever; numbers their ids
	Limits map[string]LimitFired   `json:"limits,omitempty"` // by rule; absent: armed
	Gates  map[string]*GateTouches `json:"gates,omitempty"`  // by rule
	Events map[string]int64        `json:"events,omitempty"` // occurrences in life, by event type
	Trials map[string]clock.Time   `json:"trials,omitempty"` // by rule: the end of the trial it fired for
	Live   []Signal                `json:"live,omitempty"`   // oldest first, the newest one of each rule
}

// LimitFired says for which period and which limit a limit rule has fired. It fires again
// only when one of them is another, or when usage has fallen below the share of a level.
type LimitFired struct {
	Period clock.Time        `json:"period"` // start; unset for what never resets
	Limit  quantity.Quantity `json:"limit"`
}

// GateTouches are the latest touches a gate rule may still count, oldest first.
type GateTouches struct {
	At    []clock.Time `json:"at,omitempty"`
	Fired clock.Time   `json:"fired"` // newest touch of the last firing
}

// Context is what every fact comes with.
type Context struct {
	Account string
	User    string     // pseudonym, empty when unknown
	Now     clock.Time // state time
	// ID makes the id of a signal. It is called with "signal" and a decimal number that
	// rises from 1 per account.
	ID func(parts ...string) string
}

// UsageChange says that the usage of a metered feature, or its limit, is now another.
type UsageChange struct {
	Feature     string
	Title       string // of the feature
	Before      quantity.Quantity
	Usage       quantity.Quantity
	Limit       quantity.Quantity
	Unlimited   bool
	PeriodStart clock.Time // of the allowance; unset for levels and lifetime
	ResetsAt    clock.Time // unset for levels and lifetime
	// Late: the change comes from an event of a period already closed. It counts and
	// never fires (rule 11).
	Late bool
}

// GateTouch says that somebody tried a feature the account does not have.
type GateTouch struct {
	Feature string
	Title   string // of the feature
	Plan    string // title of the account's plan, empty without one
	// Limit is what the plan has of a metered feature that is used up; zero for what it does
	// not have at all.
	Limit quantity.Quantity
	At    clock.Time // when it happened; taken as now when later than that
}

// Occurrence says that an event happened once more in the account's life.
type Occurrence struct {
	Type string
	At   clock.Time // when it happened; taken as now when later than that
	Late bool       // of a period already closed: counts, never fires
}

// Trial is a running trial.
type Trial struct {
	Plan   string // key
	Title  string // of the plan
	EndsAt clock.Time
}
