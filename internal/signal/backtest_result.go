package signal

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/money"
)

// Backtest is what a backtest found. Shares are decimals between 0 and 1, as texts; times are UTC.
type Backtest struct {
	From     clock.Time        `json:"from" doc:"first time that counts; that of the first record when nothing was asked for"`
	To       clock.Time        `json:"to" doc:"end of what counts, excluded"`
	Until    clock.Time        `json:"until" doc:"where the history ends"`
	Records  int64             `json:"records" doc:"stepped"`
	Events   int64             `json:"events" doc:"of the records, product events"`
	Accounts int64             `json:"accounts"`
	Seconds  float64           `json:"seconds"`
	Compared string            `json:"compared" doc:"what the difference is to: stored (what the server fired at the time), rules (the current rules over the same history), or none"`
	Rules    []TestedRule      `json:"rules"`
	Notes    []string          `json:"notes"`
	Findings []catalog.Finding `json:"findings,omitempty" doc:"of the proposed catalog"`
}

// TestedRule is what one rule would have done.
type TestedRule struct {
	Key        string              `json:"key"`
	Title      string              `json:"title"`
	Type       catalog.RevenueType `json:"type"`
	State      string              `json:"state,omitempty"`
	Fired      int64               `json:"fired"`
	Accounts   int64               `json:"accounts"`
	Months     []TestedMonth       `json:"months"`
	Items      []TestedAccount     `json:"items" doc:"accounts by the time of their first firing, as many as were asked for"`
	After      []After             `json:"after" doc:"what accounts did after it fired for them first"`
	Difference *Difference         `json:"difference,omitempty" doc:"to the rules as they are"`
}

// TestedMonth counts the firings of a calendar month, UTC.
type TestedMonth struct {
	Month    string `json:"month" example:"2026-03"`
	Fired    int64  `json:"fired"`
	Accounts int64  `json:"accounts"`
}

// TestedAccount is an account that the rule fired for.
type TestedAccount struct {
	Account  string       `json:"account"`
	Fired    int64        `json:"fired"`
	Times    []clock.Time `json:"times" doc:"the first 20"`
	Evidence string       `json:"evidence" doc:"of the first"`
	Then     string       `json:"then" enum:"nothing,started,expanded,contracted,churned,too_recent" doc:"within 90 days of the first"`
}

// Fates counts accounts by what became of them.
type Fates struct {
	Accounts   int64 `json:"accounts" doc:"followed to the end of the days"`
	TooRecent  int64 `json:"too_recent" doc:"not followed: the history ends sooner"`
	Started    int64 `json:"started" doc:"did not pay and then did"`
	Expanded   int64 `json:"expanded"`
	Contracted int64 `json:"contracted"`
	Churned    int64 `json:"churned"`
	Nothing    int64 `json:"nothing"`
}

// After is what accounts did within days after a rule had fired for them first.
type After struct {
	Days int64 `json:"days"`
	Fates
	MRR  []money.Amount `json:"mrr" doc:"by how much their monthly revenue changed in all, by currency"`
	Grew string         `json:"grew" doc:"share that started or expanded; empty when nobody was followed"`
	// Beside are accounts for which it had not fired by then.
	Beside Beside `json:"beside"`
}

// Beside are the accounts for which a rule had not fired, over the same months. They differ in
// more than that, so this is no proof of cause.
type Beside struct {
	Accounts   int64  `json:"accounts" doc:"each counted once for each month in which the rule fired for others"`
	Grew       string `json:"grew" doc:"share that started or expanded, the months weighted as the firings were; empty when there are none"`
	Contracted string `json:"contracted"`
	Churned    string `json:"churned"`
}

// Side counts firings and accounts.
type Side struct {
	Fired    int64 `json:"fired" doc:"firings at exactly the same time of the account are the same one"`
	Accounts int64 `json:"accounts"`
}

