package signal

import (
	"fmt"
	"strconv"
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
)

// What the calendar and the contract bring: plan fit, price against value, renewals, trials that
// ended.

// Fit is what a review of an account's plan against what it used in a month came to.
type Fit struct {
	Month clock.Time // its beginning; unset: there is nothing to review
	// Plan is the plan that would fit better, empty when the account's own does.
	Plan   string
	Title  string // of it
	Higher bool   // it gives more than the account's own
	Words  string // what was used and what that would cost: "Used 6 of 50 speakers in October: Starter holds that for …"
	Data   map[string]string
	// Gap is how far the account's own plan is off: percent of its limit used of the feature that
	// speaks most for another plan.
	Gap int64
}

// OnFit fires a rule on a plan that would fit better, lower or higher; the same one again only
// when another or none fitted in between.
func OnFit(st *State, r *catalog.Signal, in Fit, c Context) []Signal {
	if r.State == retired || r.When.Fit == "" || in.Month == 0 {
		return nil
	}
	id := hashed64(in.Plan)
	for _, k := range st.about(r) {
		if k.of != id {
			st.forget(r, k.of) // there is at most one
			st.end(r)
			break
		}
	}
	so := in.Plan != "" && in.Higher == (r.When.Fit == "higher")
	return st.whileSo(r, id, so, c, func() (string, map[string]string, []Part) {
		parts := []Part{
			{Name: "plan fit", Points: 45 + int(min(in.Gap/20, 10)), Why: in.Title + " fits what was used"},
			{Name: "how pressing", Points: 10, Why: "it would pay less, and may find out by itself"},
		}
		if in.Higher {
			parts[1].Why = "it uses more than its plan holds"
		}
		return in.Words, in.Data, parts
	})
}

// Worth is what an account gained by a value metric in a month that is over, against what it
// paid.
type Worth struct {
	Metric string
	Title  string // of the metric
	Month  clock.Time
	State  string // above, below or in_band; empty: nothing to compare
	// Percent is the price of the worth, Low and High the band it should lie in.
	Percent   string
	Low, High int64
}

// OnValue fires a rule when what is paid has left the band of what it is worth, once until it has
// come back.
func OnValue(st *State, r *catalog.Signal, in Worth, c Context) []Signal {
	if r.State == retired || r.When.Value != in.Metric || in.State == "" {
		return nil
	}
	return st.whileSo(r, 0, in.State == r.When.Leaves, c, func() (string, map[string]string, []Part) {
		side, why := "above", "it may feel overcharged"
		if in.State == "below" {
			side, why = "below", "it gains much more than it pays for"
		}
		paid := "Paid " + in.Percent + "% of the worth"
		if in.Percent == "" {
			paid = "Paid and gained nothing"
		}
		evidence := fmt.Sprintf("%s of %s in %s, %s the band of %d to %d%%", paid, Inside(in.Title), in.Month.Std().Format("January"), side, in.Low, in.High)
		data := map[string]string{"metric": in.Metric, "percent": in.Percent, "state": in.State, "month": in.Month.String()}
		return evidence, data, []Part{
			{Name: "price to value", Points: 50, Why: side + " its band"},
			{Name: "how pressing", Points: 10, Why: why},
		}
	})
}

// Renewal is when a subscription renews next.
type Renewal struct {
	Plan   string // key
	Title  string // of the plan
	At     clock.Time
	Period time.Duration // of the subscription
	Price  string        // "1,490.00 USD"; empty: nothing is charged
}

// OnRenewal fires the rules on a renewal that is near, once for each. A subscription whose whole
// period is no longer than the rule looks ahead is never far from its renewal, and never near.
func OnRenewal(st *State, r *catalog.Signal, in Renewal, zone *time.Location, c Context) []Signal {
	w := &r.When
	if r.State == retired || w.RenewsIn <= 0 || in.At <= c.Now || in.Period <= w.RenewsIn || in.At.Add(-w.RenewsIn) > c.Now || st.Trials[r.Key] == in.At {
		return nil
	}
	left := in.At.Sub(c.Now)
	evidence := fmt.Sprintf("%s renews in %s, on %s", in.Title, Span(left), in.At.Std().In(zone).Format("2 January"))
	data := map[string]string{"plan": in.Plan, "renews_at": in.At.String()}
	if in.Price != "" {
		evidence += ", for " + in.Price
		data["price"] = in.Price
	}
	press := Part{Name: "how pressing", Points: 10, Why: Span(left) + " left"}
	if left <= 14*24*time.Hour {
		press.Points = 20
	}
	fired := fire(st, r, c, c.Now, evidence, data, []Part{{Name: "renewal", Points: 50, Why: "decides anew whether to go on"}, press})
	if fired != nil {
		put(&st.Trials, r.Key, in.At)
	}
	return fired
}

// Expired is a trial that ended with nothing bought.
type Expired struct {
	Of    string // the trial's id, or what was tried: plan:pro
	Title string
	At    clock.Time
}

// OnTrialExpired fires the rules on trials that ended without a purchase, once for each. One whose
// signal would have decayed fires nothing.
func OnTrialExpired(st *State, rules []*catalog.Signal, in Expired, c Context) []Signal {
	var out []Signal
	for _, r := range rules {
		id := hashed64(in.Of)
		if k := st.knows(r, id); r.State == retired || !r.When.TrialExpired || k != nil && k.at >= in.At || in.At.Add(life(r)) <= c.Now {
			continue
		}
		// What was tried is told apart: two trials may end at the same instant. Those that can no
		// longer fire need not be remembered.
		there := map[uint64]bool{id: true}
		for _, k := range st.about(r) {
			there[k.of] = k.of == id || k.at.Add(life(r)) > c.Now
		}
		st.forgetBut(r, there)
		k := st.remember(r, id)
		if k == nil {
			continue
		}
		k.at = in.At
		data := map[string]string{"trial": in.Of, "ended_at": in.At.String()}
		evidence := "The trial of " + in.Title + " ended and nothing was bought"
		out = append(out, fire(st, r, c, in.At, evidence, data, []Part{
			{Name: "trial", Points: 50, Why: "tried the product and did not buy it"},
			{Name: "how pressing", Points: 15, Why: "what it tried is still in mind"},
		})...)
	}
	return out
}

// PercentWords writes hundredths of a percent: 420 is "4.2".
func PercentWords(hundredths int64) string {
	whole, rest := hundredths/100, hundredths%100/10
	if rest == 0 {
		return Grouped(strconv.FormatInt(whole, 10))
	}
	return Grouped(strconv.FormatInt(whole, 10)) + "." + strconv.FormatInt(rest, 10)
}
