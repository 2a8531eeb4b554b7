package entitlement

import (
	"strings"
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
)

// sentence gives the reason of an answer in plain words.
func sentence(in Input, f *catalog.Feature, a *Answer, q quantity.Quantity, g Given) string {
	title := titleOf(f)
	switch a.Reason {
	case NoSubscription:
		return "The account has no subscription, so " + title + " is locked."
	case TrialExpired:
		return "The trial of " + planTitle(in) + " expired on " + day(in.Subscription.TrialEndsAt) + ", so " + title + " is locked."
	case SubscriptionEnded:
		return "The subscription to " + planTitle(in) + " ended on " + day(in.Subscription.EndsAt) + ", so " + title + " is locked."
	case NotInPlan:
		return title + " is not part of " + planTitle(in) + "."
	case Included:
		if a.Unlimited {
			return title + ": no limit in " + planTitle(in) + ", " + number(*a.Usage) + " used."
		}
		return title + " is included in " + planTitle(in) + "."
	}
	s := title + ": " + number(*a.Usage) + " of " + number(*a.Limit) + " used"
	switch {
	case a.Reason == LimitReached && *a.Remaining > 0:
		s += "; " + number(q) + " more are asked for and " + number(*a.Remaining) + " left, " + number(a.Shortfall) + " too few"
	case a.Reason == LimitReached:
		s += ", none left"
	case *a.Usage > *a.Limit:
		s += ", " + number(*a.Usage-*a.Limit) + " above the limit"
	case a.Reason == WithinLimit:
		s += ", " + number(*a.Remaining) + " left"
	}
	if a.Reason == Overage {
		if q > 0 {
			s += "; " + number(q) + " more pass the limit"
		}
		s += "; above it each started " + number(g.Overage.Unit) + " costs " + money.Of(g.Overage.Price, in.Catalog.Currency).String()
	}
	if a.ResetsAt != 0 {
		s += in.anew(g.Per, a.ResetsAt)
	}
	return s + "."
}

// amount says what a grant gives: "50 Speakers", "20 more Sponsor tiers", "1,000 Emails a month".
func amount(f *catalog.Feature, g Given, more string) string {
	title := titleOf(f)
	switch {
	case f.Kind == catalog.Boolean:
		return title
	case g.Unlimited:
		return title + " without a limit"
	}
	s := number(g.Limit) + " " + more + title
	if g.Per != catalog.Lifetime {
		s += " " + g.Per.Words()
	}
	if g.Overage != nil {
		s += ", and more at a price"
	}
	return s
}

// planTitle names the account's plan, by its key when the catalog no longer has it.
func planTitle(in Input) string {
	key := in.Subscription.Plan
	if p := in.Catalog.Plans[key]; p != nil {
		return named(p.Title, key)
	}
	return key
}

func named(title, key string) string {
	if title == "" {
		return key
	}
	return title
}

// anew says when an allowance starts anew, by the account's clocks.
func (in *Input) anew(per catalog.Period, at clock.Time) string {
	zone := in.Zone
	if zone == nil {
		zone = time.UTC
	}
	local := at.Std().In(zone)
	if _, rolling := per.Rolling(); rolling {
		return "; the oldest of it no longer counts from " + local.Format("2 Jan 2006 15:04 MST")
	}
	if per == catalog.Hour || per == catalog.Day {
		return "; starts anew at " + local.Format("2 Jan 2006 15:04 MST")
	}
	return "; starts anew on " + local.Format("2 Jan 2006")
}

// day writes a day for people, in UTC.
func day(t clock.Time) string { return t.Std().Format("2 Jan 2006") }

// number writes a quantity with its thousands apart: "12,000.5".
func number(q quantity.Quantity) string {
	whole, rest, dotted := strings.Cut(q.String(), ".")
	sign := ""
	if whole[0] == '-' {
		sign, whole = "-", whole[1:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if dotted {
		whole += "." + rest
	}
	return sign + whole
}
