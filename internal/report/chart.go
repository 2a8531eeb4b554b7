package report

import (
	"fmt"
	"html/template"
	"math"
	"strings"

	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/revenue"
)

// A chart is drawn twice, wide and narrow, and the page shows the one that fits, so that
// its words keep their size. Every chart has its table on the page; the drawing says in its
// label what it shows.

// frame is the size of a drawing and the plot inside it, in CSS pixels.
type frame struct {
	w, h                     float64
	left, right, top, bottom float64
	class                    string
}

var frames = []frame{
	{w: 600, h: 260, left: 54, right: 28, top: 14, bottom: 30, class: "wide"},
	{w: 350, h: 240, left: 46, right: 26, top: 14, bottom: 30, class: "narrow"},
}

// drawing collects SVG. Everything written into it is numbers and our own words; names
// from the data never are.
type drawing struct {
	strings.Builder
	frame
	lo, hi float64 // of the value axis
}

func (d *drawing) y(v float64) float64 {
	if d.hi == d.lo {
		return d.h - d.bottom
	}
	return d.top + (d.hi-v)/(d.hi-d.lo)*(d.h-d.top-d.bottom)
}

func (d *drawing) put(format string, args ...any) { fmt.Fprintf(d, format, args...) }

// begin opens the drawing and draws the value axis with lines at round values.
func (d *drawing) begin(label string, ticks int, word func(float64) string) {
	d.put(`<svg class="%s" viewBox="0 0 %g %g" role="img" aria-label="%s">`, d.class, d.w, d.h, template.HTMLEscapeString(label))
	step := niceStep(d.hi-d.lo, ticks)
	if step <= 0 {
		return
	}
	for v := math.Ceil(d.lo/step-1e-9) * step; v <= d.hi+step/1e6; v += step {
		class := "grid"
		if math.Abs(v) < step/1e6 {
			v, class = 0, "zero"
		}
		d.put(`<line class="%s" x1="%g" x2="%g" y1="%.1f" y2="%.1f"/>`, class, d.left, d.w-d.right, d.y(v), d.y(v))
		d.put(`<text class="tick" x="%g" y="%.1f" text-anchor="end">%s</text>`, d.left-8, d.y(v)+4, word(v))
	}
}

// months writes as many month names under the plot as fit.
func (d *drawing) months(from revenue.Month, n int, x func(int) float64) {
	every := 1
	for _, e := range []int{1, 2, 3, 4, 6, 12, 24, 60, 120, 240} {
		every = e
		if float64(n)/float64(e)*58 <= d.w-d.left-d.right+40 {
			break
		}
	}
	for i := range n {
		if (n-1-i)%every == 0 {
			d.put(`<text class="tick" x="%.1f" y="%g" text-anchor="middle">%s</text>`, x(i), d.h-10, (from + revenue.Month(i)).String())
		}
	}
}

func (d *drawing) end() template.HTML {
	d.WriteString("</svg>")
	return template.HTML(d.String())
}

// niceStep returns a step of 1, 2 or 5 times a power of ten that cuts span into about n.
func niceStep(span float64, n int) float64 {
	if span <= 0 || n < 1 {
		return 0
	}
	raw := span / float64(n)
	p := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 5, 10} {
		if raw <= m*p*1.0000001 {
			return m * p
		}
	}
	return 10 * p
}

// compact writes a number in at most four digits: 950, 12k, 1.4M.
func compact(v float64) string {
	a := math.Abs(v)
	unit, name := 1.0, ""
	switch {
	case a >= 1e9:
		unit, name = 1e9, "bn"
	case a >= 1e6:
		unit, name = 1e6, "M"
	case a >= 1e3:
		unit, name = 1e3, "k"
	}
	s := fmt.Sprintf("%.1f", v/unit)
	if math.Abs(v/unit) >= 100 {
		s = fmt.Sprintf("%.0f", v/unit)
	}
	return strings.TrimSuffix(s, ".0") + name
}

// major turns MRR into major units, for drawing only.
func major(t money.Twelfths, c money.Currency) float64 {
	return float64(t) / 12 / math.Pow10(c.Exponent())
}

