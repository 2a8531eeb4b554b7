package catalog

import (
	"fmt"
	"strings"

	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
)

// Starter is what somebody says of their product to get a first catalog.
type Starter struct {
	Product  string // what is sold
	Currency string // ISO 4217
	Metric   string // what customers use more of as they get more out of it, such as reports
	Event    string // that the product sends for each; empty: made from Metric
	Plans    []StarterPlan
	Feature  string // that all plans but the lowest have; empty: none
	Trial    int    // days, of the lowest plan that costs something; 0: none
}

// StarterPlan is a plan of a Starter, the lowest first.
type StarterPlan struct {
	Title string
	Month string // price of a month, a decimal
	Limit string // of the metric, each month: a number, or unlimited
}

// keyOf makes a key out of words.
func keyOf(words string) string {
	key := strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '_'
	}, words), "_")
	for strings.Contains(key, "__") {
		key = strings.ReplaceAll(key, "__", "_")
	}
	return key[:min(len(key), 40)]
}

// Text writes a first catalog, with comments that say what each part is for. What the answers
// cannot make a catalog of is a fault (Invalid, catalog_invalid or starter_invalid).
func (s Starter) Text() ([]byte, error) {
	wrong := func(format string, args ...any) error {
		return fault.New(fault.Invalid, "starter_invalid", format, args...).WithMend("answer again")
	}
	metric := keyOf(s.Metric)
	if metric == "" {
		return nil, wrong("%q cannot be the name of what is counted", fault.Shorten(s.Metric))
	}
	if len(s.Plans) == 0 {
		return nil, wrong("there is no plan")
	}
	if s.Event == "" {
		s.Event = strings.TrimSuffix(metric, "s") + ".created"
	}
	keys := make([]string, len(s.Plans))
	limits, prices := make([]quantity.Quantity, len(s.Plans)), make([]money.Minor, len(s.Plans))
	for i, p := range s.Plans {
		var err error
		if keys[i] = keyOf(p.Title); keys[i] == "" {
			return nil, wrong("%q cannot be the name of a plan", fault.Shorten(p.Title))
		}
		if prices[i], err = money.Parse(p.Month, money.Currency(s.Currency)); err != nil || prices[i] < 0 {
			return nil, wrong("%q is not a price in %s", fault.Shorten(p.Month), fault.Shorten(s.Currency))
		}
		if p.Limit == "unlimited" {
			continue
		}
		if limits[i], err = quantity.Parse(p.Limit); err != nil || limits[i] < 0 {
			return nil, wrong("%q is not a limit", fault.Shorten(p.Limit))
		}
	}
	w := &starter{Starter: s, metric: metric, keys: keys, limits: limits, prices: prices}
	text := []byte(w.write())
	_, findings := Parse("catalog.yaml", text)
	return text, AsError(findings)
}

// starter writes the parts.
type starter struct {
	Starter
	b       strings.Builder
	metric  string
	feature string
	keys    []string // of the plans
	limits  []quantity.Quantity
	prices  []money.Minor
}

func (w *starter) line(format string, args ...any) { fmt.Fprintf(&w.b, format+"\n", args...) }

// text writes words so that YAML reads them as such.
func text(words string) string { return plainWords(plain{'s', words}, false) }

func (w *starter) decimal(m money.Minor) string {
	return m.Decimal(money.Currency(w.Currency))
}

func (w *starter) write() string {
	if w.Feature != "" && len(w.Plans) > 1 {
		w.feature = keyOf(w.Feature)
	}
	product := strings.Join(strings.Fields(w.Product), " ")
	w.line("# What %s sells, and when it offers more. Made by `headroom catalog init`: change it as you like.", product)
	w.line("#\n# Check it with:  headroom catalog lint catalog.yaml\n# Apply it with:  headroom catalog apply catalog.yaml --note \"Our first catalog\"")
	w.line("version: 1\ncurrency: %s\n", w.Currency)
	w.line("# How usage is counted from the events that the product sends.\nmeters:\n  %s: {event: %s}\n", w.metric, text(w.Event))
	w.line("# What customers can use. The benefit is why they buy it: locks and offers show it.\nfeatures:")
	w.line("  %s: {title: %s, benefit: %s, meter: %s}", w.metric, text(w.Metric), text("More "+w.Metric+" for more of the work"), w.metric)
	if w.feature != "" {
		w.line("  %s: {title: %s, benefit: %s}", w.feature, text(w.Feature), text(w.Feature+" for those who need it"))
	}
	w.plans()
	w.moments()
	return w.b.String()
}

