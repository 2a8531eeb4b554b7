package offer

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/signal"
)

// placeholders are the names that offers' texts may use, each in braces.
var placeholders = []string{"usage", "limit", "remaining", "limit_next", "feature", "plan", "plan_next", "price", "percent"}

// Placeholders returns the placeholders in a text of an offer that nothing fills, for the
// check of a catalog.
func Placeholders(text string) []string {
	var unknown []string
	expand(text, func(name, _ string) string {
		if !slices.Contains(placeholders, name) && !slices.Contains(unknown, name) {
			unknown = append(unknown, name)
		}
		return ""
	})
	return unknown
}

// expand replaces {name} by what fill returns for the name and the text after it. A brace
// that encloses no plain name stays as it is.
func expand(text string, fill func(name, after string) string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed || name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.") != "" {
			b.WriteByte('{')
			text = rest
			continue
		}
		b.WriteString(fill(name, after))
		text = after
	}
}

// show writes the offer for the person: filled from the account's own usage, with the
// price only for those who can buy.
func show(x *deciding, c *chosen, id string) (*Shown, []string) {
	in, o := x.Input, c.offer
	s := &Shown{Key: o.Key, Kind: o.Kind, Type: ShapeOf(o, in.Catalog), Media: o.Content.Media, Give: c.give,
		CTA: x.button(c, id), Price: x.price(c), Expected: c.expectation()}
	f := featureOf(x, c)
	values := valuesFor(in, c, f, s.Price)
	var problems []string
	fill := func(text string) string {
		for _, name := range Placeholders(text) {
			problems = append(problems, "nothing fills {"+name+"}; use one of {"+strings.Join(placeholders, "}, {")+"}")
		}
		return filled(text, values)
	}
	s.Title, s.Body = fill(o.Content.Title), fill(o.Content.Body)
	if s.Media == "" && f != nil {
		s.Media = f.Media
	}
	s.Case = caseFor(in, c, f)
	s.Assumptions = assumptions(in, c, f, s.Price)
	if o.Save {
		s.Lost = x.lost()
	}
	slices.Sort(problems)
	return s, slices.Compact(problems)
}

// featureOf is the feature the offer speaks of: the moment's, else the signal's, else the
// first one the give improves, by key. Nil when it speaks of none.
func featureOf(x *deciding, c *chosen) *catalog.Feature {
	in := x.Input
	if f := in.Catalog.Features[x.about]; f != nil {
		return f
	}
	if c.signal != nil {
		if f := in.Catalog.Features[c.signal.Data["feature"]]; f != nil {
			return f
		}
	}
	var some *catalog.Feature
	for _, e := range entitlementsOf(in.Catalog, c.offer.Give) {
		f := in.Catalog.Features[e.Feature]
		if f == nil || !gives(e) {
			continue
		}
		if !has(in.feature(e.Feature)) {
			return f
		}
		if some == nil {
			some = f
		}
	}
	return some
}

// next is what the account would have of a feature once the offer is accepted.
func next(in *Input, c *chosen, f *catalog.Feature) entitlement.Given {
	return entitlement.GivenOf(in.Catalog, &c.worth.After, f.Key)
}

func valuesFor(in *Input, c *chosen, f *catalog.Feature, price *Price) map[string]string {
	v := map[string]string{"plan_next": titleOf(in.Catalog, c.offer.Give)}
	if in.Subscription.Live() {
		v["plan"] = planTitle(in.Catalog, in.Subscription.Plan)
	}
	if price != nil {
		v["price"] = Words(price.Recurring)
		if price.Once != nil {
			v["price"] = Words(*price.Once)
		}
	}
	if f == nil {
		return v
	}
	v["feature"] = named(f.Title, f.Key)
	if !f.Counted() {
		return v
	}
	at, grant := in.feature(f.Key), next(in, c, f)
	v["usage"] = number(at.Usage)
	v["limit"], v["remaining"] = "unlimited", "unlimited"
	if !at.Unlimited {
		v["limit"], v["remaining"] = number(at.Limit), number(at.Remaining)
		v["percent"] = strconv.FormatInt(at.Usage.Percent(at.Limit), 10) + "%"
	}
	if grant.Unlimited {
		v["limit_next"] = "unlimited"
	} else {
		v["limit_next"] = number(grant.Limit)
	}
	return v
}

// filled puts the values into a text. A sentence that needs a value there is none of (a
// price, for somebody who cannot buy) is left out, unless it is the only one.
func filled(text string, values map[string]string) string {
	var out []string
	sentences := strings.SplitAfter(strings.NewReplacer(". ", ".\x00", "! ", "!\x00", "? ", "?\x00").Replace(text), "\x00")
	for _, sentence := range sentences {
		empty := false
		got := expand(strings.TrimSuffix(sentence, "\x00"), func(name, after string) string {
			v := values[name]
			empty = empty || v == "" && slices.Contains(placeholders, name)
			if name == "percent" && strings.HasPrefix(after, "%") {
				v = strings.TrimSuffix(v, "%")
			}
			return v
		})
		if !empty || len(sentences) == 1 {
			out = append(out, got)
		}
	}
	return strings.Join(strings.Fields(strings.Join(out, " ")), " ")
}

