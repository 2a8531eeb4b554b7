package signal

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
)

// A score is what happened (up to 60 points), how pressing it is (up to 20) and how well
// the rule has proved itself (up to 20). The weights are ours: they order a day's list
// and are no probability.

// ScoreAt returns the score of s at now: Score when it fired, falling evenly to 0 at
// DecaysAt, rounded up so that a live signal is never worth nothing.
func ScoreAt(s *Signal, now clock.Time) int {
	if now <= s.At {
		return s.Score
	}
	whole, left := int64(s.DecaysAt-s.At), int64(s.DecaysAt-now)
	if left <= 0 || whole <= 0 {
		return 0
	}
	return int((int64(s.Score)*left + whole - 1) / whole)
}

// standing is the part of a score that comes from the rule itself.
func standing(r *catalog.Signal) Part {
	p := Part{Name: "evidence for the rule"}
	switch r.State {
	case "validated":
		p.Points, p.Why = 20, "the hypothesis is validated"
	case "testing":
		p.Points, p.Why = 10, "the hypothesis is being tested"
	default:
		p.Points, p.Why = 5, "the hypothesis is only proposed"
	}
	return p
}

func limitScore(in UsageChange, percent int64, now clock.Time) []Part {
	full := Part{
		Name: "how full", Points: int(min(percent, 100) * 60 / 100),
		Why: fmt.Sprintf("%d%% of the limit is used", percent),
	}
	press := Part{Name: "how pressing", Points: 20, Why: "the limit never resets"}
	if in.ResetsAt > now && in.PeriodStart != 0 && in.ResetsAt > in.PeriodStart {
		left, whole := in.ResetsAt.Sub(now), in.ResetsAt.Sub(in.PeriodStart)
		press.Points = int(min(20*(left/time.Second)/max(whole/time.Second, 1), 20))
		press.Why = Span(left) + " of " + Span(whole) + " still to go"
	}
	return []Part{full, press}
}

func gateScore(r *catalog.Signal, times int64, span time.Duration) []Part {
	interest := Part{
		Name: "interest", Points: 50 + int(min(times, 10)),
		Why: "tried " + Times(int(times)) + " to use what it does not have",
	}
	press := Part{Name: "how pressing", Points: 20, Why: "at once"}
	if times > 1 && r.When.Within > 0 {
		press.Points, press.Why = 20-share(15, span, r.When.Within), "all within "+Span(span)
	}
	return []Part{interest, press}
}

// share returns the part of points that span is of whole.
func share(points int64, span, whole time.Duration) int {
	return int(points * int64(span/time.Second) / max(int64(whole/time.Second), 1))
}

func oftenScore(r *catalog.Signal, times int64, span time.Duration) []Part {
	return []Part{
		{Name: "activity", Points: 45 + int(min(times, 10)), Why: "did it " + Times(int(times))},
		{Name: "how pressing", Points: 15 - share(10, span, r.When.Within), Why: "all within " + Span(span)},
	}
}

func sequenceScore(r *catalog.Signal, steps int, span time.Duration) []Part {
	return []Part{
		{Name: "journey", Points: 45 + steps, Why: "took " + strconv.Itoa(steps) + " steps in their order"},
		{Name: "how pressing", Points: 15 - share(10, span, r.When.Within), Why: "all within " + Span(span)},
	}
}

func rateScore(percent int64, over time.Duration) []Part {
	if percent < 0 {
		return []Part{
			{Name: "change", Points: 40 + int(min(-percent/5, 20)), Why: "uses " + strconv.FormatInt(-percent, 10) + "% less"},
			{Name: "how pressing", Points: 20, Why: "it may stop altogether"},
		}
	}
	return []Part{
		{Name: "change", Points: 40 + int(min(percent/10, 20)), Why: "uses " + strconv.FormatInt(percent, 10) + "% more"},
		{Name: "how pressing", Points: 10, Why: "within " + Span(over)},
	}
}

func absentScore(silent time.Duration, times int64) []Part {
	return []Part{
		{Name: "silence", Points: 45 + int(min(times, 10)), Why: "did it " + Times(int(min(times, math.MaxInt32))) + " and then not for " + Span(silent)},
		{Name: "how pressing", Points: 15, Why: "it may have stopped for good"},
	}
}

func eventScore(n int64) []Part {
	return []Part{
		{Name: "milestone", Points: 50, Why: "reached it for the " + Ordinal(n) + " time"},
		{Name: "how pressing", Points: 5, Why: "it is no obstacle"},
	}
}

func trialScore(left time.Duration) []Part {
	press := Part{Name: "how pressing", Points: 10, Why: Span(left) + " left"}
	if left <= 3*24*time.Hour {
		press.Points = 20
	}
	return []Part{{Name: "trial", Points: 55, Why: "tries the product and has not bought it"}, press}
}