func (w *starter) plans() {
	w.line("\n# What they subscribe to. A year costs ten months.\nplans:")
	tried := w.Trial == 0
	for i, p := range w.Plans {
		w.line("  %s:\n    title: %s", w.keys[i], text(p.Title))
		if i > 0 {
			w.line("    above: %s", w.keys[i-1])
		}
		w.line("    price: {month: %s, year: %s}", quoted(w.decimal(w.prices[i])), quoted(w.decimal(10*w.prices[i])))
		if !tried && w.prices[i] > 0 {
			w.line("    trial: %dd", w.Trial)
			tried = true
		}
		w.line("    entitlements:")
		switch last := i == len(w.Plans)-1; {
		case p.Limit == "unlimited":
			w.line("      %s: unlimited # the busiest get most of it for the same price: is that meant?", w.metric)
		case last && len(w.Plans) > 1 && w.prices[i] > 0 && w.limits[i] > 0:
			// Half as much again as a unit costs in the plan, so that the allowance stays the better deal.
			w.line("      %s: {limit: %s, per: month, overage: {unit: %s, price: %s}}", w.metric, w.limits[i], w.limits[i], quoted(w.decimal(w.prices[i]+w.prices[i]/2)))
		default:
			w.line("      %s: {limit: %s, per: month}", w.metric, w.limits[i])
		}
		if w.feature != "" {
			w.line("      %s: %t", w.feature, i > 0)
		}
	}
	if len(w.Plans) == 1 {
		w.line("\n# What they buy on top.\naddons:\n  more_%s: {title: %s, kind: pack, price: {month: %s, year: %s}, entitlements: {%s: {limit: %s, per: month}}}",
			w.metric, text("More "+w.Metric), quoted(w.decimal(w.prices[0])), quoted(w.decimal(10*w.prices[0])), w.metric, max(w.limits[0], quantity.One))
	}
}

func (w *starter) moments() {
	limited := false
	for _, p := range w.Plans {
		limited = limited || p.Limit != "unlimited"
	}
	tried := -1
	for i, price := range w.prices {
		if w.Trial > 0 && price > 0 && tried < 0 {
			tried = i
		}
	}
	if !limited && w.feature == "" && tried < 0 {
		return
	}
	w.line("\n# When an account is likely to want more.\nsignals:")
	if limited {
		w.line("  %s_nearly_used: {when: {limit: %s, reaches: 80%%}, type: upsell, hypothesis: Who has used four fifths needs more soon}", w.metric, w.metric)
	}
	if w.feature != "" {
		w.line("  wants_%s: {when: {gate: %s, times: 2, within: 7d}, type: upsell, hypothesis: Who tries a locked door twice wants in}", w.feature, w.feature)
	}
	if tried >= 0 {
		w.line("  trial_ending: {when: {trial_ends_in: %dd}, type: new_logo, hypothesis: They decide in the last days, decays: %dd}", max(1, min(3, w.Trial-1)), w.Trial)
	}
	w.line("\n# What is offered then, and where in the product. A tenth of the accounts never sees an\n# offer, so that you can tell what it earned.\noffers:")
	content := text("You have used {usage} of {limit}. There is more on {plan_next}.")
	for i := 1; i < len(w.Plans); i++ {
		var on []string
		if limited && w.Plans[i-1].Limit != "unlimited" {
			on = append(on, w.metric+"_nearly_used")
		}
		if w.feature != "" && i == 1 {
			on = append(on, "wants_"+w.feature)
		}
		if len(on) > 0 {
			w.line("  %s_for_more:\n    on: [%s]\n    give: {plan: %s}\n    at: [billing.page, %s.add]\n    for: \"account.plan == '%s'\"\n    contact: {cooldown: 14d, at_most: 3 per 90d}\n    content: {title: %s, body: %s}\n    holdout: 10%%",
				w.keys[i], strings.Join(on, ", "), w.keys[i], w.metric, w.keys[i-1], text("More room with "+w.Plans[i].Title), content)
		}
	}
	if len(w.Plans) == 1 && limited {
		w.line("  more_%s:\n    on: [%s_nearly_used]\n    give: {addon: more_%s}\n    at: [billing.page, %s.add]\n    contact: {cooldown: 14d, at_most: 3 per 90d}\n    holdout: 10%%", w.metric, w.metric, w.metric, w.metric)
	}
	if tried >= 0 {
		w.line("  keep_%s:\n    on: [trial_ending]\n    give: {plan: %s}\n    at: [trial.banner]\n    contact: {cooldown: 1d, at_most: 3 per 7d}\n    holdout: 10%%", w.keys[tried], w.keys[tried])
	}
}
