package headroom

import (
	"math"
	"slices"
	"strings"
	"time"
)

// units are millionths of a feature's unit: whole numbers add and compare exactly.
type units int64

const one units = 1_000_000

// unitsOf rounds to millionths; what is beyond 1e12 stays there.
func unitsOf(f float64) units {
	switch {
	case f >= 1e12:
		return 1e12 * one
	case f <= -1e12:
		return -1e12 * one
	}
	whole := math.Trunc(f)
	return units(whole)*one + units(math.Round((f-whole)*1e6))
}

// float is exact for whole numbers and for millionths below 9e9.
func (u units) float() float64 {
	if u%one == 0 {
		return float64(u / one)
	}
	return float64(u) / 1e6
}

// entry is what is known of one feature of one account, made ready for questions. It never
// changes: news make another.
type entry struct {
	item      *Item
	closed    bool // whatever is asked for: not in the plan, and the like
	open      bool // whatever is asked for: on, or without a limit
	soft      bool
	grace     units // how far above the limit it may go
	usage     units
	reserved  units // counts like usage
	limit     units
	remaining units
	resetsAt  time.Time
	reason    Reason // of a yes within the limit, or of a no that stands
	// until is when the entry stops being right by itself, in ns of server time: the
	// allowance starts anew, a trial or a grant ends. never when it does not.
	until int64
	// yes is the answer when so much is asked for that fits, whatever it is; fits is below
	// zero when nothing does.
	yes  Answer
	fits units
}

const never = math.MaxInt64

// counted says whether the feature is one of which there is so much.
func counted(k Kind) bool { return k == Metered || k == Seats }

// ready works out the answer that is given most.
func (e *entry) ready() *entry {
	e.fits = -1
	switch {
	case e.open:
		e.fits = 1e12 * one
	case !e.closed:
		e.fits = e.remaining
	}
	e.yes = e.answer(0, 0)
	return e
}

// entryOf makes an entry of what the server said.
func entryOf(i *Item) *entry {
	e := &entry{item: i, reason: i.Reason, soft: i.Soft, usage: unitsOf(value(i.Usage)), limit: unitsOf(value(i.Limit)),
		reserved:  unitsOf(i.Reserved),
		remaining: unitsOf(value(i.Remaining)), until: never}
	if i.Grace != nil {
		e.grace = unitsOf(*i.Grace)
	} else if i.Reason == InGrace { // bounded by its end alone
		e.grace = 1e12 * one
	}
	if i.ResetsAt != nil {
		e.resetsAt = *i.ResetsAt
		e.until = min(e.until, e.resetsAt.UnixNano())
	}
	if !i.TrialEndsAt.IsZero() {
		e.until = min(e.until, i.TrialEndsAt.Add(leeway).UnixNano())
	}
	if !i.GraceEndsAt.IsZero() {
		e.until = min(e.until, i.GraceEndsAt.UnixNano())
	}
	for _, s := range i.Sources {
		if s.ExpiresAt != nil {
			e.until = min(e.until, s.ExpiresAt.UnixNano())
		}
	}
	switch {
	case !counted(i.Kind):
		e.open, e.closed = i.Allowed, !i.Allowed
	case i.Unlimited:
		e.open = true
	case !i.Allowed && i.Reason != LimitReached:
		e.closed = true
	case i.Reason == LimitReached || i.Reason == Overage || i.Reason == InGrace:
		e.reason = WithinLimit // of what may come to fit
	}
	return e.ready()
}

// leeway is how long after the end of a trial the answer stays, so that the news of what
// comes after can arrive: most trials end in a subscription.
const leeway = time.Minute

