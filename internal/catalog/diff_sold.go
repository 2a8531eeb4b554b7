package catalog

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/headroomhq/headroom/internal/money"
)

// wording writes what is sold in words, in the catalog's own currencies.
type wording struct{ c *Catalog }

func (w wording) feature(f *Feature) definition {
	locked := ""
	if f.Hidden {
		locked = "hidden"
	}
	summary := string(f.Kind)
	if len(f.Values) > 0 {
		summary = strings.Join(f.Values, ", ")
	}
	d := define(summary, "title", f.Title, "benefit", f.Benefit, "media", f.Media, "docs", f.Docs, "kind", string(f.Kind), "meter", f.Meter,
		"values", strings.Join(f.Values, ", "), "part_of", f.PartOf, "locked", locked, "pooled", yes(f.Pooled), "role", f.Role,
		"use_cases", strings.Join(f.UseCases, ", "), "ready", f.Ready.words(), "trial", f.Trial.words())
	for language, t := range f.Translations {
		d.put("translations."+language+".title", t.Title)
		d.put("translations."+language+".benefit", t.Benefit)
	}
	return d
}

func (w wording) plan(p *Plan) definition {
	d := define(w.gives(p.Price, p.Entitlements), "title", p.Title, "family", p.Family, "above", p.Above, "trial", p.Trial.words(),
		"reverse", p.Reverse, "retired", yes(p.Retired), "eligible", source(p.Eligible), "ready", p.Ready.words(),
		"use_cases", strings.Join(p.UseCases, ", "), "unit", p.Unit)
	if p.Version > 1 {
		d.put("version", strconv.Itoa(p.Version))
	}
	w.sold(d, p.Price, p.Entitlements)
	for n, earlier := range p.Earlier {
		// What is as it is now changes with the plan, and is told there.
		words := []string{"kept"}
		if earlier.Title != p.Title {
			words = append(words, earlier.Title)
		}
		if earlier.Price != p.Price {
			words = append(words, earlier.Price.Words(w.c.Currency))
		}
		if !maps.Equal(earlier.Entitlements, p.Entitlements) {
			words = append(words, w.gives(Prices{}, earlier.Entitlements))
		}
		d.put("earlier."+strconv.Itoa(n), strings.Join(words, "; "))
	}
	return d
}

func (w wording) addon(a *Addon) definition {
	kind := ""
	if a.Kind != OfFeature && a.Kind != OfBundle {
		kind = strings.ReplaceAll(string(a.Kind), "_", "-")
	}
	var includes []string
	for _, key := range slices.Sorted(maps.Keys(a.Includes)) {
		if n := a.Includes[key]; n != 1 {
			key = strconv.FormatInt(n, 10) + " of " + key
		}
		includes = append(includes, key)
	}
	d := define(w.gives(a.Price, a.Entitlements), "title", a.Title, "kind", kind, "needs", strings.Join(a.Needs, " or "),
		"excludes", strings.Join(a.Excludes, ", "), "complements", strings.Join(a.Complements, ", "), "includes", strings.Join(includes, ", "),
		"expires", shownDuration(a.Expires), "trial", a.Trial.words(), "retired", yes(a.Retired), "eligible", source(a.Eligible),
		"ready", a.Ready.words(), "role", a.Role, "use_cases", strings.Join(a.UseCases, ", "))
	if a.Discount > 0 {
		d.put("discount", strconv.FormatInt(a.Discount, 10)+"%")
	}
	w.sold(d, a.Price, a.Entitlements)
	return d
}

// gives sums up what is sold: its price and what it gives.
func (w wording) gives(p Prices, entitlements map[string]*Entitlement) string {
	var gives []string
	for _, feature := range slices.Sorted(maps.Keys(entitlements)) {
		f, e := w.c.Features[feature], entitlements[feature]
		if f == nil || f.Kind != Boolean || e.Allowed {
			gives = append(gives, feature+" "+e.Words(f, w.c.Currency))
		}
	}
	words := []string{p.Words(w.c.Currency), strings.Join(gives, ", ")}
	return strings.Join(slices.DeleteFunc(words, func(s string) bool { return s == "" }), "; ")
}

// sold adds prices, each currency by itself, and entitlements to what is sold.
func (w wording) sold(d definition, p Prices, entitlements map[string]*Entitlement) {
	for _, by := range intervals {
		price := *by.of(&p)
		for _, c := range price.Currencies() {
			key := "price." + by.name
			if c != w.c.Currency {
				key += "." + string(c)
			}
			d.put(key, price.Words(c))
		}
	}
	for feature, e := range entitlements {
		d.put("entitlements."+feature, e.Words(w.c.Features[feature], w.c.Currency))
	}
}

