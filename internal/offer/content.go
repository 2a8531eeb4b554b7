package offer

import (
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/message"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/signal"
)

// placeholders are the names that offers' texts may use, each in braces.
var placeholders = []string{"usage", "limit", "remaining", "limit_next", "feature", "benefit", "plan", "plan_next", "price", "saved",
	"percent", "quantity", "days", "role"}

// show writes the offer for the person: in their language, filled from the account's own usage,
// with the price only for those who can buy. What is wrong with the offer's texts comes beside it.
func show(x *deciding, c *chosen, id string) (*Shown, []string) {
	o := c.offer
	f := x.featureOf(c)
	s := &Shown{Key: o.Key, Kind: o.Kind, Type: ShapeOf(o, x.Catalog), Give: c.give,
		CTA: x.button(c, id), Price: x.price(c), Expected: c.expectation()}
	var problems []string
	for _, t := range []struct {
		to  *string
		get func(*catalog.Content) string
	}{
		{&s.Title, func(c *catalog.Content) string { return c.Title }},
		{&s.Body, func(c *catalog.Content) string { return c.Body }},
		{&s.CTA.Label, func(c *catalog.Content) string { return c.Action }},
	} {
		text, language := translated(&o.Content, x.languages(), t.get)
		switch {
		case t.to == &s.CTA.Label && (text == "" || s.CTA.Action == "request"):
			continue
		case t.to == &s.Title && text == ours.usualTitle(x.Catalog, o.Give):
			s.Title = x.tongue().usualTitle(x.Catalog, o.Give)
			continue
		}
		w := tongue{message.For(language), language}
		m, err := x.Catalog.Message(text)
		if err != nil { // a catalog from before its texts were checked
			problems = append(problems, "a text cannot be read: "+err.Error())
			*t.to = text
			continue
		}
		for _, name := range m.Names() {
			if !slices.Contains(placeholders, name) {
				problems = append(problems, "nothing fills {"+name+"}; use one of {"+strings.Join(placeholders, "}, {")+"}")
			}
		}
		if words := m.Write(w.Language, x.valuesFor(c, f, s.Price, w)); words != "" || t.to == &s.Body {
			*t.to = words
		} else if t.to == &s.Title {
			*t.to = x.tongue().usualTitle(x.Catalog, o.Give)
		}
	}
	if s.Media, _ = translated(&o.Content, x.languages(), func(c *catalog.Content) string { return c.Media }); s.Media == "" && f != nil {
		s.Media = f.Media
	}
	w := x.tongue()
	s.Case = x.caseFor(c, f, s.Price, w)
	if x.moves(c) {
		f = nil // its case is about several
	}
	s.Assumptions = x.assumptions(c, f, s.Price, w)
	if o.Save {
		s.Lost = x.lost(w)
	}
	slices.Sort(problems)
	return s, slices.Compact(problems)
}

// next is what the account would have of a feature once the offer is accepted, or once what it
// leads to is bought.
func (x *deciding) next(c *chosen, f *catalog.Feature) entitlement.Given {
	return entitlement.GivenOf(x.Catalog, &c.worth.After, f.Key)
}

// valuesFor fills the placeholders of a text.
func (x *deciding) valuesFor(c *chosen, f *catalog.Feature, price *Price, w tongue) map[string]message.Value {
	v := map[string]message.Value{"plan_next": message.Text(w.titleOf(x.Catalog, c.give)), "role": message.Text(string(x.Role))}
	if x.Subscription.Live() {
		v["plan"] = message.Text(planTitle(x.Catalog, x.Subscription.Plan))
	}
	if price != nil {
		v["price"] = amount(price.Recurring)
		if price.Once != nil {
			v["price"] = amount(*price.Once)
		}
		if price.Saved != nil {
			v["saved"] = amount(*price.Saved)
		}
	}
	if c.give.Addon != "" {
		v["quantity"] = message.Number(quantity.Of(max(c.give.Quantity, 1)))
	}
	if n := x.trialDays(c); n > 0 {
		v["days"] = message.Number(quantity.Of(n))
	}
	if f == nil {
		return v
	}
	title, benefit := w.selling(f)
	v["feature"], v["benefit"] = message.Text(title), message.Text(benefit)
	if !f.Counted() {
		return v
	}
	at, grant := x.feature(f.Key), x.next(c, f)
	unlimited := message.Text(w.say("unlimited", "unbegrenzt"))
	switch {
	case at.Unlimited:
		v["usage"], v["limit"], v["remaining"] = message.Number(at.Usage), unlimited, unlimited
	case at.Limit > 0 || at.Usage > 0: // who has none of it has no share of it
		v["usage"], v["limit"], v["remaining"] = message.Number(at.Usage), message.Number(at.Limit), message.Number(at.Remaining)
		v["percent"] = message.Percent(at.Usage.Percent(at.Limit))
	}
	switch {
	case grant.Unlimited:
		v["limit_next"] = unlimited
	case grant.Limit > 0:
		v["limit_next"] = message.Number(grant.Limit)
	}
	return v
}

func amount(a money.Amount) message.Value {
	return message.Decimal(a.Minor.Decimal(a.Currency), string(a.Currency))
}

// trialDays is how long the trial of an offer lasts, or what is left of the one that runs; 0 when
// neither is.
func (x *deciding) trialDays(c *chosen) int64 {
	var t *catalog.Trial
	switch g := c.give; {
	case !g.Trial:
		if x.TrialEndsAt > x.Now {
			return int64((x.TrialEndsAt - x.Now + aDay - 1) / aDay)
		}
		return 0
	case x.Catalog.Addons[g.Addon] != nil:
		t = x.Catalog.Addons[g.Addon].Trial
	case x.Catalog.Plans[g.Plan] != nil:
		t = x.Catalog.Plans[g.Plan].Trial
	case x.Catalog.Features[g.Feature] != nil:
		t = x.Catalog.Features[g.Feature].Trial
	}
	if t == nil {
		return 0
	}
	return int64(t.Length.Hours()+23) / 24
}

// Words writes an amount for people: "1,490.00 USD".
func Words(a money.Amount) string {
	return signal.Grouped(a.Minor.Decimal(a.Currency)) + " " + string(a.Currency)
}
