package catalog

import (
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/headroomhq/headroom/internal/quantity"
)

var (
	entitlementFields = []field[Entitlement]{
		{"limit", func(r *reader, v value, e *Entitlement) { r.limit(v, e) }},
		{"per", func(r *reader, v value, e *Entitlement) { e.Per = r.period(v) }},
		{"per_unit", func(r *reader, v value, e *Entitlement) { e.PerUnit = r.truth(v) }},
		{"soft", func(r *reader, v value, e *Entitlement) { e.Soft = r.truth(v) }},
		{"grace", func(r *reader, v value, e *Entitlement) { e.Grace = r.grace(v) }},
		{"rollover", func(r *reader, v value, e *Entitlement) { e.Rollover = r.rollover(v) }},
		{"overage", func(r *reader, v value, e *Entitlement) {
			e.Overage = &Overage{Unit: quantity.One}
			object(r, v, overageFields, e.Overage)
		}},
	}
	overageFields = []field[Overage]{
		{"unit", func(r *reader, v value, o *Overage) {
			if o.Unit = r.amount(v); o.Unit == 0 {
				o.Unit = quantity.One
				r.wrong(v, "out_of_range", "write 1 or more", "a unit of nothing cannot be priced")
			}
		}},
		{"price", func(r *reader, v value, o *Overage) { r.overagePrice(v, o) }},
	}
	graceFields = []field[Grace]{
		{"percent", func(r *reader, v value, g *Grace) { g.Percent = r.percent(v, 1, 100) }},
		{"for", func(r *reader, v value, g *Grace) { g.For = r.duration(v, maxWindow) }},
	}
	rolloverFields = []field[Rollover]{
		{"cap", func(r *reader, v value, o *Rollover) { o.Cap = r.amount(v) }},
		{"for", func(r *reader, v value, o *Rollover) { o.For = r.duration(v, maxDuration) }},
	}
)

// givenAs is how an entitlement was written, to check it against the feature's kind.
type givenAs uint8

const (
	asTruth givenAs = iota + 1
	asPlain         // a number or word, read once the feature's kind is known
	asMap
)

// entitlements reads {feature: true | 10 | unlimited | phone | {limit: 1000, per: month}}.
func (r *reader) entitlements(v value) map[string]*Entitlement {
	all := map[string]*Entitlement{}
	if v.kind() == "nothing" {
		return all
	}
	for _, e := range r.entries(v, "feature: limit") {
		one := &Entitlement{Feature: e.key}
		all[e.key] = one
		if b, ok := e.value.node.(*ast.BoolNode); ok {
			one.Allowed = b.Value
			r.given[e.value.path] = asTruth
			continue
		}
		if e.value.kind() == "a map" {
			r.given[e.value.path] = asMap
			object(r, e.value, entitlementFields, one)
			continue
		}
		r.given[e.value.path] = asPlain
		r.plain[e.value.path] = e.value
		r.c.positions[e.value.path+".limit"] = e.value.pos
	}
	return all
}

// limit reads a number or the word unlimited.
func (r *reader) limit(v value, e *Entitlement) {
	if v.source() == "unlimited" {
		e.Unlimited = true
		return
	}
	if _, isText := v.node.(*ast.StringNode); isText && !strings.ContainsAny(v.source(), "0123456789") {
		r.wrong(v, "invalid_number", "write a number, unlimited, true or false", "%q is not a limit", v.source())
		return
	}
	e.Limit = r.amount(v)
}

// grace reads 10%, 7d or {percent: 10%, for: 7d}.
func (r *reader) grace(v value) *Grace {
	g := &Grace{}
	switch {
	case v.kind() == "a map":
		object(r, v, graceFields, g)
		if len(r.signs[v.path]) == 0 {
			r.wrong(v, "missing", "write percent: 10% or for: 7d", "how much grace is missing")
		}
	case durationForm.MatchString(v.source()):
		g.For = r.duration(v, maxWindow)
	default:
		g.Percent = r.percent(v, 1, 100)
	}
	return g
}

// rollover reads true, false or {cap: 5000, for: 60d}.
func (r *reader) rollover(v value) *Rollover {
	if v.kind() != "a map" {
		if r.truth(v) {
			return &Rollover{}
		}
		return nil
	}
	o := &Rollover{}
	object(r, v, rolloverFields, o)
	if r.has(v.path, "cap") && o.Cap == 0 {
		r.wrong(v, "out_of_range", "write a cap above 0, or leave rollover out", "nothing would roll over")
	}
	return o
}

// settle reads what could not be read before the kind of the feature was known.
func (r *reader) settle(owner string, all map[string]*Entitlement) {
	for _, e := range sorted(all) {
		path := owner + ".entitlements." + e.Feature
		f := r.c.Features[e.Feature]
		if f == nil || r.given[path] != asPlain {
			continue
		}
		v := r.plain[path]
		switch {
		case f.Kind == Valued:
			e.Value = r.valueOf(v, f)
		case f.Counted():
			v.path += ".limit"
			r.limit(v, e)
		}
	}
}

