package packaging

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
)

// Member is an account in the design of a feature's limits.
type Member struct {
	Account string
	Name    string
	Plan    string
	Segment string
	// Usage is the most it used in one period; see Period.
	Usage     quantity.Quantity
	Limit     quantity.Quantity // that binds it now, add-ons and grants included; 0 when there is none
	Unlimited bool
	// Extra is the part of Limit that comes from elsewhere than the plan: add-ons, grants, trials.
	Extra quantity.Quantity
	// Times is how many units the plan's limit counts for, where it gives one for each; else 0 or 1.
	Times int64
	// Kept: what it may use does not follow the plan that is sold today, but an override, an earlier
	// version of the plan, or something without a limit beside it.
	Kept     bool
	MRR      money.Twelfths
	Currency money.Currency // empty: it has never paid
}

// LimitQuestion is what is asked about a feature's limits.
type LimitQuestion struct {
	Catalog  *catalog.Catalog
	Feature  *catalog.Feature
	Per      catalog.Period // that usage is of
	Members  []Member       // live accounts that have the feature, in the order of their keys
	Clusters int            // 0: by BIC
	// Plan is the key of the plan that all limits are weighed for; empty: each for the plan whose
	// limit today is the nearest at or above it, else the nearest to it.
	Plan string
	// Candidates are limits to weigh besides those suggested; none: the one that Plan has today.
	Candidates []quantity.Quantity
	// Upgrade is how many percent of squeezed accounts are assumed to upgrade, and of those that
	// would fit into a lower plan to step down, 0 to 100.
	Upgrade int64
}

// LimitAnswer is what usage says about the limits of a feature.
type LimitAnswer struct {
	Feature string `json:"feature" doc:"key of the feature"`
	Title   string `json:"title" doc:"its title"`
	Unit    string `json:"unit" doc:"what is counted"`
	// Per is the period that usage is of: lifetime, month, rolling 24h.
	Per string `json:"per" doc:"the period that usage is of: lifetime, month, rolling 24h"`
	// Basis says in words which usage counts.
	Basis string `json:"basis" doc:"which usage counts, in words"`
	// Accounts have used the feature; UnusedAccounts have it and did not, and are in no figure.
	Accounts          int                 `json:"accounts" doc:"how many have used it"`
	UnusedAccounts    int                 `json:"unused_accounts" doc:"how many have it and did not use it; they are in no other figure"`
	UnlimitedAccounts int                 `json:"unlimited_accounts" doc:"how many of accounts have no limit"` // of Accounts
	Quantiles         Quantiles           `json:"quantiles" doc:"usage by share of accounts"`
	Histogram         []Bin               `json:"histogram" doc:"accounts by usage"`
	Segments          []Segment           `json:"segments" doc:"the same by value of the trait; all have the same bins"`
	Clusters          []Cluster           `json:"clusters" doc:"groups of accounts that use about the same, found exactly"`
	Breaks            []quantity.Quantity `json:"breaks" doc:"half-way between two clusters"`
	Limits            []PlanLimit         `json:"limits" doc:"limits that plans have today"`
	Plans             []PlanToday         `json:"plans" doc:"what each plan that is sold or used gives of it today: a limit can be weighed for each"`
	Candidate         *quantity.Quantity  `json:"candidate" nullable:"true" doc:"the limit to look at first: the first that was asked about, else the one the plan has today, else the first suggested; null where there is none"`
	CandidatePlan     string              `json:"candidate_plan,omitempty" doc:"the plan it is weighed for"`
	Suggestions       []Candidate         `json:"suggestions" doc:"round numbers near the breaks, and the candidates asked about"`
	TopUnlimited      []Unlimited         `json:"top_unlimited" doc:"who uses most without a limit"`
	Notes             []string            `json:"notes" doc:"what to know before using the figures"`
}

