package signal

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/interval"
)

// The registry of compelling events: what the catalog claims of each rule, and what the data say.

// How far back the registry looks, and how long an account has to grow after a signal.
const (
	RegistrySpan  = 395 * clock.Day
	followed      = 30 * clock.Day
	recentSpan    = 30 * clock.Day // of the rate of firing, against the three before
	recentFollows = 90 * clock.Day // of precision, against all before
)

// lowPrecision is the share below which, with all of its interval, data speak against a rule.
const lowPrecision = 0.10

// leastJudged is from how many followed signals on precision is judged.
const leastJudged = 30

// GrewBy returns which type of revenue a line of the ledger is of; of another system's subscriptions
// nothing but the movement is known.
func GrewBy(kind catalog.RevenueType, movement string) catalog.RevenueType {
	switch {
	case movement == "new":
		return catalog.NewLogo
	case kind == "" && movement == "expansion":
		return catalog.Upsell
	}
	return kind
}

// Registry is the answer. Shares and probabilities are decimals, as texts.
type Registry struct {
	At      clock.Time         `json:"at"`
	Version string             `json:"version" doc:"of the active catalog"`
	Items   []RegisteredSignal `json:"items" doc:"by key"`
	Notes   []string           `json:"notes"`
}

// RegisteredSignal is a compelling event with how its rule does.
type RegisteredSignal struct {
	Key        string              `json:"key"`
	Title      string              `json:"title"`
	Type       catalog.RevenueType `json:"type"`
	Hypothesis string              `json:"hypothesis"`
	Owner      string              `json:"owner"`
	Driven     string              `json:"driven" doc:"usage or time"`
	State      string              `json:"state" doc:"proposed, testing, validated or retired; changed in the catalog"`
	Evidence   string              `json:"evidence" doc:"what the hypothesis was validated by, as the catalog says"`
	Review     clock.Time          `json:"review" doc:"when it is to be looked at again; empty: never said"`
	Overdue    bool                `json:"overdue" doc:"the review is past"`
	Fired      int64               `json:"fired" doc:"in all"`
	LastAt     clock.Time          `json:"last_at" doc:"empty: it never fired"`
	Windows    []FiredWindow       `json:"windows" doc:"the last 7, 30 and 90 days"`
	Precision  *Precision          `json:"precision" doc:"null for types that are no growth: renewal and save"`
	Drift      Drift               `json:"drift"`
	Words      []string            `json:"words" doc:"what is to be noticed"`
	age        clock.Time          // since its first firing of those looked at
}

// FiredWindow counts firings of the last days.
type FiredWindow struct {
	Days     int64 `json:"days"`
	Fired    int64 `json:"fired"`
	Accounts int64 `json:"accounts"`
}

// Precision is the share of signals whose account then grew by the signal's type within 30 days.
type Precision struct {
	Followed int64    `json:"followed" doc:"signals of the last 395 days whose 30 days are over"`
	Grew     int64    `json:"grew"`
	Share    string   `json:"share" doc:"empty when none was followed"`
	Interval []string `json:"interval" doc:"95%, Wilson"`
}

// Drift says whether a rule fires otherwise than it did, or is right less often.
type Drift struct {
	// Rate: firings are counts of a Poisson process; of all in 120 days, or since its first firing where
	// that is less, as many are expected in the last 30 as they have of those days. Exact, two-sided.
	Recent int64  `json:"recent" doc:"firings in the last 30 days"`
	Before int64  `json:"before" doc:"firings in the 90 days before"`
	RateP  string `json:"rate_p" doc:"probability of a difference at least so large by chance; empty for fewer than 10 firings, and for a rule that first fired less than 60 days ago"`
	// Precision: signals of 30 to 120 days ago against those of the 275 days before; two proportions, pooled, two-sided.
	RecentShare string `json:"recent_precision" doc:"of signals 30 to 120 days old; empty: none"`
	BeforeShare string `json:"before_precision" doc:"of older ones; empty: none"`
	PrecisionP  string `json:"precision_p" doc:"empty where either has fewer than 20 signals"`
}

// Record gathers what happened for the registry.
type Record struct {
	now    clock.Time
	cat    *catalog.Catalog
	rules  map[string]*record
	growth map[string][]grown
}

type record struct {
	windows  [len(registryDays)]FiredWindow
	accounts [len(registryDays)]map[string]bool
	first    clock.Time
	recent   int64
	before   int64
	fired    []firing
}

type firing struct {
	account string
	at      clock.Time
}

type grown struct {
	kind catalog.RevenueType
	Move
}

