package catalog

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/headroomhq/headroom/internal/condition"
	"github.com/headroomhq/headroom/internal/quantity"
)

// The conditions of signals over events in time: windows, sequences, rates and absence.

// Bounds of what such conditions may ask for.
const (
	maxTimes = 1000
	maxSteps = 8 // of a sequence
)

// defaultAtLeast is the least a rate must be of when the catalog does not say.
var defaultAtLeast = quantity.Of(10)

// stepFields are the keys of a step of a sequence that is more than an event type.
var stepFields = []field[Step]{
	{"event", func(r *reader, v value, s *Step) { s.Event = r.eventType(v) }},
	{"where", func(r *reader, v value, s *Step) { s.Where = r.tests(v) }},
}

// sequence reads [trial.started, {event: page.viewed, where: {page: pricing}}].
func (r *reader) sequence(v value) []Step {
	var steps []Step
	for _, element := range r.list(v) {
		step := Step{}
		if element.kind() != "a map" {
			step.Event = r.eventType(element)
		} else if object(r, element, stepFields, &step); !r.has(element.path, "event") {
			r.wrong(element, "missing", "write {event: …, where: {…}}, or the event type alone", "the event of this step is missing")
		}
		steps = append(steps, step)
	}
	if len(steps) == 0 && v.kind() == "a list" {
		r.wrong(v, "invalid_value", fmt.Sprintf("write 2 to %d event types", maxSteps), "the sequence is empty")
	}
	return steps
}

// tests reads the filter of a condition.
func (r *reader) tests(v value) []Test {
	var m Meter // which has the same filter
	r.where(v, &m)
	return m.Where
}

// windowed checks a condition over events and fills in what is left out. rule is its first
// key, has all of them.
func (r *reader) windowed(s *Signal, rule string, has map[string]bool) {
	path, w := "signals."+s.Key+".when", &s.When
	switch rule {
	case "gate":
		refer(r, "features", r.c.Features, path+".gate", w.Gate)
		r.oneOfThese(path, has, "gate", "times", "without")
		switch {
		case has["without"] && !has["within"]:
			r.broken("missing", path, "", "write within: 1d", "within how long %s is to follow is missing", w.Without)
		case has["without"]:
		case w.Times > 1 && !has["within"]:
			r.broken("missing", path, "", "write within: 7d", "%d times within how long is missing", w.Times)
		default:
			w.Times = max(w.Times, 1)
			if w.Within == 0 {
				w.Within = day
			}
		}
	case "event":
		r.oneOfThese(path, has, "event", "nth", "every", "times", "without", "new")
		switch {
		case has["times"] && !has["within"]:
			r.broken("missing", path, "", "write within: 7d", "%d times within how long is missing", w.Times)
		case has["without"] && !has["within"]:
			r.broken("missing", path, "", "write within: 1d", "within how long %s is to follow is missing", w.Without)
		case has["without"] && w.Without == w.Event && w.Event != "":
			r.broken("contradiction", path+".without", w.Without, "write absent: "+w.Event+", or name what ends it", "%s would end what it begins", w.Event)
		case has["within"] && !has["times"] && !has["without"]:
			r.broken("contradiction", path+".within", "", "write times: 5, or remove within", "within needs times or without")
		case has["from"] && !has["new"]:
			r.broken("contradiction", path+".from", "", "write new: and the property, or remove from", "from needs new")
		case has["new"]:
			if w.From == 0 {
				w.From = defaultFrom
			}
		case !has["nth"] && !has["every"] && !has["times"] && !has["without"]:
			w.Nth = 1
		}
	case "first":
		w.Nth = 1
	case "sequence":
		if !has["within"] {
			r.broken("missing", path, "", "write within: 14d", "how long the sequence may take is missing")
		}
		if n := len(w.Sequence); n == 1 || n > maxSteps {
			r.broken("out_of_range", path+".sequence", strconv.Itoa(n), fmt.Sprintf("write 2 to %d event types; for one write event:", maxSteps),
				"a sequence of %d is out of range", n)
		}
	case "rate":
		r.oneOfThese(path, has, "rate", "rises", "falls")
		if !has["over"] {
			r.broken("missing", path, "", "write over: 7d", "how long a window to compare is missing")
		}
		if !has["rises"] && !has["falls"] {
			r.broken("missing", path, "", "write rises: 50% or falls: 50%", "whether the rate rises or falls is missing")
		}
		if !has["at_least"] {
			w.AtLeast = defaultAtLeast
		}
		m := r.c.Meters[w.Rate]
		if m != nil && has["where"] {
			r.broken("contradiction", path+".where", "", "remove where, or name the event type", "%s is a meter, which has its own where", w.Rate)
		}
		if m != nil && m.Aggregate != "" && m.Aggregate != Count && m.Aggregate != Sum {
			r.broken("contradiction", path+".rate", w.Rate, "name a meter that counts or sums, or the event type itself",
				"what a meter of aggregate %s has used in one window cannot be compared with another", m.Aggregate)
		}
	case "absent":
		if !has["for"] {
			r.broken("missing", path, "", "write for: 14d", "how long it must be absent is missing")
		}
		if w.After == 0 {
			w.After = 1
		}
	}
}