// Segment is the distribution of usage in one segment; all have the same bins.
type Segment struct {
	Segment   string    `json:"segment" doc:"value of the trait; empty for accounts without it"` // empty: accounts without the trait, or all when none was asked for
	Accounts  int       `json:"accounts" doc:"how many there are"`
	Quantiles Quantiles `json:"quantiles" doc:"usage by share of accounts"`
	Histogram []Bin     `json:"histogram" doc:"accounts by usage"`
}

// PlanLimit is a limit that plans have today, with the bunching of those accounts on them that have
// no other limit.
type PlanLimit struct {
	Bunching
	Plans []string `json:"plans" doc:"plans that have it"`
}

// PlanToday is what a plan gives of the feature today.
type PlanToday struct {
	Plan      string             `json:"plan" doc:"key of the plan"`
	Title     string             `json:"title" doc:"its title"`
	Limit     *quantity.Quantity `json:"limit" nullable:"true" doc:"its limit; null where it has none or does not give the feature"`
	Unlimited bool               `json:"unlimited" doc:"it gives the feature without a limit"`
	Accounts  int                `json:"accounts" doc:"accounts on it that have used the feature"`
	Highest   bool               `json:"highest" doc:"there is no plan above it to go to"`
}

// Candidate is a limit that one plan could have, and what it would do. Other plans keep theirs.
type Candidate struct {
	Suggestion
	Asked bool   `json:"asked" doc:"it was asked about, not suggested"` // it was asked about, and is not at a break
	Plan  string `json:"plan" doc:"the plan it would be the limit of; all others keep theirs"`
	// Today is the plan's limit; nil when it has none or does not give the feature.
	Today          *quantity.Quantity `json:"today" nullable:"true" doc:"the plan's limit today; null where it has none or does not give the feature"`
	TodayUnlimited bool               `json:"today_unlimited" doc:"the plan has no limit today"`
	Change         Change             `json:"change" enum:"tightens,loosens,none" doc:"what it does to what the plan gives"`
	Highest        bool               `json:"highest" doc:"there is no plan above to go to"`
	// FittingAccounts are on a plan above for no more than this limit would give; Next is Plan.
	FittingAccounts int        `json:"fitting_accounts" doc:"of a limit that loosens: how many are on a plan above that they would no longer need for this"`
	Fitting         []Squeezed `json:"fitting" doc:"those of them that use most; next is the plan they would fit into"`
	// RelievedAccounts are on Plan and near what they may use today.
	RelievedAccounts int `json:"relieved_accounts" doc:"of a limit that loosens: how many of the plan are near their limit today and would no longer need to upgrade"`
	// SqueezedAccounts use more than the limit and may today; Squeezed are those that use most.
	SqueezedAccounts int        `json:"squeezed_accounts" doc:"how many of the plan use more and may today"`
	Squeezed         []Squeezed `json:"squeezed" doc:"those of them that use most"`
	Revenue          Effect     `json:"revenue" doc:"what it would earn, and under which assumptions"`
}

// Squeezed is an account that uses more than a limit that could be.
type Squeezed struct {
	Account string            `json:"account" doc:"the account's key"`
	Name    string            `json:"name,omitempty" doc:"its name"`
	Plan    string            `json:"plan" doc:"its plan"`
	Usage   quantity.Quantity `json:"usage" doc:"what it uses"`
	// Next is the plan that holds what it uses: above its own, or below where it would fit; empty when there is none.
	Next string `json:"next,omitempty" doc:"the plan that would hold what it uses; absent when there is none"`
}

// Unlimited is an account that may use as much as it likes, and what it pays for that.
type Unlimited struct {
	Account string            `json:"account" doc:"the account's key"`
	Name    string            `json:"name,omitempty" doc:"its name"`
	Plan    string            `json:"plan" doc:"its plan"`
	Usage   quantity.Quantity `json:"usage" doc:"what it uses"`
	MRR     money.Amount      `json:"mrr" doc:"what it pays a month"`
	// PerUnit is MRR for each unit used in one period, with three digits that count.
	PerUnit string `json:"per_unit" doc:"what it pays a month for each unit it uses"`
}