// put adds a value; what is empty is left out.
func (d definition) put(path, words string) {
	if words != "" {
		d.values[path] = words
	}
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

func (r Readiness) words() string {
	if r == Own {
		return ""
	}
	return strings.ReplaceAll(string(r), "_", " ")
}

// Words says prices in one currency, such as "49.00 USD a month or 490.00 USD a year"; empty
// when nothing is sold in it.
func (p Prices) Words(c money.Currency) string {
	var words []string
	for _, by := range intervals {
		if price := (*by.of(&p)).Words(c); price != "" {
			words = append(words, price+map[string]string{"month": " a month", "year": " a year", "once": " once"}[by.name])
		}
	}
	return strings.Join(words, " or ")
}

// Words says a price in one currency by quantity, such as "12.00 USD each up to 10, then
// 9.00 USD"; empty when it is not sold in it.
func (p *Price) Words(c money.Currency) string {
	if p == nil {
		return ""
	}
	s, sold := (*p)[c]
	if !sold {
		return ""
	}
	if len(s.Tiers) > 0 {
		words := s.tierWords(c)
		if s.Volume {
			words += " (the last tier reached prices all)"
		}
		if s.Base > 0 {
			words = money.Of(s.Base, c).String() + " and " + words
		}
		return words
	}
	each := money.Of(s.Each, c).String()
	switch {
	case s.flat():
		return each
	case s.Included > 0 && s.Base > 0:
		return fmt.Sprintf("%s with %d included, then %s each", money.Of(s.Base, c), s.Included, each)
	case s.Included > 0:
		return fmt.Sprintf("%d included, then %s each", s.Included, each)
	case s.Each > 0:
		return fmt.Sprintf("%s and %s each", money.Of(s.Base, c), each)
	}
	return money.Of(s.Base, c).String() + " for any number"
}

func (s *Scale) tierWords(c money.Currency) string {
	words := make([]string, len(s.Tiers))
	for i, t := range s.Tiers {
		word := money.Of(t.Each, c).String()
		switch {
		case t.Base > 0 && t.Each > 0:
			word = money.Of(t.Base, c).String() + " and " + word + " each"
		case t.Base > 0:
			word = money.Of(t.Base, c).String() + " for all"
		case i == 0:
			word += " each"
		}
		if i > 0 {
			word = "then " + word
		}
		if t.To > 0 {
			word += " up to " + strconv.FormatInt(t.To, 10)
		}
		words[i] = word
	}
	return strings.Join(words, ", ")
}

// Words says what an entitlement to a feature gives, such as "20000 per month, then 2.00 USD
// per 1000"; c is the catalog's own currency.
func (e *Entitlement) Words(f *Feature, c money.Currency) string {
	switch {
	case f != nil && f.Kind == Boolean && e.Allowed:
		return "included"
	case f != nil && f.Kind == Boolean:
		return "not included"
	case f != nil && f.Kind == Valued:
		return e.Value
	case e.Unlimited:
		return "unlimited"
	}
	words := e.Limit.String()
	if e.Per != Lifetime {
		if _, rolling := e.Per.Rolling(); rolling {
			words += " " + e.Per.Words()
		} else {
			words += " per " + string(e.Per)
		}
	}
	if e.PerUnit {
		words += " for each unit"
	}
	if e.Soft {
		words += ", soft"
	}
	if e.Grace != nil {
		words += ", " + e.Grace.words()
	}
	if e.Rollover != nil {
		words += ", " + e.Rollover.words()
	}
	if e.Overage != nil {
		words += ", then " + e.Overage.words(c)
	}
	return words
}

// words says the price of an overage in each currency; c is the catalog's own.
func (o *Overage) words(c money.Currency) string {
	prices := []string{money.Of(o.Price, c).String()}
	for _, other := range slices.Sorted(maps.Keys(o.In)) {
		prices = append(prices, money.Of(o.In[other], other).String())
	}
	return strings.Join(prices, " or ") + " per " + o.Unit.String()
}

// words says a grace, such as "10% grace for 7d".
func (g *Grace) words() string {
	words := "grace"
	if g.Percent > 0 {
		words = strconv.FormatInt(g.Percent, 10) + "% " + words
	}
	if g.For > 0 {
		words += " for " + durationWords(g.For)
	}
	return words
}

// words says what rolls over, such as "rolls over up to 5000 for 60d".
func (o *Rollover) words() string {
	words := "rolls over"
	if o.Cap > 0 {
		words += " up to " + o.Cap.String()
	}
	if o.For > 0 {
		words += " for " + durationWords(o.For)
	}
	return words
}

// words says how something is tried, such as "14d, then free, 2 extensions of 7d".
func (t *Trial) words() string {
	if t == nil {
		return ""
	}
	words := shownDuration(t.Length)
	if t.Limit > 0 {
		words += " with " + t.Limit.String()
	}
	if t.Then != "" {
		words += ", then " + t.Then
	}
	if t.Extend > 0 {
		extensions := "1 extension of "
		if t.Extensions != 1 {
			extensions = strconv.Itoa(t.Extensions) + " extensions of "
		}
		words += ", " + extensions + durationWords(t.Extend)
	}
	return words
}

func profileWords(p *Profile) definition {
	return define(p.Title, "title", p.Title, "invites", strings.Join(p.Invites, ", "), "seat", p.Seat, "external", yes(p.External))
}

func placeWords(p *Placement) definition {
	return define(p.Title, "title", p.Title, "feature", p.Feature, "profile", p.Profile, "kind", p.Kind)
}

func launchWords(l *Launch) definition {
	on := ""
	if l.On != 0 {
		on = l.On.String()
	}
	return define(l.Feature+l.Addon+" on "+on, "title", l.Title, "feature", l.Feature, "addon", l.Addon, "on", on, "for", source(l.For), "case", l.Case)
}