// movementParts are the parts of a bar, from the axis outwards.
var movementParts = []struct {
	class, word string
	sign        float64
	of          func(revenue.Movement) money.Twelfths
}{
	{"expansion", "Expansion", 1, func(m revenue.Movement) money.Twelfths { return m.Expansion }},
	{"new", "New", 1, func(m revenue.Movement) money.Twelfths { return m.New }},
	{"reactivation", "Reactivation", 1, func(m revenue.Movement) money.Twelfths { return m.Reactivation }},
	{"contraction", "Contraction", -1, func(m revenue.Movement) money.Twelfths { return m.Contraction }},
	{"churn", "Churn", -1, func(m revenue.Movement) money.Twelfths { return m.Churn }},
}

// movementChart draws what came above the axis and what went below it, a bar a month.
func movementChart(items []revenue.Movement, cur money.Currency) template.HTML {
	items = items[max(0, len(items)-36):]
	if len(items) == 0 {
		return ""
	}
	var out template.HTML
	for _, f := range frames {
		shown := items
		if f.class == "narrow" {
			shown = items[max(0, len(items)-12):]
		}
		d := &drawing{frame: f}
		for _, m := range shown {
			d.hi = max(d.hi, major(m.New+m.Expansion+m.Reactivation, cur))
			d.lo = min(d.lo, -major(m.Contraction+m.Churn, cur))
		}
		d.begin(fmt.Sprintf("MRR movements by month in %s, %s to %s; the figures are in the table below", cur, shown[0].Period, shown[len(shown)-1].Period), 5, compact)
		slot := (d.w - d.left - d.right) / float64(len(shown))
		x := func(i int) float64 { return d.left + (float64(i)+0.5)*slot }
		width := min(slot*0.72, 40)
		for i, m := range shown {
			up, down := 0.0, 0.0
			for _, p := range movementParts {
				v := major(p.of(m), cur)
				if v <= 0 {
					continue
				}
				base := &up
				if p.sign < 0 {
					base = &down
				}
				from := *base
				*base += p.sign * v
				top, bottom := d.y(max(from, *base)), d.y(min(from, *base))
				d.put(`<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f"><title>%s %s: %s %s</title></rect>`,
					p.class, x(i)-width/2, top, width, max(bottom-top, 0.5), m.Period, p.word, group(p.of(m).Round().Decimal(cur)), cur)
			}
		}
		d.months(shown[0].Period, len(shown), x)
		out += d.end()
	}
	return out
}

// mrrChart draws MRR at the end of each month.
func mrrChart(items []revenue.Movement, cur money.Currency) template.HTML {
	if len(items) == 0 {
		return ""
	}
	values := make([]float64, len(items))
	for i, m := range items {
		values[i] = major(m.End, cur)
	}
	label := fmt.Sprintf("MRR at the end of each month in %s, from %s to %s", cur, compact(values[0]), compact(values[len(values)-1]))
	return lines(label, items[0].Period, []line{{class: "mrr", word: "MRR", values: values, area: true}}, 0, math.Inf(-1), compact,
		func(v float64) string { return compact(v) + " " + string(cur) })
}

// line is a series; NaN is a gap.
type line struct {
	class, word string
	values      []float64
	area        bool
}

// lines draws series over months. The axis takes in floor, and mark (when it is a number)
// as a line of its own.
func lines(label string, from revenue.Month, series []line, floor, mark float64, word, tip func(float64) string) template.HTML {
	var out template.HTML
	for _, f := range frames {
		d := &drawing{frame: f, lo: floor, hi: floor}
		for _, s := range series {
			for _, v := range s.values {
				if !math.IsNaN(v) {
					d.lo, d.hi = min(d.lo, v), max(d.hi, v)
				}
			}
		}
		if !math.IsInf(mark, -1) {
			d.lo, d.hi = min(d.lo, mark), max(d.hi, mark)
		}
		if pad := (d.hi - d.lo) * 0.06; pad > 0 {
			d.hi += pad
			if floor != 0 {
				d.lo -= pad
			}
		}
		d.begin(label, 5, word)
		n := len(series[0].values)
		x := func(i int) float64 {
			if n == 1 {
				return (d.left + d.w - d.right) / 2
			}
			return d.left + float64(i)/float64(n-1)*(d.w-d.left-d.right)
		}
		if !math.IsInf(mark, -1) {
			d.put(`<line class="mark" x1="%g" x2="%g" y1="%.1f" y2="%.1f"/>`, d.left, d.w-d.right, d.y(mark), d.y(mark))
		}
		for _, s := range series {
			d.series(s, x, from, tip)
		}
		d.months(from, n, x)
		out += d.end()
	}
	return out
}

