package engine

import (
	"cmp"
	"math"
	"strconv"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/signal"
)

// What a condition looked at, as people say it: the evidence of rules that are conditions.

// inWords says a value of signalVars: money.months of 6.009 is "has paid for 6 months".
func inWords(name string, v any, c *catalog.Catalog, currency money.Currency) string {
	is, ok := sayable(v)
	if !ok {
		return ""
	}
	of, rest, _ := strings.Cut(name, ".")
	if v == nil {
		return lastPart(name) + " is not known"
	}
	yes, _ := v.(bool)
	switch name {
	case "account.stage":
		return is
	case "account.plan":
		if p := c.Plans[is]; p != nil {
			is = cmp.Or(p.Title, is)
		}
		return "on " + is
	case "account.age_days":
		return "with us for " + amountOf(is, "day")
	case "money.interval":
		if is == "" {
			return "pays nothing"
		}
		return "pays by the " + is
	case "money.months":
		return "has paid for " + amountOf(is, "month")
	case "money.mrr", "account.mrr":
		return strings.Join(strings.Fields("pays "+is+" "+string(currency)+" a month"), " ")
	case "money.overdue":
		return either(yes, "a payment is overdue", "no payment is overdue")
	case "people.count":
		return either(is == "1", "1 person", is+" people")
	case "people.active":
		return either(is == "1", "1 active person", is+" active people")
	case "people.admins":
		return amountOf(is, "admin")
	case "people.outside":
		return either(is == "1", "1 person", is+" people") + " outside the plan"
	case "people.champions":
		return amountOf(is, "champion")
	case "time.days_to_renewal":
		return "renews in " + amountOf(is, "day")
	case "time.days_to_trial_end":
		return "the trial ends in " + amountOf(is, "day")
	case "time.days_since_change":
		return "changed " + amountOf(is, "day") + " ago"
	case "survey.nps":
		return "would recommend us: " + is + " of 10"
	}
	switch of {
	case "milestones":
		title := rest
		if m := c.Milestones[rest]; m != nil {
			title = cmp.Or(m.Title, lastPart(rest))
		}
		return either(yes, "has reached ", "has not reached ") + signal.Inside(title)
	case "signals":
		title := lastPart(rest)
		if r := c.Signals[rest]; r != nil && r.Title != rest {
			title = r.Title
		}
		return signal.Inside(title) + ": " + either(is == "0", "not alive", "score "+is)
	case "usage":
		key, what, _ := strings.Cut(rest, ".")
		title := lastPart(key)
		if f := c.Features[key]; f != nil {
			title = cmp.Or(f.Title, title)
		}
		switch what {
		case "used":
			return is + " " + signal.Inside(title) + " used"
		case "limit":
			return "a limit of " + is + " " + signal.Inside(title)
		case "percent":
			return is + "% of " + signal.Inside(title) + " used"
		case "remaining":
			return is + " " + signal.Inside(title) + " left"
		case "unlimited":
			return either(yes, "no limit of ", "a limit of ") + signal.Inside(title)
		}
	}
	if _, isBool := v.(bool); isBool {
		return lastPart(name) + ": " + either(yes, "yes", "no")
	}
	return lastPart(name) + ": " + is
}

func either(yes bool, one, other string) string {
	if yes {
		return one
	}
	return other
}

// amountOf writes "1 day", "6 days".
func amountOf(number, unit string) string {
	return number + " " + unit + either(number == "1", "", "s")
}

// lastPart is the last part of a name in words: account.traits.team_size is "team size".
func lastPart(name string) string {
	return strings.ReplaceAll(name[strings.LastIndexByte(name, '.')+1:], "_", " ")
}

// sayable writes a value for people, numbers to one place; false for what is no single value.
func sayable(v any) (string, bool) {
	switch v := v.(type) {
	case float64:
		return signal.Grouped(strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64)), true
	case string:
		return v, true
	}
	return words(v)
}
