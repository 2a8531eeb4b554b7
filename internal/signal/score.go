package signal

import (
	"fmt"
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

func gateScore(r *catalog.Signal, times int, first, last clock.Time) []Part {
	interest := Part{
		Name: "interest", Points: 50 + min(times, 10),
		Why: "tried " + Times(times) + " to use what it does not have",
	}
	press := Part{Name: "how pressing", Points: 20, Why: "at once"}
	if span := last.Sub(first); times > 1 && r.When.Within > 0 {
		press.Points = 20 - int(15*(span/time.Second)/max(r.When.Within/time.Second, 1))
		press.Why = "all within " + Span(span)
	}
	return []Part{interest, press}
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
