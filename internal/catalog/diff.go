package catalog

import (
	"fmt"
	"maps"
	"slices"
	"strings"
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
	w := wording{c}
	return []flat{
		wholes(c),
		flattened("meters", "meter", c.Meters, meterWords),
		flattened("features", "feature", c.Features, w.feature),
		flattened("plans", "plan", c.Plans, w.plan),
		flattened("addons", "add-on", addonsThat(c.Addons, func(a *Addon) bool { return a.Kind != OfBundle }), w.addon),
		flattened("bundles", "bundle", addonsThat(c.Addons, func(a *Addon) bool { return a.Kind == OfBundle }), w.addon),
		flattened("profiles", "profile", c.Profiles, profileWords),
		flattened("placements", "placement", c.Places, placeWords),
		flattened("signals", "signal", c.Signals, signalWords),
		flattened("offers", "offer", c.Offers, offerWords),
		flattened("milestones", "milestone", c.Milestones, milestoneWords),
		flattened("readiness", "the readiness for", byText(c.Readiness), readinessWords),
		flattened("referrals", "referral program", c.Referrals, referralWords),
		flattened("surveys", "survey", c.Surveys, surveyWords),
		flattened("experiments", "experiment", c.Experiments, experimentWords),
		flattened("launches", "launch", c.Launches, launchWords),
		flattened("value", "value metric", c.Value, w.value),
		namedWords("taxonomy", "the type of revenue of", c.Taxonomy),
		namedWords("lint", "the severity of", c.Severities),
		routingWords(c),
	}
}

// wholes are what a catalog has one of.
func wholes(c *Catalog) flat {
	f := flat{"", "the catalog's", map[string]definition{}}
	put := func(key, words string) {
		if words != "" {
			f.definitions[key] = define(words, "", words)
		}
	}
	put("currency", string(c.Currency))
	if len(c.Currencies) > 1 {
		var more []string
		for _, other := range c.Currencies[1:] {
			more = append(more, string(other))
		}
		put("currencies", strings.Join(more, ", "))
	}
	if c.Zone != nil {
		put("time_zone", c.Zone.String())
	}
	if c.Billing != (Billing{}) && c.Billing != usual {
		b := c.Billing
		f.definitions["billing"] = define("by the "+b.Proration, "proration", b.Proration, "downgrade", b.Downgrade, "undo", shownDuration(b.Undo))
	}
	momentWholes(c, f)
	return f
}

// byText returns a section under plain texts.
func byText[K ~string, V any](all map[K]V) map[string]V {
	section := make(map[string]V, len(all))
	for key, v := range all {
		section[string(key)] = v
	}
	return section
}

// namedWords is a section of plain words.
func namedWords[K, V ~string](section, noun string, all map[K]V) flat {
	f := flat{section, noun, map[string]definition{}}
	for key, word := range all {
		f.definitions[string(key)] = define(string(word), "", string(word))
	}
	return f
}

// addonsThat returns the add-ons of which something is true.
func addonsThat(all map[string]*Addon, is func(*Addon) bool) map[string]*Addon {
	some := map[string]*Addon{}
	for key, a := range all {
		if is(a) {
			some[key] = a
		}
	}
	return some
}

func routingWords(c *Catalog) flat {
	f := flat{"", "the list", map[string]definition{}}
	if len(c.Routing) > 0 {
		var routes []string
		for _, t := range c.Routing {
			routes = append(routes, routeWords(t))
		}
		all := strings.Join(routes, "; ")
		f.definitions["routing"] = define(all, "", all)
	}
	return f
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