func (d *drawing) series(s line, x func(int) float64, from revenue.Month, tip func(float64) string) {
	var path strings.Builder
	first, last, pen := -1, -1, "M"
	for i, v := range s.values {
		if math.IsNaN(v) {
			pen = "M"
			continue
		}
		fmt.Fprintf(&path, "%s%.1f %.1f", pen, x(i), d.y(v))
		pen = "L"
		if first < 0 {
			first = i
		}
		last = i
	}
	if first < 0 {
		return
	}
	if s.area {
		d.put(`<path class="area %s" d="%sL%.1f %.1fL%.1f %.1fZ"/>`, s.class, path.String(), x(last), d.y(0), x(first), d.y(0))
	}
	d.put(`<path class="line %s" d="%s"/>`, s.class, path.String())
	for i, v := range s.values {
		if !math.IsNaN(v) {
			d.put(`<circle class="%s" cx="%.1f" cy="%.1f" r="3"><title>%s %s: %s</title></circle>`, s.class, x(i), d.y(v), from+revenue.Month(i), s.word, tip(v))
		}
	}
}

// retentionChart draws NRR and GRR with a line at 100%.
func retentionChart(items []revenue.Kept, what string) template.HTML {
	for len(items) > 0 && items[0].Start <= 0 {
		items = items[1:]
	}
	if len(items) == 0 {
		return ""
	}
	nrr, grr := make([]float64, len(items)), make([]float64, len(items))
	for i, k := range items {
		nrr[i], grr[i] = math.NaN(), math.NaN()
		if k.Start > 0 {
			nrr[i] = float64(k.Start+k.Expansion-k.Contraction-k.Churn) / float64(k.Start) * 100
			grr[i] = float64(k.Start-k.Contraction-k.Churn) / float64(k.Start) * 100
		}
	}
	pct := func(v float64) string { return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0") + "%" }
	label := fmt.Sprintf("%s, %s to %s; the line in the middle is 100%%", what, items[0].Period, items[len(items)-1].Period)
	return lines(label, items[0].Period, []line{{class: "nrr", word: "NRR", values: nrr}, {class: "grr", word: "GRR", values: grr}}, 100, 100, pct,
		func(v float64) string { return fmt.Sprintf("%.2f%%", v) })
}

// histogram draws how many accounts use how much, with a line at each proposed limit.
func histogram(s Suggestion) template.HTML {
	var out template.HTML
	largest := float64(s.Largest)
	for _, f := range []frame{
		{w: 420, h: 170, left: 34, right: 10, top: 22, bottom: 28, class: "wide"},
		{w: 350, h: 170, left: 34, right: 10, top: 22, bottom: 28, class: "narrow"},
	} {
		d := &drawing{frame: f}
		for _, n := range s.Bins {
			d.hi = max(d.hi, float64(n))
		}
		d.begin(fmt.Sprintf("How many accounts reach which usage in their highest month; %d proposed limits", len(s.Limits)), 3, compact)
		slot := (d.w - d.left - d.right) / float64(len(s.Bins))
		for i, n := range s.Bins {
			d.put(`<rect class="bin" x="%.1f" y="%.1f" width="%.1f" height="%.1f"><title>%s to %s: %s</title></rect>`,
				d.left+float64(i)*slot+1, d.y(float64(n)), max(slot-2, 1), d.h-d.bottom-d.y(float64(n)),
				compact(largest*float64(i)/float64(len(s.Bins))/1e6), compact(largest*float64(i+1)/float64(len(s.Bins))/1e6), count(n, "account"))
		}
		for _, l := range s.Limits {
			x := d.left + float64(l.Limit)/largest*(d.w-d.left-d.right)
			d.put(`<line class="limit" x1="%.1f" x2="%.1f" y1="%g" y2="%g"/><text class="tick strong" x="%.1f" y="%g" text-anchor="middle">%s</text>`,
				x, x, d.top-4, d.h-d.bottom, x, d.top-8, compact(float64(l.Limit)/1e6))
		}
		for _, share := range []float64{0, 0.5, 1} {
			anchor := []string{"start", "middle", "end"}[int(share*2)]
			d.put(`<text class="tick" x="%.1f" y="%g" text-anchor="%s">%s</text>`, d.left+share*(d.w-d.left-d.right), d.h-9, anchor, compact(largest*share/1e6))
		}
		out += d.end()
	}
	return out
}