// Most rows of lists in an answer.
const (
	mostListed   = 20
	mostSegments = 20
)

// Limits works out what usage says about the limits of a feature.
func Limits(q LimitQuestion) LimitAnswer {
	a := LimitAnswer{Feature: q.Feature.Key, Title: q.Feature.Title, Unit: strings.ToLower(q.Feature.Title), Per: cmp.Or(string(q.Per), "lifetime"),
		Limits: []PlanLimit{}, Plans: []PlanToday{}, Suggestions: []Candidate{}, TopUnlimited: []Unlimited{}, Segments: []Segment{}}
	a.Basis = "the usage of each account now, as it stands"
	if _, rolls := q.Per.Rolling(); !rolls && q.Per != catalog.Lifetime {
		a.Basis = fmt.Sprintf("the most that each account used in one %s, of this one so far and the last three", q.Per)
	}
	members := make([]Member, 0, len(q.Members))
	for i := range q.Members {
		if q.Members[i].Usage > 0 {
			members = append(members, q.Members[i])
		}
	}
	a.Accounts, a.UnusedAccounts = len(members), len(q.Members)-len(members)
	sample := sampleOf(members)
	d := Suggest(sample, q.Clusters)
	a.Quantiles, a.Histogram, a.Clusters, a.Breaks, a.Notes = d.Quantiles, d.Histogram, d.Clusters, d.Breaks, d.Notes
	a.segments(members, sample.Edges())
	a.today(q, members)
	for _, s := range d.Suggestions {
		a.Suggestions = append(a.Suggestions, q.weigh(s, members))
	}
	first := q.first(d.Suggestions)
	candidates := q.Candidates
	if len(candidates) == 0 && first > 0 {
		candidates = []quantity.Quantity{first}
	}
	for _, limit := range candidates {
		if slices.ContainsFunc(a.Suggestions, func(c Candidate) bool { return c.Limit == limit }) {
			continue
		}
		c := q.weigh(sample.Suggestion(limit), members)
		c.Asked = len(q.Candidates) > 0
		a.Suggestions = append(a.Suggestions, c)
	}
	slices.SortStableFunc(a.Suggestions, func(x, y Candidate) int { return cmp.Compare(x.Limit, y.Limit) })
	if i := slices.IndexFunc(a.Suggestions, func(c Candidate) bool { return c.Limit == first }); i >= 0 {
		a.Candidate, a.CandidatePlan = &first, a.Suggestions[i].Plan
	}
	a.unlimited(q, members)
	return a
}

// first returns the limit to look at first, 0 when there is none: the first asked about, else what
// the plan asked about or the lowest with a limit has today, else the first suggested.
func (q *LimitQuestion) first(suggested []Suggestion) quantity.Quantity {
	if len(q.Candidates) > 0 {
		return q.Candidates[0]
	}
	for _, p := range q.Catalog.PlansInOrder() {
		asked := q.Plan == p.Key || q.Plan == "" && sold(p)
		if e := p.Entitlements[q.Feature.Key]; asked && e != nil && !e.Unlimited && e.Limit > 0 {
			return e.Limit
		}
	}
	if len(suggested) > 0 {
		return suggested[0].Limit
	}
	return 0
}

// sold says whether a plan is sold, or could be.
func sold(p *catalog.Plan) bool { return !p.Retired && p.Ready != catalog.NotReady }

func sampleOf(members []Member) *Sample {
	usage := make([]quantity.Quantity, len(members))
	for i := range members {
		usage[i] = members[i].Usage
	}
	return NewSample(usage)
}

