package subscription

import (
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/money"
)

func TestPreviewsShowWhatIsDueNowAndNext(t *testing.T) {
	starter := step{"2026-01-01", Change{Plan: "starter"}}
	pro := step{"2026-01-01", Change{Plan: "pro"}}
	trial := step{"2026-01-01", Change{Plan: "pro", TrialEndsAt: at(t, "2026-01-15")}}
	for _, c := range []struct {
		name      string
		given     []step
		at        string
		change    Change
		now       string
		lines     string // of now
		recurring string
		next      string // day and total of the next invoice
		nextLines string
	}{
		{"a first purchase is charged in full", nil, "2026-01-01T10:00:00Z", Change{Plan: "starter"},
			"49.00", "Starter, monthly, 1 Jan 2026 to 1 Feb 2026 49.00", "49.00", "1 Feb 2026 49.00", "Starter, monthly 49.00"},
		{"on an anchor of its own only for the rest of the period", nil, "2026-01-16T12:00:00Z", Change{Plan: "starter", Anchor: at(t, "2025-06-01")},
			"24.50", "Starter, monthly, for the rest of the period until 1 Feb 2026 24.50", "49.00", "1 Feb 2026 49.00", "Starter, monthly 49.00"},
		{"an upgrade half way costs half the difference", []step{starter}, "2026-01-16T12:00:00Z", Change{Plan: "pro"},
			"50.00", "Credit for the unused rest of Starter, monthly, until 1 Feb 2026 -24.50; Pro, monthly, for the rest of the period until 1 Feb 2026 74.50", "149.00", "1 Feb 2026 149.00", "Pro, monthly 149.00"},
		{"a downgrade half way gives credit", []step{pro}, "2026-01-16T12:00:00Z", Change{Plan: "starter"},
			"-50.00", "Credit for the unused rest of Pro, monthly, until 1 Feb 2026 -74.50; Starter, monthly, for the rest of the period until 1 Feb 2026 24.50", "49.00", "1 Feb 2026 49.00", "Starter, monthly 49.00"},
		{"a second into the period counts", []step{starter}, "2026-01-01T00:00:01Z", Change{Plan: "pro"},
			"100.00", "Credit for the unused rest of Starter, monthly, until 1 Feb 2026 -49.00; Pro, monthly, for the rest of the period until 1 Feb 2026 149.00", "149.00", "1 Feb 2026 149.00", "Pro, monthly 149.00"},
		{"a second that has begun is the old price's and the new price's alike", []step{{"2026-01-01", Change{Plan: "starter", Quantity: MaxQuantity}}}, "2026-01-01T00:00:00.9Z", Change{Plan: "pro"},
			"100000000.00", "Credit for the unused rest of 1000000 × Starter, monthly, until 1 Feb 2026 -49000000.00; 1000000 × Pro, monthly, 1 Jan 2026 to 1 Feb 2026 149000000.00", "149000000.00", "1 Feb 2026 149000000.00", "1000000 × Pro, monthly 149000000.00"},
		{"a year begins at once", []step{pro}, "2026-01-16T12:00:00Z", Change{Interval: Year},
			"1415.50", "Credit for the unused rest of Pro, monthly, until 1 Feb 2026 -74.50; Pro, yearly, 16 Jan 2026 to 16 Jan 2027 1490.00", "1490.00", "16 Jan 2027 1490.00", "Pro, yearly 1490.00"},
		{"an add-on", []step{pro}, "2026-01-16T12:00:00Z", Change{Addons: addons(AddonLine{"sponsors", 2})},
			"79.00", "Credit for the unused rest of Pro, monthly, until 1 Feb 2026 -74.50; Pro, monthly, with 2 × Sponsor tiers, for the rest of the period until 1 Feb 2026 153.50", "307.00", "1 Feb 2026 307.00", "Pro, monthly 149.00; 2 × Sponsor tiers, monthly 158.00"},
		{"nothing changes", []step{pro}, "2026-01-16", Change{Plan: "pro"},
			"0.00", "", "149.00", "1 Feb 2026 149.00", "Pro, monthly 149.00"},
		{"a downgrade at the renewal costs nothing now", []step{pro}, "2026-01-16", Change{Plan: "starter", Effective: AtRenewal},
			"0.00", "", "49.00", "1 Feb 2026 49.00", "Starter, monthly 49.00"},
		{"a cancellation now gives the unused rest back", []step{pro}, "2026-01-16T12:00:00Z", Change{Cancel: true},
			"-74.50", "Credit for the unused rest of Pro, monthly, until 1 Feb 2026 -74.50", "0.00", " 0.00", ""},
		{"a cancellation at the renewal", []step{pro}, "2026-01-16", Change{Cancel: true, Effective: AtRenewal},
			"0.00", "", "0.00", " 0.00", ""},
		{"a trial costs nothing, and nothing comes of itself", nil, "2026-01-01", Change{Plan: "pro", TrialEndsAt: at(t, "2026-01-15")},
			"0.00", "", "149.00", "15 Jan 2026 0.00", "The trial of Pro, monthly ends; nothing is charged unless it is bought 0.00"},
		{"a trial earns no credit", []step{trial}, "2026-01-10", Change{Plan: "pro"},
			"149.00", "Pro, monthly, 10 Jan 2026 to 10 Feb 2026 149.00", "149.00", "10 Feb 2026 149.00", "Pro, monthly 149.00"},
		{"a purchase at the end of the trial", []step{trial}, "2026-01-10", Change{Plan: "pro", Effective: AtRenewal},
			"0.00", "", "149.00", "15 Jan 2026 149.00", "Pro, monthly 149.00"},
		{"from a free plan there is no credit", []step{{"2026-01-01", Change{Plan: "free"}}}, "2026-01-16T12:00:00Z", Change{Plan: "starter"},
			"24.50", "Starter, monthly, for the rest of the period until 1 Feb 2026 24.50", "49.00", "1 Feb 2026 49.00", "Starter, monthly 49.00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			q, _, err := Preview(given(t, c.given...), c.change, Terms{Catalog: summit(), Now: at(t, c.at)})
			if err != nil {
				t.Fatal(err)
			}
			for _, part := range []struct{ name, got, want string }{
				{"now", q.Now.Minor.Decimal("USD"), c.now},
				{"lines of now", written(q.Lines), c.lines},
				{"recurring", q.Recurring.Minor.Decimal("USD"), c.recurring},
				{"next invoice", dayOfNext(q) + " " + q.NextInvoice.Total.Minor.Decimal("USD"), c.next},
				{"its lines", written(q.NextInvoice.Lines), c.nextLines},
			} {
				if part.got != part.want {
					t.Errorf("%s\n got  %s\n want %s", part.name, part.got, part.want)
				}
			}
		})
	}
}

