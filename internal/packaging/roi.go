package packaging

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
)

// Gain is a line of the value ledger, as a statement needs it.
type Gain struct {
	Metric     string
	Start, End clock.Time
	Quantity   quantity.Quantity
	Worth      money.Minor // in the catalog's currency
	Price      money.Twelfths
	PaidIn     money.Currency
}

// Case is an offer, as a statement weighs it.
type Case struct {
	Title      string
	Recurring  money.Twelfths // MRR with the offer accepted
	Difference money.Twelfths // MRR more than today
	Once       money.Minor    // charged once
}

// Statement is what an account gained and what it paid: numbers, what they rest on, and of when.
type Statement struct {
	Title   string   `json:"title" doc:"what the statement is of"`
	Numbers []Number `json:"numbers" doc:"the statement, line by line"`
	// Assumptions are the metrics', and how the statement was made.
	Assumptions []string      `json:"assumptions" doc:"what the numbers rest on, a sentence each"`
	Gained      *money.Amount `json:"gained,omitempty" doc:"the worth of what was gained; absent where no metric says a worth"`
	Paid        *money.Amount `json:"paid,omitempty" doc:"what was paid for it, or would be"`
	// Ratio is Gained to Paid with two decimals.
	Ratio      *string    `json:"ratio" nullable:"true" doc:"gained to paid; null where one of them is missing or nothing was paid"`
	Period     Span       `json:"period" doc:"the time that is looked at"`
	Incomplete bool       `json:"incomplete" doc:"the last month is not over yet"`
	MadeAt     clock.Time `json:"made_at" doc:"when the statement was made"`
}

// Number is a line of a statement.
type Number struct {
	Label string `json:"label" doc:"what it is"`
	Value string `json:"value" doc:"the number with its unit"`
}

// Span is a time from its start to its end, which is excluded.
type Span struct {
	From clock.Time `json:"from" doc:"start, included"`
	To   clock.Time `json:"to" doc:"end, excluded"`
}

// StatementOf adds gains up: those of complete months, or of the open month alone. They are by
// month, metrics in any order.
func StatementOf(c *catalog.Catalog, name string, gains []Gain, incomplete bool, now clock.Time) Statement {
	s := Statement{Title: "What " + name + " gained", Numbers: []Number{}, Assumptions: []string{}, Incomplete: incomplete, MadeAt: now}
	worth, paid, foreign := s.add(c, gains)
	cur := c.Currency
	s.outcome(c, worth, paid.Round(), !foreign)
	if foreign {
		s.assume("It pays in another currency than %s: nothing is converted, so what it paid is left out.", cur)
	} else {
		s.assume("What was paid is the recurring price of the time looked at, on average over each month; what was bought once is not in it.")
	}
	if incomplete {
		s.assume("The month is not over: what is gained and paid is up to now.")
	}
	return s
}

// CaseOf weighs an offer: a month's gain at the usage of the newest month against the price with
// the offer accepted.
func CaseOf(c *catalog.Catalog, name string, gains []Gain, offer Case, incomplete bool, now clock.Time) Statement {
	s := Statement{Title: offer.Title + " for " + name, Numbers: []Number{}, Assumptions: []string{}, Incomplete: incomplete, MadeAt: now}
	var newest clock.Time
	for _, g := range gains {
		newest = max(newest, g.Start)
	}
	gains = slices.DeleteFunc(slices.Clone(gains), func(g Gain) bool { return g.Start != newest })
	worth, _, foreign := s.add(c, gains)
	s.Numbers = append(s.Numbers, Number{"More a month", offer.Difference.Amount(c.Currency).String()})
	if offer.Once != 0 {
		s.Numbers = append(s.Numbers, Number{"Once", money.Of(offer.Once, c.Currency).String()})
	}
	if m := mainOf(c); m != nil && m.Worth > 0 && offer.Difference > 0 && !foreign {
		more := quantity.Quantity(float64(offer.Difference) / 12 / float64(m.Worth) * float64(quantity.One))
		s.Numbers = append(s.Numbers, Number{"Pays for itself from", *rate(float64(more)/float64(quantity.One), 1) + " " + cmp.Or(m.Unit, m.Title) + " more a month"})
	}
	s.outcome(c, worth, offer.Recurring.Round(), !foreign)
	s.assume("What is gained is that of the newest month, at its usage: nothing is added for what %s makes possible.", offer.Title)
	s.assume("What is paid is the price a month with %s accepted.", offer.Title)
	if incomplete {
		s.assume("The month is not over: what is gained is up to now, the price is of a whole month.")
	}
	return s
}

// add writes what was gained of each metric, and returns the worth of all and what was paid.
func (s *Statement) add(c *catalog.Catalog, gains []Gain) (worth money.Minor, paid money.Twelfths, foreign bool) {
	months := map[clock.Time]bool{}
	for _, g := range gains {
		if s.Period.From == 0 || g.Start < s.Period.From {
			s.Period.From = g.Start
		}
		s.Period.To = max(s.Period.To, g.End)
		if months[g.Start] {
			continue // each metric has the price of the month
		}
		months[g.Start] = true
		paid += g.Price
		foreign = foreign || g.Price != 0 && g.PaidIn != c.Currency
	}
	for _, m := range c.ValueMetrics() {
		var sum quantity.Quantity
		var of money.Minor
		for _, g := range gains {
			if g.Metric == m.Key {
				sum, of = sum.Add(g.Quantity), of+g.Worth
			}
		}
		s.Numbers = append(s.Numbers, Number{m.Title, strings.TrimSpace(sum.String() + " " + m.Unit)})
		if m.Worth > 0 {
			s.Numbers = append(s.Numbers, Number{m.Title + ", worth", money.Of(of, c.Currency).String()})
			worth += of
			s.assume("%s: %s for each of the %s.", m.Title, money.Of(m.Worth, c.Currency), cmp.Or(m.Unit, "units"))
		}
		for _, a := range m.Assumptions {
			s.assume("%s", a)
		}
		s.assume("%s is %s, of what was used in each month.", m.Title, m.Formula.Source)
	}
	return worth, paid, foreign
}

// outcome sets gained, paid and their ratio.
func (s *Statement) outcome(c *catalog.Catalog, worth, paid money.Minor, comparable bool) {
	if !slices.ContainsFunc(c.ValueMetrics(), func(m *catalog.ValueMetric) bool { return m.Worth > 0 }) {
		comparable = false
	} else {
		gained := money.Of(worth, c.Currency)
		s.Gained = &gained
	}
	if !comparable {
		return
	}
	amount := money.Of(paid, c.Currency)
	s.Paid = &amount
	s.Numbers = append(s.Numbers, Number{"Price", amount.String()})
	if paid > 0 {
		s.Ratio = rate(float64(worth)/float64(paid), 2)
		s.Numbers = append(s.Numbers, Number{"Gained for each " + string(c.Currency) + " paid", *s.Ratio})
	}
}

func (s *Statement) assume(format string, args ...any) {
	if words := fmt.Sprintf(format, args...); !slices.Contains(s.Assumptions, words) {
		s.Assumptions = append(s.Assumptions, words)
	}
}

func mainOf(c *catalog.Catalog) *catalog.ValueMetric {
	if all := c.ValueMetrics(); len(all) > 0 && all[0].Main {
		return all[0]
	}
	return nil
}
