package meter

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/quantity"
)

func TestAVoidedEventIsAsIfItHadNeverBeen(t *testing.T) {
	const (
		sums    = "{event: e, aggregate: sum, property: n}"
		highest = "{event: e, aggregate: max, property: n}"
		latest  = "{event: e, aggregate: latest, property: n}"
		members = "{event: e, aggregate: unique, property: n}"
		seats   = "{add: up, remove: down, set: be, to: n}"
		plain   = "{add: up, remove: down}"
		filter  = "{event: e, where: {n: {above: 3}}}"
	)
	march := func(typ, n string, minute int) arrival {
		return arrival{when: fmt.Sprintf("2026-03-10T12:%02d:00Z", minute), typ: typ, properties: "n=" + n}
	}
	for _, c := range []struct {
		name, def   string
		given       []arrival
		voids       int // which of given
		at          string
		life, month string // at that time
		late        bool
		problem     string
	}{
		{"of a sum", sums, []arrival{march("e", "5", 1), march("e", "3", 2)}, 0, "2026-03-11", "3", "3", false, ""},
		{"of a sum, when its month is closed", sums, []arrival{{"2026-02-10", "e", "n=5", ""}, march("e", "3", 2), march("e", "4", 2)}, 0, "2026-03-11", "7", "2", true, ""},
		{"of a sum, within the hour after its month", sums, []arrival{{"2026-02-10", "e", "n=5", ""}, {"2026-03-01T00:10:00Z", "e", "n=3", ""}}, 0, "2026-03-01T00:50:00Z", "3", "3", false, ""},
		{"that was late itself", sums, []arrival{{"2026-02-10", "e", "n=5", ""}, {"2026-02-11", "e", "n=3", "2026-03-10T12:00:00Z"}}, 1, "2026-03-11", "5", "0", false, ""},
		{"that the meter passed over", filter, []arrival{march("e", "5", 1), march("e", "3", 2)}, 1, "2026-03-11", "1", "1", false, ""},
		{"that had no number", sums, []arrival{march("e", "5", 1), march("e", "many", 2)}, 1, "2026-03-11", "5", "5", false, ""},
		{"the highest", highest, []arrival{march("e", "5", 1), march("e", "9", 2), march("e", "7", 3)}, 1, "2026-03-11", "7", "7", false, ""},
		{"not the highest", highest, []arrival{march("e", "5", 1), march("e", "9", 2)}, 0, "2026-03-11", "9", "9", false, ""},
		{"the only one", highest, []arrival{march("e", "5", 1)}, 0, "2026-03-11", "0", "0", false, ""},
		{"the newest", latest, []arrival{march("e", "5", 1), march("e", "9", 3), march("e", "7", 2)}, 1, "2026-03-11", "7", "7", false, ""},
		{"the newest, whose month is closed", latest, []arrival{{"2026-01-10", "e", "n=5", ""}, {"2026-02-10", "e", "n=6", ""}}, 1, "2026-03-11", "5", "0", false, ""},
		{"a member named once", members, []arrival{march("e", "5", 1), march("e", "9", 2)}, 0, "2026-03-11", "1", "1", false, ""},
		{"a member named twice stays", members, []arrival{march("e", "5", 1), march("e", "5", 2)}, 0, "2026-03-11", "1", "1", false, ""},
		{"a member of a closed month", members, []arrival{{"2026-02-10", "e", "n=5", ""}, march("e", "9", 2)}, 0, "2026-03-11", "1", "1", false, ""},
		{"a step up", plain, []arrival{march("up", "", 1), march("up", "", 2)}, 0, "2026-03-11", "1", "1", false, ""},
		{"a step down", plain, []arrival{march("up", "", 1), march("down", "", 2)}, 1, "2026-03-11", "1", "1", false, ""},
		{"what a level was set to", seats, []arrival{march("up", "", 1), march("be", "7", 2), march("up", "", 3)}, 1, "2026-03-11", "2", "2", false, ""},
		{"a step before it", seats, []arrival{march("up", "", 1), march("be", "7", 2), march("up", "", 3)}, 0, "2026-03-11", "8", "8", false, ""},
		{"a step after it", seats, []arrival{march("up", "", 1), march("be", "7", 2), march("up", "", 3)}, 2, "2026-03-11", "7", "7", false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			def := defined(t, c.def)
			u := &Usage{}
			var original *event.Record
			for i, a := range c.given {
				now := at(t, a.when)
				if a.now != "" {
					now = at(t, a.now)
				}
				Close(u, now)
				if _, r := a.apply(t, u, def); i == c.voids {
					original = r
				}
			}
			now := at(t, c.at)
			Close(u, now)
			res := Void(u, def, original, utc, now)
			life, month := Read(u, def, catalog.Lifetime, utc, now), Read(u, def, catalog.Month, utc, now)
			if life.Value.String() != c.life || month.Value.String() != c.month || res.Late != c.late || res.Problem != c.problem {
				t.Errorf("life %s, month %s, %+v; want %s, %s, late %v, %q", life.Value, month.Value, res, c.life, c.month, c.late, c.problem)
			}
			if c.late && month.Late.String() != "-5" {
				t.Errorf("%s late", month.Late)
			}
		})
	}
}

