// Package report makes the read-only start: from exports of accounts, subscriptions and
// usage, what a growth lead wants to know on the first day, as one document (JSON) and one
// self-contained page (HTML). It computes; it opens no files and knows no clock.
package report

import (
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/revenue"
	"github.com/headroomhq/headroom/internal/sheet"
)

// Money is recurring revenue a month as it is shown: {"…": "149.00"} in the report's
// currency, rounded for display only.
type Money struct {
	Twelfths money.Twelfths
	Currency money.Currency
}

// MarshalText writes the plain decimal.
func (m Money) MarshalText() ([]byte, error) {
	return []byte(m.Twelfths.Round().Decimal(m.Currency)), nil
}

// Report is the whole answer. Lists are cut to Options.Top rows; the counts beside them are
// of all. Amounts are MRR in Currency.
type Report struct {
	Title    string         `json:"title"`
	Currency money.Currency `json:"currency"`
	Until    string         `json:"until"`  // last day in the data
	Period   revenue.Month  `json:"period"` // last complete month: "now" in all that follows
	Files    []FileUse      `json:"files"`
	Headline Headline       `json:"headline"`
	First    []Advice       `json:"do_first"`

	Movements []revenue.MovementItem  `json:"movements"`
	Retention []revenue.RetentionItem `json:"retention"`
	Trailing  []revenue.RetentionItem `json:"retention_12_months"`

	Expanding   []Change `json:"expanding"`
	Contracting []Change `json:"contracting"`
	Lost        []Change `json:"lost"`

	Limits      Limits       `json:"limits"`
	Flat        Flat         `json:"flat"`
	UnderUsing  UnderUsing   `json:"under_using"`
	Whitespace  Whitespace   `json:"whitespace"`
	Suggestions []Suggestion `json:"limits_to_reconsider"`

	Oddities []sheet.Group `json:"oddities"`
	Policies []string      `json:"policies"`
	Notes    []string      `json:"notes"`

	movements []revenue.Movement
	retention []revenue.Kept
	trailing  []revenue.Kept
}

// FileUse says what was made of a file.
type FileUse struct {
	Name    string            `json:"name"`
	Kind    sheet.Kind        `json:"kind,omitempty"` // empty: not used
	Why     string            `json:"why,omitempty"`  // it was not used
	Format  string            `json:"format,omitempty"`
	Counts  sheet.Counts      `json:"counts"`
	Columns map[string]string `json:"columns,omitempty"`
}

// Headline is the handful of figures that come first.
type Headline struct {
	MRR Money `json:"mrr"`
	// LeftOut says "3 of 6 rows of subscriptions were left out" beside the MRR; empty when none was.
	LeftOut  string  `json:"left_out,omitempty"`
	ARR      Money   `json:"arr"`
	Paying   int     `json:"paying_accounts"`
	ARPA     Money   `json:"arpa"` // MRR per paying account
	NRR      *string `json:"nrr_12_months"`
	GRR      *string `json:"grr_12_months"`
	MonthNRR *string `json:"nrr_month"`
	MonthGRR *string `json:"grr_month"`
	Net      Money   `json:"net_new_mrr"` // of the last month
}

// Advice is one thing to do, the most valuable first.
type Advice struct {
	Title    string   `json:"title"`
	Why      string   `json:"why"`
	Accounts []string `json:"accounts,omitempty"` // keys, the first few
	Section  string   `json:"section"`            // where the page shows it
}

// Who is an account as lists show it.
type Who struct {
	Account string `json:"account"`
	Name    string `json:"name,omitempty"`
	Plan    string `json:"plan,omitempty"`
	Segment string `json:"segment,omitempty"`
	MRR     Money  `json:"mrr"`
}

// Change is an account whose MRR moved over the last twelve months.
type Change struct {
	Who
	From   Money  `json:"from"`
	To     Money  `json:"to"`
	Change Money  `json:"change"`
	Why    string `json:"why"`
}

// LimitSource says where limits come from.
type LimitSource string

// The sources of limits, the surest first.
const (
	FromColumn   LimitSource = "column"   // a limit column of the usage file
	FromCatalog  LimitSource = "catalog"  // the entitlements of --catalog
	FromPlateau  LimitSource = "plateau"  // usage that bunches under a value, as under a limit
	FromSuggest  LimitSource = "proposal" // no limit is known: measured against the ones proposed below
	LimitUnknown LimitSource = "unknown"  // no limit, and too little usage to propose one
)

// Limits is how accounts stand to their limits.
type Limits struct {
	Source      LimitSource     `json:"source"`
	Explanation string          `json:"explanation"`
	Near        []LimitStanding `json:"near"`
	NearCount   int             `json:"near_count"`
	Held        []LimitStanding `json:"held"`
	HeldCount   int             `json:"held_count"`
	Over        []LimitStanding `json:"over"`
	OverCount   int             `json:"over_count"`
}

// LimitStanding is one account at one limit. Usage is of the last complete month.
type LimitStanding struct {
	Who
	Feature string            `json:"feature"`
	Usage   quantity.Quantity `json:"usage"`
	Limit   quantity.Quantity `json:"limit"`
	Percent int64             `json:"percent"`
	Why     string            `json:"why"`
}

// Flat is who pays the same for twelve months although usage grew.
type Flat struct {
	Explanation string        `json:"explanation"`
	Items       []FlatAccount `json:"items"`
	Count       int           `json:"count"`     // flat, and usage grew
	AllFlat     int           `json:"all_count"` // flat, whatever usage did
	MRR         Money         `json:"mrr"`       // of the counted
}