func dayOfNext(q Quote) string {
	if q.NextInvoice.At == 0 {
		return ""
	}
	return dayOf(q.NextInvoice.At)
}

func written(lines []InvoiceLine) string {
	var out []string
	for _, l := range lines {
		out = append(out, l.Title+" "+l.Amount.Minor.Decimal("USD"))
	}
	return strings.Join(out, "; ")
}

func TestAnOldPriceIsShownAsOneLine(t *testing.T) {
	s := given(t, step{"2026-01-01", Change{Plan: "pro", Addons: addons(AddonLine{"sponsors", 1})}})
	s.Recurring = money.Minor(10000)
	q, _, err := Preview(s, Change{Plan: "pro"}, Terms{Catalog: summit(), Now: at(t, "2026-01-02")})
	if got := written(q.NextInvoice.Lines); err != nil || got != "Pro, monthly, with Sponsor tiers 100.00" {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestKindsOfGrowthAreToldApart(t *testing.T) {
	starter := step{"2026-01-01", Change{Plan: "starter"}}
	pro := step{"2026-01-01", Change{Plan: "pro"}}
	trial := step{"2026-01-01", Change{Plan: "pro", TrialEndsAt: at(t, "2026-01-15")}}
	for _, c := range []struct {
		name   string
		given  []step
		change Change
		want   string
		words  string
	}{
		{"a first purchase", nil, Change{Plan: "starter"}, "new_logo", "Starter, monthly"},
		{"a purchase from a trial", []step{trial}, Change{Plan: "pro"}, "new_logo", "Pro, monthly: bought after the trial"},
		{"a purchase from a free plan", []step{{"2026-01-01", Change{Plan: "free"}}}, Change{Plan: "pro"}, "new_logo", "Free to Pro, monthly"},
		{"a trial is no growth", nil, Change{Plan: "pro", TrialEndsAt: at(t, "2026-01-15")}, "", "Trial of Pro, monthly"},
		{"a higher plan of the family", []step{starter}, Change{Plan: "pro"}, "upsell", "Starter to Pro, monthly"},
		{"more of the same plan", []step{starter}, Change{Quantity: 3}, "upsell", "Starter, monthly: quantity from 1 to 3"},
		{"an add-on with more of what is there", []step{starter}, Change{Addons: addons(AddonLine{"more_seats", 2})}, "upsell", "Starter, monthly: 2 × Speaker pack added"},
		{"an add-on of new scope", []step{pro}, Change{Addons: addons(AddonLine{"sponsors", 1})}, "cross_sell", "Pro, monthly: Sponsor tiers added"},
		{"more of an add-on that is there", []step{{"2026-01-01", Change{Plan: "pro", Addons: addons(AddonLine{"sponsors", 1})}}}, Change{Addons: addons(AddonLine{"sponsors", 3})}, "upsell", "Pro, monthly: Sponsor tiers from 1 to 3"},
		{"a higher plan together with new scope", []step{starter}, Change{Plan: "pro", Addons: addons(AddonLine{"sponsors", 1})}, "cross_sell", "Starter to Pro, monthly: Sponsor tiers added"},
		{"a plan of another family", []step{starter}, Change{Plan: "studio"}, "cross_sell", "Starter to Studio, monthly"},
		{"a downgrade", []step{pro}, Change{Plan: "starter"}, "", "Pro to Starter, monthly"},
		{"a cheaper year", []step{pro}, Change{Interval: Year}, "", "Pro, monthly to yearly"},
		{"an end", []step{pro}, Change{Cancel: true}, "", "Pro ended"},
		{"an end to come", []step{pro}, Change{Cancel: true, Effective: AtRenewal}, "", "Pro, monthly, ends on 1 Feb 2026"},
		{"a change to come", []step{pro}, Change{Plan: "starter", Effective: AtRenewal}, "", "Pro, monthly, from 1 Feb 2026 on: Starter, monthly"},
		{"a return", []step{pro, {"2026-01-05", Change{Cancel: true}}}, Change{Plan: "pro"}, "", "Pro, monthly"},
		{"an add-on removed", []step{{"2026-01-01", Change{Plan: "pro", Addons: addons(AddonLine{"sponsors", 1})}}}, Change{Addons: addons()}, "", "Pro, monthly: Sponsor tiers removed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := given(t, c.given...)
			after, err := Apply(before, c.change, Terms{Catalog: summit(), Now: at(t, "2026-01-10")})
			if err != nil {
				t.Fatal(err)
			}
			if got := string(TypeOf(&before, &after, summit())); got != c.want {
				t.Errorf("type %q, want %q", got, c.want)
			}
			if got := Describe(&before, &after, summit()); got != c.words {
				t.Errorf("got %q, want %q", got, c.words)
			}
		})
	}
}