func TestWhatCannotBeVoidedExactlyStaysAndSaysSo(t *testing.T) {
	now := at(t, "2026-03-10")
	numbers := func(n int) []string {
		var out []string
		for i := range n {
			out = append(out, fmt.Sprint(i+1))
		}
		return out
	}
	for _, c := range []struct {
		name, def   string
		given       []string // a minute apart
		voids       []string
		says, value string // of the last void
	}{
		{"eight of the nine highest", "max", numbers(9), []string{"9", "8", "7", "6", "5", "4", "3", "2"}, "keeps the last 8", "2"},
		{"seven of them", "max", numbers(9), []string{"9", "8", "7", "6", "5", "4", "3"}, "", "2"},
		{"what fell out of the eight highest", "max", numbers(20), []string{"1", "2", "3"}, "", "20"},
		{"all of eight", "max", numbers(8), []string{"8", "7", "6", "5", "4", "3", "2", "1"}, "", "0"},
		{"the nine newest", "latest", numbers(20), []string{"20", "19", "18", "17", "16", "15", "14", "13", "12"}, "keeps the last 8", "12"},
		{"the eight newest", "latest", numbers(20), []string{"20", "19", "18", "17", "16", "15", "14", "13"}, "", "12"},
		{"older ones", "latest", numbers(20), []string{"1", "2", "3", "12"}, "", "20"},
		{"older ones, and then all of those", "latest", numbers(20), []string{"12", "20", "19", "18", "17", "16", "15", "14", "13"}, "keeps the last 8", "13"},
		{"what was never counted", "max", numbers(3), []string{"4"}, "keeps the last 8", "3"},
		{"a member nobody knows", "unique", numbers(3), []string{"4"}, "does not know the member", "3"},
		{"a member twice", "unique", numbers(3), []string{"2", "2"}, "does not know the member", "2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			def := defined(t, "{event: e, aggregate: "+c.def+", property: n}")
			u := &Usage{}
			records := map[string]*event.Record{}
			when := now
			for _, n := range c.given {
				when += 60_000_000
				records[n] = with(t, "e", when, "n="+n)
				Apply(u, def, records[n], utc, when)
			}
			var res Result
			var before []byte
			for _, n := range c.voids {
				before = u.AppendBinary(nil)
				r := records[n]
				if r == nil {
					r = with(t, "e", when, "n="+n)
				}
				res = Void(u, def, r, utc, when)
			}
			if (res.Problem == "") != (c.says == "") || !strings.Contains(res.Problem, c.says) {
				t.Errorf("problem %q, want %q", res.Problem, c.says)
			}
			if c.says != "" && (!bytes.Equal(before, u.AppendBinary(nil)) || res.Changed) {
				t.Error("the state is another one")
			}
			if got := Value(u, def, catalog.Month, utc, when); got.String() != c.value {
				t.Errorf("%s, want %s", got, c.value)
			}
		})
	}
}

func TestMembersBeyondTheExactOnesCannotBeVoided(t *testing.T) {
	def := defined(t, "{event: e, aggregate: unique, property: n}")
	now := at(t, "2026-03-10")
	u := &Usage{}
	visit := func(i int) *event.Record { return with(t, "e", now, fmt.Sprint("n=", i)) }
	for i := range MaxExact {
		Apply(u, def, visit(i), utc, now)
	}
	if res := Void(u, def, visit(7), utc, now); res.Problem != "" || Value(u, def, catalog.Month, utc, now) != quantity.Of(MaxExact-1) {
		t.Fatalf("%+v", res)
	}
	for i := range MaxExact + 1 {
		Apply(u, def, visit(i), utc, now)
	}
	if res := Void(u, def, visit(8), utc, now); !strings.Contains(res.Problem, "more members than it keeps") {
		t.Fatalf("%+v", res)
	}
}

func TestWhatConsumeFedHasNoEventToVoid(t *testing.T) {
	if res := Void(&Usage{}, consumed, happens("e", 0, ""), utc, at(t, "2026-03-10")); !strings.Contains(res.Problem, "fed by consume") {
		t.Errorf("%+v", res)
	}
}

func TestOnlyARepetitionKeepsItsPlaceAmongThoseOfOneTime(t *testing.T) {
	latest, sum := defined(t, "{event: e, aggregate: latest, property: n}"), defined(t, "{event: e, aggregate: sum, property: n}")
	level := defined(t, "{set: be, to: n, add: up, remove: down}")
	for _, c := range []struct {
		name   string
		def    *catalog.Meter
		typ    string
		a, b   string
		at, to string
		want   bool
	}{
		{"the same value", latest, "e", "n=1", "n=1.0 more=true", "2026-03-10", "2026-03-10", true},
		{"another value", latest, "e", "n=1", "n=2", "2026-03-10", "2026-03-10", false},
		{"another time", latest, "e", "n=1", "n=1", "2026-03-10", "2026-03-11", false},
		{"what cannot be counted", latest, "e", "n=1", "n=one", "2026-03-10", "2026-03-10", false},
		{"a level", level, "be", "n=1", "n=1", "2026-03-10", "2026-03-10", true},
		{"a sum, where no order matters", sum, "e", "n=1", "n=1", "2026-03-10", "2026-03-10", false},
	} {
		if got := Same(c.def, with(t, c.typ, at(t, c.at), c.a), with(t, c.typ, at(t, c.to), c.b)); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
