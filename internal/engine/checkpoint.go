package engine

import (
	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/invite"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/opportunity"
	"github.com/headroomhq/headroom/internal/revenue"
	"github.com/headroomhq/headroom/internal/signal"
	"github.com/headroomhq/headroom/internal/survey"
)

// Checkpoint is all that one partition changed between two log positions. It is committed
// in one transaction, only where position and epoch are still the ones named here.
type Checkpoint struct {
	Partition int
	Epoch     int64  // of the lease it was made under
	Stream    string // identity of the log the positions belong to
	From, To  uint64 // log positions: last one already committed, last one in here
	Now       clock.Time
	Catalog   string // active version
	Rules     int

	Accounts []AccountRow
	Sets     []SetRow // after the accounts, in this order
	Segments []Segment
	Answers  []AnswerRow
	Effects  Effects
	Types    []TypeCount // what came in; several of the same type and day add up
}

// AccountRow is an account's whole state and what of it lists and timers need in columns.
type AccountRow struct {
	Key     string
	State   []byte   // see Account
	Listing *Listing // nil: as written before, or a person without an account
	People  []account.Person
	// DropLimits: the account's rows of limits go, before Limits, the new and the changed
	// ones, are written.
	DropLimits bool
	Limits     []LimitRow
	TimersKept bool    // the account's rows of timers are as they were; Timers is empty
	Timers     []Timer // replaces the account's rows
}

// Listing is an account as lists show it.
type Listing struct {
	Account  account.Account
	Plan     string
	Status   string
	Interval string
	MRR      int64 // twelfths of a minor unit
	Currency string
	// NextAt is when something is known to happen to what it has bought, and Next what: see Account.next.
	NextAt clock.Time
	Next   string
}

// LimitRow is how near an account is to the limit of one feature.
type LimitRow struct {
	Feature  string
	Usage    int64 // millionths
	Limit    int64 // millionths
	Percent  int64
	ResetsAt clock.Time
}

// Timer is something due at a time of an account.
type Timer struct {
	Due clock.Time `json:"due"`
	ID  string     `json:"id"`
}

// Segment is a set of fingerprints first seen in one checkpoint, of one event day.
type Segment struct {
	Day          int32 // days since 1970-01-01, UTC
	Fingerprints []event.Fingerprint
}

// AnswerRow is what a call was told, kept so that a retry hears the same.
type AnswerRow struct {
	Account     string
	Fingerprint event.Fingerprint
	At          clock.Time
	Request     []byte // 16-byte hash of the arguments: the same key with others is refused
	Answer      []byte // JSON
}

// Effects are what Step lets out: rows for lists and reports, and records for other
// partitions. They leave only after the checkpoint.
type Effects struct {
	Signals       []signal.Signal
	Decisions     []offer.Decision
	Outcomes      []offer.Outcome
	Requests      []offer.Request
	Notices       []offer.Notice            // as they are now; a later one replaces an earlier one of the same id
	Opportunities []opportunity.Opportunity // as they are now; a later one replaces an earlier one of the same id
	Lines         []revenue.Line
	Periods       []PeriodRow
	Values        []ValueLine
	Facts         []FactRow
	Moments       []Moment  // as they are now; a later one replaces an earlier one of the same id
	Gates         []GateRow // as they are now; a later one replaces an earlier one
	Contacts      []ContactRow
	Variants      []VariantRow
	Milestones    []MilestoneRow // as they are now; a later one replaces an earlier one
	Stages        []StageRow
	Readiness     []ReadinessNow    // as of the daily look; a later one replaces an earlier one
	Invites       []invite.Invite   // as they are now; a later one replaces an earlier one of the same id
	Asks          []invite.Ask      // likewise
	Referrals     []invite.Referral // likewise, of the same account and program
	SignUps       []invite.SignUp   // once an account
	Surveys       []survey.Ask      // as they are now; a later one replaces an earlier one of the same id
	Forwards      []event.Record    // appended to the log after the checkpoint, with derived ids
}

// PeriodRow is the usage of one closed period.
type PeriodRow struct {
	Account    string
	Meter      string
	Per        catalog.Period // month, year, week or day
	Start, End clock.Time
	Usage      int64 // millionths, late events included
	Late       int64 // millionths that came from late events of earlier periods
}
