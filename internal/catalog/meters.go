package catalog

import (
	"fmt"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/quantity"
)

// Meter turns events, or consume calls, into usage.
type Meter struct {
	Key       string
	Aggregate Aggregate
	Event     string // event type that feeds all aggregates but level
	// Property is the property that sum adds up, max, min and latest look at and unique
	// tells apart; for level the amount, 1 when empty. Empty when Product is there.
	Property string
	Product  []string // several properties whose product takes the place of Property
	Add      string   // event type that raises a level
	Remove   string   // event type that lowers a level
	Set      string   // event type that says what a level is
	To       string   // property that holds what Set says
	// Where lets through only events for which every test holds; in the order of properties.
	Where []Test
	// By names the properties by whose values usage is kept in parts, too.
	By []string
	// FedByConsume: only POST /v1/consume and /v1/release feed it. A meter is fed by
	// events or by consume, never both. Its aggregate is Sum (of the quantities consumed)
	// or Level (held until given back).
	FedByConsume bool

	windows []Window
}

// Op is how a Test compares.
type Op string

// The comparisons. All but Not want the property to be there.
const (
	Is      Op = "is"       // one of the values
	Not     Op = "not"      // none of the values, or not there
	Above   Op = "above"    // a number greater than the value
	AtLeast Op = "at_least" // or the same
	Below   Op = "below"    // a number smaller than the value
	AtMost  Op = "at_most"  // or the same
)

// Test is one condition on a property of an event.
type Test struct {
	Property string
	Op       Op
	Values   []Literal // one for Above, AtLeast, Below and AtMost
}

// Literal is a value in a catalog that a property is compared with. Numbers are the same
// when they are worth the same: 1 and 1.0.
type Literal struct {
	Kind   event.ValueKind
	Text   string
	Number quantity.Quantity // for event.Number
}

// Bounds of a meter's lists.
const (
	MaxFactors = 8  // of a product
	MaxTests   = 20 // of where
	MaxValues  = 100
	MaxBy      = 4
)

var aggregates = []string{string(Count), string(Sum), string(Max), string(Min), string(Latest), string(Level), string(Unique)}

var meterFields = []field[Meter]{
	{"event", func(r *reader, v value, m *Meter) { m.Event = r.eventType(v) }},
	{"aggregate", func(r *reader, v value, m *Meter) { m.Aggregate = Aggregate(r.oneOf(v, aggregates...)) }},
	{"property", func(r *reader, v value, m *Meter) { r.measure(v, m) }},
	{"add", func(r *reader, v value, m *Meter) { m.Add = r.eventType(v) }},
	{"remove", func(r *reader, v value, m *Meter) { m.Remove = r.eventType(v) }},
	{"set", func(r *reader, v value, m *Meter) { m.Set = r.eventType(v) }},
	{"to", func(r *reader, v value, m *Meter) { m.To = r.property(v) }},
	{"where", func(r *reader, v value, m *Meter) { r.where(v, m) }},
	{"by", func(r *reader, v value, m *Meter) { m.By = r.few(v, MaxBy) }},
	{"fed_by", func(r *reader, v value, m *Meter) { m.FedByConsume = r.oneOf(v, "consume", "events") == "consume" }},
}

// testFields are the comparisons of where; their order is that of the tests.
var testFields = []field[[]Test]{
	{string(Not), func(r *reader, v value, t *[]Test) { r.test(v, t, Not) }},
	{string(Above), func(r *reader, v value, t *[]Test) { r.test(v, t, Above) }},
	{string(AtLeast), func(r *reader, v value, t *[]Test) { r.test(v, t, AtLeast) }},
	{string(Below), func(r *reader, v value, t *[]Test) { r.test(v, t, Below) }},
	{string(AtMost), func(r *reader, v value, t *[]Test) { r.test(v, t, AtMost) }},
}

func newMeter(key string) *Meter { return &Meter{Key: key} }

