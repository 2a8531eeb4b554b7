// Package signal notices compelling events: the rules of the catalog over usage, gates,
// events and trials, each firing with its evidence in plain words.
package signal

import (
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
)

// Signal is a rule that fired for an account.
type Signal struct {
	ID       string              `json:"id"`
	Key      string              `json:"key"` // the rule in the catalog
	Type     catalog.RevenueType `json:"type"`
	Account  string              `json:"account"`
	User     string              `json:"user,omitempty"` // pseudonym
	At       clock.Time          `json:"at"`
	Score    int                 `json:"score"` // 0 to 100 when it fired; see ScoreAt
	Evidence string              `json:"evidence"`
	DecaysAt clock.Time          `json:"decays_at"`
	Data     map[string]string   `json:"data,omitempty"` // feature, usage, limit, times, event...
	// ScoreParts explain Score; their points add up to it.
	ScoreParts []Part `json:"score_parts,omitempty"`
}

// Part is one contribution to a score.
type Part struct {
	Name   string `json:"name"`
	Points int    `json:"points"`
	Why    string `json:"why"` // in plain words
}
