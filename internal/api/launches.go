package api

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/condition"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/store"
	"github.com/headroomhq/headroom/internal/subscription"
)

// LaunchLine is how a launch goes.
type LaunchLine struct {
	Key     string     `json:"key" doc:"its key"`
	Title   string     `json:"title" doc:"its title"`
	Feature string     `json:"feature,omitempty" doc:"the feature that is introduced"`
	Addon   string     `json:"addon,omitempty" doc:"the add-on that is introduced"`
	On      clock.Time `json:"on" doc:"the day of the launch"`
	State   string     `json:"state" enum:"planned,live" doc:"whether the day has come"`
	// Demand.
	Asked    int `json:"asked" doc:"accounts that met it closed"`
	Requests int `json:"requests" doc:"upgrade requests of members for offers that give it"`
	Eligible int `json:"eligible" doc:"accounts it is for that lack it"`
	// Trials and adoption.
	TrialsRunning   int           `json:"trials_running" doc:"accounts that try it now"`
	TrialsConverted int           `json:"trials_converted" doc:"trials of it that ended with buying it"`
	TrialsEnded     int           `json:"trials_ended" doc:"trials of it that ended otherwise"`
	Has             int           `json:"has" doc:"accounts that have it: a feature by plan, add-on, trial, grant or override, an add-on by buying it"`
	Used            *int          `json:"used" nullable:"true" doc:"of them, those that have used it; null for what is not counted"`
	Revenue         LaunchRevenue `json:"revenue" doc:"what it earned"`
}

// LaunchRevenue is what a launch earned, and what is counted as that.
type LaunchRevenue struct {
	MRR     *money.Amount  `json:"mrr,omitempty" doc:"what accounts pay a month for the add-on at list prices; absent for a feature, which has no price of its own"`
	Offered []money.Amount `json:"offered" doc:"MRR gained since the launch through offers and requests that give it, by currency"`
	Words   []string       `json:"words" doc:"what is counted"`
}

// LaunchDetail is a launch with the accounts it is about.
type LaunchDetail struct {
	LaunchLine
	Case    string          `json:"case,omitempty" doc:"why they should want it"`
	AskedBy []Toucher       `json:"asked_by" doc:"accounts that met it closed and lack it, most often first; at most fifty"`
	For     []LaunchAccount `json:"for" doc:"accounts it is for that lack it, with the case for each, those that asked first, then by what they pay; at most fifty"`
	Offers  []string        `json:"offers" doc:"offers that give it"`
	Unlock  []UnlockedBy    `json:"unlock" doc:"what can be bought and gives it"`
}

// LaunchAccount is an account a launch is for.
type LaunchAccount struct {
	Account string       `json:"account" doc:"the account's key"`
	Name    string       `json:"name,omitempty" doc:"its name, if it has one"`
	Plan    string       `json:"plan,omitempty" doc:"key of its plan"`
	MRR     money.Amount `json:"mrr" doc:"what it pays a month"`
	Case    []string     `json:"case" doc:"why this account, a sentence each"`
}

type launchesRequest struct{ PositionParam }

func (s *Server) launches(ctx context.Context, in *launchesRequest) (*listAnswer[LaunchLine], error) {
	if err := s.listed(ctx, in.Position); err != nil {
		return nil, err
	}
	cat, err := s.Runner.Active(ctx)
	if err != nil {
		return nil, err
	}
	out := &listAnswer[LaunchLine]{}
	out.Body.Items = []LaunchLine{}
	var all []*catalog.Launch
	for _, l := range cat.Launches {
		all = append(all, l)
	}
	seen, err := s.launched(ctx, cat, all)
	if err != nil {
		return nil, err
	}
	for i := range seen {
		out.Body.Items = append(out.Body.Items, seen[i].line)
	}
	slices.SortFunc(out.Body.Items, func(a, b LaunchLine) int { return cmp.Or(cmp.Compare(b.On, a.On), cmp.Compare(a.Key, b.Key)) })
	return out, nil
}

type launchRequest struct {
	Key string `path:"key" maxLength:"200" doc:"key of the launch"`
	PositionParam
}

type launchAnswer struct{ Body LaunchDetail }

