package api

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/store"
)

// MomentLine is a moment at which more would have helped, as lists show it.
type MomentLine struct {
	engine.Moment
	AccountName string `json:"account_name,omitempty"`
	Title       string `json:"title" doc:"of the feature or milestone"`
	State       string `json:"state" enum:"offered,held_out,open,missed" doc:"what became of it: open while an offer could still answer it, a day long"`
}

// SpanParams bound a time.
type SpanParams struct {
	From time.Time `query:"from" doc:"start, included"`
	To   time.Time `query:"to" doc:"end, excluded; now when left out"`
}

// span returns the bounds, up to now when no end is said. Fault span_invalid when they are the
// wrong way round.
func (s *Server) span(p SpanParams) (from, to clock.Time, err error) {
	if from, to = clock.At(p.From), clock.At(p.To); to == 0 {
		to = s.Clock.Now() + 1
	}
	return from, to, checkSpan(from, to)
}

// checkSpan refuses a time that ends before it begins.
func checkSpan(from, to clock.Time) error {
	if to >= from {
		return nil
	}
	return fault.New(fault.Invalid, "span_invalid", "from %s is after to %s", from, to).
		WithMend("put the earlier time into from").WithField("query.from", from.String(), "must not be after to")
}

type momentsRequest struct {
	PageParams
	PositionParam
	SpanParams
	Account   string `query:"account" doc:"only of this account"`
	Kind      string `query:"kind" enum:"limit,locked,milestone" doc:"only of this kind"`
	Feature   string `query:"feature" doc:"only about this feature"`
	Milestone string `query:"milestone" doc:"only about this milestone"`
	Placement string `query:"placement" doc:"only at this placement"`
	State     string `query:"state" enum:"offered,held_out,open,missed" doc:"only in this state"`
}

func (s *Server) listMoments(ctx context.Context, in *momentsRequest) (*listAnswer[MomentLine], error) {
	if err := s.listed(ctx, in.Position); err != nil {
		return nil, err
	}
	cat, err := s.Runner.Active(ctx)
	if err != nil {
		return nil, err
	}
	from, to, err := s.span(in.SpanParams)
	if err != nil {
		return nil, err
	}
	now := s.Clock.Now()
	l, err := s.Store.Moments(ctx, store.MomentFilter{Account: in.Account, Kind: in.Kind, Feature: in.Feature, Milestone: in.Milestone,
		Placement: in.Placement, State: in.State, From: from, To: to, Now: now}, in.page())
	if err != nil {
		return nil, err
	}
	names, err := namesOf(ctx, s, l.Items, func(m *engine.Moment) string { return m.Account })
	if err != nil {
		return nil, err
	}
	return mapped(l, func(m engine.Moment) MomentLine {
		return MomentLine{m, names[m.Account], momentTitle(cat, m.Feature, m.Milestone), store.StateOf(&m, now)}
	}), nil
}

// momentTitle is what people call the feature or milestone.
func momentTitle(cat *catalog.Catalog, feature, milestone string) string {
	if f := cat.Features[feature]; f != nil {
		return cmp.Or(f.Title, f.Key)
	}
	if m := cat.Milestones[milestone]; m != nil {
		return cmp.Or(m.Title, m.Key)
	}
	return cmp.Or(feature, milestone)
}

type missedRequest struct {
	PositionParam
	SpanParams
}

// MissedReason is why moments were missed, and what to do about it.
type MissedReason struct {
	Why     string `json:"why" doc:"stable: what stood in the way, as the codes of decisions; no_offer and not_asked besides"`
	Moments int64  `json:"moments" doc:"how many"`
	Mend    string `json:"mend" doc:"what to do about it"`
}

