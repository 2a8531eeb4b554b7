package catalog

import (
	"regexp"
	"slices"

	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/quantity"
)

// Bounds of lists that people keep short.
const (
	maxValues    = 100 // values of a feature, tiers of a price, earlier versions of a plan
	maxLanguages = 50
)

var (
	featureKinds  = []string{string(Boolean), string(Metered), string(Valued), string(Seats)}
	readinesses   = []string{string(Own), string(Partner), string(NotReady)}
	roles         = []string{"foundation", "expansion"}
	lockedWords   = []string{"visible", "hidden"}
	featureFields = []field[Feature]{
		{"title", func(r *reader, v value, f *Feature) { f.Title = r.text(v, maxTitle) }},
		{"benefit", func(r *reader, v value, f *Feature) { f.Benefit = r.text(v, maxBody) }},
		{"media", func(r *reader, v value, f *Feature) { f.Media = r.link(v) }},
		{"docs", func(r *reader, v value, f *Feature) { f.Docs = r.link(v) }},
		{"kind", func(r *reader, v value, f *Feature) { f.Kind = FeatureKind(r.oneOf(v, featureKinds...)) }},
		{"meter", func(r *reader, v value, f *Feature) { f.Meter = r.name(v) }},
		{"values", func(r *reader, v value, f *Feature) { f.Values = r.values(v) }},
		{"part_of", func(r *reader, v value, f *Feature) { f.PartOf = r.name(v) }},
		{"locked", func(r *reader, v value, f *Feature) { f.Hidden = r.oneOf(v, lockedWords...) == "hidden" }},
		{"pooled", func(r *reader, v value, f *Feature) { f.Pooled = r.truth(v) }},
		{"role", func(r *reader, v value, f *Feature) { f.Role = r.oneOf(v, roles...) }},
		{"use_cases", func(r *reader, v value, f *Feature) { f.UseCases = r.names(v, r.name) }},
		{"ready", func(r *reader, v value, f *Feature) { f.Ready = Readiness(r.oneOf(v, readinesses...)) }},
		{"trial", func(r *reader, v value, f *Feature) { f.Trial = r.trial(v) }},
		{"translations", func(r *reader, v value, f *Feature) { f.Translations = translated(r, v, translationFields) }},
	}
	translationFields = []field[Translation]{
		{"title", func(r *reader, v value, t *Translation) { t.Title = r.text(v, maxTitle) }},
		{"benefit", func(r *reader, v value, t *Translation) { t.Benefit = r.text(v, maxBody) }},
	}
	trialFields = []field[Trial]{
		{"length", func(r *reader, v value, t *Trial) { t.Length = r.duration(v, maxWindow) }},
		{"then", func(r *reader, v value, t *Trial) { t.Then = r.name(v) }},
		{"limit", func(r *reader, v value, t *Trial) { t.Limit = r.amount(v) }},
		{"extend", func(r *reader, v value, t *Trial) { t.Extend = r.duration(v, maxWindow) }},
		{"extensions", func(r *reader, v value, t *Trial) { t.Extensions = int(r.whole(v, 10)) }},
	}
)

func newFeature(key string) *Feature { return &Feature{Key: key, Title: key} }

// languageForm is BCP 47 as far as texts of a product need it: language, script and region.
var languageForm = regexp.MustCompile(`^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$`)

// truth reads true or false.
func (r *reader) truth(v value) bool {
	switch v.kind() {
	case "true":
		return true
	case "false":
		return false
	}
	r.wrong(v, "wrong_type", "write true or false", "this is %s, true or false is wanted", v.kind())
	return false
}

// values reads the texts a feature of kind value may have, from least to most.
func (r *reader) values(v value) []string {
	values := r.names(v, func(one value) string {
		s := r.text(one, 64)
		if s == "" && one.kind() == "text" {
			r.wrong(one, "invalid_value", "write a word", "a value cannot be empty")
		}
		return s
	})
	switch {
	case len(values) > maxValues:
		r.wrong(v, "too_long", "name fewer", "these are %d values, the most is %d", len(values), maxValues)
	case len(values) == 0 && v.kind() == "a list":
		r.wrong(v, "invalid_value", "name the values from least to most, or leave it out for a number", "the list is empty")
	}
	return values
}

