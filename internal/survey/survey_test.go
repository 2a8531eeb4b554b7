package survey_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/survey"
	"pgregory.net/rapid"
)

const (
	day = 24 * time.Hour
	now = 20_000 * clock.Day
)

func id(n int64) string { return fmt.Sprint("ask.", n) }

func nps(sample int64) *catalog.Survey {
	return &catalog.Survey{Key: "nps", Kind: survey.NPS, Sample: sample, Every: 100 * day}
}

func TestWhoIsAskedAndWhoIsNot(t *testing.T) {
	asked := func(key string, at clock.Time) *survey.Person {
		var p survey.Person
		p.Begin(survey.Ask{Survey: key, Kind: survey.NPS, At: at}, id)
		return &p
	}
	_, windowEnds := survey.Window(nps(100), "ada", now)
	for _, c := range []struct {
		name   string
		person *survey.Person
		sample int64
		at     clock.Time
		reason string
		until  clock.Time
	}{
		{"nobody knows them", nil, 100, now, "", 0},
		{"nobody is drawn", nil, 0, now, survey.ReasonSample, windowEnds},
		{"asked yesterday by another survey", asked("csat", now-clock.Day), 100, now, survey.ReasonAskedLately, now + 29*clock.Day},
		{"asked 30 days ago by another survey", asked("csat", now-30*clock.Day), 100, now, "", 0},
		{"asked 40 days ago by this one", asked("nps", now), 100, now + 40*clock.Day, survey.ReasonAsked, now + 100*clock.Day},
		{"asked 30 days ago by this one, in the window before", asked("nps", windowEnds-1), 100, windowEnds + 30*clock.Day, survey.ReasonAsked, windowEnds - 1 + 100*clock.Day},
		{"asked 100 days ago by this one", asked("nps", now), 100, now + 100*clock.Day, "", 0},
		{"asked by twenty others, this one may be forgotten", askedByMany(now), 100, now + 50*clock.Day, survey.ReasonAsked, now + 100*clock.Day},
	} {
		reason, until := c.person.May(nps(c.sample), 30*day, "ada", c.at)
		if reason != c.reason || until != c.until {
			t.Errorf("%s: %q until %s, want %q until %s", c.name, reason, until, c.reason, c.until)
		}
	}
}

// askedByMany is a person asked by 21 surveys, at the same time.
func askedByMany(at clock.Time) *survey.Person {
	var p survey.Person
	p.Begin(survey.Ask{Survey: "nps", Kind: survey.NPS, At: at}, id)
	for i := range 20 {
		p.Begin(survey.Ask{Survey: fmt.Sprint("s", i), Kind: survey.NPS, At: at}, id)
	}
	return &p
}

func TestWindowsOfPeopleBeginAtDifferentTimes(t *testing.T) {
	var days [100]int
	for i := range 10_000 {
		_, end := survey.Window(nps(100), fmt.Sprint("u", i), now)
		days[(end-now-1)/clock.Day]++
	}
	for day, n := range days {
		if n < 50 || n > 150 {
			t.Errorf("%d of 10,000 windows end on day %d of 100", n, day)
		}
	}
}

func TestTheBestOfAYearIsNotForgotten(t *testing.T) {
	type said struct {
		day, score int
		user       string
	}
	for _, c := range []struct {
		name string
		said []said
		on   int
		best int // -1: none
	}{
		{"nothing", nil, 0, -1},
		{"the highest", []said{{0, 10, "a"}, {300, 9, "b"}}, 364, 10},
		{"the one after the highest is over", []said{{0, 10, "a"}, {300, 9, "b"}}, 366, 9},
		{"one after another", []said{{0, 10, "a"}, {10, 9, "b"}, {20, 3, "c"}, {30, 8, "d"}}, 380, 8},
		{"all are over", []said{{0, 10, "a"}, {300, 9, "b"}}, 665, -1},
		{"an earlier one that comes late", []said{{300, 9, "b"}, {0, 10, "a"}}, 364, 10},
		{"corrected within the hour", []said{{0, 10, "a"}, {0, 3, "a"}}, 1, 3},
	} {
		var a survey.Account
		for _, x := range c.said {
			a.Hear(&survey.Ask{Kind: survey.NPS, Score: &x.score, User: x.user, AnsweredAt: now + clock.Time(x.day)*clock.Day})
		}
		if best, any := a.Best(now + clock.Time(c.on)*clock.Day); any != (c.best >= 0) || any && best.Score != c.best {
			t.Errorf("%s: %+v of %+v", c.name, best, a.Bests)
		}
	}
}

