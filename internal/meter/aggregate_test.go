package meter

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/quantity"
)

// with makes a record of some properties, written as "n=3 region=eu ok=true".
func with(t testing.TB, typ string, when clock.Time, properties string) *event.Record {
	t.Helper()
	r := &event.Record{Kind: event.KindEvent, Type: typ, At: when, ReceivedAt: when}
	for p := range strings.FieldsSeq(properties) {
		name, text, _ := strings.Cut(p, "=")
		v := event.Value{Kind: event.String, Text: text}
		switch {
		case text == "true" || text == "false":
			v.Kind = event.Bool
		case strings.HasPrefix(text, `"`):
			v.Text = strings.Trim(text, `"`)
		case strings.Trim(text, "0123456789.-e") == "":
			v.Kind = event.Number
		}
		r.Props = append(r.Props, event.Prop{Name: name, Value: v})
	}
	return r
}

// An arrival of a story: an event of the time when, that comes in at now or at once.
type arrival struct{ when, typ, properties, now string }

func (a arrival) apply(t testing.TB, u *Usage, def *catalog.Meter) (Result, *event.Record) {
	r := with(t, a.typ, at(t, a.when), a.properties)
	if a.now != "" {
		r.ReceivedAt = at(t, a.now)
	}
	return Apply(u, def, r, utc, r.ReceivedAt), r
}

