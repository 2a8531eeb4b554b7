package catalog

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/headroomhq/headroom/internal/condition"
	"github.com/headroomhq/headroom/internal/money"
)

// ChangeKind says what happened to a definition or value.
type ChangeKind string

// The kinds of change.
const (
	Added   ChangeKind = "added"
	Removed ChangeKind = "removed"
	Changed ChangeKind = "changed"
)

// Change is one difference between two catalogs.
type Change struct {
	Path string     `json:"path"`
	Kind ChangeKind `json:"kind"`
	From string     `json:"from,omitempty"`
	To   string     `json:"to,omitempty"`
	// Words says it in a sentence.
	Words string `json:"words"`
}

// String returns the change on one line, as the command line shows it.
func (c Change) String() string {
	return map[ChangeKind]string{Added: "+ ", Removed: "- ", Changed: "~ "}[c.Kind] + c.Path + ": " + c.Words
}

// Diff tells what changes from old to new in meaning, not in text: section by section,
// each in the order of keys. A definition that is added or removed is one change; one that
// is there in both gives a change for every value that differs. old may be nil.
func Diff(old, new *Catalog) []Change {
	before, after := flatten(old), flatten(new)
	var changes []Change
	for i, now := range after {
		was := before[i]
		for _, key := range slices.Sorted(maps.Keys(union(was.definitions, now.definitions))) {
			path := strings.TrimPrefix(now.section+"."+key, ".")
			a, inOld := was.definitions[key]
			b, inNew := now.definitions[key]
			switch {
			case !inOld && path == "routing" && b.summary == selfService: // as it is where nothing is said
			case !inOld:
				changes = append(changes, Change{path, Added, "", b.summary, fmt.Sprintf("%s %s is added%s", now.noun, key, colon(b.summary))})
			case !inNew:
				changes = append(changes, Change{path, Removed, a.summary, "", fmt.Sprintf("%s %s is removed", now.noun, key)})
			default:
				changes = append(changes, values(path, now.noun+" "+key, a.values, b.values)...)
			}
		}
	}
	return changes
}

func colon(summary string) string {
	if summary == "" {
		return ""
	}
	return ": " + summary
}

func union(a, b map[string]definition) map[string]bool {
	keys := map[string]bool{}
	for key := range a {
		keys[key] = true
	}
	for key := range b {
		keys[key] = true
	}
	return keys
}

// values compares the values of one definition.
func values(path, what string, a, b map[string]string) []Change {
	keys := map[string]bool{}
	for key := range a {
		keys[key] = true
	}
	for key := range b {
		keys[key] = true
	}
	var changes []Change
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		from, to := a[key], b[key]
		if from == to {
			continue
		}
		at, words := path, what
		if key != "" {
			at, words = path+"."+key, what+": "+strings.ReplaceAll(key, ".", " ")
		}
		switch {
		case from == "":
			changes = append(changes, Change{at, Added, "", to, words + " is now " + to})
		case to == "":
			changes = append(changes, Change{at, Removed, from, "", words + " is no longer " + from})
		default:
			changes = append(changes, Change{at, Changed, from, to, words + " from " + from + " to " + to})
		}
	}
	return changes
}

// flat is one section of a catalog as texts that can be compared.
type flat struct {
	section     string
	noun        string
	definitions map[string]definition
}

type definition struct {
	summary string            // what a person wants to know of it at first sight
	values  map[string]string // by path below the definition; empty values are left out
}

// flatten writes a catalog's meaning as texts. The order of sections is fixed.
func flatten(c *Catalog) []flat {
	if c == nil {
		c = &Catalog{}
	}
	out := []flat{
		{"", "the catalog's", map[string]definition{}},
		flattened("meters", "meter", c.Meters, meterWords),
		flattened("features", "feature", c.Features, featureWords),
		flattened("plans", "plan", c.Plans, func(p *Plan) definition {
			d := define(givesWords(p.Price, p.Entitlements, c), "title", p.Title, "family", p.Family, "above", p.Above, "trial", trialWords(p.Trial))
			soldWords(d, p.Price, p.Entitlements, c)
			return d
		}),
		flattened("addons", "add-on", c.Addons, func(a *Addon) definition {
			d := define(givesWords(a.Price, a.Entitlements, c), "title", a.Title, "needs", strings.Join(a.Needs, " or "))
			soldWords(d, a.Price, a.Entitlements, c)
			return d
		}),
		flattened("signals", "signal", c.Signals, signalWords),
		flattened("offers", "offer", c.Offers, offerWords),
		{"", "routing", map[string]definition{}},
	}
	if c.Currency != "" {
		out[0].definitions["currency"] = define(string(c.Currency), "", string(c.Currency))
	}
	if c.Zone != nil {
		out[0].definitions["time_zone"] = define(c.Zone.String(), "", c.Zone.String())
	}
	if len(c.Routing) > 0 {
		var routes []string
		for _, t := range c.Routing {
			routes = append(routes, routeWords(t))
		}
		all := strings.Join(routes, "; ")
		out[7].definitions["routing"] = define(all, "", all)
		out[7].noun = "the list"
	}
	return out
}

func flattened[T any](section, noun string, all map[string]*T, words func(*T) definition) flat {
	f := flat{section, noun, make(map[string]definition, len(all))}
	for key, d := range all {
		f.definitions[key] = words(d)
	}
	return f
}