// entitled checks entitlements against the features they are of.
func (r *reader) entitled(owner string, all map[string]*Entitlement) {
	for _, e := range sorted(all) {
		path := owner + ".entitlements." + e.Feature
		if !refer(r, "features", r.c.Features, path, e.Feature) {
			continue
		}
		f := r.c.Features[e.Feature]
		as := r.given[path]
		switch {
		case f.Kind == Boolean && as != asTruth:
			given := r.plain[path].source()
			if as == asMap {
				given = e.Limit.String()
				if e.Unlimited {
					given = "unlimited"
				}
			}
			r.broken("contradiction", path+".limit", given, "write true or false, or make the feature metered", "%s is a boolean feature and has no limit", e.Feature)
		case f.Kind == Valued && as == asTruth:
			r.broken("contradiction", path, strconv.FormatBool(e.Allowed), "write one of its values, or leave it out", "%s is a feature of kind value, which is not there or not", e.Feature)
		case f.Kind == Valued && as == asMap:
			r.broken("contradiction", path, "", "write the value alone", "%s is a feature of kind value and has no limit", e.Feature)
		case f.Counted() && as == asTruth && e.Allowed:
			r.broken("contradiction", path, "true", "write a number, or unlimited", "%s is a %s feature and needs a limit", e.Feature, f.Kind)
		case f.Counted() && as == asTruth:
			r.broken("contradiction", path, "false", "write 0, or leave it out", "%s is a %s feature and needs a limit", e.Feature, f.Kind)
		case f.Counted() && as == asMap && !r.has(path, "limit"):
			r.broken("missing", path, "", "write limit: 1000 or limit: unlimited", "the limit is missing")
		}
		r.per(path+".per", e, r.c.Meters[f.Meter])
		r.beyond(path, e, r.c.Meters[f.Meter])
	}
}

// beyond checks what happens at the limit and with what is left of it.
func (r *reader) beyond(path string, e *Entitlement, m *Meter) {
	if e.Overage != nil && !r.has(path+".overage", "price") {
		r.broken("missing", path+".overage", "", `write overage: {unit: 1000, price: "2"}`, "the price of the overage is missing")
	}
	for _, key := range []string{"overage", "soft", "grace", "rollover", "per_unit"} {
		if e.Unlimited && r.has(path, key) {
			words := map[string]string{"overage": "nothing is above an unlimited allowance", "soft": "an unlimited allowance has no limit that could be passed",
				"grace": "an unlimited allowance has no limit that could be passed", "rollover": "nothing is left of an unlimited allowance",
				"per_unit": "an unlimited allowance is not counted for each unit"}[key]
			r.broken("contradiction", path+"."+key, "", "remove "+key+", or write a limit", "%s", words)
		}
	}
	if e.Unlimited {
		return
	}
	if e.Soft && e.Overage != nil {
		r.broken("contradiction", path+".soft", "true", "remove soft, or overage", "what is above the limit costs nothing and has a price")
	}
	if e.Grace != nil && (e.Soft || e.Overage != nil) {
		r.broken("contradiction", path+".grace", "", "remove grace", "the limit does not bind, so it needs no grace")
	}
	if e.Rollover == nil {
		return
	}
	_, rolling := e.Per.Rolling()
	switch {
	case e.Soft:
		r.broken("contradiction", path+".rollover", "", "remove rollover, or soft", "the limit does not bind, so nothing need roll over")
	case m != nil && m.Aggregate == Level:
		r.broken("contradiction", path+".rollover", "", "remove rollover", "%s is a level, of which nothing is used up or left", e.Feature)
	case m != nil && (m.Aggregate == Max || m.Aggregate == Min || m.Aggregate == Latest):
		r.broken("contradiction", path+".rollover", "", "remove rollover", "%s is a %s, of which nothing is used up or left", e.Feature, m.Aggregate)
	case e.Per == Lifetime || rolling:
		r.broken("contradiction", path+".rollover", "", "write per: month or another period of the calendar", "nothing rolls over where no period begins anew")
	}
}

// perUnit checks that limits for each unit belong to a plan that has units.
func (r *reader) perUnit(owner string, all map[string]*Entitlement, plan *Plan) {
	for _, e := range sorted(all) {
		path := owner + ".entitlements." + e.Feature + ".per_unit"
		switch {
		case !e.PerUnit:
		case plan == nil:
			r.broken("contradiction", path, "true", "remove per_unit", "the limit of an add-on is for each one that is bought already")
		case plan.Unit == "":
			r.broken("contradiction", path, "true", "give the plan a unit, such as unit: workspace", "%s has no unit that the limit could be for", plan.Key)
		}
	}
}
