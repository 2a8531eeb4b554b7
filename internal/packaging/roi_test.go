package packaging

import (
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
)

const january, february = clock.Time(1_767_225_600_000_000), clock.Time(1_769_904_000_000_000)

// month is a month's line of a metric, at a price of 49 a month.
func month(metric string, start clock.Time, n int64, worth money.Minor) Gain {
	return Gain{Metric: metric, Start: start, End: start + 28*clock.Day, Quantity: quantity.Of(n), Worth: worth, Price: money.Monthly(49_00), PaidIn: "USD"}
}

func TestAStatementAddsUpWhatWasGainedAndWhatWasPaidOnce(t *testing.T) {
	hours := shop + "value: {hours: {title: Hours, unit: hours, formula: speakers, worth: \"10\", main: true, assumptions: [An hour a speaker]}, reach: {title: Reach, formula: speakers}}\n"
	foreign := month("hours", january, 5, 50_00)
	foreign.PaidIn = "EUR"
	for _, c := range []struct {
		name, catalog string
		given         []Gain
		numbers       string
		ratio         string
	}{
		{"two months of two metrics are paid for once a month", hours,
			[]Gain{month("hours", january, 12, 120_00), month("reach", january, 12, 0), month("hours", february, 8, 80_00), month("reach", february, 8, 0)},
			"Hours 20 hours; Hours, worth 200.00 USD; Reach 20; Price 98.00 USD; Gained for each USD paid 2.04", "2.04"},
		{"nothing yet", hours, nil, "Hours 0 hours; Hours, worth 0.00 USD; Reach 0; Price 0.00 USD", ""},
		{"another currency is not converted", hours, []Gain{foreign}, "Hours 5 hours; Hours, worth 50.00 USD; Reach 0", ""},
		{"no metric says a worth", shop + "value: {reach: {title: Reach, formula: speakers}}\n", []Gain{month("reach", january, 12, 0)}, "Reach 12", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := StatementOf(parsed(t, c.catalog), "Acme", c.given, false, february)
			var lines []string
			for _, n := range s.Numbers {
				lines = append(lines, n.Label+" "+n.Value)
			}
			ratio := ""
			if s.Ratio != nil {
				ratio = *s.Ratio
			}
			if got := strings.Join(lines, "; "); got != c.numbers || ratio != c.ratio {
				t.Errorf("got %s, ratio %q", got, ratio)
			}
			if len(s.Assumptions) < 2 {
				t.Errorf("assumptions %q", s.Assumptions)
			}
		})
	}
}

func TestACaseIsOfTheNewestMonthAndSaysFromWhenItPaysForItself(t *testing.T) {
	c := parsed(t, shop+"value: {hours: {title: Hours, unit: hours, formula: speakers, worth: \"10\"}}\n")
	s := CaseOf(c, "Acme", []Gain{month("hours", january, 12, 120_00), month("hours", february, 30, 300_00)},
		Case{Title: "Pro", Recurring: money.Monthly(149_00), Difference: money.Monthly(100_00)}, false, february)
	if s.Gained.String() != "300.00 USD" || s.Paid.String() != "149.00 USD" || *s.Ratio != "2.01" || s.Period.From != february {
		t.Errorf("%+v", s)
	}
	found := false
	for _, n := range s.Numbers {
		found = found || n == Number{"Pays for itself from", "10.0 hours more a month"}
	}
	if !found {
		t.Errorf("numbers %+v, want that 100 more is 10 hours", s.Numbers)
	}
}