func (s *Server) launchDetail(ctx context.Context, in *launchRequest) (*launchAnswer, error) {
	if err := s.listed(ctx, in.Position); err != nil {
		return nil, err
	}
	cat, err := s.Runner.Active(ctx)
	if err != nil {
		return nil, err
	}
	l := cat.Launches[in.Key]
	if l == nil {
		return nil, fault.New(fault.NotFound, "launch_not_found", "there is no launch %q in the catalog", fault.Shorten(in.Key)).
			WithMend("list what there is with GET /v1/launches")
	}
	all, err := s.launched(ctx, cat, []*catalog.Launch{l})
	if err != nil {
		return nil, err
	}
	seen := &all[0]
	d := LaunchDetail{LaunchLine: seen.line, Case: l.Case, AskedBy: seen.census.touched(cat), For: seen.forWhom(cat, l), Offers: append([]string{}, seen.target.offers(cat)...)}
	if f := seen.target.feature; f != nil {
		d.Unlock = sellers(cat, f)
	} else {
		a := seen.target.addon
		d.Unlock = []UnlockedBy{{Addon: a.Key, Title: a.Title, Price: a.Price.Words(cat.Currency), Gives: "the add-on itself"}}
	}
	if d.Unlock == nil {
		d.Unlock = []UnlockedBy{}
	}
	return &launchAnswer{d}, nil
}

// launched is a launch with the accounts looked at.
type launched struct {
	line     LaunchLine
	target   target
	census   *census
	eligible []int // of the census
}