func TestWhatAggregatesMakeOfEvents(t *testing.T) {
	const (
		highest = "{event: e, aggregate: max, property: n}"
		lowest  = "{event: e, aggregate: min, property: n}"
		latest  = "{event: e, aggregate: latest, property: n}"
		set     = "{add: up, remove: down, set: be, to: n}"
		only    = "{set: be, to: n}"
		moves   = "{add: up, remove: down, property: by, set: be, to: n}"
		cluster = "{event: e, aggregate: sum, property: [nodes, cpus, gb]}"
		compute = "{add: up, remove: down, property: [nodes, cpus]}"
		tested  = "{event: e, where: {region: [eu, us], tokens: {at_least: 10, below: 100}, test: {not: true}}}"
		exact   = "{event: e, where: {seats: 5}}"
		outside = "{event: e, where: {region: {not: [eu]}, n: {above: 1, at_most: 3}}}"
	)
	march := func(typ, properties string, minutes ...int) arrival {
		m := 0
		if len(minutes) > 0 {
			m = minutes[0]
		}
		return arrival{when: fmt.Sprintf("2026-03-10T12:%02d:00Z", m), typ: typ, properties: properties}
	}
	for _, c := range []struct {
		name, def   string
		given       []arrival
		life, month string
		problem     string // part of what the last event is told
	}{
		{"the highest", highest, []arrival{march("e", "n=3"), march("e", "n=7"), march("e", "n=5")}, "7", "7", ""},
		{"the highest of another month", highest, []arrival{{"2026-02-10", "e", "n=9", ""}, march("e", "n=5")}, "9", "5", ""},
		{"the highest below zero shows as none", highest, []arrival{march("e", "n=-3")}, "0", "0", ""},
		{"the highest of no number", highest, []arrival{march("e", "n=3"), march("e", "n=high")}, "3", "3", `"high", not a number`},
		{"the lowest", lowest, []arrival{march("e", "n=3"), march("e", "n=2.5"), march("e", "n=5")}, "2.5", "2.5", ""},
		{"the newest by its time", latest, []arrival{march("e", "n=3", 1), march("e", "n=7", 3), march("e", "n=5", 2)}, "7", "7", ""},
		{"of one time, what came in later", latest, []arrival{march("e", "n=3", 1), march("e", "n=7", 1)}, "7", "7", ""},
		{"the newest of an earlier month", latest, []arrival{{"2026-02-10", "e", "n=9", ""}}, "9", "0", ""},
		{"a level is set", only, []arrival{march("be", "n=7", 1), march("be", "n=5", 2)}, "5", "5", ""},
		{"an older one that comes in late does not set it", only, []arrival{march("be", "n=7", 2), march("be", "n=5", 1)}, "7", "7", ""},
		{"what happened before says nothing any more", set, []arrival{march("up", "", 1), march("up", "", 2), march("be", "n=7", 3)}, "7", "7", ""},
		{"what happened after does", set, []arrival{march("be", "n=7", 1), march("up", "", 2), march("up", "", 3), march("down", "", 4)}, "8", "8", ""},
		{"also where the set comes in last", set, []arrival{march("up", "", 2), march("up", "", 3), march("be", "n=7", 1)}, "9", "9", ""},
		{"a removal of what was not there shows as none", set, []arrival{march("down", "", 2)}, "0", "0", ""},
		{"and counts against a set of before it", set, []arrival{march("down", "", 2), march("be", "n=5", 1)}, "4", "4", ""},
		{"and where a change before it does", set, []arrival{march("be", "n=7", 2), march("up", "", 1)}, "7", "7", ""},
		{"changes by a property, set to another", moves, []arrival{march("be", "n=7", 1), march("up", "by=2.5", 2)}, "9.5", "9.5", ""},
		{"a set without its property", set, []arrival{march("up", "", 1), march("be", "", 2)}, "1", "1", "property n is missing"},
		{"a product", cluster, []arrival{march("e", "nodes=3 cpus=4 gb=0.5"), march("e", "nodes=1 cpus=1 gb=1")}, "7", "7", ""},
		{"a product with a factor missing", cluster, []arrival{march("e", "nodes=3 cpus=4")}, "0", "0", "property gb is missing"},
		{"a product beyond all numbers", cluster, []arrival{march("e", "nodes=1e6 cpus=1e6 gb=2")}, "0", "0", "beyond 1e12"},
		{"a product with nothing", cluster, []arrival{march("e", "nodes=1e12 cpus=1e12 gb=0")}, "0", "0", ""},
		{"a product below zero takes away", cluster, []arrival{march("e", "nodes=5 cpus=1 gb=1"), march("e", "nodes=-2 cpus=1 gb=1")}, "3", "3", ""},
		{"a level by a product", compute, []arrival{march("up", "nodes=3 cpus=4"), march("down", "nodes=1 cpus=4")}, "8", "8", ""},
		{"it passes every test", tested, []arrival{march("e", "region=eu tokens=10 test=false")}, "1", "1", ""},
		{"what is not there is not what must not be", tested, []arrival{march("e", "region=us tokens=99.9")}, "1", "1", ""},
		{"another region", tested, []arrival{march("e", "region=asia tokens=10")}, "0", "0", ""},
		{"no region", tested, []arrival{march("e", "tokens=10")}, "0", "0", ""},
		{"just too many", tested, []arrival{march("e", "region=eu tokens=100")}, "0", "0", ""},
		{"a text is no number of tokens", tested, []arrival{march("e", `region=eu tokens="50"`)}, "0", "0", ""},
		{"what must not be", tested, []arrival{march("e", "region=eu tokens=50 test=true")}, "0", "0", ""},
		{"numbers by their worth", exact, []arrival{march("e", "seats=5.0"), march("e", "seats=5e0"), march("e", `seats="5"`)}, "2", "2", ""},
		{"outside of a list", outside, []arrival{march("e", "region=asia n=1.1"), march("e", "n=3"), march("e", "region=eu n=2"), march("e", "n=1"), march("e", "n=3.1")}, "2", "2", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			def := defined(t, c.def)
			u := &Usage{}
			var res Result
			for _, a := range c.given {
				res, _ = a.apply(t, u, def)
			}
			now := at(t, "2026-03-10T13:00:00Z")
			life, month := Value(u, def, catalog.Lifetime, utc, now), Value(u, def, catalog.Month, utc, now)
			if life.String() != c.life || month.String() != c.month {
				t.Errorf("life %s and month %s, want %s and %s", life, month, c.life, c.month)
			}
			if (res.Problem == "") != (c.problem == "") || !strings.Contains(res.Problem, c.problem) {
				t.Errorf("problem %q, want %q", res.Problem, c.problem)
			}
		})
	}
}

