package engine

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/condition"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/meter"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/signal"
	"github.com/headroomhq/headroom/internal/subscription"
)

// context is what rules are told with every fact.
func (s *State) context(a *Account, user string, c *catalog.Catalog) signal.Context {
	out := signal.Context{Account: a.key, User: user, Now: s.Now, ID: a.ids()}
	if s.asking(c) {
		out.Holds = s.judge(a, c)
	}
	return out
}

// asking says whether any live rule asks for a condition besides what it notices.
func (s *State) asking(c *catalog.Catalog) bool {
	if s.asks.of != c {
		s.asks.of, s.asks.any = c, false
		for _, r := range c.Signals {
			s.asks.any = s.asks.any || r.When.And != nil && !r.Retired()
		}
	}
	return s.asks.any
}

// asks remembers asking for one catalog.
type asks struct {
	of  *catalog.Catalog
	any bool
}

// judge returns what judges the further conditions of rules; their values are found when the first
// is asked for. One that cannot be judged does not hold, and is a problem of the account.
func (s *State) judge(a *Account, c *catalog.Catalog) func(*catalog.Signal, *condition.Condition) bool {
	var vars map[string]any
	return func(r *catalog.Signal, cond *condition.Condition) bool {
		if vars == nil {
			vars = a.signalVars(c, s.Now)
		}
		yes, err := cond.Eval(vars)
		if err != nil {
			a.problem("signal " + r.Key + ": " + err.Error())
		}
		return err == nil && yes
	}
}

// signalVars are what the conditions of signals and of readiness see of the account at now; see
// condition.ForSignal. What costs something is a function, called when it is looked at.
func (a *Account) signalVars(c *catalog.Catalog, now clock.Time) map[string]any {
	known := func() map[string]any {
		known := a.Vars("", "", "")["account"].(map[string]any)
		known["age_days"], known["stage"] = days(now.Sub(a.startedAt())), string(a.Stage(c, now))
		return known
	}
	usage := func() map[string]any {
		usage, in := make(map[string]any), a.Input(c, now)
		for key, f := range c.Features {
			if f.Counted() {
				usage[key] = once(func() map[string]any { return a.usageVars(in, f) })
			}
		}
		return usage
	}
	milestones := make(map[string]any, len(c.Milestones))
	for key := range c.Milestones {
		milestones[key] = a.reached(key)
	}
	alive := make(map[string]any)
	for i := range a.Signals.Live {
		if sig := &a.Signals.Live[i]; sig.DecaysAt > now {
			alive[sig.Key] = signal.ScoreAt(sig, now)
		}
	}
	return map[string]any{
		"account": once(known), "usage": once(usage), "milestones": milestones, "signals": alive,
		"facts":  a.Known.Vars(now),
		"people": once(func() map[string]any { return a.peopleVars(now) }),
		"money":  once(func() map[string]any { return a.moneyVars(now) }),
		"time":   once(func() map[string]any { return a.timeVars(c, now) }),
		"survey": a.surveyVars(now),
	}
}

// once returns what makes values when they are first asked for.
func once(make func() map[string]any) func() map[string]any {
	var made map[string]any
	return func() map[string]any {
		if made == nil {
			made = make()
		}
		return made
	}
}

func (a *Account) usageVars(in entitlement.Input, f *catalog.Feature) map[string]any {
	given, limit := entitlement.Standing(in, f.Key)
	used := meter.Value(a.Usage[f.Meter], in.Catalog.Meters[f.Meter], given.Per, a.calendar(in.Catalog), in.Now)
	out := map[string]any{"used": units(used), "unlimited": given.Unlimited}
	if given.Allowed && !given.Unlimited {
		out["limit"], out["remaining"] = units(limit), units(max(limit-used, 0))
		if limit > 0 {
			out["percent"] = units(used) * 100 / units(limit)
		}
	}
	return out
}

func units(q quantity.Quantity) float64 { return float64(q) / float64(quantity.One) }

func (a *Account) peopleVars(now clock.Time) map[string]any {
	sum := a.people(now)
	profiles := make(map[string]any, len(sum.Profiles))
	for profile, n := range sum.Profiles {
		profiles[profile] = n
	}
	return map[string]any{
		"count": sum.Count, "admins": sum.Admins, "active": sum.Active, "outside": a.Outside, "champions": sum.Champions, "profiles": profiles,
	}
}

func (a *Account) moneyVars(now clock.Time) map[string]any {
	overdue, is := a.Known.Get(account.FactOverdue, now)
	out := map[string]any{"mrr": major(int64(a.Ledger.MRR.Round()), a.Ledger.Currency), "interval": string(a.Subscription.Interval), "overdue": is && overdue.Value == true, "months": 0}
	if since := a.Subscription.PaidSince; since != 0 && since < now {
		out["months"] = days(now.Sub(since)) * 12 / 365.25
	}
	return out
}

// major is an amount in whole units of a currency.
func major(minor int64, in money.Currency) float64 {
	v := float64(minor)
	for range in.Exponent() {
		v /= 10
	}
	return v
}

func (a *Account) timeVars(c *catalog.Catalog, now clock.Time) map[string]any {
	local := now.Std().In(a.zone(c))
	weekday := int(local.Weekday()) // Monday is 1
	if weekday == 0 {
		weekday = 7
	}
	out := map[string]any{"day_of_month": local.Day(), "weekday": weekday}
	if at := a.renewal(c, now).At; at > now && a.Subscription.Status == subscription.Active {
		out["days_to_renewal"] = days(at.Sub(now))
	}
	if _, ends := a.planTrial(); ends > now {
		out["days_to_trial_end"] = days(ends.Sub(now))
	}
	if at := a.Subscription.ChangedAt; at != 0 && at <= now {
		out["days_since_change"] = days(now.Sub(at))
	}
	return out
}

func days(d time.Duration) float64 { return float64(d) / float64(24*time.Hour) }

func (a *Account) surveyVars(clock.Time) map[string]any {
	out := map[string]any{}
	if s := a.Surveys; s != nil && s.NPS != nil {
		out["nps"] = float64(s.NPS.Score)
	}
	if s := a.Surveys; s != nil && s.CSAT != nil {
		out["csat"] = float64(s.CSAT.Score)
	}
	return out
}

// looked tells what a condition looked at, in words, in the order of names.
func looked(names []string, vars map[string]any, c *catalog.Catalog, currency money.Currency) []signal.Value {
	var out []signal.Value
	for _, name := range names {
		var at any = vars
		for part := range strings.SplitSeq(name, ".") {
			if lazy, is := at.(func() map[string]any); is {
				at = lazy()
			}
			m, _ := at.(map[string]any)
			at = m[part]
		}
		if is, ok := words(at); ok {
			out = append(out, signal.Value{Name: name, Is: is, Said: inWords(name, at, c, currency)})
		}
	}
	return out
}

// words writes a value of a condition; false for what is no single value.
func words(v any) (string, bool) {
	switch v := v.(type) {
	case nil:
		return "not known", true
	case float64:
		return signal.Grouped(strconv.FormatFloat(v, 'f', -1, 64)), true
	case int:
		return signal.Grouped(strconv.Itoa(v)), true
	case string:
		return strconv.Quote(v), true
	case bool:
		return strconv.FormatBool(v), true
	case map[string]any, func() map[string]any:
		return "", false
	}
	return fmt.Sprint(v), true
}