// launched looks at all accounts for several launches, in one pass.
func (s *Server) launched(ctx context.Context, cat *catalog.Catalog, launches []*catalog.Launch) ([]launched, error) {
	targets := make([]target, len(launches))
	for i, l := range launches {
		targets[i] = target{feature: cat.Features[l.Feature], addon: cat.Addons[l.Addon], isFor: l.For}
	}
	seen, err := s.censuses(ctx, cat, targets)
	if err != nil {
		return nil, err
	}
	asked, err := s.requestsByOffer(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]launched, len(launches))
	for i, l := range launches {
		out[i] = launched{target: targets[i], census: &seen[i]}
		if err := s.launch(ctx, cat, l, &out[i], asked); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// launch says how a launch goes by its census.
func (s *Server) launch(ctx context.Context, cat *catalog.Catalog, l *catalog.Launch, x *launched, asked map[string]int) (err error) {
	x.line = LaunchLine{Key: l.Key, Title: l.Title, Feature: l.Feature, Addon: l.Addon, On: l.On, State: "planned"}
	if s.Clock.Now() >= l.On {
		x.line.State = "live"
	}
	counts := x.target.feature != nil && x.target.feature.Counted()
	used := 0
	for i := range x.census.all {
		a := &x.census.all[i]
		if a.touches > 0 {
			x.line.Asked++
		}
		x.line.tried(a.trial)
		switch {
		case a.has:
			x.line.Has++
			if a.used {
				used++
			}
		case a.isFor:
			x.eligible = append(x.eligible, i)
		}
	}
	x.line.Eligible = len(x.eligible)
	if counts {
		x.line.Used = &used
	}
	offers := x.target.offers(cat)
	x.line.Requests = sumOf(asked, offers)
	x.line.Revenue, err = s.earned(ctx, cat, l, x, offers)
	return err
}

func (l *LaunchLine) tried(t *subscription.Trial) {
	switch {
	case t == nil:
	case t.State == subscription.TrialRunning:
		l.TrialsRunning++
	case t.State == subscription.TrialConverted:
		l.TrialsConverted++
	default:
		l.TrialsEnded++
	}
}

// conditionsOf says of conditions whether they hold for an account.
func conditionsOf(a *store.Subscriber, doc []byte) func(*condition.Condition) bool {
	var facts account.Account
	if json.Unmarshal(doc, &facts) != nil {
		return func(*condition.Condition) bool { return false }
	}
	mrr, scale := money.Twelfths(a.MRR).Round(), 1.0
	for range money.Currency(a.Currency).Exponent() {
		scale *= 10
	}
	return condition.Holds(map[string]any{"account": map[string]any{
		"key": a.Account, "name": a.Name, "plan": a.Plan, "status": a.Status, "mrr": float64(mrr) / scale, "traits": facts.Traits,
	}})
}

// forWhom lists the accounts a launch is for, with the case for each.
func (x *launched) forWhom(cat *catalog.Catalog, l *catalog.Launch) []LaunchAccount {
	slices.SortStableFunc(x.eligible, func(i, j int) int {
		a, b := &x.census.all[i], &x.census.all[j]
		return cmp.Or(cmp.Compare(b.touches, a.touches), cmp.Compare(b.MRR, a.MRR), cmp.Compare(a.Account, b.Account))
	})
	out := []LaunchAccount{}
	for _, i := range x.eligible[:min(len(x.eligible), mostTouched)] {
		a := &x.census.all[i]
		out = append(out, LaunchAccount{a.Account, a.Name, a.Plan, mrrOf(cat, a.Subscriber), x.caseFor(cat, l, a)})
	}
	return out
}

func (x *launched) caseFor(cat *catalog.Catalog, l *catalog.Launch, a *subscriber) []string {
	words := []string{}
	switch {
	case a.touches == 1:
		words = append(words, "Somebody there wanted it on "+a.lastAt.Std().Format("2 January 2006")+".")
	case a.touches > 1:
		words = append(words, fmt.Sprintf("People there wanted it %d times, last on %s.", a.touches, a.lastAt.Std().Format("2 January 2006")))
	}
	if a.trial != nil && a.trial.State == subscription.TrialRunning {
		words = append(words, "They are trying it until "+a.trial.EndsAt.Std().Format("2 January 2006")+".")
	}
	if addon := x.target.addon; addon != nil && slices.Contains(addon.Complements, a.Plan) {
		words = append(words, fmt.Sprintf("It goes well with %s, which they have.", cat.Plans[a.Plan].Title))
	}
	if l.For != nil {
		words = append(words, "It is for such as them: "+l.For.Source)
	}
	if l.Case != "" {
		words = append(words, l.Case)
	}
	return words
}

// earned works out what a launch brought.
func (s *Server) earned(ctx context.Context, cat *catalog.Catalog, l *catalog.Launch, x *launched, offers []string) (LaunchRevenue, error) {
	r := LaunchRevenue{Offered: []money.Amount{}}
	if a := x.target.addon; a != nil && a.Price.Once == nil {
		var sum money.Twelfths
		other := 0
		for i := range x.census.all {
			c := &x.census.all[i]
			if !c.has {
				continue
			}
			if money.Currency(c.Currency) != cat.Currency {
				other++
				continue
			}
			sum += listMRR(a, c.interval, cat.Currency, c.quantity)
		}
		mrr := sum.Amount(cat.Currency)
		r.MRR = &mrr
		r.Words = append(r.Words, "mrr: what the accounts that have the add-on now pay for it a month at list prices, with their quantities.")
		if other > 0 {
			r.Words = append(r.Words, fmt.Sprintf("%d accounts billed in another currency than %s are left out.", other, cat.Currency))
		}
	}
	sums := map[money.Currency]money.Twelfths{}
	err := s.Store.EarnedBy(ctx, l.On, func(offer string, c money.Currency, mrr money.Twelfths) {
		if slices.Contains(offers, offer) {
			sums[c] += mrr
		}
	})
	for c, sum := range sums {
		r.Offered = append(r.Offered, sum.Amount(c))
	}
	slices.SortFunc(r.Offered, func(a, b money.Amount) int { return cmp.Compare(a.Currency, b.Currency) })
	r.Words = append(r.Words, "offered: lines of the MRR ledger since the day of the launch that came from a decision or request of an offer that gives it, growth only; what was bought without an offer is not in it.")
	return r, err
}

// listMRR is what n of an add-on cost a month at list prices.
func listMRR(a *catalog.Addon, i subscription.Interval, c money.Currency, n int64) money.Twelfths {
	if i == subscription.Year {
		if price, ok := a.Price.Year.Cost(c, n); ok {
			return money.Yearly(price)
		}
	}
	price, _ := a.Price.Month.Cost(c, n)
	return money.Monthly(price)
}