// define takes a summary and pairs of path and text.
func define(summary string, pairs ...string) definition {
	d := definition{summary, map[string]string{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			d.values[pairs[i]] = pairs[i+1]
		}
	}
	return d
}

func featureWords(f *Feature) definition {
	return define(string(f.Kind), "title", f.Title, "benefit", f.Benefit, "media", f.Media, "docs", f.Docs, "kind", string(f.Kind), "meter", f.Meter)
}

func signalWords(s *Signal) definition {
	when := s.When.String()
	return define(when, "when", when, "type", string(s.Type), "hypothesis", s.Hypothesis, "owner", s.Owner,
		"state", s.State, "decays", shownDuration(s.Decays))
}

// String says the rule in plain words, such as "speakers reaches 80% of its limit".
func (w When) String() string {
	switch {
	case w.Limit != "":
		return fmt.Sprintf("%s reaches %d%% of its limit", w.Limit, w.Reaches)
	case w.Gate != "" && w.Times == 1:
		return fmt.Sprintf("locked %s touched", w.Gate)
	case w.Gate != "":
		return fmt.Sprintf("locked %s touched %d times within %s", w.Gate, w.Times, durationWords(w.Within))
	case w.TrialEndsIn != 0:
		return fmt.Sprintf("trial ends in %s", durationWords(w.TrialEndsIn))
	default:
		return w.windowWords()
	}
}

// ordinal writes 1st, 2nd, 3rd, 4th, 11th, 21st.
func ordinal(n int64) string {
	suffix := "th"
	if n%100 < 11 || n%100 > 13 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return strconv.FormatInt(n, 10) + suffix
}

func offerWords(o *Offer) definition {
	give := o.Give.Plan
	if o.Give.Addon != "" {
		give = o.Give.Addon
		if o.Give.Quantity != 1 {
			give = fmt.Sprintf("%d of %s", o.Give.Quantity, give)
		}
	}
	atMost, holdout := "", ""
	if o.Contact.AtMost > 0 {
		atMost = fmt.Sprintf("%d per %s", o.Contact.AtMost, durationWords(o.Contact.Per))
	}
	if o.Holdout > 0 {
		holdout = fmt.Sprintf("%d%%", o.Holdout)
	}
	return define("gives "+give+" at "+strings.Join(o.At, ", "),
		"on", strings.Join(o.On, ", "), "give", give, "at", strings.Join(o.At, ", "), "kind", string(o.Kind), "for", source(o.For),
		"contact.cooldown", shownDuration(o.Contact.Cooldown), "contact.at_most", atMost, "holdout", holdout,
		"content.title", o.Content.Title, "content.body", o.Content.Body, "content.action", o.Content.Action, "content.media", o.Content.Media)
}

func routeWords(t *Route) string {
	words := t.To
	if t.Motion != motionOf(t.To) {
		words += " (" + t.Motion + ")"
	}
	if t.When != nil {
		words = "when " + t.When.Source + " to " + words
	}
	if len(t.Involve) > 0 {
		words += " with " + strings.Join(t.Involve, ", ")
	}
	if t.Play != "" {
		words += " by the play " + t.Play
	}
	return words
}

func source(c *condition.Condition) string {
	if c == nil {
		return ""
	}
	return c.Source
}

func shownDuration(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return durationWords(d)
}

func priceWords(p Prices, currency money.Currency) string {
	var words []string
	if month, sold := p.Month.Cost(currency, 1); sold {
		words = append(words, money.Of(month, currency).String()+" a month")
	}
	if year, sold := p.Year.Cost(currency, 1); sold {
		words = append(words, money.Of(year, currency).String()+" a year")
	}
	return strings.Join(words, " or ")
}

// givesWords sums up what is sold: its price and what it gives.
func givesWords(p Prices, entitlements map[string]*Entitlement, c *Catalog) string {
	var gives []string
	for _, feature := range slices.Sorted(maps.Keys(entitlements)) {
		f := c.Features[feature]
		if boolean := f != nil && f.Kind == Boolean; !boolean || entitlements[feature].Allowed {
			gives = append(gives, feature+" "+entitlements[feature].words(boolean, c.Currency))
		}
	}
	words := []string{priceWords(p, c.Currency), strings.Join(gives, ", ")}
	return strings.Join(slices.DeleteFunc(words, func(s string) bool { return s == "" }), "; ")
}

// soldWords adds prices and entitlements to what is sold.
func soldWords(d definition, p Prices, entitlements map[string]*Entitlement, c *Catalog) {
	for key, price := range map[string]*Price{"price.month": p.Month, "price.year": p.Year} {
		if each, sold := price.Cost(c.Currency, 1); sold {
			d.values[key] = money.Of(each, c.Currency).String()
		}
	}
	for feature, e := range entitlements {
		f := c.Features[feature]
		d.values["entitlements."+feature] = e.words(f != nil && f.Kind == Boolean, c.Currency)
	}
}

// words says what an entitlement gives, such as "20000 per month, then 2.00 USD per 1000".
func (e *Entitlement) words(boolean bool, currency money.Currency) string {
	switch {
	case boolean && e.Allowed:
		return "included"
	case boolean:
		return "not included"
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
	if e.Overage != nil {
		words += fmt.Sprintf(", then %s per %s", money.Of(e.Overage.Price, currency), e.Overage.Unit)
	}
	return words
}

func trialWords(t *Trial) string {
	if t == nil {
		return ""
	}
	return shownDuration(t.Length)
}