// Difference is how what would have fired differs from what did.
type Difference struct {
	NowOnly    Side        `json:"now_only" doc:"by the proposal only; accounts: it did not fire for before"`
	BeforeOnly Side        `json:"before_only"`
	Both       Side        `json:"both"`
	Changes    []string    `json:"changes" doc:"what is another about the rule, in words"`
	Items      []Differing `json:"items"`
}

// Differing is an account for which only one of the two fired.
type Differing struct {
	Account  string     `json:"account"`
	Side     string     `json:"side" enum:"now_only,before_only"`
	At       clock.Time `json:"at" doc:"of the first firing"`
	Evidence string     `json:"evidence"`
}

// horizons are the days after a firing that are looked at.
var horizons = [...]int64{30, 60, 90}

const (
	timesShown = 20
	// monthsBeside bounds the months over which accounts are compared with.
	monthsBeside = 60
)

// Result works out the answer. The tally must not be used afterwards.
func (t *Tally) Result() *Backtest {
	b := &Backtest{From: t.q.From, To: t.q.To, Until: t.last, Rules: []TestedRule{}, Notes: []string{}, Compared: "none"}
	order := t.inOrder()
	first := t.last
	for _, key := range order {
		if p := t.accounts[key]; p.since != 0 {
			b.Accounts++
			first = min(first, p.since)
		}
	}
	if b.From == 0 {
		b.From = first
	}
	if b.To == 0 {
		b.To = t.last + 1
	}
	changes := changesOf(t.q)
	fates := newBystanders(t, order)
	for _, key := range t.ruleKeys() {
		b.Rules = append(b.Rules, t.rule(key, order, fates, changes[key]))
	}
	b.Notes = append(b.Notes,
		"What accounts did is what they paid 30, 60 and 90 days after the rule had fired for them first, by the ledger of the same history.",
		"Accounts for which a rule did not fire differ in more than that: the shares beside each other are no proof that the rule, or what is done about it, causes anything.")
	if t.lost > 0 {
		b.Notes = append(b.Notes, strconv.FormatInt(t.lost, 10)+" firings beyond "+strconv.Itoa(maxFirings)+" are not in the figures: name one rule, or a shorter time.")
	}
	return b
}

// changesOf says in words what is another about each rule.
func changesOf(q *Question) map[string][]string {
	out := make(map[string][]string)
	if q.Current == nil {
		return out
	}
	for _, c := range catalog.Diff(q.Current, q.Current.WithSignals(q.Proposed)) {
		rest, is := strings.CutPrefix(c.Path, "signals.")
		if !is {
			continue
		}
		key, _, _ := strings.Cut(rest, ".")
		out[key] = append(out[key], c.Words)
	}
	return out
}

