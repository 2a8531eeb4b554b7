package replay

import (
	"math"
	"slices"
	"testing"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/revenue"
	"github.com/headroomhq/headroom/internal/subscription"
)

func TestFieldsAreWrittenForPeople(t *testing.T) {
	type series struct {
		kind       catalog.WindowKind
		width      clock.Time
		nextNumber int64
		pastDue    clock.Time
	}
	type group struct{ key string }
	for _, c := range []struct {
		name string
		of   any
		want []Field
	}{
		{"money that is paid each month", engine.Account{Ledger: revenue.Standing{Seq: 1, MRR: 12_000, Currency: "USD"}}, []Field{
			{"ledger.currency", "USD"}, {"ledger.mrr", "10.00 USD"}, {"ledger.seq", "1"}}},
		{"a year's money by the month, which is no whole cent", engine.Account{Ledger: revenue.Standing{MRR: 12_005, Currency: "USD"}}, []Field{
			{"ledger.currency", "USD"}, {"ledger.mrr", "10.00 USD and 5/12 of its smallest unit"}}},
		{"a subscription's price, in a currency without cents", engine.Account{Subscription: subscription.Subscription{Recurring: 149, Currency: "JPY"}}, []Field{
			{"subscription.currency", "JPY"}, {"subscription.recurring", "149 JPY"}}},
		{"an amount", struct{ Worth money.Amount }{money.Of(420_000, "EUR")}, []Field{{"worth", "4200.00 EUR"}}},
		{"a rolling window", struct{ Series []series }{[]series{{kind: catalog.Rolling, width: clock.Day}}}, []Field{{"series[0].window", "rolling 24h"}}},
		{"a window of the calendar", struct{ Series []series }{[]series{{kind: catalog.Monthly, pastDue: clock.Day}}}, []Field{
			{"series[0].past_due", "1970-01-02T00:00:00Z"}, {"series[0].window", "month"}}},
		{"what never comes", struct{ Series series }{series{kind: catalog.Daily, nextNumber: math.MaxInt64}}, []Field{
			{"series.next_number", "never"}, {"series.window", "day"}}},
		{"a part by two properties", struct{ List []group }{[]group{{"eu\x1fx"}}}, []Field{{"list[0].key", "eu | x"}}},
		{"signs that nobody sees", struct{ List []group }{[]group{{"a\x1b[31m"}}}, []Field{{"list[0].key", `"a\x1b[31m"`}}},
	} {
		if got := fieldsOf(c.of); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}
