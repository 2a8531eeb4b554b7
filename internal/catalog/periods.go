package catalog

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
)

// Period is how often an allowance starts anew. Besides those below there are rolling
// ones, such as "rolling 24h": whatever was used in the last 24 hours.
type Period string

// The periods. All but Lifetime follow the account's billing anchor.
const (
	Lifetime Period = ""      // never; levels have only this one
	Hour     Period = "hour"  // from the anchor's minute
	Day      Period = "day"   // from the anchor's time of day
	Week     Period = "week"  // from the anchor's day of the week
	Month    Period = "month" // from the anchor's day of the month
	Year     Period = "year"  // from the anchor's day of the year
)

const rollingPrefix = "rolling "

// Rolling returns how long the window of a rolling period is; false for other periods.
func (p Period) Rolling() (time.Duration, bool) {
	text, ok := strings.CutPrefix(string(p), rollingPrefix)
	if !ok {
		return 0, false
	}
	d, wrong := parseDuration(text, maxWindow)
	return d, wrong == ""
}

// Words says the period as part of a sentence: "a month", "in any 24h", "in all".
func (p Period) Words() string {
	switch text, rolling := strings.CutPrefix(string(p), rollingPrefix); {
	case rolling:
		return "in any " + text
	case p == Lifetime:
		return "in all"
	case p == Hour:
		return "an hour"
	}
	return "a " + string(p)
}

// WindowKind is what a window's beginning follows. Its numbers are in stored state.
type WindowKind uint8

// The kinds of windows.
const (
	Hourly  WindowKind = 1
	Daily   WindowKind = 2
	Weekly  WindowKind = 3
	Monthly WindowKind = 4
	Yearly  WindowKind = 5
	Rolling WindowKind = 6 // the time before now
)

// Window is a span of time that a meter keeps usage for.
type Window struct {
	Per   Period
	Kind  WindowKind
	Width clock.Time // of a Rolling window
}

var kindOf = map[Period]WindowKind{Hour: Hourly, Day: Daily, Week: Weekly, Month: Monthly, Year: Yearly}

// WindowOf returns the window of a period; false for Lifetime, which is no window.
func WindowOf(p Period) (Window, bool) {
	if d, ok := p.Rolling(); ok {
		return Window{p, Rolling, clock.Time(d.Microseconds())}, true
	}
	kind, ok := kindOf[p]
	return Window{Per: p, Kind: kind}, ok
}

// PeriodOf returns the period whose window is of this kind and width.
func PeriodOf(kind WindowKind, width clock.Time) Period {
	if kind == Rolling {
		return Period(rollingPrefix + rollingWords(time.Duration(width)*time.Microsecond))
	}
	for p, k := range kindOf {
		if k == kind {
			return p
		}
	}
	return Lifetime
}

// monthly is what meters keep that no allowance asks for: usage of months is what limits
// are chosen by.
var monthly = []Window{{Per: Month, Kind: Monthly}}

// Windows returns the windows that usage is kept for besides the account's life: those
// that entitlements ask for, and months where they ask for none of the calendar. A level
// has none. Calendar windows come first, the longest at the front.
func (m *Meter) Windows() []Window {
	switch {
	case m.Aggregate == Level:
		return nil
	case m.windows != nil:
		return m.windows
	}
	return monthly
}