func (t *Tally) rule(key string, order []string, beside *bystanders, changes []string) TestedRule {
	r := TestedRule{Key: key, Title: key, Months: []TestedMonth{}, Items: []TestedAccount{}}
	def := t.q.Proposed.Signals[key]
	if def == nil && t.q.Current != nil {
		def = t.q.Current.Signals[key]
	}
	if def != nil {
		r.Type, r.State = def.Type, def.State
		if def.Title != "" {
			r.Title = def.Title
		}
	}
	d := Difference{Changes: changes, Items: []Differing{}}
	if d.Changes == nil {
		d.Changes = []string{}
	}
	rule, fired := t.rules[key]
	months := make(map[string]*TestedMonth)
	var firsts []firstFiring
	var only [2][]Differing
	for _, account := range order {
		if !fired {
			break
		}
		p := t.accounts[account]
		item := TestedAccount{Account: account, Times: []clock.Time{}}
		var before []clock.Time
		var now []clock.Time
		var whyBefore string
		last := ""
		of := p.of(rule)
		for i := range of {
			x := &of[i]
			switch {
			case x.before:
				if before = append(before, x.at); x.why >= 0 {
					whyBefore = t.words[x.why]
				}
			default:
				if now = append(now, x.at); x.why >= 0 {
					item.Evidence = t.words[x.why]
				}
				month := monthOf(x.at)
				m := months[month]
				if m == nil {
					m = &TestedMonth{Month: month}
					months[month] = m
				}
				if m.Fired++; month != last {
					m.Accounts++
					last = month
				}
			}
		}
		d.compare(now, before)
		switch {
		case len(now) > 0 && len(before) == 0:
			only[0] = append(only[0], Differing{account, "now_only", now[0], item.Evidence})
		case len(before) > 0 && len(now) == 0:
			only[1] = append(only[1], Differing{account, "before_only", before[0], whyBefore})
		}
		if len(now) == 0 {
			continue
		}
		r.Accounts++
		r.Fired += int64(len(now))
		firsts = append(firsts, firstFiring{p, now[0]})
		item.Fired, item.Times = int64(len(now)), now[:min(len(now), timesShown)]
		fate, _ := p.fate(now[0], horizons[len(horizons)-1], t.last)
		item.Then = fate.String()
		r.Items = append(r.Items, item)
	}
	for _, m := range months {
		r.Months = append(r.Months, *m)
	}
	slices.SortFunc(r.Months, func(a, b TestedMonth) int { return strings.Compare(a.Month, b.Month) })
	slices.SortStableFunc(r.Items, func(a, b TestedAccount) int { return int(min(max(a.Times[0]-b.Times[0], -1), 1)) })
	r.Items = r.Items[:min(len(r.Items), t.q.Examples)]
	for _, list := range only {
		slices.SortStableFunc(list, func(a, b Differing) int { return int(min(max(a.At-b.At, -1), 1)) })
		d.Items = append(d.Items, list[:min(len(list), t.q.Examples)]...)
	}
	if t.q.Current != nil {
		r.Difference = &d
	}
	for i := range horizons {
		r.After = append(r.After, beside.after(firsts, i))
	}
	return r
}

// compare counts the firings of one account on either side.
func (d *Difference) compare(now, before []clock.Time) {
	switch {
	case len(now) > 0 && len(before) > 0:
		d.Both.Accounts++
	case len(now) > 0:
		d.NowOnly.Accounts++
	case len(before) > 0:
		d.BeforeOnly.Accounts++
	}
	i, j := 0, 0
	for i < len(now) || j < len(before) {
		switch {
		case j == len(before) || i < len(now) && now[i] < before[j]:
			d.NowOnly.Fired++
			i++
		case i == len(now) || before[j] < now[i]:
			d.BeforeOnly.Fired++
			j++
		default:
			d.Both.Fired++
			i, j = i+1, j+1
		}
	}
}

// firstFiring is when a rule first fired for an account.
type firstFiring struct {
	past *past
	at   clock.Time
}

func (f *Fates) add(fate Fate, n int64) {
	if fate != Unknown {
		f.Accounts += n
	}
	switch fate {
	case Started:
		f.Started += n
	case Expanded:
		f.Expanded += n
	case Contracted:
		f.Contracted += n
	case Churned:
		f.Churned += n
	case Nothing:
		f.Nothing += n
	default:
		f.TooRecent += n
	}
}

// bystanders are all accounts, and what became of them after the middle of each month.
type bystanders struct {
	t      *Tally
	middle []clock.Time           // of the months, the first one first
	all    [][len(horizons)]Fates // by month
	// fates are those of each account that some rule fired for: what becomes of it does not depend on
	// the rule, of which there may be many. By month; those before the account began mean nothing.
	fates map[*past][][len(horizons)]Fate
}

func newBystanders(t *Tally, order []string) *bystanders {
	c := &bystanders{t: t, fates: make(map[*past][][len(horizons)]Fate)}
	first := t.last
	for _, p := range t.accounts {
		for i := range p.shots {
			first = min(first, p.shots[i].at)
		}
	}
	for m := first.Std(); len(c.middle) < monthsBeside; m = time.Date(m.Year(), m.Month()+1, 1, 0, 0, 0, 0, time.UTC) {
		at := clock.At(time.Date(m.Year(), m.Month(), 15, 0, 0, 0, 0, time.UTC))
		if at > t.last {
			break
		}
		c.middle = append(c.middle, at)
	}
	c.all = make([][len(horizons)]Fates, len(c.middle))
	for _, key := range order {
		c.count(t.accounts[key])
	}
	return c
}