// MissedLine are the missed moments about one thing at one place.
type MissedLine struct {
	Kind      string `json:"kind" enum:"limit,locked,milestone" doc:"the limit was hit, a closed feature touched, or a milestone reached"`
	Feature   string `json:"feature,omitempty"`
	Milestone string `json:"milestone,omitempty"`
	Title     string `json:"title" doc:"of the feature or milestone"`
	Placement string `json:"placement,omitempty" doc:"where it was met, else where an offer belongs; absent when no offer is about it"`
	Moments   int64  `json:"moments" doc:"how many were missed; what the same account met again within a day is one"`
	Times     int64  `json:"times" doc:"how often they were met"`
	Accounts  int64  `json:"accounts" doc:"of how many accounts"`
	// Value counts each account once.
	Value   []money.Amount `json:"value" doc:"a year's money of the cheapest thing that would have helped, each account once, by currency"`
	Reasons []MissedReason `json:"reasons" doc:"why, the most frequent first"`
}

type missedAnswer struct {
	Body struct {
		Items  []MissedLine `json:"items" doc:"the most valuable first"`
		Totals struct {
			Moments  int64          `json:"moments" doc:"in all"`
			NoOffer  int64          `json:"no_offer" doc:"of them about things that no offer gives or follows from: often milestones on the way, at which nothing is to be sold"`
			Accounts int64          `json:"accounts" doc:"of how many accounts"`
			Value    []money.Amount `json:"value" doc:"each account and thing once, however many places it was met at"`
		} `json:"totals"`
		Assumptions []string `json:"assumptions" doc:"what the value rests on"`
	}
}

// missedAssumptions are what the money left on the table rests on.
var missedAssumptions = []string{
	"A moment is missed when no offer about it was shown within a day; what a holdout kept back is not missed",
	"The value is a year of the cheapest plan or add-on that would have helped at list price, as if everybody had bought: most would not have; of a milestone it is what the offer that was ready would change, and nothing where none was",
	"Each account counts once for each feature or milestone, however often it was met",
}

func (s *Server) missed(ctx context.Context, in *missedRequest) (*missedAnswer, error) {
	if err := s.listed(ctx, in.Position); err != nil {
		return nil, err
	}
	cat, err := s.Runner.Active(ctx)
	if err != nil {
		return nil, err
	}
	from, to, err := s.span(in.SpanParams)
	if err != nil {
		return nil, err
	}
	sums := newMissedSums()
	err = s.Store.MomentSums(ctx, store.MomentFilter{State: store.MomentMissed, From: from, To: to, Now: s.Clock.Now()}, sums.add)
	if err != nil {
		return nil, err
	}
	out := &missedAnswer{}
	out.Body.Items = sums.lines(cat)
	out.Body.Totals.Accounts = int64(len(sums.accounts))
	for _, l := range out.Body.Items {
		out.Body.Totals.Moments += l.Moments
		for _, r := range l.Reasons {
			if r.Why == "no_offer" {
				out.Body.Totals.NoOffer += r.Moments
			}
		}
	}
	out.Body.Totals.Value = sums.all.amounts()
	out.Body.Assumptions = missedAssumptions
	return out, nil
}

// worths are amounts of accounts, of which only the highest of each account counts.
type worths map[string]map[money.Currency]money.Minor

func (w worths) raise(account string, a money.Amount) {
	if a.Minor <= 0 {
		return
	}
	if w[account] == nil {
		w[account] = make(map[money.Currency]money.Minor)
	}
	w[account][a.Currency] = max(w[account][a.Currency], a.Minor)
}

// amounts adds up, by currency.
func (w worths) amounts() []money.Amount {
	sums := make(map[money.Currency]money.Minor)
	for _, of := range w {
		for c, minor := range of {
			sums[c] += minor
		}
	}
	out := []money.Amount{}
	for _, c := range slices.Sorted(maps.Keys(sums)) {
		out = append(out, money.Of(sums[c], c))
	}
	return out
}

// missedSum gathers the missed moments about one thing at one place.
type missedSum struct {
	line    MissedLine
	worths  worths
	reasons map[string]int64
}

type missedSums struct {
	by       map[[4]string]*missedSum // kind, feature, milestone, placement
	all      worths                   // by account and thing
	accounts map[string]bool
}

