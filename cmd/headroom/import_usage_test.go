package main

import (
	"fmt"
	"testing"
)

func TestImportedUsageCountsOrIsRefusedRowByRow(t *testing.T) {
	c := newCompany(t, "2026-03-10T09:00:00Z")
	c.must("PUT", "/v1/catalog", []byte(`
version: 1
currency: USD
meters:
  emails: {event: email.sent, aggregate: sum, property: count}
  mails:  {event: email.sent, aggregate: count}
  seats:  {add: seat.added, remove: seat.removed}
  large:  {event: email.large, where: {size: {above: 1}}}
features: {emails: {meter: emails}, mails: {meter: mails}, seats: {meter: seats}, large: {meter: large}}
plans: {starter: {price: {month: "49"}, entitlements: {emails: 1000, mails: {limit: 100, per: month}, seats: 5, large: 5}}}
`), nil)
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter"}, nil)
	row := func(id, event string, value int, at string) map[string]any {
		return map[string]any{"row": id, "account": "acme", "usage": map[string]any{"event": event, "value": value, "at": at}}
	}
	var got struct {
		Accepted int
		Rejected []struct {
			Index        int
			Code, Detail string
		}
	}
	rows := []any{
		row("1", "email.sent", 5, "2025-11-02T00:00:00Z"),
		row("2", "email.sent", 7, "2026-03-10T09:00:00Z"),
		row("3", "email.snt", 1, "2026-03-10T08:00:00Z"),
		row("4", "seat.added", 1, "2026-03-10T08:00:00Z"),
		row("5", "email.large", 1, "2026-03-10T08:00:00Z"),
	}
	for range 2 { // again counts nothing twice
		got.Rejected = nil
		c.must("POST", "/v1/imports/usage", map[string]any{"import": "old", "rows": rows}, &got)
		want := "{2 [" +
			"{2 event_not_metered no meter counts events of type \"email.snt\" (did you mean email.sent? write the event type of a meter in the catalog, or add a meter first)} " +
			"{3 totals_not_taken the meter seats cannot take totals of \"seat.added\" (only meters that sum or count, without where, can; send the others their events)} " +
			"{4 totals_not_taken the meter large cannot take totals of \"email.large\" (only meters that sum or count, without where, can; send the others their events)}]}"
		if fmt.Sprint(got) != want {
			t.Errorf("got  %v\nwant %s", got, want)
		}
		c.uses("acme", map[string]float64{"emails": 12, "mails": 7}) // of its life; of this month
	}
}