// windows gives every meter the windows that the catalog asks for.
func windows(c *Catalog) {
	asked := map[string][]Window{}
	for _, entitlements := range c.everGiven() {
		for _, e := range sorted(entitlements) {
			f := c.Features[e.Feature]
			w, ok := WindowOf(e.Per)
			if ok && f != nil && f.Meter != "" && !slices.Contains(asked[f.Meter], w) {
				asked[f.Meter] = append(asked[f.Meter], w)
			}
		}
	}
	for _, key := range append(valueMeters(c), monthMeters(c)...) { // value, much use and plan fit are told by the month
		if list := asked[key]; list != nil && !slices.Contains(list, monthly[0]) && c.Meters[key].Aggregate != Level {
			asked[key] = append(list, monthly...)
		}
	}
	for key, list := range asked {
		if !slices.ContainsFunc(list, func(w Window) bool { return w.Kind != Rolling }) {
			list = append(list, monthly...)
		}
		slices.SortFunc(list, func(a, b Window) int {
			if (a.Kind == Rolling) != (b.Kind == Rolling) {
				return cmp.Compare(a.Kind, b.Kind)
			}
			return cmp.Or(cmp.Compare(b.Kind, a.Kind), cmp.Compare(b.Width, a.Width))
		})
		if m := c.Meters[key]; m != nil && !slices.Equal(list, monthly) {
			m.windows = list
		}
	}
}

var periods = []string{"month", "lifetime", "year", "week", "day", "hour"}

// period reads month, day, lifetime, rolling 24h and the like.
func (r *reader) period(v value) Period {
	const mend = "write one of month, lifetime, year, week, day, hour, or rolling and a duration, such as rolling 24h"
	s, ok := r.scalar(v, mend)
	if !ok {
		return Lifetime
	}
	text, rolling := strings.CutPrefix(s, rollingPrefix)
	if !rolling {
		if s = r.oneOf(v, periods...); s == "lifetime" {
			s = ""
		}
		return Period(s)
	}
	d, wrong := parseDuration(text, maxWindow)
	if wrong == "" && d%time.Hour != 0 {
		wrong = "is not a number of whole hours"
	}
	if wrong != "" {
		r.wrong(v, "invalid_duration", "write rolling and whole hours, days or weeks, such as rolling 24h", "%q %s", fault.Shorten(text), wrong)
		return Lifetime
	}
	return Period(rollingPrefix + rollingWords(d))
}

// rollingWords writes the length of a rolling window: hours up to two days, then days
// where they are whole, so that what is the same is written the same.
func rollingWords(d time.Duration) string {
	if d <= 2*day {
		return strconv.FormatInt(int64(d/time.Hour), 10) + "h"
	}
	return durationWords(d)
}

// per checks that an entitlement's period fits what its meter counts.
func (r *reader) per(path string, e *Entitlement, m *Meter) {
	if m == nil || e.Per == Lifetime {
		return
	}
	_, rolling := e.Per.Rolling()
	switch {
	case m.Aggregate == Level:
		r.broken("contradiction", path, string(e.Per), "remove per", "%s is a level, which stands as it is and begins no period anew", e.Feature)
	case rolling && m.Aggregate == Unique:
		r.broken("contradiction", path, string(e.Per), "write per: day, week or month", "a meter of aggregate %s is kept for windows of the calendar only", m.Aggregate)
	case rolling && r.c.Features[e.Feature].Pooled:
		r.broken("contradiction", path, string(e.Per), "write per: day, week or month, or remove pooled from the feature", "%s is pooled, and what each account of a family holds of it begins anew with a period, which a rolling one never does", e.Feature)
	}
}

// zone reads the name of a time zone.
func (r *reader) zone(v value) *time.Location {
	s, ok := r.scalar(v, "write a time zone such as Europe/Berlin")
	if !ok {
		return nil
	}
	z, err := clock.Zone(s)
	if err != nil {
		r.wrong(v, "unknown_time_zone", "write a name of the IANA database such as Europe/Berlin, or UTC", "%q is not a time zone", fault.Shorten(s))
	}
	return z
}

// monthMeters lists the meters of which live signals ask how much was used in a month.
func monthMeters(c *Catalog) []string {
	asked, all := map[string]bool{}, false
	for _, s := range c.Signals {
		if !s.Retired() {
			asked[s.When.Unlimited] = true
			all = all || s.When.Fit != ""
		}
	}
	var keys []string
	for _, f := range sorted(c.Features) {
		if c.Meters[f.Meter] != nil && (all && f.Counted() || asked[f.Key]) {
			keys = append(keys, f.Meter)
		}
	}
	return keys
}