// adviseRate finds rates of an event type that is nearly the name of a meter.
func (r *reader) adviseRate(path string, w *When) {
	if w.Rate == "" || r.c.Meters[w.Rate] != nil || len(r.c.Meters) > maxSuggested {
		return
	}
	if near := condition.Nearest(w.Rate, slices.Sorted(maps.Keys(r.c.Meters))); near != "" {
		r.doubt("rate_of_event", path+".when.rate", w.Rate, "did you mean "+near+"?", "there is no meter %s, so this counts events of that type", w.Rate)
	}
}

// oneOfThese reports keys that exclude each other.
func (r *reader) oneOfThese(path string, has map[string]bool, rule string, keys ...string) {
	var given []string
	for _, key := range keys {
		if has[key] {
			given = append(given, key)
		}
	}
	if len(given) > 1 {
		r.broken("contradiction", path+"."+given[1], "", "make two signals of it", "%s takes one of %s, not %s", rule,
			strings.Join(keys, ", "), strings.Join(given, " and "))
	}
}

// windowWords says a condition over events in plain words; empty for other conditions.
func (w *When) windowWords() string {
	if len(w.Where) > 0 {
		all := *w
		all.Where = nil
		return all.windowWords() + ", where " + testWords(w.Where)
	}
	switch {
	case w.Event != "" && w.Without != "":
		return fmt.Sprintf("%s without %s within %s", w.Event, w.Without, durationWords(w.Within))
	case w.Event != "" && w.New != "":
		return fmt.Sprintf("%s with the %s new %s or a later one", w.Event, ordinal(w.From), w.New)
	case w.Event != "" && w.Times > 0:
		return fmt.Sprintf("%s %d times within %s", w.Event, w.Times, durationWords(w.Within))
	case w.Event != "" && w.Every > 0:
		return fmt.Sprintf("%s every %s time", w.Event, ordinal(w.Every))
	case w.Event != "":
		return fmt.Sprintf("%s for the %s time", w.Event, ordinal(w.Nth))
	case len(w.Sequence) > 0:
		steps := make([]string, len(w.Sequence))
		for i, step := range w.Sequence {
			steps[i] = step.String()
		}
		return fmt.Sprintf("%s within %s", strings.Join(steps, ", then "), durationWords(w.Within))
	case w.Rate != "":
		direction, percent := "rises", w.Rises
		if w.Falls > 0 {
			direction, percent = "falls", w.Falls
		}
		return fmt.Sprintf("%s %s by %d%% from one %s to the next, with at least %s", w.Rate, direction, percent, durationWords(w.Over), w.AtLeast)
	case w.Absent != "":
		words := fmt.Sprintf("no %s for %s", w.Absent, durationWords(w.For))
		if w.After > 1 {
			words += fmt.Sprintf(", after %d of them", w.After)
		}
		return words
	}
	return ""
}

// testWords says tests in words, such as "tier is pro and size is above 10".
func testWords(tests []Test) string {
	words := make([]string, len(tests))
	for i, t := range tests {
		words[i] = t.String()
	}
	return strings.Join(words, " and ")
}

// String says the step in words.
func (s Step) String() string {
	if len(s.Where) == 0 {
		return s.Event
	}
	return s.Event + " where " + testWords(s.Where)
}
