package offer

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/signal"
)

// ownStory is what the account did that makes the offer fit.
func (x *deciding) ownStory(c *chosen, f *catalog.Feature, w tongue) string {
	if c.give.Interval != "" {
		return ""
	}
	title := ""
	if f != nil {
		title, _ = w.selling(f)
	}
	if s := c.signal; s != nil {
		switch rule := x.Catalog.Signals[s.Key]; {
		case rule == nil:
		case rule.When.Gate != "" && f != nil:
			if n, err := strconv.Atoi(s.Data["times"]); err == nil {
				return w.say("You opened %s %s", "Sie haben %s %s geöffnet", title, w.times(n))
			}
		case rule.When.TrialEndsIn != 0:
			return w.say("Your trial ends in %s", "Ihr Test endet in %s", w.span(x.trialEnd().Sub(x.Now)))
		case (rule.When.Event != "" || len(rule.When.Sequence) > 0) && !w.german() && !strings.HasPrefix(s.Evidence, "The event") && !strings.HasPrefix(s.Evidence, `"`):
			return "You " + signal.Inside(s.Evidence)
		}
	}
	if f == nil || !f.Counted() {
		return ""
	}
	at, name := x.feature(f.Key), w.inside(title)
	switch {
	case at.Unlimited || at.Limit <= 0:
		return ""
	case x.Wanted > 0 && f.Key == x.about && x.values.short(f.Key) > 0:
		return w.say("You need %s more %s, and %s are left", "%[2]s: %[1]s mehr gebraucht, %[3]s frei", w.number(x.Wanted), name, w.number(at.Remaining))
	case at.GainedDays > 0 && at.Gained > 0:
		return w.say("You added %s %s in %s days", "%[2]s: %[1]s mehr in %[3]s Tagen", w.number(at.Gained), name, w.count(int64(at.GainedDays)))
	}
	return w.say("You use %s of %s %s", "%[3]s: %[1]s von %[2]s genutzt", w.number(at.Usage), w.number(at.Limit), name)
}

// gainFrom is what accepting brings.
func (x *deciding) gainFrom(c *chosen, f *catalog.Feature, price *Price, w tongue) string {
	g, title := c.give, w.titleOf(x.Catalog, c.give)
	switch {
	case ForAnyone(g):
		return ""
	case g.Interval != "":
		return x.savedBy(c, price, w)
	case g.Trial && f == nil:
		return x.tried(c, title, w)
	case g.Plan != "" && x.Subscription.Live() && x.Subscription.Plan == g.Plan:
		return w.say("%s keeps everything as it is now", "mit %s bleibt alles, wie es ist", title)
	case f == nil:
		return ""
	}
	if n := max(g.Quantity, 1); g.Addon != "" && n > 1 {
		title = w.count(n) + " " + title
	}
	at, grant := x.feature(f.Key), x.next(c, f)
	of, benefit := w.selling(f)
	name := w.inside(of)
	switch {
	case g.Trial:
		return x.tried(c, title, w)
	case c.worth.Once > 0:
		if a := x.Catalog.Addons[g.Addon]; a != nil && a.Entitlements[f.Key] != nil && a.Entitlements[f.Key].Limit > 0 {
			return w.say("with %s there are %s more", "mit %s sind es %s mehr", title, w.number(a.Entitlements[f.Key].Limit*quantityTimes(g.Quantity)))
		}
		return ""
	case !f.Counted() && grant.Allowed:
		return w.say("%s includes %s", "%s enthält %s", title, of)
	case !f.Counted():
		return ""
	case !has(at) && benefit != "":
		return title + ": " + benefit
	case grant.Unlimited:
		return w.say("%s has no limit on %s", "%s hat keine Grenze für %s", title, name)
	case grant.Limit <= at.Limit:
		return ""
	case g.Addon != "":
		return w.say("with %s there is room for %s", "mit %s ist Platz für %s", title, w.number(grant.Limit))
	case has(at):
		return w.say("%s has room for %s", "%s hat Platz für %s", title, w.number(grant.Limit))
	}
	return w.say("%s has room for %s %s", "%[1]s hat Platz für %[2]s (%[3]s)", title, w.number(grant.Limit), name)
}

