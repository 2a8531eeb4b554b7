package signal

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/condition"
)

// Readiness says how ready an account is to grow by one type of revenue (PQA): points for how
// well it fits, how much it uses and what it seems to want. The points are the catalog's; they
// order lists and are no probability.
type Readiness struct {
	Type catalog.RevenueType `json:"type"`
	// Score is Sum, held between 0 and 100.
	Score int   `json:"score"`
	Sum   int   `json:"sum"`  // of all contributions
	Mark  int64 `json:"mark"` // from which score on it is ready
	Ready bool  `json:"ready"`
	// Contributions are all parts of the rule, those that give nothing now included.
	Contributions []Contribution `json:"contributions"`
}

// Contribution is what one part of the rule gives.
type Contribution struct {
	Group  string `json:"group"`            // fit, usage or intent
	Why    string `json:"why"`              // in plain words
	Points int    `json:"points"`           // now
	Of     int    `json:"of"`               // when it holds, or on the day the signal fires
	When   string `json:"when,omitempty"`   // the condition
	Signal string `json:"signal,omitempty"` // or the signal
	State  string `json:"state"`            // in plain words: holds, does not hold, the signal's evidence

	id      string
	firedAt clock.Time
}

// ReadinessOf works out how ready an account is. holds says whether a condition does, alive
// returns the live signal of a rule.
func ReadinessOf(rule *catalog.ReadinessRule, holds func(*condition.Condition) bool, alive func(key string) *Signal, now clock.Time) Readiness {
	r := Readiness{Type: rule.Type, Mark: rule.Ready, Contributions: make([]Contribution, 0, len(rule.Parts))}
	seen := make(map[string]int, len(rule.Parts))
	for i := range rule.Parts {
		p := &rule.Parts[i]
		c := Contribution{Group: p.Group, Why: p.Why, Of: int(p.Points)}
		if p.Signal != "" {
			c.Signal, c.id, c.State = p.Signal, "s:"+p.Signal, "It has not fired."
			if c.Why == "" {
				c.Why = strings.ReplaceAll(p.Signal, "_", " ")
			}
			if sig := alive(p.Signal); sig != nil {
				c.Points, c.State, c.firedAt = faded(c.Of, ScoreAt(sig, now), sig.Score), sig.Evidence, sig.At
			}
		} else if p.When != nil {
			c.When, c.id, c.State = p.When.Source, "w:"+hashOf(p.When.Source), "It does not hold."
			if c.Why == "" {
				c.Why = p.When.Source
			}
			if holds(p.When) {
				c.Points, c.State = c.Of, "It holds."
			}
		}
		if seen[c.id]++; seen[c.id] > 1 { // the same thing twice
			c.id += "#" + strconv.Itoa(seen[c.id])
		}
		r.Sum += c.Points
		r.Contributions = append(r.Contributions, c)
	}
	r.Score = held(r.Sum)
	r.Ready = int64(r.Score) >= r.Mark
	return r
}

func held(sum int) int { return min(max(sum, 0), 100) }

// faded is the part of points that is left as a signal's score falls; rounded up, so that a live
// signal is never worth nothing.
func faded(points, score, of int) int {
	if of <= 0 || score >= of {
		return points
	}
	if points < 0 {
		return -((-points*score + of - 1) / of)
	}
	return (points*score + of - 1) / of
}

func hashOf(text string) string {
	h := fnv.New32a()
	h.Write([]byte(text))
	return strconv.FormatUint(uint64(h.Sum32()), 36)
}

// Points are what each part of a rule gave at some time, nothing for those that gave nothing:
// what is kept of a day to explain the next one.
type Points map[string]int

// Points returns what each part gives, nil when none gives anything.
func (r *Readiness) Points() Points {
	var p Points
	for i := range r.Contributions {
		if c := &r.Contributions[i]; c.Points != 0 {
			if p == nil {
				p = make(Points)
			}
			p[c.id] = c.Points
		}
	}
	return p
}

// Score returns what the parts add up to, held between 0 and 100.
func (p Points) Score() int { return held(p.Sum()) }

// Sum returns what the parts add up to.
func (p Points) Sum() int {
	sum := 0
	for _, n := range p {
		sum += n
	}
	return sum
}

// ReadinessChange is a part of a rule that gives something else than it did.
type ReadinessChange struct {
	Group   string `json:"group,omitempty"`
	Why     string `json:"why"` // what the part is about
	From    int    `json:"from"`
	To      int    `json:"to"`
	Because string `json:"because"` // a sentence
}

// Since explains how r came from what the parts gave at a time, the largest change first: the
// differences of all parts add up to the difference of the sums.
func (r *Readiness) Since(before Points, at clock.Time) []ReadinessChange {
	out := []ReadinessChange{}
	known := make(map[string]bool, len(r.Contributions))
	for i := range r.Contributions {
		c := &r.Contributions[i]
		known[c.id] = true
		if was := before[c.id]; was != c.Points {
			out = append(out, ReadinessChange{c.Group, c.Why, was, c.Points, c.because(was, at)})
		}
	}
	for id, was := range before {
		if !known[id] {
			what := "a part that the catalog no longer has"
			if key, signal := strings.CutPrefix(id, "s:"); signal {
				what = "the signal " + key
			}
			out = append(out, ReadinessChange{Why: what, From: was, Because: "The catalog no longer gives points for it."})
		}
	}
	slices.SortFunc(out, func(a, b ReadinessChange) int {
		return cmp.Or(-cmp.Compare(abs(a.To-a.From), abs(b.To-b.From)), strings.Compare(a.Why, b.Why), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	return out
}

func (c *Contribution) because(was int, at clock.Time) string {
	switch {
	case c.Signal != "" && c.firedAt > at:
		return "It fired on " + dayOf(c.firedAt) + ": " + sentence(c.State)
	case c.Signal != "" && c.Points == 0:
		return "The signal is over."
	case c.Signal != "" && abs(c.Points) < abs(was) && (c.Points < 0) == (was < 0):
		return "The signal fades since it fired on " + dayOf(c.firedAt) + "."
	case was == 0 && c.Points != 0:
		return "It holds now."
	case c.Points == 0:
		return "It no longer holds."
	}
	return fmt.Sprintf("The catalog gives %d points for it now.", c.Of)
}

// Explain says in a sentence how much a score moved since a look, and by what most.
func (r *Readiness) Explain(before Points, changes []ReadinessChange, since string) string {
	moved := r.Score - before.Score()
	switch {
	case len(changes) == 0:
		return fmt.Sprintf("%d of 100, as %s.", r.Score, since)
	case moved == 0 && r.Sum != before.Sum():
		return fmt.Sprintf("%d of 100, as %s: the parts add up to %d instead of %d, and a score is held between 0 and 100.", r.Score, since, r.Sum, before.Sum())
	case moved == 0:
		return fmt.Sprintf("%d of 100, as %s: what changed makes up for each other.", r.Score, since)
	}
	words := make([]string, 0, 3)
	for _, ch := range changes[:min(len(changes), 3)] {
		words = append(words, fmt.Sprintf("%s (%+d)", ch.Why, ch.To-ch.From))
	}
	if more := len(changes) - len(words); more > 0 {
		words = append(words, fmt.Sprintf("%d more", more))
	}
	return fmt.Sprintf("%d of 100, %+d since %s: %s.", r.Score, moved, since, strings.Join(words, ", "))
}

func sentence(s string) string {
	if s == "" || strings.HasSuffix(s, ".") {
		return s
	}
	return s + "."
}

func dayOf(t clock.Time) string { return t.Std().Format("2006-01-02") }

func abs(n int) int { return max(n, -n) }