// caseFor is the reason to accept, from the account's own usage.
func caseFor(in *Input, c *chosen, f *catalog.Feature) string {
	own, gain := ownStory(in, c, f), gainFrom(in, c, f)
	switch {
	case own != "" && gain != "":
		return own + "; " + gain
	case own != "":
		return own
	default:
		return gain
	}
}

// ownStory is what the account did that makes the offer fit.
func ownStory(in *Input, c *chosen, f *catalog.Feature) string {
	if s := c.signal; s != nil {
		switch rule := in.Catalog.Signals[s.Key]; {
		case rule == nil:
		case rule.When.Gate != "" && f != nil:
			if n, err := strconv.Atoi(s.Data["times"]); err == nil {
				return "You opened " + named(f.Title, f.Key) + " " + signal.Times(n)
			}
		case rule.When.TrialEndsIn != 0:
			return "Your trial ends in " + signal.Span(in.Subscription.TrialEndsAt.Sub(in.Now))
		case (rule.When.Event != "" || len(rule.When.Sequence) > 0) && !strings.HasPrefix(s.Evidence, "The event") && !strings.HasPrefix(s.Evidence, `"`):
			return "You " + signal.Inside(s.Evidence)
		}
	}
	if f == nil || !f.Counted() {
		return ""
	}
	at, name := in.feature(f.Key), signal.Inside(named(f.Title, f.Key))
	switch {
	case at.Unlimited || at.Limit <= 0:
		return ""
	case at.GainedDays > 0 && at.Gained > 0:
		return fmt.Sprintf("You added %s %s in %d days", number(at.Gained), name, at.GainedDays)
	}
	return fmt.Sprintf("You use %s of %s %s", number(at.Usage), number(at.Limit), name)
}

// gainFrom is what accepting brings.
func gainFrom(in *Input, c *chosen, f *catalog.Feature) string {
	title := titleOf(in.Catalog, c.offer.Give)
	if c.offer.Give.Plan != "" && in.Subscription.Live() && in.Subscription.Plan == c.offer.Give.Plan {
		return title + " keeps everything as it is now"
	}
	if f == nil {
		return ""
	}
	at, grant, name := in.feature(f.Key), next(in, c, f), signal.Inside(named(f.Title, f.Key))
	switch {
	case !f.Counted() && grant.Allowed:
		return title + " includes " + named(f.Title, f.Key)
	case !f.Counted():
		return ""
	case !has(at) && f.Benefit != "":
		return title + ": " + f.Benefit
	case grant.Unlimited:
		return title + " has no limit on " + name
	case grant.Limit <= at.Limit:
		return ""
	case c.offer.Give.Addon != "":
		return "with " + title + " there is room for " + number(grant.Limit)
	case has(at):
		return title + " has room for " + number(grant.Limit)
	}
	return title + " has room for " + number(grant.Limit) + " " + name
}

// assumptions are what the case and the price rest on.
func assumptions(in *Input, c *chosen, f *catalog.Feature, price *Price) []string {
	var out []string
	if f != nil && f.Counted() {
		at, grant := in.feature(f.Key), next(in, c, f)
		name := signal.Inside(named(f.Title, f.Key))
		if room := grant.Limit - at.Usage; at.GainedDays > 0 && at.Gained > 0 && !grant.Unlimited && room > 0 {
			if days := int64(room / max(at.Gained/quantity.Quantity(at.GainedDays), 1)); days < 3650 {
				out = append(out, fmt.Sprintf("At the pace of the last %d days, the room for %s %s lasts about %s days",
					at.GainedDays, number(grant.Limit), name, signal.Grouped(strconv.FormatInt(days, 10))))
			}
		} else if at.Usage > 0 {
			out = append(out, "Counts the "+name+" used as of "+day(in.Now))
		}
	}
	switch {
	case price == nil:
	case price.Once != nil:
		out = append(out, "The price is charged once, before tax; the subscription costs what it does now")
	default:
		text := "The price is for the whole subscription, each " + price.Interval + ", before tax"
		if q := c.worth.After.Quantity; q > 1 {
			text += ", for a quantity of " + signal.Grouped(strconv.FormatInt(q, 10))
		}
		out = append(out, text)
	}
	return out
}

// Words writes an amount for people: "1,490.00 USD".
func Words(a money.Amount) string {
	return signal.Grouped(a.Minor.Decimal(a.Currency)) + " " + string(a.Currency)
}

func number(q quantity.Quantity) string { return signal.Grouped(q.String()) }

// day writes the day of t.
func day(t clock.Time) string { return t.Std().Format("2 January 2006") }
