package clock

import (
	"encoding/json"
	"math"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseReadsInstantsAndDays(t *testing.T) {
	for _, c := range []struct {
		name, text, want string
	}{
		{"an instant in UTC", "2026-01-31T09:00:00Z", "2026-01-31T09:00:00Z"},
		{"an instant elsewhere", "2026-01-31T09:00:00+05:30", "2026-01-31T03:30:00Z"},
		{"with microseconds", "2026-01-31T09:00:00.000001Z", "2026-01-31T09:00:00.000001Z"},
		{"finer than we keep", "2026-01-31T09:00:00.0000019Z", "2026-01-31T09:00:00.000001Z"},
		{"a plain day", "2026-01-31", "2026-01-31T00:00:00Z"},
		{"before 1970", "1969-12-31T23:59:59Z", "1969-12-31T23:59:59Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Parse(c.text)
			if err != nil || got.String() != c.want {
				t.Errorf("Parse(%q) = %s, %v; want %s", c.text, got, err, c.want)
			}
		})
	}
	for _, text := range []string{"", "yesterday", "2026-02-30", "2026-01-31 09:00", "1769850000", "31.01.2026"} {
		if got, err := Parse(text); err == nil {
			t.Errorf("Parse(%q) = %s, want an error", text, got)
		}
	}
}

func TestADayHas24HoursAlsoBefore1970(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := Time(rapid.Int64Range(-1<<55, 1<<55).Draw(t, "at"))
		start := Time(at.Day()) * Day
		if at < start || at >= start+Day {
			t.Fatalf("%d is not within its day %d", at, at.Day())
		}
	})
}

func TestWhatIsWrittenReadsBackTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := Time(rapid.Int64Range(int64(At(time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC))), int64(At(time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)))).Draw(t, "at"))
		text, err := json.Marshal(at)
		if err != nil {
			t.Fatal(err)
		}
		var back Time
		if err := json.Unmarshal(text, &back); err != nil || back != at {
			t.Fatalf("%s read back as %s, %v", text, back, err)
		}
	})
}

func TestADifferenceBeyondWhatADurationSaysIsHeldAtItsEnd(t *testing.T) {
	year := 365 * Day
	for _, c := range []struct {
		name string
		t, u Time
		want time.Duration
	}{
		{"a minute", 2 * Minute, Minute, time.Minute},
		{"a minute back", Minute, 2 * Minute, -time.Minute},
		{"292 years", 292 * year, 0, 292 * 365 * 24 * time.Hour},
		{"293 years", 293 * year, 0, math.MaxInt64},
		{"293 years back", 0, 293 * year, math.MinInt64},
		{"from the first instant to the last", math.MaxInt64, math.MinInt64, math.MaxInt64},
		{"from the last instant to the first", math.MinInt64, math.MaxInt64, math.MinInt64},
		{"from the first instant to 1970", 0, math.MinInt64, math.MaxInt64},
	} {
		if got := c.t.Sub(c.u); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestUnsetIsNull(t *testing.T) {
	if text, err := json.Marshal(Time(0)); err != nil || string(text) != "null" {
		t.Errorf("unset is written as %s, %v", text, err)
	}
	for _, text := range []string{"null", `""`} {
		at := Time(1)
		if err := json.Unmarshal([]byte(text), &at); err != nil || at != 0 {
			t.Errorf("%s reads as %d, %v", text, at, err)
		}
	}
	if At(time.Time{}) != 0 || !Time(0).Std().IsZero() {
		t.Error("the zero time.Time is not the unset Time")
	}
}

func TestATestClockStandsStillAndOnlyGoesForward(t *testing.T) {
	c := Test(100 * Day)
	c.Set(99 * Day)
	if got := c.Now(); got != 100*Day {
		t.Errorf("set back to %s", got)
	}
	var movers sync.WaitGroup
	for i := range 50 {
		movers.Go(func() { c.Set(100*Day + Time(i)*Hour) })
	}
	movers.Wait()
	if got := c.Now(); got != 100*Day+49*Hour {
		t.Errorf("after all moves it is %s, want the latest", got)
	}
}

func TestARealClockCannotBeMoved(t *testing.T) {
	c := Real()
	c.Set(c.Now() + 1000*Day)
	if off := At(time.Now()) - c.Now(); c.IsTest() || off > Minute || off < -Minute {
		t.Errorf("a real clock is off by %d", off)
	}
}

func TestAClockThatFollowsAnotherOneMayJumpAndIsRealAllTheSame(t *testing.T) {
	at := time.Date(2026, 1, 31, 9, 0, 0, 0, time.UTC)
	c := Following(func() time.Time { return at })
	at = at.Add(-3 * time.Hour)
	if got := c.Now(); got != At(at) || c.IsTest() {
		t.Errorf("it says %s, test %v", got, c.IsTest())
	}
}
