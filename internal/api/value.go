package api

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/packaging"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/runner"
	"github.com/headroomhq/headroom/internal/store"
	"github.com/headroomhq/headroom/internal/subscription"
)

// ValueMetricLine is a value metric of the catalog.
type ValueMetricLine struct {
	Key         string        `json:"key" doc:"its key"`
	Title       string        `json:"title" doc:"its title"`
	Unit        string        `json:"unit,omitempty" doc:"what is gained"`
	Formula     string        `json:"formula" doc:"how it is worked out from usage"`
	Worth       *money.Amount `json:"worth,omitempty" doc:"what one unit is worth to the customer"`
	Band        string        `json:"band,omitempty" doc:"the share of the worth that the price should be, such as 5% to 20%"`
	Assumptions []string      `json:"assumptions" doc:"what it rests on"`
	Main        bool          `json:"main" doc:"statements begin with it"`
}

// ValueLedgerLine is what an account gained in a month, and what it paid.
type ValueLedgerLine struct {
	Account     string            `json:"account,omitempty" doc:"the account's key"`
	AccountName string            `json:"account_name,omitempty" doc:"its name, if it has one"`
	Metric      string            `json:"metric" doc:"key of the metric"`
	From        clock.Time        `json:"from" doc:"start of the month, included"`
	To          clock.Time        `json:"to" doc:"its end, excluded; now for the open month"`
	Quantity    quantity.Quantity `json:"quantity" doc:"what was gained, in the metric's unit"`
	Worth       *money.Amount     `json:"worth,omitempty" doc:"what that is worth; absent where the metric says no worth"`
	Price       money.Amount      `json:"price" doc:"the MRR of the time, on average"`
	Share       *string           `json:"share" nullable:"true" doc:"price of worth, 0.3 for 30%; null where there is nothing to compare"`
	Band        string            `json:"band,omitempty" doc:"the band of then, such as 5% to 20%"`
	State       string            `json:"state,omitempty" enum:"in_band,below,above" doc:"where the share lies; absent without a band, or where nothing is paid"`
	Open        bool              `json:"open,omitempty" doc:"the month is not over"`
	RecordedAt  clock.Time        `json:"recorded_at" doc:"when the line was written; lines are never changed"`
}

type valueRequest struct {
	AccountParam
	PositionParam
	PageParams
}

type valueAnswer struct {
	Body struct {
		Metrics  []ValueMetricLine `json:"metrics" doc:"of the catalog, the main one first"`
		Items    []ValueLedgerLine `json:"items" doc:"the open month first, then the latest"`
		Next     string            `json:"next,omitempty" doc:"cursor of the next part"`
		Position string            `json:"position" doc:"position of the answer"`
	}
}

func (s *Server) value(ctx context.Context, in *valueRequest) (*valueAnswer, error) {
	out := &valueAnswer{}
	out.Body.Metrics, out.Body.Items = []ValueMetricLine{}, []ValueLedgerLine{}
	if err := s.listed(ctx, in.Position); err != nil {
		return nil, err
	}
	err := s.account(ctx, &accountRead{in.AccountParam, in.PositionParam}, func(v runner.View) error {
		out.Body.Metrics = metricLines(v.Catalog)
		if in.Cursor == "" {
			for _, l := range v.Account.ValueNow(v.Catalog, v.State.Now) {
				line := valueLine(l)
				line.Open = true
				out.Body.Items = append(out.Body.Items, line)
			}
		}
		out.Body.Position = s.Runner.Position(v.State.Position)
		return nil
	})
	if err != nil {
		return nil, err
	}
	l, err := s.Store.ValueLines(ctx, store.ValueFilter{Account: in.Account}, in.page())
	for _, x := range l.Items {
		out.Body.Items = append(out.Body.Items, valueLine(x))
	}
	out.Body.Next = l.Next
	return out, err
}

func metricLines(c *catalog.Catalog) []ValueMetricLine {
	out := []ValueMetricLine{}
	for _, m := range c.ValueMetrics() {
		l := ValueMetricLine{Key: m.Key, Title: m.Title, Unit: m.Unit, Formula: m.Formula.Source, Assumptions: m.Assumptions, Main: m.Main}
		if m.Worth > 0 {
			worth := money.Of(m.Worth, c.Currency)
			l.Worth = &worth
		}
		if m.Band != nil {
			l.Band = m.Band.String()
		}
		if l.Assumptions == nil {
			l.Assumptions = []string{}
		}
		out = append(out, l)
	}
	return out
}

func valueLine(x engine.ValueLine) ValueLedgerLine {
	paidIn := x.PaidIn
	if paidIn == "" {
		paidIn = x.Currency
	}
	l := ValueLedgerLine{Metric: x.Metric, From: x.Start, To: x.End, Quantity: x.Quantity, Price: x.Price.Amount(paidIn), State: x.State, RecordedAt: x.RecordedAt}
	if x.Worth != 0 || x.Share >= 0 || x.Low >= 0 {
		worth := money.Of(x.Worth, x.Currency)
		l.Worth = &worth
	}
	if x.Share >= 0 {
		share := quantity.Quantity(x.Share * int64(quantity.One) / 10_000).String()
		l.Share = &share
	}
	if x.Low >= 0 {
		l.Band = catalog.Band{Low: x.Low / 100, High: x.High / 100}.String()
	}
	return l
}

