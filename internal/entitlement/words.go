package entitlement

import (
	"strings"
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/quantity"
)

// sentence gives the reason of an answer in plain words.
func sentence(in Input, f *catalog.Feature, a *Answer, q quantity.Quantity, g *Given) string {
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
	case NotEligible:
		return title + " is not part of " + planTitle(in) + ", and what would give it is not sold to this account."
	case PartLocked:
		return title + " is a part of " + titleOf(in.Catalog.Features[f.PartOf]) + ", which is locked."
	case Overridden, Included, OnTrial, Granted:
		if !f.Counted() || a.Unlimited || a.Limit == nil || !g.Allowed && g.override != nil {
			return simply(in, f, a, g)
		}
	}
	s := title + ": " + number(*a.Usage) + " of " + number(*a.Limit) + " used"
	if a.Reserved > 0 {
		s += ", " + number(a.Reserved) + " reserved"
	}
	switch {
	case a.Reason == LimitReached && *a.Remaining > 0:
		s += "; " + number(q) + " more are asked for and " + number(*a.Remaining) + " left, " + number(a.Shortfall) + " too few"
	case a.Reason == LimitReached:
		s += ", none left"
	case *a.Usage > *a.Limit:
		s += ", " + number(*a.Usage-*a.Limit) + " above the limit"
	case a.Reason == WithinLimit, a.Reason == Granted, a.Reason == OnTrial:
		s += ", " + number(*a.Remaining) + " left"
	}
	if q > 0 && (a.Reason == Overage || a.Reason == InGrace) {
		s += "; " + number(q) + " more pass the limit"
	}
	switch {
	case a.Reason == Overage && a.Overage != nil:
		s += a.Overage.words()
	case a.Reason == InGrace && a.Grace != nil:
		s += "; its grace has " + number(*a.Grace) + " left"
	}
	if a.GraceEndsAt != 0 && a.Reason == InGrace {
		s += " until " + in.local(a.GraceEndsAt).Format("2 Jan 2006 15:04 MST")
	}
	if a.Reason == OnTrial && a.TrialEndsAt != 0 {
		s += "; a part of it is tried until " + in.local(a.TrialEndsAt).Format("2 Jan 2006 15:04 MST")
	}
	if a.ResetsAt != 0 {
		s += in.anew(g.Per, a.ResetsAt)
	}
	return s + "."
}

// words is what a sentence says of the price.
func (o *OverageCost) words() string {
	return "; above it each started " + number(o.Unit) + " costs " + o.Price.String()
}

// simply says why there is no limit that decides.
func simply(in Input, f *catalog.Feature, a *Answer, g *Given) string {
	title, used := titleOf(f), ""
	if a.Usage != nil && a.Unlimited {
		used = ", " + number(*a.Usage) + " used"
	}
	if a.Value != "" {
		title += ": " + a.Value
	}
	until := ""
	switch {
	case g.override != nil && g.override.Until != 0:
		until = " until " + in.local(g.override.Until).Format("2 Jan 2006 15:04 MST")
	case a.Reason == OnTrial && a.TrialEndsAt != 0:
		until = " until " + in.local(a.TrialEndsAt).Format("2 Jan 2006 15:04 MST")
	}
	switch {
	case a.Reason == Overridden && !g.Allowed:
		return title + " is locked by an override" + until + "."
	case a.Reason == Overridden && a.Unlimited:
		return title + ": no limit by an override" + until + used + "."
	case a.Reason == Overridden && a.Value != "":
		return title + " by an override" + until + "."
	case a.Reason == Overridden:
		return title + " is open by an override" + until + "."
	case a.Reason == OnTrial && a.Unlimited:
		return title + ": no limit in a trial" + until + used + "."
	case a.Reason == OnTrial:
		return title + " is being tried" + until + "."
	case a.Reason == Granted:
		return title + " is granted to this account."
	case a.Unlimited:
		return title + ": no limit in " + planTitle(in) + used + "."
	case a.Value != "":
		return title + " in " + planTitle(in) + "."
	}
	return title + " is included in " + planTitle(in) + "."
}

// amount says what is given: "50 Speakers", "20 more Sponsor tiers", "1,000 Emails a month".
func amount(f *catalog.Feature, g Given, more string) string {
	title := titleOf(f)
	switch {
	case f.Kind == catalog.Valued:
		return title + ": " + g.Value
	case !f.Counted():
		return title
	case g.Unlimited:
		return title + " without a limit"
	}
	s := number(g.Limit) + " " + more + title
	if g.Per != catalog.Lifetime {
		s += " " + g.Per.Words()
	}
	if g.passable() {
		s += ", and more"
		if g.Overage != nil {
			s += " at a price"
		}
	}
	return s
}

// planTitle names the account's plan, by its key when the catalog no longer has it.
func planTitle(in Input) string {
	if in.Subscription == nil {
		return "nothing"
	}
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
	local := in.local(at)
	if _, rolling := per.Rolling(); rolling {
		return "; the oldest of it no longer counts from " + local.Format("2 Jan 2006 15:04 MST")
	}
	if per == catalog.Hour || per == catalog.Day {
		return "; starts anew at " + local.Format("2 Jan 2006 15:04 MST")
	}
	return "; starts anew on " + local.Format("2 Jan 2006")
}

// local is a time by the account's clocks.
func (in *Input) local(at clock.Time) time.Time {
	if in.Zone == nil {
		return at.Std()
	}
	return at.Std().In(in.Zone)
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