func TestALevelThatIsSetSaysWhenItCannotTell(t *testing.T) {
	def := defined(t, "{add: up, remove: down, set: be, to: n}")
	u := &Usage{}
	for i := range 9 {
		arrival{when: fmt.Sprintf("2026-03-10T12:%02d:00Z", 10+i), typ: "up"}.apply(t, u, def)
	}
	for _, c := range []struct{ name, when, level, problem string }{
		{"nine changes have overtaken it", "2026-03-10T12:05:00Z", "9", "too many changes of a later time"},
		{"eight changes have", "2026-03-10T12:10:30Z", "108", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			res, _ := arrival{when: c.when, typ: "be", properties: "n=100", now: "2026-03-10T13:00:00Z"}.apply(t, u, def)
			if got := Value(u, def, catalog.Lifetime, utc, at(t, "2026-03-10T13:00:00Z")); got.String() != c.level || !strings.Contains(res.Problem, c.problem) || (res.Problem == "") != (c.problem == "") {
				t.Errorf("%s, %q; want %s, %q", got, res.Problem, c.level, c.problem)
			}
		})
	}
}

func TestProductsAreExactAndRoundedOnce(t *testing.T) {
	for _, c := range []struct {
		name, factors, want string // empty: beyond the range
	}{
		{"whole numbers", "3 4 5", "60"},
		{"decimals", "0.1 0.2", "0.02"},
		{"half of the smallest goes up", "0.0005 0.001", "0.000001"},
		{"below half of it", "0.0004 0.001", "0"},
		{"half below zero goes down", "-0.0005 0.001", "-0.000001"},
		{"rounded at the end only", "0.001 0.001 1000", "0.001"},
		{"many digits", "123456.789012 123456.789012", "15241578753.153484"},
		{"many digits of many", "1.000001 1.000001 1.000001 1.000001 1.000001 1.000001 1.000001 1.000001", "1.000008"},
		{"the largest", "1e6 1e6", "1000000000000"},
		{"beyond it", "1e6 1000001", ""},
		{"far beyond it", "1e12 1e12 1e12 1e12 1e12 1e12 1e12 1e12", ""},
		{"large and small", "1e12 0.000001 1e6", "1000000000000"},
		{"large and very small", "1e12 1e12 0.000001 0.000001 0.000001 0.000001", "1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var factors []quantity.Quantity
			for text := range strings.FieldsSeq(c.factors) {
				q, err := quantity.Parse(text)
				if err != nil {
					t.Fatal(err)
				}
				factors = append(factors, q)
			}
			got, ok := product(factors)
			if ok != (c.want != "") || ok && got.String() != c.want {
				t.Errorf("%s, %v; want %s", got, ok, c.want)
			}
		})
	}
	rapid.Check(t, func(t *rapid.T) {
		var factors []quantity.Quantity
		for range rapid.IntRange(1, catalog.MaxFactors).Draw(t, "factors") {
			most := rapid.SampledFrom([]int64{10, 1e6, 1e9, int64(quantity.Max)}).Draw(t, "up to")
			factors = append(factors, quantity.Quantity(rapid.Int64Range(-most, most).Draw(t, "factor")))
		}
		fast, ok := product(factors)
		slow, okToo := bigProduct(factors)
		if ok != okToo || ok && fast != slow {
			t.Fatalf("%s, %v in 64 bits; %s, %v in as many as it takes", fast, ok, slow, okToo)
		}
	})
}