// property reads the name of a property as the product sends it.
func (r *reader) property(v value) string {
	s := r.text(v, maxTitle)
	if s == "" || strings.ContainsAny(s, "\n\t") {
		r.wrong(v, "invalid_value", "write the property's name as it is sent, such as count", "%q cannot be a property", fault.Shorten(s))
		return ""
	}
	r.withoutData(v.path, s)
	return s
}

// withoutData doubts a property that is named by its place in a CloudEvent.
func (r *reader) withoutData(path, name string) {
	if inner, ok := strings.CutPrefix(name, "data."); ok && inner != "" {
		r.doubt("data_prefix", path, name, "write "+inner, "properties are named without data.: this is the property %q inside a property data", inner)
	}
}

// inClear doubts a test that compares what never comes in in clear: users are pseudonyms,
// and what names a person is sealed.
func (r *reader) inClear(path, name string, tests []Test) {
	for _, t := range tests {
		for _, l := range t.Values {
			if event.Personal(name, event.Value{Kind: l.Kind, Text: l.Text}) {
				r.doubt("never_matches", path, l.Text, "test another property; users can be told apart with aggregate: unique or by:",
					"%s names a person and is kept as a pseudonym or sealed, so it is never %q", name, fault.Shorten(l.Text))
				return
			}
		}
	}
}

// few reads a list of 1 to most properties.
func (r *reader) few(v value, most int) []string {
	names := r.names(v, r.property)
	switch {
	case len(names) > most:
		r.wrong(v, "too_long", fmt.Sprintf("name at most %d", most), "these are %d properties, the most is %d", len(names), most)
	case len(names) == 0 && v.kind() == "a list":
		r.wrong(v, "invalid_value", "name a property, or leave it out", "the list is empty")
	}
	return names
}

// measure reads property: one name, or a list whose product counts.
func (r *reader) measure(v value, m *Meter) {
	if v.kind() != "a list" {
		m.Property = r.property(v)
		return
	}
	if m.Product = r.few(v, MaxFactors); len(m.Product) == 1 {
		m.Property, m.Product = m.Product[0], nil
	}
}

// where reads {region: eu, tier: [pro, business], size: {at_least: 10, below: 100}}.
func (r *reader) where(v value, m *Meter) {
	for _, e := range r.entries(v, "{region: eu}") {
		var tests []Test
		switch e.value.kind() {
		case "a map":
			before := len(r.findings)
			object(r, e.value, testFields, &tests)
			if len(tests) == 0 && len(r.findings) == before {
				r.wrong(e.value, "missing", "write {not: …}, {above: …}, {at_least: …}, {below: …} or {at_most: …}", "%s is compared with nothing", fault.Shorten(e.key))
			}
		default:
			r.test(e.value, &tests, Is)
		}
		for i := range tests {
			tests[i].Property = e.key
		}
		r.sensible(e, tests)
		r.withoutData(e.value.path, e.key)
		r.inClear(e.value.path, e.key, tests)
		m.Where = append(m.Where, tests...)
	}
	slices.SortStableFunc(m.Where, func(a, b Test) int { return strings.Compare(a.Property, b.Property) })
	if len(m.Where) > MaxTests {
		r.wrong(v, "too_long", fmt.Sprintf("write at most %d", MaxTests), "these are %d tests, the most is %d", len(m.Where), MaxTests)
	}
}

// test reads the values of one comparison.
func (r *reader) test(v value, into *[]Test, op Op) {
	t := Test{Op: op}
	values := []value{v}
	if v.kind() == "a list" && (op == Is || op == Not) {
		if values = r.list(v); len(values) == 0 || len(values) > MaxValues {
			r.wrong(v, "invalid_value", fmt.Sprintf("write 1 to %d values", MaxValues), "these are %d values", len(values))
			return
		}
	}
	for _, one := range values {
		l, ok := r.literal(one)
		if !ok {
			return
		}
		if op != Is && op != Not && l.Kind != event.Number {
			r.wrong(one, "wrong_type", "write a number such as 10", "%s compares numbers, this is %s", op, one.kind())
			return
		}
		if slices.ContainsFunc(t.Values, l.Same) {
			r.wrong(one, "duplicate_value", "keep one of the two", "%q is in this list twice", fault.Shorten(l.Text))
			return
		}
		if len(t.Values) > 0 && t.Values[0].Kind != l.Kind {
			r.wrong(one, "wrong_type", "let all be texts, or all numbers", "this is %s, and the one before it is not", one.kind())
			return
		}
		t.Values = append(t.Values, l)
	}
	*into = append(*into, t)
}