// segments makes the distribution of each, the largest first; beyond mostSegments they are together.
func (a *LimitAnswer) segments(members []Member, edges []quantity.Quantity) {
	by := map[string][]quantity.Quantity{}
	var names []string
	for i := range members {
		m := &members[i]
		if by[m.Segment] == nil {
			names = append(names, m.Segment)
		}
		by[m.Segment] = append(by[m.Segment], m.Usage)
	}
	slices.SortFunc(names, func(x, y string) int {
		return cmp.Or(cmp.Compare(len(by[y]), len(by[x])), cmp.Compare(x, y))
	})
	if len(names) > mostSegments {
		rest := names[mostSegments-1:]
		others := fmt.Sprintf("%d others", len(rest))
		for _, name := range rest {
			by[others] = append(by[others], by[name]...)
		}
		names = append(names[:mostSegments-1], others)
	}
	for _, name := range names {
		s := NewSample(by[name])
		a.Segments = append(a.Segments, Segment{name, s.Accounts(), s.Quantiles(), s.Histogram(edges)})
	}
}

// today looks at the limits that plans have.
func (a *LimitAnswer) today(q LimitQuestion, members []Member) {
	limits := map[quantity.Quantity][]string{}
	for key, p := range q.Catalog.Plans {
		if e := p.Entitlements[q.Feature.Key]; e != nil && !e.Unlimited && e.Limit > 0 {
			limits[e.Limit] = append(limits[e.Limit], key)
		}
	}
	by := map[quantity.Quantity][]quantity.Quantity{}
	on := map[string]int{}
	for i := range members {
		m := &members[i]
		on[m.Plan]++
		if m.Unlimited {
			a.UnlimitedAccounts++
		} else if limits[m.Limit] != nil {
			by[m.Limit] = append(by[m.Limit], m.Usage)
		}
	}
	for _, p := range q.Catalog.PlansInOrder() {
		if !sold(p) && on[p.Key] == 0 {
			continue
		}
		t := PlanToday{Plan: p.Key, Title: titleOf(q.Catalog, p.Key), Accounts: on[p.Key], Highest: PlanAbove(q.Catalog, p.Key) == nil}
		if e := p.Entitlements[q.Feature.Key]; e != nil {
			if t.Unlimited = e.Unlimited; !e.Unlimited && e.Limit > 0 {
				limit := e.Limit
				t.Limit = &limit
			}
		}
		a.Plans = append(a.Plans, t)
	}
	for limit, plans := range limits {
		slices.Sort(plans)
		a.Limits = append(a.Limits, PlanLimit{BunchingAt(NewSample(by[limit]), limit), plans})
	}
	slices.SortFunc(a.Limits, func(x, y PlanLimit) int { return cmp.Compare(x.Limit, y.Limit) })
}

// unlimited lists who uses most without a limit.
func (a *LimitAnswer) unlimited(q LimitQuestion, members []Member) {
	top := slices.DeleteFunc(slices.Clone(members), func(m Member) bool { return !m.Unlimited })
	slices.SortStableFunc(top, func(x, y Member) int {
		return cmp.Or(cmp.Compare(y.Usage, x.Usage), cmp.Compare(x.Account, y.Account))
	})
	for _, m := range top[:min(len(top), mostListed)] {
		mrr := m.MRR.Amount(cmp.Or(m.Currency, q.Catalog.Currency))
		a.TopUnlimited = append(a.TopUnlimited, Unlimited{m.Account, m.Name, m.Plan, m.Usage, mrr,
			PerUnit(m.MRR, mrr.Currency, m.Usage)})
	}
}

// PerUnit writes what one unit of usage costs at an MRR, in major units of the currency: cents
// and what is smaller with three digits that count. It is empty when nothing is used.
func PerUnit(mrr money.Twelfths, c money.Currency, usage quantity.Quantity) string {
	if usage <= 0 {
		return ""
	}
	each := float64(mrr) / 12 / math.Pow10(c.Exponent()) / (float64(usage) / float64(quantity.One))
	decimals := c.Exponent()
	if each != 0 {
		decimals = min(max(decimals, 2-int(math.Floor(math.Log10(math.Abs(each))))), 12)
	}
	return *rate(each, decimals)
}
