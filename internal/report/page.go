package report

import (
	_ "embed" // the page and its style are files beside this one
	"encoding/json"
	"html/template"
	"io"
	"path"
	"reflect"
	"strings"

	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/revenue"
	"github.com/headroomhq/headroom/internal/sheet"
)

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle string

// shownRows is how many rows of a list the page shows before the reader asks for more.
const shownRows = 8

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"amount": func(m Money) string { return group(m.Twelfths.Round().Decimal(m.Currency)) },
	"whole":  wholeUnits,
	"plain":  group,
	"num":    func(n any) string { return group(toText(n)) },
	"qty":    show,
	"pct": func(s any) string {
		switch s := s.(type) {
		case string:
			return percent(s)
		case *string:
			if s != nil {
				return percent(*s)
			}
		}
		return "–"
	},
	"many":    count,
	"head":    func(list any) any { return cut(list, 0, shownRows) },
	"tail":    func(list any) any { return cut(list, shownRows, 1<<30) },
	"reverse": reversed,
	"title":   oddityTitle,
	"month":   monthName,
	"bar":     func(rate string) template.CSS { return template.CSS("--share:" + rate) },
	"section": func(id, title, question string) map[string]string {
		return map[string]string{"ID": id, "Title": title, "Question": question}
	},
	"bandNRR": bandNRR,
	"bandGRR": bandGRR,
	"base":    path.Base,
	"source":  sourceWords,
	"hist":    histogram,
	"alls":    func(list []Suggestion) []Suggestion { return allOnly(list, true) },
	"singles": func(list []Suggestion) []Suggestion { return allOnly(list, false) },
	"movementChart": func(r *Report) template.HTML {
		return movementChart(r.movements, r.Currency)
	},
	"mrrChart":      func(r *Report) template.HTML { return mrrChart(r.movements, r.Currency) },
	"monthlyChart":  func(r *Report) template.HTML { return retentionChart(r.retention, "NRR and GRR by month") },
	"trailingChart": func(r *Report) template.HTML { return retentionChart(r.trailing, "NRR and GRR over 12 months") },
	"style":         func() template.CSS { return template.CSS(pageStyle) },
}).Parse(pageText))

// WriteHTML writes the report as one page that loads nothing from anywhere.
func (r *Report) WriteHTML(w io.Writer) error {
	if err := page.Execute(w, r); err != nil {
		return fault.New(fault.Unavailable, "file_unwritable", "the page cannot be written: %v", err).WithMend("is the disk full?").WithCause(err)
	}
	return nil
}

// WriteJSON writes the report as one JSON document.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		return fault.New(fault.Unavailable, "file_unwritable", "the document cannot be written: %v", err).WithMend("is the disk full?").WithCause(err)
	}
	return nil
}

// wholeUnits writes an amount without decimals once it is large enough not to need them.
func wholeUnits(m Money) string {
	s := m.Twelfths.Round().Decimal(m.Currency)
	if i := strings.IndexByte(s, '.'); i >= 4 {
		unit := int64(1)
		for range m.Currency.Exponent() {
			unit *= 10
		}
		minor := int64(m.Twelfths.Round())
		half := unit / 2
		if minor < 0 {
			half = -half
		}
		return group(toText((minor + half) / unit))
	}
	return group(s)
}

func toText(v any) string {
	if q, exact := v.(quantity.Quantity); exact {
		return q.String()
	}
	b, _ := json.Marshal(v) // numbers only
	return string(b)
}

// cut returns list[from:to] of any slice, as far as there is one.
func cut(list any, from, to int) any {
	v := reflect.ValueOf(list)
	return v.Slice(min(from, v.Len()), min(to, v.Len())).Interface()
}

// reversed returns the newest month first.
func reversed(list any) []any {
	v := reflect.ValueOf(list)
	out := make([]any, v.Len())
	for i := range out {
		out[i] = v.Index(v.Len() - 1 - i).Interface()
	}
	return out
}

func oddityTitle(g sheet.Group) string {
	if t := oddityTitles[g.Code]; t != "" {
		return t
	}
	return g.Why
}

// monthName writes "December 2024".
func monthName(m revenue.Month) string {
	return m.Start().Std().Format("January 2006")
}

func allOnly(list []Suggestion, all bool) (out []Suggestion) {
	for _, s := range list {
		if (s.Feature == allName) == all {
			out = append(out, s)
		}
	}
	return out
}

// bandNRR places a yearly NRR among the usual benchmarks.
func bandNRR(rate *string) string {
	switch {
	case rate == nil:
		return "nobody paid 12 months ago"
	case revenueAtLeast(*rate, 2):
		return "far above 120%: read the warnings first"
	case revenueAtLeast(*rate, 1.2):
		return "above 120%: strong"
	case revenueAtLeast(*rate, 1):
		return "between 100% and 120%: existing customers grow"
	}
	return "below 100%: existing customers shrink"
}

// bandGRR places a yearly GRR among the usual benchmarks.
func bandGRR(rate *string) string {
	switch {
	case rate == nil:
		return "nobody paid 12 months ago"
	case revenueAtLeast(*rate, 0.9):
		return "losses under 10% a year: healthy"
	}
	return "losses above 10% a year"
}

func revenueAtLeast(rate string, bound float64) bool {
	var v float64
	_ = json.Unmarshal([]byte(rate), &v) // our own decimal
	return v >= bound
}

// sourceWords says where limits come from in two or three words.
func sourceWords(s LimitSource) string {
	switch s {
	case FromColumn:
		return "from your limit column"
	case FromCatalog:
		return "from the catalog"
	case FromPlateau:
		return "inferred from usage"
	case FromSuggest:
		return "proposed, not real limits"
	}
	return "unknown"
}