// trial reads 14d or {length: 14d, then: free}.
func (r *reader) trial(v value) *Trial {
	t := &Trial{}
	if v.kind() != "a map" {
		t.Length = r.duration(v, maxWindow)
		return t
	}
	object(r, v, trialFields, t)
	has := r.signs[v.path]
	if !has["length"] {
		r.wrong(v, "missing", "write length: 14d", "the length of the trial is missing")
	}
	if has["extensions"] && !has["extend"] {
		r.wrong(v, "missing", "write extend: 7d", "how much longer an extension makes the trial is missing")
	}
	if has["extend"] && t.Extensions == 0 {
		t.Extensions = 1
	}
	return t
}

func (r *reader) feature(f *Feature) {
	path := "features." + f.Key
	switch f.Kind {
	case Boolean, Valued:
		if r.has(path, "meter") {
			r.broken("contradiction", path+".meter", f.Meter, "write kind: metered, or remove the meter", "a %s feature has no meter", f.Kind)
		}
	case Metered, Seats:
		if !r.has(path, "meter") {
			r.broken("missing", path, "", "write meter: and one of the meters", "a %s feature needs a meter", f.Kind)
			break
		}
		if refer(r, "meters", r.c.Meters, path+".meter", f.Meter) {
			r.measured(path, f, r.c.Meters[f.Meter])
		}
	}
	if f.Kind != Valued && r.has(path, "values") {
		r.broken("contradiction", path+".values", "", "write kind: value, or remove values", "a %s feature has no values", f.Kind)
	}
	if f.Pooled && !f.Counted() && f.Kind != "" {
		r.broken("contradiction", path+".pooled", "true", "remove pooled, or write kind: metered", "a %s feature has nothing that a family could share", f.Kind)
	}
	refer(r, "features", r.c.Features, path+".part_of", f.PartOf)
	r.featureTrial(path+".trial", f)
}

// measured checks that a meter suits the feature.
func (r *reader) measured(path string, f *Feature, m *Meter) {
	if f.Kind == Seats && m.Aggregate != Level && !m.FedByConsume && m.Aggregate != "" {
		r.broken("contradiction", path+".meter", f.Meter, "name a meter with add and remove, or one with fed_by: consume",
			"seats are held and given back, and the meter %s is a %s of events", m.Key, m.Aggregate)
	}
	if f.Pooled && !m.FedByConsume {
		r.broken("contradiction", path+".pooled", "true", "write fed_by: consume at the meter "+m.Key+", or remove pooled",
			"a family can share only what is claimed before it is used, and the meter %s counts events", m.Key)
	}
}

func (r *reader) featureTrial(path string, f *Feature) {
	if f.Trial == nil || f.Kind == "" {
		return
	}
	if r.has(path, "then") {
		r.broken("contradiction", path+".then", f.Trial.Then, "remove then", "only a plan is followed by another one")
	}
	switch {
	case f.Kind == Valued && len(f.Values) == 0:
		r.broken("contradiction", path, "", "let a plan or an add-on be tried, or give it values: [a, b, c], of which the last is tried", "there is no greatest number that could be tried")
	case f.Counted() && r.has(path, "limit") && f.Trial.Limit == 0:
		r.broken("out_of_range", path+".limit", "0", "write how much may be used, or leave limit out", "there would be nothing to try")
	case !f.Counted() && r.has(path, "limit"):
		r.broken("contradiction", path+".limit", f.Trial.Limit.String(), "remove limit", "%s is a %s feature and has no limit", f.Key, f.Kind)
	}
}

// parts finds features that are parts of each other in a circle.
func (r *reader) parts() {
	circles(r, "features", "part_of", "the features are part of each other in a circle: %s", " part of ", "let the whole have no part_of",
		r.c.Features, func(f *Feature) (string, string) { return f.Key, f.PartOf })
}

// valueOf reads what a plan gives of a feature of kind value.
func (r *reader) valueOf(v value, f *Feature) string {
	s, ok := r.scalar(v, "write a value")
	if !ok {
		return ""
	}
	if len(f.Values) > 0 {
		if !slices.Contains(f.Values, s) {
			return r.oneOf(v, f.Values...)
		}
		return s
	}
	q, err := quantity.Parse(s)
	switch {
	case err != nil:
		r.wrong(v, "invalid_number", "write a number, or give the feature values: [a, b, c]", "%q is not a number", fault.Shorten(s))
	case q < 0:
		r.wrong(v, "out_of_range", "write 0 or more", "%s is below nothing", s)
	default:
		return q.String()
	}
	return ""
}
