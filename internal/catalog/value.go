package catalog

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/condition"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
)

// ValueMetric is what accounts gain, in their own terms, worked out from what they use: hours
// saved, tickets sold.
type ValueMetric struct {
	Key   string
	Title string
	Unit  string // hours
	// Formula over the usage of meters in a month gives the quantity.
	Formula *condition.Formula
	// Worth is what one unit is worth to the customer, in the catalog's currency; 0: not said.
	Worth money.Minor
	// Assumptions say what formula and worth rest on, a sentence each.
	Assumptions []string
	// Band is the share of the worth that the price should be; nil: none.
	Band *Band
	// Main is the metric that statements begin with; of several at most one, of one that one.
	Main bool
}

// Band is a range of shares in whole percent, both ends included.
type Band struct{ Low, High int64 }

// String writes the band as the catalog does.
func (b Band) String() string { return fmt.Sprintf("%d%% to %d%%", b.Low, b.High) }

// maxValueMetrics bounds the metrics of a catalog: each account has a ledger line of each a month.
const maxValueMetrics = 20

var valueFields = []field[ValueMetric]{
	{"title", func(r *reader, v value, m *ValueMetric) { m.Title = r.text(v, maxTitle) }},
	{"unit", func(r *reader, v value, m *ValueMetric) { m.Unit = r.text(v, maxTitle) }},
	{"formula", func(r *reader, v value, _ *ValueMetric) { r.rules[v.path] = v }}, // compiled once all meters are known
	{"worth", func(r *reader, v value, m *ValueMetric) { m.Worth = r.price(v, r.c.Currency) }},
	{"per", func(r *reader, v value, _ *ValueMetric) { r.oneOf(v, string(Month)) }},
	{"assumptions", func(r *reader, v value, m *ValueMetric) {
		m.Assumptions = r.names(v, func(v value) string { return r.text(v, maxBody) })
	}},
	{"band", func(r *reader, v value, m *ValueMetric) { m.Band = r.band(v) }},
	{"main", func(r *reader, v value, m *ValueMetric) { m.Main = r.truth(v) }},
}

func newValueMetric(key string) *ValueMetric { return &ValueMetric{Key: key, Title: key} }

var bandForm = regexp.MustCompile(`^([0-9]{1,4})% to ([0-9]{1,4})%$`)

// band reads 5% to 20%.
func (r *reader) band(v value) *Band {
	const mend = "write two whole percentages, such as 5% to 20%"
	s, ok := r.scalar(v, mend)
	if !ok {
		return nil
	}
	var b Band
	if !bandForm.MatchString(s) {
		r.wrong(v, "invalid_percent", mend, "%q is not a band", fault.Shorten(s))
		return nil
	}
	if _, err := fmt.Sscanf(s, "%d%% to %d%%", &b.Low, &b.High); err != nil || b.Low >= b.High || b.High > 1000 {
		r.wrong(v, "out_of_range", "write the smaller percentage first, and at most 1000%", "%s is no range", s)
		return nil
	}
	return &b
}

// valueMetrics checks the metrics once all else is read.
func (r *reader) valueMetrics() {
	all := sorted(r.c.Value)
	if len(all) > maxValueMetrics {
		r.broken("too_large", "value", "", fmt.Sprintf("keep the %d that customers speak of", maxValueMetrics), "there are %d value metrics, the most is %d", len(all), maxValueMetrics)
	}
	meters := slices.DeleteFunc(slices.Sorted(maps.Keys(r.c.Meters)), func(key string) bool { return !nameForm.MatchString(key) })
	var main string
	for _, m := range all {
		path := "value." + m.Key
		if r.signs[path] == nil {
			continue // not a map, reported
		}
		if !r.has(path, "formula") {
			r.broken("missing", path, "", "write formula: and meters, such as exports * 0.5", "how the value is worked out is missing")
		} else if v, ok := r.rules[path+".formula"]; ok {
			m.Formula = r.formula(v, meters)
		}
		if m.Band != nil && m.Worth == 0 {
			r.broken("missing", path, "", `write worth: "40", what one unit is worth to the customer`, "there is a band for the share of the worth, and no worth")
		}
		if m.Main && main != "" {
			r.broken("contradiction", path+".main", "true", "keep one main metric", "%s is the main metric already", main)
		}
		if m.Main {
			main = m.Key
		}
	}
	if len(all) == 1 {
		all[0].Main = true
	}
}

// nameForm is what a formula can call a meter.
var nameForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// formula compiles a formula over meters.
func (r *reader) formula(v value, meters []string) *condition.Formula {
	s, ok := r.scalar(v, "write a formula in quotes, such as \"exports * 0.5\"")
	if !ok {
		return nil
	}
	f, err := condition.CompileFormula(s, meters)
	if err == nil {
		if len(f.Uses()) == 0 {
			r.wrong(v, "invalid_formula", "name the meters that the value comes from", "the formula uses no meter, so it says the same of everybody")
		}
		return f
	}
	wrong, positioned := errors.AsType[*condition.Error](err)
	if !positioned {
		r.wrong(v, "invalid_formula", "write it in a simpler way", "%s", err.Error())
		return nil
	}
	r.report(SeverityError, "invalid_formula", v.path, s, v.inside(wrong.Line, wrong.Column), wrong.Message, wrong.Mend)
	return nil
}

// ValueMetrics returns the metrics, the main one first, then by key.
func (c *Catalog) ValueMetrics() []*ValueMetric { return c.index.value }

// valueMeters returns the keys of the meters that value formulas use, sorted.
func valueMeters(c *Catalog) []string {
	var keys []string
	for _, m := range c.Value {
		keys = append(keys, m.Formula.Uses()...)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// ValueMeters returns the keys of the meters that value formulas use, sorted.
func (c *Catalog) ValueMeters() []string { return c.index.valueMeters }

func (w wording) value(m *ValueMetric) definition {
	worth, band := "", ""
	if m.Worth != 0 {
		worth = m.Worth.Decimal(w.c.Currency) + " " + string(w.c.Currency)
	}
	if m.Band != nil {
		band = m.Band.String()
	}
	return define(m.Formula.Source, "title", m.Title, "unit", m.Unit, "formula", m.Formula.Source, "worth", worth, "band", band,
		"assumptions", strings.Join(m.Assumptions, "; "), "main", yes(m.Main))
}

// boolOrder sorts what is true first.
func boolOrder(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}
