package account_test

import (
	"fmt"
	"testing"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
)

const noonOfFacts = 1_700_000_000 * clock.Second

func TestWhatMayBeAFact(t *testing.T) {
	for _, c := range []struct {
		name string
		fact account.Fact
		ok   bool
	}{
		{"an open incident", account.Fact{Name: "incident", Value: true, Ref: "T-1"}, true},
		{"an incident in words", account.Fact{Name: "incident", Value: "yes"}, false},
		{"satisfaction of 0 to 10", account.Fact{Name: "satisfaction", Value: 7.5}, true},
		{"more satisfaction than there is", account.Fact{Name: "satisfaction", Value: 11.0}, false},
		{"contacted over a channel", account.Fact{Name: "contacted", Value: "call"}, true},
		{"contacted so often", account.Fact{Name: "contacted", Value: 3.0}, false},
		{"any other name", account.Fact{Name: "renewal_risk", Value: "high"}, true},
		{"a name that conditions cannot say", account.Fact{Name: "Renewal risk", Value: "high"}, false},
		{"a list", account.Fact{Name: "tags", Value: []any{"a"}}, false},
		{"over before it began", account.Fact{Name: "muted", Value: true, At: 2, Until: 1}, false},
	} {
		if err := account.CheckFact(&c.fact); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestFactsTakeEachOthersPlace(t *testing.T) {
	var fs account.Facts
	put := func(f account.Fact) {
		t.Helper()
		if err := fs.Put(f, noonOfFacts); err != nil {
			t.Fatal(err)
		}
	}
	at := func(hour int) clock.Time { return noonOfFacts + clock.Time(hour)*clock.Hour }
	put(account.Fact{Name: "satisfaction", Value: 3.0, At: at(-10)})
	put(account.Fact{Name: "satisfaction", Value: 8.0, At: at(-20)}) // came late
	if f, _ := fs.Get("satisfaction", noonOfFacts); f.Value != 3.0 {
		t.Errorf("what came late took the place of what is newer: %+v", f)
	}
	put(account.Fact{Name: "incident", Value: true, Ref: "T-1", At: at(-5)})
	put(account.Fact{Name: "incident", Value: true, Ref: "T-2", At: at(-4)})
	put(account.Fact{Name: "incident", Value: false, Ref: "T-1", At: at(-3)})
	if f, open := fs.Get("incident", noonOfFacts); !open || f.Ref != "T-2" {
		t.Errorf("of two incidents one is closed: %+v, %v", f, open)
	}
	if !fs.Delete("incident", "", noonOfFacts) {
		t.Error("nothing was closed")
	}
	if _, open := fs.Get("incident", noonOfFacts); open || len(fs) != 3 {
		t.Errorf("after closing all there is %+v", fs)
	}
	put(account.Fact{Name: "muted", Value: true, At: at(-1), Until: at(1)})
	if v := fs.Vars(noonOfFacts); v["muted"] != true || v["satisfaction"] != 3.0 || v["incident"] != nil {
		t.Errorf("conditions see %v", v)
	}
	if v := fs.Vars(at(1)); v["muted"] != nil {
		t.Errorf("what has ended is still seen: %v", v)
	}
	put(account.Fact{Name: "other", Value: true, At: at(0)})
	if err := fs.Put(account.Fact{Name: "other", Value: false, At: at(24 * 400)}, at(24*400)); err != nil || len(fs) != 2 {
		t.Errorf("a year later there is %+v, %v", fs, err)
	}
}

func TestWhatIsOlderEndsNothingThatIsNewer(t *testing.T) {
	day := func(n int) clock.Time { return noonOfFacts + clock.Time(n)*clock.Day }
	now := day(110)
	for _, c := range []struct {
		name   string
		known  account.Fact
		older  account.Fact
		holds  bool
		latest clock.Time // when it last held; ignored while it holds
	}{
		{"muted without end; muted for some days long before", account.Fact{Name: "muted", Value: true, At: day(100)}, account.Fact{Name: "muted", Value: true, At: day(10), Until: day(20)}, true, 0},
		{"overdue; paid late long before", account.Fact{Name: "overdue", Value: true, At: day(100)}, account.Fact{Name: "overdue", Value: true, At: day(10), Until: day(20)}, true, 0},
		{"an open incident; an earlier time of it", account.Fact{Name: "incident", Value: true, Ref: "T-1", At: day(100)}, account.Fact{Name: "incident", Value: true, Ref: "T-1", At: day(10), Until: day(20)}, true, 0},
		{"an open incident; an earlier time of it was closed", account.Fact{Name: "incident", Value: true, Ref: "T-1", At: day(100)}, account.Fact{Name: "incident", Value: false, Ref: "T-1", At: day(20)}, true, 0},
		{"muted for some days; not muted, long before", account.Fact{Name: "muted", Value: true, At: day(100), Until: day(120)}, account.Fact{Name: "muted", Value: false, At: day(10), Until: day(200)}, true, 0},
		{"muted and over; muted without end before that", account.Fact{Name: "muted", Value: true, At: day(100), Until: day(105)}, account.Fact{Name: "muted", Value: true, At: day(10)}, false, day(105)},
		{"muted and over; muted since before until later", account.Fact{Name: "muted", Value: true, At: day(100), Until: day(105)}, account.Fact{Name: "muted", Value: true, At: day(90), Until: day(120)}, true, 0},
	} {
		var fs account.Facts
		for _, f := range []account.Fact{c.known, c.older} {
			if err := fs.Put(f, now); err != nil {
				t.Fatal(err)
			}
		}
		f, holds := fs.Get(c.known.Name, now)
		if holds != c.holds || holds && f.Value != true {
			t.Errorf("%s: holds %v: %+v", c.name, holds, fs)
		}
		if last, _ := fs.Latest(c.known.Name, now); !c.holds && last.Until != c.latest {
			t.Errorf("%s: it held until %s", c.name, last.Until)
		}
	}
}

func TestFactsAreBounded(t *testing.T) {
	var fs account.Facts
	for i := range account.MaxFacts {
		if err := fs.Put(account.Fact{Name: fmt.Sprint("f", i), Value: true, At: noonOfFacts}, noonOfFacts); err != nil {
			t.Fatal(err)
		}
	}
	if err := fs.Put(account.Fact{Name: "more", Value: true, At: noonOfFacts}, noonOfFacts); fault.CodeOf(err) != "facts_full" || len(fs) != account.MaxFacts {
		t.Errorf("one more: %v, %d facts", err, len(fs))
	}
	if err := fs.Put(account.Fact{Name: "f0", Value: false, At: noonOfFacts}, noonOfFacts); err != nil {
		t.Errorf("in the place of another: %v", err)
	}
}
