package catalog

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"go/format"
	"go/token"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/headroomhq/headroom/internal/fault"
)

// Generation says what Generate writes.
type Generation struct {
	Lang    string // go or ts
	Package string // name of the Go package, catalogkeys when empty
}

// goSDK is the package whose types of feature keys generated Go code uses.
const goSDK = "github.com/headroomhq/headroom/sdk/go"

// Generate writes the catalog's keys as code, so that a mistyped key and a question of the
// wrong kind do not compile. The same catalog gives the same text. Faults: lang_unknown,
// package_invalid.
func Generate(c *Catalog, g Generation) ([]byte, error) {
	switch g.Lang {
	case "go":
		name := cmp.Or(g.Package, "catalogkeys")
		if !token.IsIdentifier(name) || name == "_" {
			return nil, fault.New(fault.Invalid, "package_invalid", "%q cannot be the name of a Go package", fault.Shorten(name)).
				WithMend("use small letters and digits, such as catalogkeys")
		}
		return format.Source([]byte(generateGo(c, name)))
	case "ts":
		if g.Package != "" {
			return nil, fault.New(fault.Invalid, "package_invalid", "TypeScript has no packages, so %q is the name of none", fault.Shorten(g.Package)).
				WithMend("leave the package out; the file is the module")
		}
		return []byte(generateTS(c)), nil
	}
	return nil, fault.New(fault.Invalid, "lang_unknown", "keys are not generated for %q", fault.Shorten(g.Lang)).WithMend("use go or ts")
}

// keyed is one constant: its name after the prefix of its kind, its key, and what it is.
type keyed struct {
	key, about string
}

// keyGroup are the keys of one kind.
type keyGroup struct {
	prefix string // of Go names
	name   string // of the TypeScript type and object
	typ    string // Go type; empty: plain text
	about  string
	keys   []keyed
}

// keyGroups returns all keys of a catalog by kind, in a fixed order, each kind by key.
func keyGroups(c *Catalog) []keyGroup {
	groups := []keyGroup{
		{"Feature", "BooleanFeature", "headroom.BooleanFeature", "features that an account has or has not", c.featureKeys(Boolean)},
		{"Feature", "MeteredFeature", "headroom.MeteredFeature", "features of which an account may use so much", c.featureKeys(Metered)},
		{"Feature", "SeatsFeature", "headroom.SeatsFeature", "features that count who holds a seat", c.featureKeys(Seats)},
		{"Feature", "ValueFeature", "headroom.ValueFeature", "features that have a value", c.featureKeys(Valued)},
		{"Plan", "Plan", "", "plans", keysOf(c.Plans, func(p *Plan) string { return p.Title })},
		{"Addon", "Addon", "", "add-ons, packs and bundles", keysOf(c.Addons, func(a *Addon) string { return a.Title })},
		{"Meter", "Meter", "", "meters", keysOf(c.Meters, func(m *Meter) string { return string(m.Aggregate) })},
		{"Event", "EventType", "", "types of events that meters and signals listen to", c.eventKeys()},
		{"Placement", "Placement", "", "places in the product where offers appear", c.placementKeys()},
		{"Profile", "Profile", "", "roles that people play in the product", keysOf(c.Profiles, func(p *Profile) string { return p.Title })},
	}
	return slices.DeleteFunc(groups, func(g keyGroup) bool { return len(g.keys) == 0 })
}

func keysOf[T any](m map[string]T, about func(T) string) []keyed {
	var out []keyed
	for _, key := range slices.Sorted(maps.Keys(m)) {
		out = append(out, keyed{key, about(m[key])})
	}
	return out
}

func (c *Catalog) featureKeys(kind FeatureKind) []keyed {
	var out []keyed
	for _, k := range keysOf(c.Features, func(f *Feature) string {
		return strings.TrimSuffix(cmp.Or(f.Title, f.Key)+": "+f.Benefit, ": ")
	}) {
		if c.Features[k.key].Kind == kind {
			out = append(out, k)
		}
	}
	return out
}

