// Package contact keeps people from being asked too often: budgets per person, account and
// family over all channels, silence after a dismissal, and rules that keep everything quiet.
package contact

import (
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
)

// Refusal is a budget that is spent, or a silence, that forbids a contact over a channel.
type Refusal struct {
	Scope   catalog.Scope   `json:"scope"`
	Channel catalog.Channel `json:"channel"` // of the budget: any forbids all
	Code    string          `json:"code"`    // contact_budget or after_dismissal
	Reason  string          `json:"reason"`  // in plain words
	Until   clock.Time      `json:"until"`   // when the next contact is allowed
}

// Quiet is a rule in force that keeps offers away from an account.
type Quiet struct {
	Rule   string     `json:"rule"`   // one of catalog's quiet rules
	Reason string     `json:"reason"` // in plain words
	Until  clock.Time `json:"until,omitzero"`
}