func newMissedSums() *missedSums {
	return &missedSums{make(map[[4]string]*missedSum), make(worths), make(map[string]bool)}
}

func (all *missedSums) add(m store.MomentSum) {
	key := [4]string{m.Kind, m.Feature, m.Milestone, m.Placement}
	sum := all.by[key]
	if sum == nil {
		sum = &missedSum{line: MissedLine{Kind: m.Kind, Feature: m.Feature, Milestone: m.Milestone, Placement: m.Placement},
			worths: make(worths), reasons: make(map[string]int64)}
		all.by[key] = sum
	}
	sum.line.Moments += m.Moments
	sum.line.Times += m.Times
	if _, counted := sum.worths[m.Account]; !counted {
		sum.worths[m.Account] = make(map[money.Currency]money.Minor)
		sum.line.Accounts++
	}
	sum.worths.raise(m.Account, m.Value)
	sum.reasons[m.Why] += m.Moments
	all.all.raise(m.Account+"\x00"+m.Feature+"\x00"+m.Milestone, m.Value)
	all.accounts[m.Account] = true
}

// lines returns the sums, the most valuable first.
func (all *missedSums) lines(cat *catalog.Catalog) []MissedLine {
	out := []MissedLine{}
	for _, sum := range all.by {
		l := sum.line
		l.Title, l.Value, l.Reasons = momentTitle(cat, l.Feature, l.Milestone), sum.worths.amounts(), []MissedReason{}
		for why, n := range sum.reasons {
			l.Reasons = append(l.Reasons, MissedReason{why, n, mendOf(why)})
		}
		slices.SortFunc(l.Reasons, func(a, b MissedReason) int {
			return cmp.Or(cmp.Compare(b.Moments, a.Moments), cmp.Compare(a.Why, b.Why))
		})
		out = append(out, l)
	}
	worth := func(l *MissedLine) (minor money.Minor) {
		for _, a := range l.Value { // across currencies this only orders the list
			minor += a.Minor
		}
		return minor
	}
	slices.SortFunc(out, func(a, b MissedLine) int {
		return cmp.Or(cmp.Compare(worth(&b), worth(&a)), cmp.Compare(b.Moments, a.Moments),
			cmp.Compare(a.Feature+a.Milestone, b.Feature+b.Milestone), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Placement, b.Placement))
	})
	return out
}

// mends say what to do about the reasons that a catalog or a product can do something about.
var mends = map[string]string{
	"no_offer":             "write an offer that gives it; at a milestone on the way there may be nothing to sell",
	"not_asked":            "an offer was ready: ask your developers to show offers at this place",
	"no_signal":            "let the offer follow from a rule about this limit or locked feature: none of its own rules had fired",
	"not_yet":              "let the rule ask for less, as fewer times or a lower share, and try it over the history",
	"not_related":          "let the offer say that it is about this, or follow from a rule about it",
	"not_for_account":      "look at whom the offer is for: its condition leaves these accounts out",
	"not_applicable":       "offer something that these accounts can buy from where they are",
	"already_has":          "offer the next step: these accounts have what the offer gives",
	"routed_to_people":     "nothing in the product: people work on it",
	"cooldown":             "nothing: it was dismissed shortly before",
	"at_most":              "nothing, or let the offer be shown more often",
	"contact_budget":       "nothing, or allow more contacts in the contact policy",
	"after_dismissal":      "nothing: the person had just dismissed an offer",
	"not_activated":        "help these accounts to their first success; the contact policy says whether they are asked before it",
	"under_using":          "help these accounts to use what they have; the contact policy says whether they are asked before that",
	"unknown_placement":    "let an offer appear at this place",
	"unsold":               "offer what is sold today",
	"external":             "nothing: people from outside the customer are not asked",
	"holdout":              "nothing: the holdout measures what offers earn",
	"interruption_refused": "ask your developers to show it where an interruption is expected",
}

func mendOf(why string) string {
	if m := mends[why]; m != "" {
		return m
	}
	return "open one of the accounts: its timeline says what stood in the way"
}