// Best is the highest of all that was said within a year, whatever came in whatever order of time.
func TestBestIsWhatAllAnswersOfTheYearSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var a survey.Account
		var all []survey.Said
		for i := range rapid.IntRange(0, 60).Draw(t, "answers") {
			said := survey.Said{Score: rapid.IntRange(0, 10).Draw(t, "score"), At: now + clock.Time(rapid.IntRange(0, 364).Draw(t, "day"))*clock.Day}
			all = append(all, said)
			a.Hear(&survey.Ask{Kind: survey.NPS, Score: &said.Score, User: fmt.Sprint(i), AnsweredAt: said.At})
		}
		on := now + clock.Time(rapid.IntRange(364, 800).Draw(t, "on"))*clock.Day
		want := -1
		for _, s := range all {
			if on < s.At+365*clock.Day {
				want = max(want, s.Score)
			}
		}
		if best, any := a.Best(on); any != (want >= 0) || any && best.Score != want {
			t.Fatalf("%+v, want %d of %+v", a.Bests, want, all)
		}
		if len(a.Bests) > 11 {
			t.Fatalf("%d are kept", len(a.Bests))
		}
	})
}

func TestTheSampleIsDrawnAnewInEachWindow(t *testing.T) {
	for _, share := range []int64{1, 20, 50, 99} {
		drawn, both := 0, 0
		const people = 20_000
		for i := range people {
			user := fmt.Sprint("u", i)
			a, b := survey.Drawn(nps(share), user, 7), survey.Drawn(nps(share), user, 8)
			if a {
				drawn++
			}
			if a && b {
				both++
			}
		}
		p := float64(share) / 100
		if got := float64(drawn) / people; got < p-0.02 || got > p+0.02 {
			t.Errorf("%d%%: %.3f are drawn", share, got)
		}
		if got := float64(both) / people; got < p*p-0.02 || got > p*p+0.02 {
			t.Errorf("%d%%: %.3f are drawn in both of two windows, want %.3f", share, got, p*p)
		}
	}
}

func TestAnAnswerCountsOnceAndMayBeCorrectedForAnHour(t *testing.T) {
	for _, c := range []struct {
		name    string
		answers []survey.Answer
		at      []clock.Time
		score   int // -1: none
		code    string
	}{
		{"answered", []survey.Answer{{Score: new(9)}}, []clock.Time{1}, 9, ""},
		{"corrected within the hour", []survey.Answer{{Score: new(9)}, {Score: new(3)}}, []clock.Time{1, clock.Hour}, 3, ""},
		{"corrected after the hour", []survey.Answer{{Score: new(9)}, {Score: new(3)}}, []clock.Time{1, 1 + clock.Hour}, 9, "survey_answered"},
		{"corrections do not move the hour", []survey.Answer{{Score: new(9)}, {Score: new(8)}, {Score: new(3)}}, []clock.Time{0, clock.Hour / 2, clock.Hour + 1}, 8, "survey_answered"},
		{"closed", []survey.Answer{{Closed: true}}, []clock.Time{1}, -1, ""},
		{"closed and then answered", []survey.Answer{{Closed: true}, {Score: new(7)}}, []clock.Time{1, 2}, 7, ""},
		{"answered and then closed", []survey.Answer{{Score: new(7)}, {Closed: true}}, []clock.Time{1, 2}, 7, ""},
		{"off the scale", []survey.Answer{{Score: new(11)}}, []clock.Time{1}, -1, "answer_invalid"},
		{"nothing", []survey.Answer{{}}, []clock.Time{1}, -1, "answer_invalid"},
		{"closed with a score", []survey.Answer{{Closed: true, Score: new(1)}}, []clock.Time{1}, -1, "answer_invalid"},
		{"a wish without a name", []survey.Answer{{Score: new(1), Request: &survey.Request{}}}, []clock.Time{1}, -1, "answer_invalid"},
		{"a wish that pays less than nothing", []survey.Answer{{Score: new(1), Request: &survey.Request{Title: "x", Pay: &money.Amount{Minor: -1, Currency: "USD"}}}}, []clock.Time{1}, -1, "answer_invalid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var p survey.Person
			a := p.Begin(survey.Ask{Survey: "nps", Kind: survey.NPS, At: now}, id)
			var err error
			for i, answer := range c.answers {
				_, _, err = p.Give(a.ID, answer, now+c.at[i])
			}
			if (err == nil) != (c.code == "") || err != nil && fault.CodeOf(err) != c.code {
				t.Errorf("%v, want %q", err, c.code)
			}
			got, _ := p.Find(a.ID)
			if score := got.Score; (score == nil) != (c.score < 0) || score != nil && *score != c.score {
				t.Errorf("%+v, want %d", got, c.score)
			}
		})
	}
	var p survey.Person
	if _, _, err := p.Give("ask.7", survey.Answer{Closed: true}, now); fault.CodeOf(err) != "survey_ask_not_found" {
		t.Error(err)
	}
}