func (c *Catalog) eventKeys() []keyed {
	heard := make(map[string]string)
	note := func(event, by string) {
		if event != "" && heard[event] == "" {
			heard[event] = by
		}
	}
	for _, m := range keysOf(c.Meters, func(*Meter) string { return "" }) {
		meter := c.Meters[m.key]
		for _, e := range []string{meter.Event, meter.Add, meter.Remove, meter.Set} {
			note(e, "meter "+m.key)
		}
	}
	for _, s := range keysOf(c.Signals, func(*Signal) string { return "" }) {
		w, by := c.Signals[s.key].When, "signal "+s.key
		note(w.Event, by)
		note(w.Absent, by)
		if c.Meters[w.Rate] == nil {
			note(w.Rate, by)
		}
		for _, step := range w.Sequence {
			note(step.Event, by)
		}
	}
	return keysOf(heard, func(by string) string { return by })
}

func (c *Catalog) placementKeys() []keyed {
	places := make(map[string]string)
	for _, o := range c.Offers {
		for _, at := range o.At {
			places[at] = ""
		}
	}
	for key, p := range c.Places {
		places[key] = p.Title
	}
	return keysOf(places, func(title string) string { return title })
}

// words splits a key into the parts of its name: at everything but letters and digits.
func words(key string) []string {
	return strings.FieldsFunc(key, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// exported is a key as a part of a Go name: talk_recordings gives TalkRecordings.
func exported(key string) string {
	var b strings.Builder
	for _, w := range words(key) {
		first, rest := []rune(w)[:1], []rune(w)[1:]
		b.WriteString(strings.ToUpper(string(first)) + string(rest))
	}
	return b.String()
}

// names returns the name of each key after the prefix. Keys that would have the same name
// spell out what stands between their parts, or else carry a hash. A name that another key has
// is not taken, whichever of its forms it is.
func names(prefix string, keys []keyed) map[string]string {
	out := make(map[string]string, len(keys))
	taken := make(map[string]bool, len(keys))
	left := keys
	for _, form := range []func(string) string{exported, spelledOut, withHash} {
		count := make(map[string]int)
		for _, k := range left {
			count[form(k.key)]++
		}
		left = slices.DeleteFunc(slices.Clone(left), func(k keyed) bool {
			name := form(k.key)
			if name == "" || count[name] > 1 || taken[name] {
				return false
			}
			out[k.key], taken[name] = prefix+name, true
			return true
		})
	}
	for _, k := range left { // of which even the hash is somebody's name
		name := withHash(k.key)
		for taken[name] {
			name += "_"
		}
		out[k.key], taken[name] = prefix+name, true
	}
	return out
}

// spelledOut is exported with a name for everything that is no letter or digit.
func spelledOut(key string) string {
	var b strings.Builder
	for _, r := range key {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(r)
		case r == '.':
			b.WriteString(" dot ")
		case r == '-':
			b.WriteString(" dash ")
		case r == '_':
			b.WriteString(" low ")
		case r == '/':
			b.WriteString(" slash ")
		default:
			fmt.Fprintf(&b, " u%04x ", r)
		}
	}
	return exported(b.String())
}

// withHash is exported with a hash of the key: what differs only in case.
func withHash(key string) string {
	sum := sha256.Sum256([]byte(key))
	return exported(key) + "_" + hex.EncodeToString(sum[:4])
}

// oneLine is a text for a comment.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func generateGo(c *Catalog, pkg string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "// Code generated by \"headroom catalog generate --lang go\" from catalog %s. DO NOT EDIT.\n\n", c.Version)
	fmt.Fprintf(&b, "// Package %s has the keys of the catalog.\npackage %s\n\n", pkg, pkg)
	groups := keyGroups(c)
	if slices.ContainsFunc(groups, func(g keyGroup) bool { return g.typ != "" }) {
		fmt.Fprintf(&b, "import headroom %q\n\n", goSDK)
	}
	fmt.Fprintf(&b, "// CatalogVersion is the version of the catalog that the keys are of.\nconst CatalogVersion = %q\n", c.Version)
	features := names("Feature", everyFeature(c))
	for _, g := range groups {
		named := names(g.prefix, g.keys)
		if g.prefix == "Feature" {
			named = features // of all kinds together: they share one prefix
		}
		fmt.Fprintf(&b, "\n// The %s.\nconst (\n", g.about)
		for _, k := range g.keys {
			comment := ""
			if about := oneLine(k.about); about != "" {
				comment = " // " + about
			}
			fmt.Fprintf(&b, "\t%s %s = %q%s\n", named[k.key], g.typ, k.key, comment)
		}
		b.WriteString(")\n")
	}
	valued := c.featureKeys(Valued)
	var values []keyed // of all features together: they share one prefix
	for _, k := range valued {
		for _, v := range c.Features[k.key].Values {
			values = append(values, keyed{key: k.key + "/" + v})
		}
	}
	named := names("Value", values)
	for _, k := range valued {
		if len(c.Features[k.key].Values) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n// The values of %s, from least to most.\nconst (\n", k.key)
		for _, v := range c.Features[k.key].Values {
			fmt.Fprintf(&b, "\t%s = %q\n", named[k.key+"/"+v], v)
		}
		b.WriteString(")\n")
	}
	return b.String()
}

