package signal

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
)

// Precursors tells which actions precede upgrades. Shares, lifts and probabilities are decimals, as texts.
type Precursors struct {
	Type     catalog.RevenueType `json:"type"`
	Within   int64               `json:"within_days"`
	From     clock.Time          `json:"from,omitzero"`
	Until    clock.Time          `json:"until" doc:"where the history, or what was asked for, ends"`
	Accounts int64               `json:"accounts" doc:"that started in the time"`
	Upgraded int64               `json:"upgraded" doc:"of them, at any time"`
	Seconds  float64             `json:"seconds"`
	Items    []Precursor         `json:"items" doc:"those of which something can be said first, the highest lift first"`
	Notes    []string            `json:"notes"`
}

// Precursor is one action.
type Precursor struct {
	Kind     string `json:"kind" enum:"event,gate,signal"`
	Name     string `json:"name" doc:"event type, feature or rule"`
	Accounts int64  `json:"accounts" doc:"did it before any upgrade"`
	Followed int64  `json:"followed" doc:"of them, whose days after it are within the history"`
	Upgraded int64  `json:"upgraded" doc:"of those followed, within the days after it"`
	Share    string `json:"share" doc:"upgraded of followed; empty when nobody was followed"`
	Base     string `json:"base" doc:"share of accounts of the same age that had not done it and upgraded within the days; empty when there are none"`
	// Lift is the ratio of risks over strata of age, with its 95% interval.
	Lift       string   `json:"lift" doc:"Mantel and Haenszel's ratio of risks over strata of age; empty when there is too little to say"`
	Interval   []string `json:"interval" doc:"95%, Greenland and Robins; empty with lift"`
	P          string   `json:"p" doc:"two-sided, of lift being 1; empty with lift"`
	Q          string   `json:"q" doc:"p after Benjamini and Hochberg, over all actions that have one"`
	TooLittle  bool     `json:"too_little" doc:"too little to say"`
	Sooner     Sooner   `json:"sooner"`
	Words      string   `json:"words"`
	ratio, raw float64
}

// Sooner compares how long after their start accounts did it first.
type Sooner struct {
	Upgraded     int64  `json:"upgraded" doc:"accounts that upgraded later"`
	UpgradedDays string `json:"upgraded_median_days" doc:"empty for fewer than 5"`
	Others       int64  `json:"others" doc:"accounts that did not upgrade"`
	OthersDays   string `json:"others_median_days" doc:"empty for fewer than 5"`
}

// What must be there to say something: followed accounts that did it, and upgrades among them and
// those beside.
const (
	leastFollowed = 20
	leastUpgraded = 5
	leastMedian   = 5
)

func newPrecursors(q *Precede, end clock.Time, crowded int64) *Precursors {
	p := &Precursors{Type: q.Type, Within: q.Within, From: q.From, Until: end, Items: []Precursor{}, Notes: []string{
		"An account is looked at from its start until it first upgrades by the type, stops paying, or the history ends; what it does with or after that does not count, nor does an upgrade of one that came back.",
		"An account that leaves early, or upgrades early, had less time to do anything. So who did something is compared, at the age at which they did it, with accounts of that age that were still there, had not upgraded and had not done it. Age is in days for two weeks, in weeks for thirteen, then in months.",
		"An account stands beside others at several ages, which the interval leaves out: it is somewhat too narrow.",
		fmt.Sprintf("With fewer than %d accounts that were followed, or fewer than %d upgrades among them or beside them, no lift is told.", leastFollowed, leastUpgraded),
		"With many actions some look strong by chance: q is p after Benjamini and Hochberg; of actions with q below 0.05 about one in twenty is expected to be chance.",
		"What precedes an upgrade need not cause it.",
	}}
	if crowded > 0 {
		p.Notes = append(p.Notes, fmt.Sprintf("Beyond the first %d different actions others were left out, %d times.", maxActions, crowded))
	}
	return p
}