func TestSatisfactionIsWhatWasSaidLast(t *testing.T) {
	said := func(kind string, score int, at clock.Time) survey.Ask {
		return survey.Ask{Kind: kind, Score: &score, AnsweredAt: at}
	}
	for _, c := range []struct {
		name  string
		said  []survey.Ask
		score float64
		any   bool
	}{
		{"nothing", nil, 0, false},
		{"an NPS", []survey.Ask{said(survey.NPS, 7, 1)}, 7, true},
		{"a CSAT", []survey.Ask{said(survey.CSAT, 3, 1)}, 5, true},
		{"a CSAT after an NPS", []survey.Ask{said(survey.NPS, 9, 1), said(survey.CSAT, 1, 2)}, 0, true},
		{"an older one that comes late", []survey.Ask{said(survey.NPS, 9, 2), said(survey.NPS, 0, 1)}, 9, true},
	} {
		var a survey.Account
		for i := range c.said {
			a.Hear(&c.said[i])
		}
		if score, _, any := a.Satisfaction(); score != c.score || any != c.any {
			t.Errorf("%s: %v, %v", c.name, score, any)
		}
	}
}

// Whatever surveys ask in whatever order, answered, closed or neither, over restarts and aliases: nobody is
// asked twice within the gap, nor the same survey twice within its time.
func TestNobodyIsAskedTwiceWithinTheGap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gap := time.Duration(rapid.IntRange(0, 60).Draw(t, "gap in days")) * day
		surveys := []*catalog.Survey{}
		for i, n := 0, rapid.IntRange(1, 3).Draw(t, "surveys"); i < n; i++ {
			surveys = append(surveys, &catalog.Survey{Key: fmt.Sprint("s", i), Kind: survey.CSAT, Sample: rapid.SampledFrom([]int64{100, 50}).Draw(t, "sample"),
				Every: time.Duration(rapid.IntRange(1, 90).Draw(t, "every in days")) * day})
		}
		var p survey.Person
		at, last := now, clock.Time(0)
		lastOf := map[string]clock.Time{}
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			at += clock.Time(rapid.IntRange(0, 20).Draw(t, "hours")*7) * clock.Hour
			switch rapid.IntRange(0, 5).Draw(t, "what") {
			case 0: // a restart
				b, err := json.Marshal(p)
				if err != nil {
					t.Fatal(err)
				}
				p = survey.Person{}
				if err := json.Unmarshal(b, &p); err != nil {
					t.Fatal(err)
				}
			case 1: // the person goes on under another pseudonym
				var later survey.Person
				later.Absorb(&p)
				p = later
			default:
				s := rapid.SampledFrom(surveys).Draw(t, "survey")
				if reason, _ := p.May(s, gap, "ada", at); reason != "" {
					continue
				}
				if last != 0 && at < last+clock.Time(gap.Microseconds()) {
					t.Fatalf("asked at %s and %s", last, at)
				}
				if was, ok := lastOf[s.Key]; ok && at < was+clock.Time(s.Every.Microseconds()) {
					t.Fatalf("%s asked twice within %s, at %s and %s", s.Key, s.Every, was, at)
				}
				last, lastOf[s.Key] = at, at
				a := p.Begin(survey.Ask{Survey: s.Key, Kind: s.Kind, At: at}, id)
				if rapid.Bool().Draw(t, "answers") {
					if _, _, err := p.Give(a.ID, survey.Answer{Score: new(4)}, at); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	})
}