// count adds what became of an account after the middle of each month.
func (c *bystanders) count(p *past) {
	if p.since == 0 {
		return
	}
	var keep [][len(horizons)]Fate
	if len(p.shots) > 0 {
		keep = make([][len(horizons)]Fate, len(c.middle))
		c.fates[p] = keep
	}
	for i, at := range c.middle {
		if p.since > at {
			continue
		}
		for h, days := range horizons {
			fate, _ := p.fate(at, days, c.t.last)
			c.all[i][h].add(fate, 1)
			if keep != nil {
				keep[i][h] = fate
			}
		}
	}
}

// month returns which of the months a time lies in.
func (c *bystanders) month(at clock.Time) int {
	if len(c.middle) == 0 {
		return 0
	}
	first, t := c.middle[0].Std(), at.Std()
	return max((t.Year()-first.Year())*12+int(t.Month())-int(first.Month()), 0)
}

// after works out what accounts did after a rule had first fired for them, and beside them those
// for which it had not fired by the end of the days.
func (c *bystanders) after(firsts []firstFiring, horizon int) After {
	days := horizons[horizon]
	a := After{Days: days, MRR: []money.Amount{}}
	sums := make(map[money.Currency]money.Twelfths)
	weights := make([]int64, len(c.middle))
	rest := make([]Fates, len(c.middle))
	for i := range c.all {
		rest[i] = c.all[i][horizon]
	}
	for _, f := range firsts {
		fate, change := f.past.fate(f.at, days, c.t.last)
		a.add(fate, 1)
		if fate != Unknown && change.Delta != 0 {
			sums[change.Currency] += change.Delta
		}
		if i := c.month(f.at); fate != Unknown && i < len(weights) {
			weights[i]++
		}
		for i, fates := range c.fates[f.past] {
			if at := c.middle[i]; f.past.since <= at && f.at < at+clock.Time(days)*clock.Day {
				rest[i].add(fates[horizon], -1) // it fired by then: not beside
			}
		}
	}
	for _, currency := range sortedKeys(sums) {
		a.MRR = append(a.MRR, sums[currency].Amount(currency))
	}
	a.Grew = portion(a.Started+a.Expanded, a.Accounts)
	var grew, contracted, churned, weight float64
	for i := range rest {
		if weights[i] == 0 || rest[i].Accounts <= 0 {
			continue
		}
		r, w := &rest[i], float64(weights[i])
		n := float64(r.Accounts)
		a.Beside.Accounts += r.Accounts
		grew += w * float64(r.Started+r.Expanded) / n
		contracted += w * float64(r.Contracted) / n
		churned += w * float64(r.Churned) / n
		weight += w
	}
	if weight > 0 {
		a.Beside.Grew, a.Beside.Contracted, a.Beside.Churned = decimal(grew/weight), decimal(contracted/weight), decimal(churned/weight)
	}
	return a
}

func sortedKeys(m map[money.Currency]money.Twelfths) []money.Currency {
	out := make([]money.Currency, 0, len(m))
	for key := range m {
		out = append(out, key)
	}
	slices.Sort(out)
	return out
}

// monthOf names the calendar month of a time, UTC.
func monthOf(at clock.Time) string { return at.Std().Format("2006-01") }

// portion is n of whole as a decimal, empty when the whole is nothing.
func portion(n, whole int64) string {
	if whole == 0 {
		return ""
	}
	return decimal(float64(n) / float64(whole))
}

// decimal writes a share with four digits.
func decimal(x float64) string { return strconv.FormatFloat(x, 'f', 4, 64) }