var registryDays = [...]int64{7, 30, 90}

// NewRecord returns an empty record as of now.
func NewRecord(c *catalog.Catalog, now clock.Time) *Record {
	return &Record{now: now, cat: c, rules: make(map[string]*record), growth: make(map[string][]grown)}
}

// Fired takes a signal of the last RegistrySpan.
func (g *Record) Fired(rule, account string, at clock.Time) {
	r := g.rules[rule]
	if r == nil {
		r = &record{first: at}
		g.rules[rule] = r
	}
	r.first = min(r.first, at)
	age := g.now - at
	for i, days := range registryDays {
		if age > clock.Time(days)*clock.Day {
			continue
		}
		r.windows[i].Fired++
		if r.accounts[i] == nil {
			r.accounts[i] = make(map[string]bool)
		}
		r.accounts[i][account] = true
	}
	switch {
	case age <= recentSpan:
		r.recent++
	case age <= 4*recentSpan:
		r.before++
	}
	if age >= followed {
		r.fired = append(r.fired, firing{account, at})
	}
}

// Grew takes a line of the ledger.
func (g *Record) Grew(account string, kind catalog.RevenueType, m Move) {
	if kind != "" {
		g.growth[account] = append(g.growth[account], grown{kind, m})
	}
}

// grewAfter says whether an account grew by a type after a time, and not only until it was undone.
func (g *Record) grewAfter(f firing, kind catalog.RevenueType) bool {
	sums := make(map[string]int64)
	for _, m := range g.growth[f.account] {
		if m.kind == kind && m.At > f.at && m.At <= f.at+followed {
			sums[string(m.Currency)] += int64(m.Delta)
		}
	}
	for _, sum := range sums {
		if sum > 0 {
			return true
		}
	}
	return false
}

// Registry works out the answer; ever is how often each rule fired in all, and when last.
func (g *Record) Registry(ever func(rule string) (fired int64, last clock.Time)) *Registry {
	out := &Registry{At: g.now, Version: g.cat.Version, Items: []RegisteredSignal{}, Notes: []string{
		"Precision is the share of signals whose account grew by the signal's type within 30 days, whatever was done about it: no proof that the signal, or an offer, caused it.",
		"A rate that drifts may only say that there are more accounts, or fewer: one in twenty drifts by chance at p below 0.05.",
	}}
	for _, key := range sortedRules(g.cat) {
		def := g.cat.Signals[key]
		r := g.rules[key]
		if r == nil {
			r = &record{}
		}
		x := RegisteredSignal{Key: key, Title: cmp.Or(def.Title, key), Type: def.Type, Hypothesis: def.Hypothesis, Owner: def.Owner, Driven: cmp.Or(def.Driven, driven(def)),
			State: cmp.Or(def.State, "proposed"), Evidence: def.Evidence, Review: def.Review, Overdue: def.Review != 0 && def.Review <= g.now && !def.Retired(), Words: []string{}}
		x.Fired, x.LastAt = ever(key)
		for i, days := range registryDays {
			w := r.windows[i]
			w.Days, w.Accounts = days, int64(len(r.accounts[i]))
			x.Windows = append(x.Windows, w)
		}
		x.age = g.now - r.first
		x.Drift = Drift{Recent: r.recent, Before: r.before}
		rateP, known := r.rate(g.now)
		if known {
			x.Drift.RateP = probability(rateP)
		}
		precisionP := g.precision(&x, r)
		x.judge(rateP, precisionP)
		out.Items = append(out.Items, x)
	}
	return out
}

// leastKnown is for how long a rule must have fired before its rate is compared.
const leastKnown = 60 * clock.Day

// rate returns the probability that a rule fires as often lately as it did by chance; false when too
// little is known. A rule that is younger than the days compared could not fire before it first did: that
// firing is no chance, and counts for nothing.
func (r *record) rate(now clock.Time) (p float64, known bool) {
	days, n := 4*recentSpan, r.recent+r.before
	if age := now - r.first; age < days {
		days, n = age, n-1
	}
	if n < 10 || days < leastKnown {
		return 1, false
	}
	return binomialP(r.recent, n, float64(recentSpan)/float64(days)), true
}