// everyFeature lists the features of all kinds.
func everyFeature(c *Catalog) []keyed { return keysOf(c.Features, func(*Feature) string { return "" }) }

func generateTS(c *Catalog) string {
	var b strings.Builder
	fmt.Fprintf(&b, "// Generated by \"headroom catalog generate --lang ts\" from catalog %s: do not edit.\n\n", c.Version)
	fmt.Fprintf(&b, "/** The version of the catalog that the keys are of. */\nexport const catalogVersion = %s;\n", stringTS(c.Version))
	groups := keyGroups(c)
	for _, name := range []string{"BooleanFeature", "MeteredFeature", "SeatsFeature", "ValueFeature", "Plan", "Addon", "Meter", "EventType", "Placement", "Profile"} {
		i := slices.IndexFunc(groups, func(g keyGroup) bool { return g.name == name })
		if i < 0 {
			fmt.Fprintf(&b, "\nexport type %s = never;\n", name)
			continue
		}
		g := groups[i]
		fmt.Fprintf(&b, "\n/** The %s. */\nexport const %ss = {\n", g.about, strings.ToLower(name[:1])+name[1:])
		for _, k := range g.keys {
			if about := oneLine(k.about); about != "" {
				fmt.Fprintf(&b, "  /** %s */\n", strings.ReplaceAll(about, "*/", "* /"))
			}
			fmt.Fprintf(&b, "  %s: %s,\n", stringTS(k.key), stringTS(k.key))
		}
		fmt.Fprintf(&b, "} as const;\nexport type %s = keyof typeof %ss;\n", name, strings.ToLower(name[:1])+name[1:])
	}
	b.WriteString("\n/** Any feature. */\nexport type Feature = BooleanFeature | MeteredFeature | SeatsFeature | ValueFeature;\n")
	b.WriteString("\n/** What the value features may be: numbers, or one of their texts from least to most. */\nexport interface FeatureValues {\n")
	for _, k := range c.featureKeys(Valued) {
		texts := make([]string, 0, 4)
		for _, v := range c.Features[k.key].Values {
			texts = append(texts, stringTS(v))
		}
		fmt.Fprintf(&b, "  %s: %s;\n", stringTS(k.key), cmp.Or(strings.Join(texts, " | "), "number"))
	}
	b.WriteString("}\n")
	return b.String()
}

// stringTS is a text as a string of TypeScript.
func stringTS(s string) string { return quoted(s) }