// staying says what the account keeps on the smaller plan of a save, and what it loses by it: what
// is used most first.
func (x *deciding) staying(c *chosen, w tongue) string {
	type thing struct {
		words string
		used  quantity.Quantity
	}
	var keeps, loses []thing
	for _, key := range sortedKeys(x.Catalog.Features) {
		f, at := x.Catalog.Features[key], x.feature(key)
		if !has(at) {
			continue
		}
		title, _ := w.selling(f)
		switch next := x.next(c, f); {
		case !next.Allowed:
			loses = append(loses, thing{title, at.Usage})
		case !f.Counted():
			keeps = append(keeps, thing{title, 0})
		case next.Unlimited:
			keeps = append(keeps, thing{w.say("%s without a limit", "%s ohne Grenze", w.inside(title)), at.Usage})
		case at.Unlimited || at.Limit > next.Limit:
			loses = append(loses, thing{w.say("room for more than %s %s", "Platz für mehr als %s (%s)", w.number(next.Limit), w.inside(title)), at.Usage})
		default:
			keeps = append(keeps, thing{w.say("%s %s", "%[2]s (%[1]s)", w.number(next.Limit), w.inside(title)), at.Usage})
		}
	}
	list := func(all []thing) string {
		slices.SortStableFunc(all, func(a, b thing) int { return cmp.Compare(b.used, a.used) })
		words := make([]string, len(all))
		for i := range all {
			words[i] = all[i].words
		}
		return w.list(words)
	}
	plan, kept, lost := w.titleOf(x.Catalog, c.give), list(keeps), list(loses)
	switch {
	case lost == "":
		return w.say("%s keeps everything as it is now", "mit %s bleibt alles, wie es ist", plan)
	case kept == "":
		return w.say("With %s you lose %s", "Mit %s entfällt: %s", plan, lost)
	}
	return w.say("With %s you keep %s, and lose %s", "Mit %s bleibt: %s; es entfällt: %s", plan, kept, lost)
}

func quantityTimes(n int64) quantity.Quantity { return quantity.Quantity(max(n, 1)) }

// tried says what the trial of an offer is.
func (x *deciding) tried(c *chosen, title string, w tongue) string {
	n := x.trialDays(c)
	if n == 1 {
		return w.say("try %s for a day", "testen Sie %s einen Tag lang", title)
	}
	return w.say("try %s for %s days", "testen Sie %s %s Tage lang", title, w.count(n))
}

// savedBy says what paying by the year saves, to the minor unit; to who sees no prices only that
// it does.
func (x *deciding) savedBy(c *chosen, price *Price, w tongue) string {
	if price == nil || price.Saved == nil {
		if c.worth.Saved > 0 {
			return w.say("A year costs less than twelve months", "Ein Jahr kostet weniger als zwölf Monate")
		}
		return ""
	}
	twelve := money.Of(12*x.Subscription.Recurring, c.currency())
	if c.worth.Saved <= 0 {
		return w.say("Twelve months cost %s, a year costs %s", "Zwölf Monate kosten %s, ein Jahr kostet %s", w.money(twelve), w.money(price.Recurring))
	}
	return w.say("Twelve months cost %s, a year costs %s: you save %s", "Zwölf Monate kosten %s, ein Jahr kostet %s: Sie sparen %s",
		w.money(twelve), w.money(price.Recurring), w.money(*price.Saved))
}

// assumptions are what the case and the price rest on.
func (x *deciding) assumptions(c *chosen, f *catalog.Feature, price *Price, w tongue) []string {
	var out []string
	if f != nil && f.Counted() && !ForAnyone(c.give) {
		at, grant := x.feature(f.Key), x.next(c, f)
		title, _ := w.selling(f)
		name := w.inside(title)
		if room := grant.Limit - at.Usage; at.GainedDays > 0 && at.Gained > 0 && !grant.Unlimited && room > 0 {
			if days := int64(room / max(at.Gained/quantity.Quantity(at.GainedDays), 1)); days < 3650 {
				out = append(out, w.say("At the pace of the last %s days, the room for %s %s lasts about %s days",
					"%[3]s: geht es weiter wie in den letzten %[1]s Tagen, reicht der Platz für %[2]s noch etwa %[4]s Tage",
					w.count(int64(at.GainedDays)), w.number(grant.Limit), name, w.count(days)))
			}
		} else if at.Usage > 0 {
			out = append(out, w.say("Counts the %s used as of %s", "%s: gezählt, was bis %s genutzt ist", name, w.day(x.Now)))
		}
	}
	switch {
	case c.give.Trial:
		out = append(out, w.say("The trial costs nothing and ends by itself", "Der Test kostet nichts und endet von selbst"))
	case price == nil:
	case price.Once != nil:
		out = append(out, w.say("The price is charged once, before tax; the subscription costs what it does now",
			"Der Preis wird einmal berechnet, vor Steuern; das Abonnement kostet, was es jetzt kostet"))
	default:
		interval := w.say(price.Interval, map[string]string{"month": "Monat", "year": "Jahr"}[price.Interval])
		text := w.say("The price is for the whole subscription, each %s, before tax", "Der Preis gilt für das ganze Abonnement, je %s, vor Steuern", interval)
		if q := c.worth.After.Quantity; q > 1 {
			text += w.say(", for a quantity of %s", ", für die Menge %s", w.count(q))
		}
		out = append(out, text)
	}
	return out
}

// times writes how often.
func (w tongue) times(n int) string {
	if !w.german() {
		return signal.Times(n)
	}
	switch n {
	case 1:
		return "einmal"
	case 2:
		return "zweimal"
	}
	return w.count(int64(n)) + "-mal"
}

// trialEnd is when the trial ends that runs.
func (x *deciding) trialEnd() clock.Time {
	if x.TrialEndsAt != 0 {
		return x.TrialEndsAt
	}
	return x.Subscription.TrialEndsAt
}