// literal reads a text, a number, true or false.
func (r *reader) literal(v value) (Literal, bool) {
	s, ok := r.scalar(v, "write a text, a number, true or false")
	if !ok {
		return Literal{}, false
	}
	switch v.kind() {
	case "a number":
		q, err := quantity.Parse(s)
		if err != nil {
			r.wrong(v, "invalid_number", "write a number such as 10, or a text in quotes", "%s", err.Error())
			return Literal{}, false
		}
		return Literal{Kind: event.Number, Text: q.String(), Number: q}, true
	case "text":
		return Literal{Kind: event.String, Text: s}, true
	}
	return Literal{Kind: event.Bool, Text: s}, true
}

// Same says whether two literals are worth the same.
func (l Literal) Same(m Literal) bool { return l.Kind == m.Kind && l.Text == m.Text }

// sensible finds tests of one property that no event can pass.
func (r *reader) sensible(e entry, tests []Test) {
	low, high := -quantity.Quantity(1<<62), quantity.Quantity(1<<62)
	for _, t := range tests {
		if len(t.Values) == 0 {
			continue
		}
		switch n := t.Values[0].Number; t.Op {
		case Above:
			low = max(low, n+1)
		case AtLeast:
			low = max(low, n)
		case Below:
			high = min(high, n-1)
		case AtMost:
			high = min(high, n)
		}
	}
	if low > high {
		r.wrong(e.value, "contradiction", "swap the two numbers", "no number passes: it would have to be at least %s and at most %s", low, high)
	}
}

// meter checks that a meter has what its aggregate needs and nothing else.
func (r *reader) meter(m *Meter) {
	path := "meters." + m.Key
	has := r.signs[path]
	if m.FedByConsume {
		r.consumed(m, path, has)
		return
	}
	if m.Aggregate == "" && !has["aggregate"] {
		switch {
		case has["add"] || has["remove"] || has["set"]:
			m.Aggregate = Level
		case has["property"]:
			r.broken("missing", path, "", "write aggregate: sum, max, min, latest or unique", "a property needs to be summed, compared or told apart")
			return
		default:
			m.Aggregate = Count
		}
	}
	needs := func(key, mend string) {
		if !has[key] {
			r.broken("missing", path, "", mend, "a meter of aggregate %s needs %s", m.Aggregate, key)
		}
	}
	refuses := func(keys ...string) {
		for _, key := range keys {
			if has[key] {
				r.broken("contradiction", path+"."+key, "", "remove "+key+" or change the aggregate", "a meter of aggregate %s has no %s", m.Aggregate, key)
			}
		}
	}
	const event = "write the event type that feeds it, such as event: email.sent, or fed_by: consume"
	switch m.Aggregate {
	case Count:
		needs("event", event)
		refuses("property", "add", "remove", "set", "to")
	case Sum, Max, Min, Latest:
		needs("event", event)
		needs("property", "write the numeric property, such as property: count")
		refuses("add", "remove", "set", "to")
	case Unique:
		needs("event", event)
		needs("property", "write the property whose different values count, such as property: attendee_id")
		refuses("add", "remove", "set", "to")
		if m.Product != nil {
			r.broken("contradiction", path+".property", strings.Join(m.Product, ", "), "name one property", "a product of properties is a number and cannot be told apart")
		}
	case Level:
		r.level(m, path, has, needs, refuses)
	}
	if has["by"] && (m.Aggregate == Max || m.Aggregate == Min || m.Aggregate == Latest || m.Aggregate == Unique || m.Set != "") {
		what := string(m.Aggregate)
		if m.Set != "" {
			what = "level that is set"
		}
		r.broken("contradiction", path+".by", strings.Join(m.By, ", "), "remove by, or make a meter for each with where", "the parts of a %s do not add up to the whole", what)
	}
	r.comparable(m, path)
}