// precursor works out one action. With a of n followed accounts upgrading in a stratum of age,
// and b of m beside them, N = n + m: ratio = sum(a m / N) / sum(b n / N), and the variance of its
// logarithm sum((n m (a+b) / N² - a b / N)) / (R S), where R and S are the two sums (Greenland and
// Robins 1985).
func precursor(key string, s *strata, f *doneBy, risk, riskG []int64) Precursor {
	kind, name, _ := strings.Cut(key, ":")
	p := Precursor{Kind: kind, Name: name, Accounts: f.accounts(), Followed: f.followed, Upgraded: f.grew, Share: portion(f.grew, f.followed), Interval: []string{}}
	var r, v, top, base, weight float64
	var beside int64
	for k := range s.did {
		n, m := float64(s.did[k]), float64(risk[k]-s.less[k])
		a, b := float64(s.grew[k]), float64(riskG[k]-s.lessG[k])
		if n == 0 || m == 0 {
			continue
		}
		all := n + m
		r += a * m / all
		v += b * n / all
		top += n*m*(a+b)/(all*all) - a*b/all
		base += n * b / m
		weight += n
		beside += int64(b)
	}
	if weight > 0 {
		p.Base = decimal(base / weight)
	}
	p.Sooner = Sooner{Upgraded: int64(len(f.up)), UpgradedDays: medianDays(f.up), Others: int64(len(f.rest)), OthersDays: medianDays(f.rest)}
	if f.followed < leastFollowed || f.grew < leastUpgraded || beside < leastUpgraded || r <= 0 || v <= 0 || top <= 0 {
		p.TooLittle = true
		p.Words = fmt.Sprintf("too little to say: %d of %d followed accounts upgraded", f.grew, f.followed)
		return p
	}
	p.ratio = r / v
	se := math.Sqrt(top / (r * v))
	log := math.Log(p.ratio)
	p.Lift = decimal2(p.ratio)
	p.Interval = []string{decimal2(math.Exp(log - 1.96*se)), decimal2(math.Exp(log + 1.96*se))}
	p.raw = math.Erfc(math.Abs(log) / se / math.Sqrt2)
	p.P = probability(p.raw)
	return p
}

// adjust fills in what depends on all actions, and puts them in order.
func (p *Precursors) adjust() {
	var with []*Precursor
	for i := range p.Items {
		if !p.Items[i].TooLittle {
			with = append(with, &p.Items[i])
		}
	}
	slices.SortFunc(with, func(a, b *Precursor) int { return cmp.Compare(a.raw, b.raw) })
	least := 1.0
	for i, x := range slices.Backward(with) {
		least = min(least, x.raw*float64(len(with))/float64(i+1))
		x.Q = probability(least)
		x.Words = x.words(p.Within, least)
	}
	slices.SortFunc(p.Items, func(a, b Precursor) int {
		if a.TooLittle != b.TooLittle {
			return cmp.Compare(number(a.TooLittle), number(b.TooLittle))
		}
		return cmp.Or(cmp.Compare(b.ratio, a.ratio), cmp.Compare(b.Accounts, a.Accounts), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
}

func (p *Precursor) words(within int64, q float64) string {
	text := fmt.Sprintf("%s of %d accounts upgraded within %d days after it, %s of those of the same age that had not done it: %s times (%s to %s)",
		percentOf(p.Share), p.Followed, within, percentOf(p.Base), p.Lift, p.Interval[0], p.Interval[1])
	if q >= 0.05 {
		text += "; may be chance"
	}
	return text
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

// percentOf writes a decimal share as a percentage.
func percentOf(share string) string {
	var x float64
	if _, err := fmt.Sscanf(share, "%f", &x); err != nil {
		return "0%"
	}
	return fmt.Sprintf("%.1f%%", 100*x)
}

// medianDays returns the median of ages in days, empty when there are too few.
func medianDays(all []clock.Time) string {
	if len(all) < leastMedian {
		return ""
	}
	slices.Sort(all)
	middle := float64(all[len(all)/2])
	if len(all)%2 == 0 {
		middle = (middle + float64(all[len(all)/2-1])) / 2
	}
	return fmt.Sprintf("%.1f", middle/float64(clock.Day))
}

func decimal2(x float64) string { return fmt.Sprintf("%.2f", x) }

func probability(p float64) string { return fmt.Sprintf("%.2g", p) }