// at returns the entry as it is when its until has passed and no news came: what an
// allowance has counted is gone, what was lent until then is taken back. Where the server
// would know more, this says less: no answer of it is a yes that the server did not give.
func (e *entry) at(now int64) *entry {
	next := *e
	i := e.item
	next.until = never
	again := func(t time.Time) {
		if n := t.UnixNano(); n > now {
			next.until = min(next.until, n)
		}
	}
	if i.ResetsAt != nil {
		again(*i.ResetsAt)
	}
	if !i.TrialEndsAt.IsZero() {
		if end := i.TrialEndsAt.Add(leeway); end.UnixNano() > now {
			again(end)
		} else if lent(i, now) {
			next.shut(TrialExpired)
			return next.ready()
		}
	}
	if !i.GraceEndsAt.IsZero() {
		if again(i.GraceEndsAt); i.GraceEndsAt.UnixNano() <= now {
			next.grace = 0
		}
	}
	taken := units(0)
	for _, s := range i.Sources {
		if s.ExpiresAt == nil {
			continue
		}
		if again(*s.ExpiresAt); s.ExpiresAt.UnixNano() <= now {
			taken += unitsOf(value(s.Limit) + value(s.Balance))
		}
	}
	if over(i, now) {
		next.shut(NotInPlan)
		return next.ready()
	}
	if !counted(i.Kind) {
		return next.ready()
	}
	if i.ResetsAt != nil && i.ResetsAt.UnixNano() <= now && !i.Rolling {
		next.usage, next.limit = 0, min(e.limit, anew(i, now))
		next.remaining = max(next.limit-e.reserved, 0)
		next.resetsAt = time.Time{} // the one after it is not known
		return next.ready()
	}
	next.limit = max(e.limit-taken, 0)
	next.remaining = max(e.remaining-taken, 0)
	return next.ready()
}

func (e *entry) shut(r Reason) { e.open, e.closed, e.reason = false, true, r }

// lent says whether nothing but trials that are over gives the feature.
func lent(i *Item, now int64) bool {
	return !slices.ContainsFunc(i.Sources, func(s Source) bool {
		return s.ExpiresAt == nil && !strings.HasPrefix(s.Source, "trial:") && !strings.HasPrefix(s.Source, "plan:") ||
			s.ExpiresAt != nil && s.ExpiresAt.UnixNano() > now
	})
}

// over says whether everything that gave the feature has come to its end. An override that
// ends may leave anything behind it, so it closes too.
func over(i *Item, now int64) bool {
	if len(i.Sources) == 0 || !i.Allowed {
		return false
	}
	ended := 0
	for _, s := range i.Sources {
		if s.ExpiresAt != nil && s.ExpiresAt.UnixNano() <= now {
			if s.Source == "override" {
				return true
			}
			ended++
		}
	}
	return ended == len(i.Sources)
}

// anew is the limit of an allowance that has just begun: what was burned of grants stays
// burned.
func anew(i *Item, now int64) units {
	if len(i.Sources) == 0 {
		return unitsOf(value(i.Limit))
	}
	var sum units
	for _, s := range i.Sources {
		if s.ExpiresAt == nil || s.ExpiresAt.UnixNano() > now {
			if s.Balance != nil {
				sum += unitsOf(*s.Balance)
			} else {
				sum += unitsOf(value(s.Limit))
			}
		}
	}
	return sum
}

// answer says whether q may be used, when extra was used on top of what the entry knows.
func (e *entry) answer(q, extra units) Answer {
	a := Answer{Reason: e.reason, Soft: e.soft, Unlimited: e.item.Unlimited, Hidden: e.item.Hidden, ResetsAt: e.resetsAt,
		Value: e.item.Value, Item: e.item}
	switch {
	case e.open:
		a.Allowed = true
		a.Usage = (e.usage + extra).float()
		return a
	case e.item.Kind == Boolean || e.item.Kind == Value:
		return a
	}
	remaining := max(e.remaining-extra, 0)
	usage := e.usage + extra
	a.Usage, a.Limit, a.Remaining = usage.float(), e.limit.float(), remaining.float()
	switch {
	case e.closed:
		a.Shortfall = max(usage+e.reserved+q-e.limit, 0).float()
	case q == 0 || q <= remaining:
		a.Allowed = true
	case e.soft:
		a.Allowed, a.Reason = true, Overage
	case q <= e.remaining-extra+e.grace && e.grace > 0:
		a.Allowed, a.Reason = true, InGrace
	default:
		a.Reason = LimitReached
		a.Shortfall = max(usage+e.reserved+q-e.limit, 1).float()
	}
	return a
}