// precision fills in how often the rule was right, and returns the probability of its drift.
func (g *Record) precision(x *RegisteredSignal, r *record) float64 {
	if x.Type == catalog.Renewal || x.Type == catalog.Save {
		return 1
	}
	p := &Precision{Interval: []string{}}
	var recent, recentGrew int64
	for _, f := range r.fired {
		grew := g.grewAfter(f, x.Type)
		p.Followed++
		young := g.now-f.at <= followed+recentFollows
		if young {
			recent++
		}
		if grew {
			p.Grew++
			if young {
				recentGrew++
			}
		}
	}
	x.Precision = p
	p.Share = portion(p.Grew, p.Followed)
	if p.Followed > 0 {
		low, high := interval.Wilson(p.Grew, p.Followed)
		p.Interval = []string{decimal(low), decimal(high)}
	}
	old, oldGrew := p.Followed-recent, p.Grew-recentGrew
	x.Drift.RecentShare, x.Drift.BeforeShare = portion(recentGrew, recent), portion(oldGrew, old)
	if recent < 20 || old < 20 {
		return 1
	}
	is := proportionsP(recentGrew, recent, oldGrew, old)
	x.Drift.PrecisionP = probability(is)
	return is
}

// judge says in words what is to be noticed.
func (x *RegisteredSignal) judge(rateP, precisionP float64) {
	say := func(format string, args ...any) { x.Words = append(x.Words, fmt.Sprintf(format, args...)) }
	if p := x.Precision; p != nil && p.Followed >= leastJudged {
		low, high := interval.Wilson(p.Grew, p.Followed)
		share := percentOf(p.Share)
		switch {
		case x.State == "validated" && high < lowPrecision:
			say("validated by hand, but precision is %s of %d", share, p.Followed)
		case (x.State == "testing" || x.State == "proposed") && low >= lowPrecision:
			say("%s, and precision is %s of %d: it may be time to call it validated, with that as evidence", x.State, share, p.Followed)
		case x.State == "testing" && high < lowPrecision:
			say("testing, and precision is %s of %d: retire it, or change it", share, p.Followed)
		}
	}
	if x.State == "validated" && x.Evidence == "" {
		say("validated without evidence")
	}
	if x.Overdue {
		say("its review was due on %s", x.Review.Std().Format("2006-01-02"))
	}
	if x.State != "retired" && x.Fired == 0 {
		say("it never fired")
	}
	if rateP < 0.05 {
		more, days := "more often", int64(min(4*recentSpan, x.age)/clock.Day)-30
		if days*x.Drift.Recent < 30*x.Drift.Before {
			more = "less often"
		}
		say("it fires %s than it did: %d times in the last 30 days, %d in the %d before (p %s)", more, x.Drift.Recent, x.Drift.Before, days, x.Drift.RateP)
	}
	if precisionP < 0.05 {
		say("its precision went from %s to %s (p %s)", percentOf(x.Drift.BeforeShare), percentOf(x.Drift.RecentShare), x.Drift.PrecisionP)
	}
}

// driven says whether time or usage makes a rule fire, where the catalog has not worked it out.
func driven(r *catalog.Signal) string {
	w := &r.When
	if w.TrialEndsIn != 0 || w.TrialExpired || w.RenewsIn != 0 || w.Absent != "" {
		return "time"
	}
	return "usage"
}

func sortedRules(c *catalog.Catalog) []string {
	out := make([]string, 0, len(c.Signals))
	for key := range c.Signals {
		out = append(out, key)
	}
	slices.Sort(out)
	return out
}

// binomialP returns the two-sided probability of k of n at a chance p: of all numbers that are no
// likelier than k. Exact up to 10,000, by the normal approximation beyond.
func binomialP(k, n int64, p float64) float64 {
	if n > 10_000 {
		mean, sd := float64(n)*p, math.Sqrt(float64(n)*p*(1-p))
		return math.Erfc(max(math.Abs(float64(k)-mean)-0.5, 0) / sd / math.Sqrt2)
	}
	chance := func(i int64) float64 {
		a, _ := math.Lgamma(float64(n + 1))
		b, _ := math.Lgamma(float64(i + 1))
		c, _ := math.Lgamma(float64(n - i + 1))
		return math.Exp(a - b - c + float64(i)*math.Log(p) + float64(n-i)*math.Log(1-p))
	}
	is, sum := chance(k)*(1+1e-9), 0.0
	for i := range n + 1 {
		if c := chance(i); c <= is {
			sum += c
		}
	}
	return min(sum, 1)
}

// proportionsP returns the two-sided probability that two shares differ so much by chance, pooled.
func proportionsP(a, n, b, m int64) float64 {
	pooled := float64(a+b) / float64(n+m)
	se := math.Sqrt(pooled * (1 - pooled) * (1/float64(n) + 1/float64(m)))
	if se == 0 {
		return 1
	}
	return math.Erfc(math.Abs(float64(a)/float64(n)-float64(b)/float64(m)) / se / math.Sqrt2)
}