// level checks the events of a level.
func (r *reader) level(m *Meter, path string, has map[string]bool, needs func(key, mend string), refuses func(keys ...string)) {
	refuses("event")
	if !has["set"] || has["add"] || has["remove"] {
		needs("add", "write the event type that raises it, such as add: speaker.added")
		needs("remove", "write the event type that lowers it, such as remove: speaker.removed")
	}
	if has["set"] {
		needs("to", "write the property that holds the level, such as to: count")
	} else if has["to"] {
		r.broken("contradiction", path+".to", m.To, "write set: and the event type that says what the level is", "to belongs to set")
	}
	for _, pair := range []struct{ key, a, b, words string }{
		{"remove", m.Add, m.Remove, "raises and lowers"}, {"set", m.Set, m.Add, "sets and raises"}, {"set", m.Set, m.Remove, "sets and lowers"},
	} {
		if pair.a != "" && pair.a == pair.b {
			r.broken("contradiction", path+"."+pair.key, pair.a, "name two event types", "%q both %s the level", pair.a, pair.words)
			return
		}
	}
}

// consumed checks a meter that is fed by consume.
func (r *reader) consumed(m *Meter, path string, has map[string]bool) {
	for _, key := range []string{"event", "property", "add", "remove", "set", "to", "where", "by"} {
		if has[key] {
			r.broken("contradiction", path+"."+key, "", "remove "+key+", or fed_by: consume",
				"a meter is fed by consume calls or by events, never both")
		}
	}
	switch m.Aggregate {
	case "":
		if !has["aggregate"] {
			m.Aggregate = Sum
		}
	case Sum, Level:
	default:
		r.broken("contradiction", path+".aggregate", string(m.Aggregate), "write sum (used up) or level (held until given back), or leave it out",
			"a meter fed by consume calls cannot have the aggregate %s", m.Aggregate)
	}
}

// comparable finds properties that are counted as numbers and compared with something else.
func (r *reader) comparable(m *Meter, path string) {
	if m.Aggregate == Unique {
		return
	}
	numbers := append([]string{m.Property, m.To}, m.Product...)
	for _, t := range m.Where {
		if len(t.Values) > 0 && t.Values[0].Kind != event.Number && slices.Contains(numbers, t.Property) {
			r.broken("contradiction", path+".where."+t.Property, t.Values[0].Text, "compare it with numbers",
				"the meter counts %s as a number, and here it is compared with something else", t.Property)
		}
	}
}

func meterWords(m *Meter) definition {
	fedBy := ""
	if m.FedByConsume {
		fedBy = "consume"
	}
	property := m.Property
	if m.Product != nil {
		property = strings.Join(m.Product, " × ")
	}
	where := make([]string, len(m.Where))
	for i, t := range m.Where {
		where[i] = t.String()
	}
	summary := fmt.Sprintf("%s of %s", m.Aggregate, strings.Join(uniq(m.Event, m.Add, m.Remove, m.Set, fedBy), " and "))
	return define(summary, "aggregate", string(m.Aggregate), "event", m.Event, "property", property, "add", m.Add, "remove", m.Remove,
		"set", m.Set, "to", m.To, "where", strings.Join(where, " and "), "by", strings.Join(m.By, ", "), "fed_by", fedBy)
}

// String says a test in words, such as "tier is pro or business".
func (t Test) String() string {
	values := make([]string, len(t.Values))
	for i, l := range t.Values {
		values[i] = l.Text
	}
	return t.Property + " " + map[Op]string{Is: "is", Not: "is not", Above: "is above", AtLeast: "is at least",
		Below: "is below", AtMost: "is at most"}[t.Op] + " " + strings.Join(values, " or ")
}