// FlatAccount pays the same as twelve months ago.
type FlatAccount struct {
	Who
	Before quantity.Quantity `json:"usage_before"` // the six months before the last six
	After  quantity.Quantity `json:"usage_after"`  // the last six months
	Why    string            `json:"why"`
}

// UnderUsing is who pays and hardly uses.
type UnderUsing struct {
	Explanation string          `json:"explanation"`
	Items       []UnderUsedItem `json:"items"`
	Count       int             `json:"count"`
	MRR         Money           `json:"mrr"`
}

// UnderUsedItem is a paying account with little use.
type UnderUsedItem struct {
	Who
	Usage  quantity.Quantity `json:"usage"`  // the last three months
	Median quantity.Quantity `json:"median"` // of paying accounts on the same plan
	Last   string            `json:"last_used,omitempty"`
	Why    string            `json:"why"`
}

// Whitespace is what similar accounts use and this one does not.
type Whitespace struct {
	Explanation  string        `json:"explanation"`
	Features     []Attach      `json:"features"`
	Accounts     []MissingItem `json:"accounts"`
	AccountCount int           `json:"account_count"`
	Plans        []PlanFit     `json:"plans"`
	PlanCount    int           `json:"plan_count"`
	PlanRungs    []PlanSummary `json:"plan_summary"`
}

// Attach is how many paying accounts used a feature in the last twelve months.
type Attach struct {
	Feature  string `json:"feature"`
	Accounts int    `json:"accounts"`
	Paying   int    `json:"paying"`
	Rate     string `json:"rate"`
}

// MissingItem is an account with the features most similar accounts use and it does not.
type MissingItem struct {
	Who
	Similar  string   `json:"similar"` // which accounts it is compared with
	Features []Missed `json:"features"`
}

// Missed is a feature that a share of similar accounts use.
type Missed struct {
	Feature string `json:"feature"`
	Rate    string `json:"rate"`
}

// PlanFit is an account that uses as much as accounts of the plan above.
type PlanFit struct {
	Who
	Above  string            `json:"plan_above"`
	Usage  quantity.Quantity `json:"usage"`       // the last three months
	Theirs quantity.Quantity `json:"usage_above"` // upper quarter of the plan above begins here
	Why    string            `json:"why"`
}

// PlanSummary is one plan with its paying accounts.
type PlanSummary struct {
	Plan     string            `json:"plan"`
	Accounts int               `json:"accounts"`
	MRR      Money             `json:"mrr"`
	ARPA     Money             `json:"arpa"`
	Usage    quantity.Quantity `json:"median_usage"` // median of the last three months
}

// Suggestion is where limits of a feature would fall naturally.
type Suggestion struct {
	Feature  string            `json:"feature"` // "all features" is everything added up
	Plan     string            `json:"plan,omitempty"`
	Accounts int               `json:"accounts"`
	Median   quantity.Quantity `json:"median"`
	Largest  quantity.Quantity `json:"largest"`
	Clusters []Cluster         `json:"clusters"`
	Limits   []SuggestedLimit  `json:"suggestions"`
	Fit      string            `json:"fit"` // share of the variance that the clusters explain
	Why      string            `json:"why"`
	Plateau  *Plateau          `json:"plateau,omitempty"`
	// Bins counts accounts in bars of equal width from zero to Largest.
	Bins []int `json:"histogram"`
}

// Cluster is a group of accounts with like usage.
type Cluster struct {
	Size   int               `json:"size"`
	Center quantity.Quantity `json:"center"`
	From   quantity.Quantity `json:"from"`
	To     quantity.Quantity `json:"to"`
}

// SuggestedLimit is a limit at a natural break.
type SuggestedLimit struct {
	Limit quantity.Quantity `json:"limit"`
	Above int               `json:"accounts_above"`
	Near  int               `json:"accounts_near"` // from 80% of the limit up to it
	MRR   Money             `json:"mrr_above"`
}

// Plateau is a value under which usage bunches, as it does under a limit.
type Plateau struct {
	Value    quantity.Quantity `json:"value"`
	Accounts int               `json:"accounts"` // from 95% of it up to it
	Above    int               `json:"accounts_above"`
}

// Options are the choices of a report. The zero Options are the defaults.
type Options struct {
	Title    string
	Mapping  *sheet.Mapping
	Catalog  LimitBook      // nil: no catalog
	Currency money.Currency // "": the one with most rows
	AsOf     clock.Time     // zero: the last day in the data
	Today    clock.Time     // ends after it are known in advance and do not move "now"; zero: unknown
	Usage    Aggregate      // Sum when empty
	Top      int            // rows of a list, 25 when zero
	Keep     int            // problems of a kind and file kept with their row, 100 when zero
	// Progress is told every 100,000 rows; may be nil.
	Progress func(file string, rows int64)
	// Each sees every problem; may be nil.
	Each func(sheet.Problem)
}

// Aggregate is how rows of one account, feature and month become usage of the month.
type Aggregate string

// The aggregates.
const (
	Sum Aggregate = "sum" // rows are added up
	Max Aggregate = "max" // rows are readings of a level, the highest counts
)

// LimitBook answers from a catalog: the limit of a feature on a plan, both as the exports
// call them. lifetime says that the limit is of all usage ever, not of a month.
type LimitBook interface {
	Limit(plan, feature string) (limit quantity.Quantity, lifetime, ok bool)
}
