package api

import (
	"context"
	"time"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/revenue"
	"github.com/headroomhq/headroom/internal/store"
)

// RevenueParams say which months of which ledger are asked for.
type RevenueParams struct {
	PositionParam
	From     string    `query:"from" doc:"first month, such as 2026-01; the first with money when left out"`
	To       string    `query:"to" doc:"last month, included; this month when left out"`
	Currency string    `query:"currency" doc:"the catalog's when left out; nothing is converted or blended"`
	AsOf     time.Time `query:"as_of" doc:"as it was known then: lines recorded later are left out"`
}

func (s *Server) query(ctx context.Context, in *RevenueParams) (q revenue.Query, err error) {
	month := func(name, text string) (m revenue.Month) {
		if text == "" || err != nil {
			return 0
		}
		m, bad := revenue.ParseMonth(text)
		if bad != nil {
			err = fault.New(fault.Invalid, "month_invalid", "%s: %v", name, bad).WithField(name, text, "must be a month such as 2026-01")
		}
		return m
	}
	q.From, q.To, q.AsOf = month("from", in.From), month("to", in.To), clock.At(in.AsOf)
	if err != nil {
		return q, err
	}
	q.Currency = money.Currency(in.Currency)
	if in.Currency == "" {
		cat, err := s.Runner.Active(ctx)
		if err != nil {
			return q, err
		}
		if q.Currency = cat.Currency; q.Currency == "" {
			q.Currency = "USD"
		}
	}
	if !q.Currency.Valid() {
		return q, fault.New(fault.Invalid, "currency_invalid", "currency %q is no currency", fault.Shorten(in.Currency)).
			WithField("currency", in.Currency, "must be a three-letter code such as USD")
	}
	if q.To == 0 {
		q.To = revenue.MonthOf(s.Clock.Now())
	}
	return q, s.listed(ctx, in.Position)
}

// book reads the ledger into the form that sums are made from.
func (s *Server) book(ctx context.Context, q revenue.Query) (*revenue.Book, error) {
	b := revenue.NewBook(q.Currency, q.AsOf)
	for line, err := range s.Store.Ledger(ctx, store.LedgerFilter{Currency: q.Currency, AsOf: q.AsOf}) {
		if err != nil {
			return nil, err
		}
		b.AddLine(&line)
	}
	return b, nil
}

type movementsRequest struct {
	RevenueParams
	Gross bool `query:"gross" doc:"count every change within a month, instead of netting an account's changes"`
}

type movementsAnswer struct {
	Body struct {
		revenue.MovementsDocument
		Others []store.Paid `json:"others" doc:"what accounts pay now in other currencies, which is in none of these figures"`
	}
}

func (s *Server) movements(ctx context.Context, in *movementsRequest) (*movementsAnswer, error) {
	q, err := s.query(ctx, &in.RevenueParams)
	if err != nil {
		return nil, err
	}
	q.Policy.Gross = in.Gross
	b, err := s.book(ctx, q)
	if err != nil {
		return nil, err
	}
	items, err := b.Movements(firstMonth(b, q), q.To, q.Policy)
	if err != nil {
		return nil, err
	}
	out := &movementsAnswer{}
	out.Body.MovementsDocument = revenue.Document(q.Currency, items, q.Policy)
	out.Body.Others, err = s.Store.PaidIn(ctx, q.Currency)
	return out, err
}

// firstMonth is where a query begins: as asked, or with the first month with money.
func firstMonth(b *revenue.Book, q revenue.Query) revenue.Month {
	if q.From != 0 {
		return q.From
	}
	from, _ := b.Span()
	if from == 0 || from > q.To {
		return q.To
	}
	return from
}

type retentionRequest struct {
	RevenueParams
	Cohort string `query:"cohort" doc:"month: the accounts that paid at its end; needs at"`
	At     string `query:"at" doc:"month: what the cohort pays at its end"`
}

type retentionAnswer struct{ Body revenue.RetentionDocument }

func (s *Server) retention(ctx context.Context, in *retentionRequest) (*retentionAnswer, error) {
	q, err := s.query(ctx, &in.RevenueParams)
	if err != nil {
		return nil, err
	}
	if (in.Cohort == "") != (in.At == "") {
		return nil, fault.New(fault.Invalid, "cohort_incomplete", "cohort and at belong together").WithMend("give both, such as cohort=2026-01&at=2026-06")
	}
	b, err := s.book(ctx, q)
	if err != nil {
		return nil, err
	}
	var items []revenue.Kept
	if in.Cohort != "" {
		cohort, err := revenue.ParseMonth(in.Cohort)
		if err != nil {
			return nil, fault.New(fault.Invalid, "month_invalid", "cohort: %v", err)
		}
		at, err := revenue.ParseMonth(in.At)
		if err != nil {
			return nil, fault.New(fault.Invalid, "month_invalid", "at: %v", err)
		}
		one, err := b.PointToPoint(cohort, at)
		if err != nil {
			return nil, err
		}
		items = []revenue.Kept{one}
	} else if items, err = b.Retention(firstMonth(b, q), q.To); err != nil {
		return nil, err
	}
	return &retentionAnswer{revenue.KeptDocument(q.Currency, items)}, nil
}

type ledgerRequest struct {
	PageParams
	PositionParam
	Account  string    `query:"account"`
	Currency string    `query:"currency"`
	AsOf     time.Time `query:"as_of"`
}

// LedgerLine is a ledger line with its money readable beside its exact value.
type LedgerLine struct {
	revenue.Line
	Amount money.Amount `json:"amount" doc:"delta, rounded for display; delta is exact, in twelfths of a minor unit"`
}

func (s *Server) ledger(ctx context.Context, in *ledgerRequest) (*listAnswer[LedgerLine], error) {
	if err := s.listed(ctx, in.Position); err != nil {
		return nil, err
	}
	l, err := s.Store.LedgerLines(ctx, store.LedgerFilter{Account: in.Account, Currency: money.Currency(in.Currency), AsOf: clock.At(in.AsOf)}, in.page())
	if err != nil {
		return nil, err
	}
	return mapped(l, func(x revenue.Line) LedgerLine { return LedgerLine{x, x.Delta.Amount(x.Currency)} }), nil
}
