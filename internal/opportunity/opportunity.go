// Package opportunity holds revenue that people work on: opened by a signal whose amount
// the catalog's routing sends to a team, edited by people, won or lost.
package opportunity

import (
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/money"
)

// Opportunity is a possible deal with an account.
type Opportunity struct {
	ID       string              `json:"id"`
	Account  string              `json:"account"`
	Type     catalog.RevenueType `json:"type"`
	Motion   string              `json:"motion"` // self_service, success, sales or partner
	Owner    string              `json:"owner"`
	Involve  []string            `json:"involve,omitempty"`
	Play     string              `json:"play,omitempty"`
	Stage    Stage               `json:"stage"`
	Amount   money.Amount        `json:"amount"`  // estimated, a year's money
	Signal   string              `json:"signal"`  // id of the signal that opened it
	Signals  []string            `json:"signals"` // ids of all signals behind it, that one first
	Reason   string              `json:"reason"`  // why it was routed here, in plain words
	Evidence string              `json:"evidence"`
	Give     catalog.Give        `json:"give"` // what winning it changes
	Note     string              `json:"note,omitempty"`
	LostWhy  string              `json:"lost_reason,omitempty"`
	Version  int64               `json:"version"` // rises with every change
	OpenedAt clock.Time          `json:"opened_at"`
	EditedAt clock.Time          `json:"updated_at"`
	ClosedAt clock.Time          `json:"closed_at"`
}

// Stage is how far an opportunity has come.
type Stage string

// The stages.
const (
	Open       Stage = "open"
	InProgress Stage = "in_progress"
	Won        Stage = "won"
	Lost       Stage = "lost"
)

// Open says whether people still work on op, or should begin to.
func (op *Opportunity) Open() bool { return op.Stage == Open || op.Stage == InProgress }