func TestPartsAddUpToTheWhole(t *testing.T) {
	def := defined(t, "{event: e, aggregate: sum, property: n, by: [region, model]}", catalog.Day)
	u := &Usage{}
	for _, a := range []arrival{
		{"2026-03-09T12:00:00Z", "e", "n=1 region=eu model=a", ""},
		{"2026-03-10T12:00:00Z", "e", "n=2 region=eu model=a", ""},
		{"2026-03-10T12:01:00Z", "e", "n=4 region=eu model=b", ""},
		{"2026-03-10T12:02:00Z", "e", "n=8 region=us", ""},
		{"2026-03-10T12:03:00Z", "e", "n=16 model=7", ""},
		{"2026-03-10T12:04:00Z", "e", "n=32 region=eu model=b", ""},
		{"2026-03-08T12:00:00Z", "e", "n=64 region=us model=a", "2026-03-10T12:05:00Z"}, // of before the first day
		{"2026-03-09T12:00:00Z", "e", "n=128 region=us", "2026-03-10T12:06:00Z"},        // late
	} {
		a.apply(t, u, def)
	}
	words := func(per catalog.Period) string {
		var out []string
		for _, g := range Groups(u, def, per, utc, at(t, "2026-03-10T13:00:00Z")) {
			out = append(out, g.By["region"]+" "+g.By["model"]+" "+g.Value.String())
		}
		return strings.Join(out, ", ")
	}
	if got, want := words(catalog.Day), "(none) 7 16, eu a 2, eu b 36, us (none) 136"; got != want {
		t.Errorf("day: %s, want %s", got, want)
	}
	if got, want := words(catalog.Lifetime), "(none) 7 16, eu a 3, eu b 36, us (none) 136, us a 64"; got != want {
		t.Errorf("life: %s, want %s", got, want)
	}
	if Groups(nil, def, catalog.Day, utc, 0) != nil {
		t.Error("parts of nothing")
	}
}

func TestWhatHasNoPartOfItsOwnIsAmongTheOthers(t *testing.T) {
	def := defined(t, "{event: e, by: [who]}")
	u := &Usage{}
	now := at(t, "2026-03-10")
	visit := func(i int) *event.Record { return with(t, "e", now, fmt.Sprintf("who=v%03d", i)) }
	for range 2 {
		for i := range MaxGroups + 20 {
			Apply(u, def, visit(i), utc, now)
		}
	}
	check := func(others string) {
		t.Helper()
		groups := Groups(u, def, catalog.Month, utc, now)
		if last := groups[len(groups)-1]; len(groups) != MaxGroups+1 || last.By["who"] != Others || last.Value.String() != others {
			t.Fatalf("%d parts, the last %+v, want %s others", len(groups), last, others)
		}
		var sum quantity.Quantity
		for _, g := range groups {
			sum += g.Value
		}
		if total := Value(u, def, catalog.Month, utc, now); sum != total {
			t.Fatalf("parts add up to %s, the whole is %s", sum, total)
		}
	}
	check("40")
	Void(u, def, visit(MaxGroups+5), utc, now)
	check("39")
	Apply(u, def, with(t, "e", now, "who="+strings.Repeat("ü", 80)), utc, now) // a long value is cut between letters
	check("40")
}

func TestUsersAreCountedByTheirPseudonyms(t *testing.T) {
	unique, parts := defined(t, "{event: login, aggregate: unique, property: user}"), defined(t, "{event: login, by: [user]}")
	var members, byUser Usage
	var first *event.Record
	for _, user := range []string{"u_1", "u_2", "u_1", ""} {
		r := with(t, "login", at(t, "2026-03-10T12:00:00Z"), "")
		if r.User = user; first == nil {
			first = r
		}
		if got := Apply(&members, unique, r, utc, r.ReceivedAt).Problem; (got == "") != (user != "") {
			t.Errorf("user %q: problem %q", user, got)
		}
		Apply(&byUser, parts, r, utc, r.ReceivedAt)
	}
	if got := Value(&members, unique, catalog.Lifetime, utc, first.At); got != 2*quantity.One {
		t.Errorf("%s users, want 2", got)
	}
	var words []string
	for _, g := range Groups(&byUser, parts, catalog.Lifetime, utc, first.At) {
		words = append(words, g.By["user"]+" "+g.Value.String())
	}
	if got, want := strings.Join(words, ", "), "(none) 1, u_1 2, u_2 1"; got != want {
		t.Errorf("parts %s, want %s", got, want)
	}
	Void(&members, unique, first, utc, first.At)
	if got := Value(&members, unique, catalog.Lifetime, utc, first.At); got != 2*quantity.One {
		t.Errorf("%s users after one of two logins is taken back, want 2", got)
	}
}
