package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/condition"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

type importRequest struct {
	Kind string `path:"kind" enum:"accounts,subscriptions,usage,surveys,tickets,activities,facts"`
	Body struct {
		Import string      `json:"import" minLength:"1" maxLength:"200" doc:"names the import: (import, row) is counted once, for good"`
		Rows   []RowImport `json:"rows" minItems:"1" maxItems:"10000"`
	}
}

// RowImport is one row. Subscription and usage rows name what they import; account rows
// have facts.
type RowImport struct {
	Row          string               `json:"row" minLength:"1" maxLength:"200"`
	Account      string               `json:"account" minLength:"1" maxLength:"200"`
	Facts        *event.AccountChange `json:"facts,omitempty"`
	Subscription *RowSubscription     `json:"subscription,omitempty"`
	Usage        *RowUsage            `json:"usage,omitempty"`
	Survey       *RowSurvey           `json:"survey,omitempty"`
	Ticket       *RowTicket           `json:"ticket,omitempty"`
	Activity     *RowActivity         `json:"activity,omitempty"`
	Fact         *RowFact             `json:"fact,omitempty"`
}

// RowSubscription is a subscription of another system.
type RowSubscription struct {
	Plan      string         `json:"plan,omitempty"`
	Interval  string         `json:"interval,omitempty" enum:"month,year"`
	Quantity  int64          `json:"quantity,omitempty" minimum:"0"`
	Currency  money.Currency `json:"currency,omitempty" doc:"the catalog's when left out"`
	Amount    string         `json:"amount" doc:"each interval in all" example:"149.00"`
	StartedAt clock.Time     `json:"started_at"`
	EndedAt   clock.Time     `json:"ended_at,omitzero" doc:"the first day no longer paid for"`
	Trial     bool           `json:"trial,omitempty"`
}

// RowUsage is usage of a day, of an event type that the catalog meters by count or sum. Of the
// open month it counts as if it had just come in; what is older counts for its month and for
// the account's life.
type RowUsage struct {
	Event string            `json:"event" minLength:"1" maxLength:"512"`
	Value quantity.Quantity `json:"value"`
	At    clock.Time        `json:"at"`
}

type importAnswer struct {
	Body struct {
		Accepted int              `json:"accepted"`
		Rejected []event.Rejected `json:"rejected"`
		Position string           `json:"position"`
	}
}

func (s *Server) importRows(ctx context.Context, in *importRequest) (*importAnswer, error) {
	cat, err := s.Runner.Active(ctx)
	if err != nil {
		return nil, err
	}
	out := &importAnswer{}
	out.Body.Rejected = []event.Rejected{}
	var records []event.Record
	for i := range in.Body.Rows {
		row := &in.Body.Rows[i]
		var rec event.Record
		if in.Kind == "surveys" {
			rec, err = s.surveyRecord(ctx, in.Body.Import, row, cat)
		} else {
			rec, err = s.importRecord(in.Kind, in.Body.Import, row, cat)
		}
		if err != nil {
			out.Body.Rejected = append(out.Body.Rejected, event.Rejected{Index: i, Code: fault.CodeOf(err), Detail: err.Error()})
			continue
		}
		records = append(records, rec)
	}
	var position uint64
	if len(records) > 0 {
		if position, err = s.Runner.Submit(ctx, records...); err != nil {
			return nil, err
		}
	}
	out.Body.Accepted, out.Body.Position = len(records), s.Runner.Position(position)
	return out, nil
}

// importRecord makes the record of one row. A row of accounts or subscriptions that comes
// again with other content corrects the first, so its content is part of its id; usage
// that comes again is the same usage.
func (s *Server) importRecord(kind, name string, row *RowImport, cat *catalog.Catalog) (event.Record, error) {
	now := s.Clock.Now()
	if err := event.CheckKey(row.Account); err != nil {
		return event.Record{}, err
	}
	body := engine.ImportRow{Import: name}
	switch {
	case kind == "accounts" && row.Facts != nil:
		if err := row.Facts.Check(row.Account); err != nil {
			return event.Record{}, err
		}
		body.Account = row.Facts
	case kind == "subscriptions" && row.Subscription != nil:
		sub, err := imported(row.Subscription, cat.Currency, now)
		if err != nil {
			return event.Record{}, err
		}
		body.Subscription = &engine.ImportedRow{ID: row.Row, Imported: sub}
	case kind == "usage" && row.Usage != nil:
		if row.Usage.At == 0 || row.Usage.At > now+48*clock.Hour {
			return event.Record{}, fault.New(fault.Invalid, "time_in_future", "usage at %q is without a time or in the future", row.Usage.At)
		}
		if err := metered(cat, row.Usage.Event); err != nil {
			return event.Record{}, err
		}
		body.Usage = &engine.UsageRow{Event: row.Usage.Event, Value: row.Usage.Value, At: row.Usage.At}
	default:
		fact, err := knownBy(kind, row, now)
		if err != nil {
			return event.Record{}, err
		}
		if fact == nil {
			return event.Record{}, fault.New(fault.Invalid, "row_empty", "row %q has nothing for an import of %s", fault.Shorten(row.Row), kind).
				WithMend("give facts for accounts, subscription for subscriptions, usage for usage, survey for surveys, ticket for tickets, activity for activities, fact for facts")
		}
		body.Fact = fact
	}
	b, err := json.Marshal(body)
	if err != nil {
		return event.Record{}, err
	}
	id := kind + "/" + row.Row
	if kind != "usage" {
		sum := sha256.Sum256(b)
		id += "/" + hex.EncodeToString(sum[:8])
	}
	return event.Record{Kind: event.KindImport, Source: "import:" + name, ID: id, Key: row.Account, ReceivedAt: now, Body: b}, nil
}

// metered says why no meter can take totals of an event type; nil when one can.
func metered(cat *catalog.Catalog, eventType string) error {
	meters := cat.MetersOf(eventType)
	switch {
	case slices.ContainsFunc(meters, engine.TakesTotals):
		return nil
	case len(meters) == 0:
		mend := "write the event type of a meter in the catalog, or add a meter first"
		if near := condition.Nearest(eventType, cat.EventTypes()); near != "" {
			mend = "did you mean " + near + "? " + mend
		}
		return fault.New(fault.Invalid, "event_not_metered", "no meter counts events of type %q", fault.Shorten(eventType)).WithMend("%s", mend)
	}
	return fault.New(fault.Invalid, "totals_not_taken", "the meter %s cannot take totals of %q", meters[0].Key, fault.Shorten(eventType)).
		WithMend("only meters that sum or count, without where, can; send the others their events")
}

func imported(row *RowSubscription, currency money.Currency, now clock.Time) (subscription.Imported, error) {
	if row.Currency != "" {
		currency = row.Currency
	}
	if currency == "" {
		currency = "USD"
	}
	amount, err := money.Parse(row.Amount, currency)
	if err != nil {
		return subscription.Imported{}, fault.New(fault.Invalid, "amount_invalid", "%v", err).WithField("amount", row.Amount, err.Error())
	}
	interval := subscription.Interval(row.Interval)
	if interval == "" {
		interval = subscription.Month
	}
	plan := row.Plan
	if plan == "" {
		plan = "imported"
	}
	in := subscription.Imported{Plan: plan, Interval: interval, Quantity: max(1, row.Quantity),
		Currency: currency, Amount: amount, StartsAt: row.StartedAt, EndsAt: row.EndedAt, Trial: row.Trial}
	_, err = subscription.Import(subscription.Subscription{}, in, now)
	return in, err
}