type valueAlertsRequest struct {
	PageParams
	PositionParam
	Metric string `query:"metric" maxLength:"200" doc:"only of this metric"`
	All    bool   `query:"all" doc:"every line there ever was, not only those that are the newest of an account with a live subscription and a metric of the active catalog, and out of their band"`
}

func (s *Server) valueAlerts(ctx context.Context, in *valueAlertsRequest) (*listAnswer[ValueLedgerLine], error) {
	if err := s.listed(ctx, in.Position); err != nil {
		return nil, err
	}
	f := store.ValueFilter{Metric: in.Metric}
	if !in.All {
		active, err := s.Runner.Active(ctx)
		if err != nil {
			return nil, err
		}
		f.Out, f.Newest, f.Live = true, true, true
		f.Metrics = append([]string{}, slices.Sorted(maps.Keys(active.Value))...)
	}
	l, err := s.Store.ValueLines(ctx, f, in.page())
	if err != nil {
		return nil, err
	}
	names, err := namesOf(ctx, s, l.Items, func(x *engine.ValueLine) string { return x.Account })
	if err != nil {
		return nil, err
	}
	return mapped(l, func(x engine.ValueLine) ValueLedgerLine {
		line := valueLine(x)
		line.Account, line.AccountName = x.Account, names[x.Account]
		return line
	}), nil
}

type roiRequest struct {
	AccountParam
	PositionParam
	Offer string    `query:"offer" maxLength:"200" doc:"an offer to weigh: a month's gain at the usage of the newest month, against the price with it accepted"`
	From  time.Time `query:"from" doc:"only months that begin at or after it; a year back when left out"`
	To    time.Time `query:"to" doc:"only months that end at or before it; now when left out"`
}

type roiAnswer struct{ Body packaging.Statement }

func (s *Server) roi(ctx context.Context, in *roiRequest) (*roiAnswer, error) {
	if err := s.listed(ctx, in.Position); err != nil {
		return nil, err
	}
	var cat *catalog.Catalog
	var open []engine.ValueLine
	var now clock.Time
	var name string
	var weighed *packaging.Case
	err := s.account(ctx, &accountRead{in.AccountParam, in.PositionParam}, func(v runner.View) (err error) {
		cat, now, open = v.Catalog, v.State.Now, v.Account.ValueNow(v.Catalog, v.State.Now)
		if name = v.Account.Facts.Name; name == "" {
			name = in.Account
		}
		if in.Offer != "" {
			weighed, err = caseOf(v, in.Offer)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(cat.ValueMetrics()) == 0 {
		return nil, fault.New(fault.Conflict, "no_value_metric", "the catalog says not what customers gain").
			WithMend("define it in the catalog under value, such as value: {hours: {formula: exports * 0.5, worth: \"40\"}}")
	}
	from, to := clock.At(in.From), clock.At(in.To)
	if to == 0 {
		to = now
	}
	if from == 0 {
		from = to - 366*clock.Day
	}
	if from >= to {
		return nil, fault.New(fault.Invalid, "period_invalid", "the statement would end before it begins").
			WithField("query.from", in.From.Format(time.RFC3339), "must be before to")
	}
	lines, err := s.Store.ValueBetween(ctx, in.Account, from, to)
	if err != nil {
		return nil, err
	}
	incomplete := len(lines) == 0
	if incomplete {
		lines = open
	}
	gains := make([]packaging.Gain, len(lines))
	for i, l := range lines {
		gains[i] = packaging.Gain{Metric: l.Metric, Start: l.Start, End: l.End, Quantity: l.Quantity, Worth: l.Worth, Price: l.Price, PaidIn: l.PaidIn}
	}
	out := &roiAnswer{packaging.StatementOf(cat, name, gains, incomplete, now)}
	if weighed != nil {
		out.Body = packaging.CaseOf(cat, name, gains, *weighed, incomplete, now)
	}
	return out, nil
}

// caseOf works out what an account would pay with an offer accepted.
func caseOf(v runner.View, key string) (*packaging.Case, error) {
	o := v.Catalog.Offers[key]
	if o == nil {
		return nil, fault.New(fault.NotFound, "offer_not_found", "there is no offer %q in the catalog", fault.Shorten(key)).
			WithMend("use the key of an offer of the catalog").WithField("query.offer", key, "is not in the catalog")
	}
	sub := &v.Account.Subscription
	change := offer.Change(o.Give, sub, v.Catalog)
	after, err := subscription.Apply(*sub, change, v.Account.Terms(v.Catalog, v.State.Now))
	if err != nil {
		return nil, err
	}
	if after.Currency != v.Catalog.Currency {
		return nil, fault.New(fault.Conflict, "currency_mixed", "the account is billed in %s and what it gains is told in %s", after.Currency, v.Catalog.Currency).
			WithMend("ask without an offer: nothing is converted")
	}
	title := o.Give.Plan
	if p := v.Catalog.Plans[o.Give.Plan]; p != nil {
		title = p.Title
	}
	if a := v.Catalog.Addons[o.Give.Addon]; a != nil {
		title = a.Title
	}
	c := &packaging.Case{Title: title, Recurring: after.MRR(), Difference: after.MRR() - sub.MRR()}
	if i := slices.IndexFunc(change.Once, func(l subscription.AddonLine) bool { return l.Key == o.Give.Addon }); i >= 0 {
		c.Once, _ = v.Catalog.Addons[o.Give.Addon].Price.Once.Cost(v.Catalog.Currency, change.Once[i].Quantity)
	}
	return c, nil
}
