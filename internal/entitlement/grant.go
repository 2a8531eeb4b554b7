package entitlement

import (
	"cmp"
	"slices"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// AddGrant gives the account a grant and returns it as it stands then, with what it was
// burned at once: usage that passes the allowance of now is drawn from it. id makes an id from
// a number.
func AddGrant(in Input, g Grant, id func(n int64) string) (Grant, error) {
	f := in.Catalog.Features[g.Feature]
	if err := grantable(f, &g, in.Now); err != nil {
		return Grant{}, err
	}
	st := in.State
	if len(st.Grants) >= MaxGrants {
		return Grant{}, fault.New(fault.Conflict, "too_many_grants", "the account has %d grants that are not used up, the most there can be", len(st.Grants)).
			WithMend("revoke some, or give fewer and larger ones")
	}
	st.Granted++
	g.ID, g.GrantedAt = id(st.Granted), in.Now
	Lapse(in, f)
	st.Grants = append(st.Grants, g)
	Lapse(in, f)
	Settle(in, f)
	return st.Grants[len(st.Grants)-1], nil
}

// grantable says what is wrong with a grant.
func grantable(f *catalog.Feature, g *Grant, now clock.Time) error {
	invalid := func(message, mend string) error {
		return fault.New(fault.Invalid, "grant_invalid", "%s %s", g.Feature, message).WithMend("%s", mend).
			WithField("/quantity", g.Amount.String(), message)
	}
	switch {
	case f == nil:
		return unknownFeature(g.Feature)
	case f.Kind == catalog.Valued:
		return invalid("has a value, of which nothing can be granted", "set an override with the value instead")
	case f.Kind == catalog.Boolean && g.Amount != 0:
		return invalid("is on or off, so there is no quantity of it", "leave quantity out")
	case f.Counted() && g.Amount <= 0:
		return fault.New(fault.Invalid, "quantity_invalid", "quantity %s cannot be granted", g.Amount).
			WithMend("use a number above 0").WithField("/quantity", g.Amount.String(), "want a number above 0")
	case g.Priority < 0 || g.Priority > 100:
		return fault.New(fault.Invalid, "priority_invalid", "priority %d is not between 0 and 100", g.Priority).
			WithMend("use 0 (used first) to 100 (used last), or leave it out for %d", DefaultPriority).WithField("/priority", "", "must be 0 to 100")
	case g.ExpiresAt != 0 && g.ExpiresAt <= now:
		return expiresInPast("expires_at", g.ExpiresAt, now)
	case len(g.Reason) > maxReason:
		return tooLong("reason", g.Reason)
	}
	return nil
}

// Revoke takes back what is left of a grant; what was used of it stays used.
func Revoke(in Input, id string) (Grant, error) {
	st := in.State
	i := slices.IndexFunc(st.Grants, func(g Grant) bool { return g.ID == id })
	if i < 0 {
		return Grant{}, fault.New(fault.NotFound, "grant_not_found", "the account has no grant %q, or it is used up, expired or revoked", fault.Shorten(id)).
			WithMend("list those there are with GET /v1/accounts/{account}/grants")
	}
	st.Grants[i].RevokedAt = in.Now
	g := st.Grants[i]
	if f := in.Catalog.Features[g.Feature]; f != nil {
		Lapse(in, f)
	} else {
		st.tidy(in.Now)
	}
	return g, nil
}

// Needs says whether the account could not do without some grants: one is over, something of it
// is used or reserved, it holds usage of a level that would be above its limit without them,
// or nothing else gives a feature that is on or off, of which nobody counts whether it is used.
// What was used and given back again is not.
func Needs(in Input, ids []string) bool {
	rest := *in.State
	rest.Grants = slices.DeleteFunc(slices.Clone(rest.Grants), func(g Grant) bool { return slices.Contains(ids, g.ID) })
	if len(rest.Grants)+len(ids) > len(in.State.Grants) {
		return true // one of them is over
	}
	in.Subscription = current(in)
	without := in
	without.State = &rest
	for i := range in.State.Grants {
		g := &in.State.Grants[i]
		f := in.Catalog.Features[g.Feature]
		switch {
		case !slices.Contains(ids, g.ID) || f == nil && g.Used == 0 && g.RevokedAt == 0:
		case g.Used > 0 || g.RevokedAt != 0, !f.Counted() && in.has(f, 0) && !without.has(f, 0):
			return true
		case in.isLevel(f):
			if a, _ := answer(&without, f.Key, 0); a.Limit != nil && a.Usage.Add(a.Reserved) > *a.Limit {
				return true
			}
		}
	}
	return false
}

// TopUp returns the grants that n of an add-on bought once give: of each counted feature so
// much, and each feature that is on or off opened.
func TopUp(a *catalog.Addon, n int64, now clock.Time) []Grant {
	var out []Grant
	for _, key := range sortedKeys(a.Entitlements) {
		e := a.Entitlements[key]
		g := Grant{Feature: key, Amount: multiple(e.Limit, n), Priority: DefaultPriority, GrantedAt: now, Source: FromTopUp + a.Key}
		if a.Expires > 0 {
			g.ExpiresAt = now + clock.Time(a.Expires.Microseconds())
		}
		if g.Amount > 0 || e.Allowed {
			out = append(out, g)
		}
	}
	return out
}

// Track keeps when what is left of each allowance next rolls over: at the end of the period
// of now, as far as the features roll over at all. Call it whenever the subscription may be
// another. It says whether the state is another now.
func Track(in Input) bool {
	st, changed := in.State, false
	if len(st.RollsAt) == 0 && !in.anyRolls() {
		return false
	}
	for _, key := range sortedKeys(in.Catalog.Features) {
		f := in.Catalog.Features[key]
		var ends clock.Time
		if g, rolls := in.rolling(f); rolls {
			ends = in.resetsAt(f, g.Per)
		}
		if st.RollsAt[key] == ends {
			continue
		}
		changed = true
		if ends == 0 {
			delete(st.RollsAt, key)
			continue
		}
		if st.RollsAt == nil {
			st.RollsAt = make(map[string]clock.Time)
		}
		st.RollsAt[key] = ends
	}
	for _, key := range sortedKeys(st.RollsAt) {
		if in.Catalog.Features[key] == nil {
			delete(st.RollsAt, key)
			changed = true
		}
	}
	return changed
}

// anyRolls says whether anything that was bought rolls over.
func (in *Input) anyRolls() bool {
	rolls := func(all map[string]*catalog.Entitlement) bool {
		for _, e := range all {
			if e.Rollover != nil {
				return true
			}
		}
		return false
	}
	sub := in.Subscription
	if sub == nil || !sub.Live() {
		return false
	}
	if p := in.Catalog.PlanOf(sub.Plan, sub.PlanVersion); p != nil && rolls(p.Entitlements) {
		return true
	}
	return slices.ContainsFunc(sub.Addons, func(line subscription.AddonLine) bool {
		a := in.Catalog.Addons[line.Key]
		return a != nil && rolls(a.Entitlements)
	})
}

// rolling returns what gives f an allowance of the calendar that rolls over.
func (in *Input) rolling(f *catalog.Feature) (Given, bool) {
	if !f.Counted() {
		return Given{}, false
	}
	for _, g := range in.givens(f) {
		if _, rolls := g.Per.Rolling(); g.rolls > 0 && g.Per != catalog.Lifetime && !rolls {
			return g, true
		}
	}
	return Given{}, false
}

// Roll turns what is left of the allowances of periods that are over at in.Now into grants.
// in.Subscription is as it was until then. It returns the features it did so for.
func Roll(in Input, id func(n int64) string) []string {
	st := in.State
	var rolled []string
	for _, key := range sortedKeys(st.RollsAt) {
		at := st.RollsAt[key]
		f := in.Catalog.Features[key]
		if at > in.Now {
			continue
		}
		delete(st.RollsAt, key)
		if f == nil {
			continue
		}
		was := in
		was.Now = at - 1
		g, rolls := was.rolling(f)
		if !rolls {
			continue
		}
		left := min(g.Limit-was.used(f, g.Per), g.rolls)
		if !g.rollFree {
			left = min(left, g.rollCap-st.rolledOver(key, in.Now))
		}
		if left <= 0 {
			continue
		}
		grant := Grant{Feature: key, Amount: left, Priority: DefaultPriority, GrantedAt: at, Source: FromRollover}
		if grant.ExpiresAt = at + g.rollFor; g.rollFor == 0 {
			next := in
			next.Now = at
			grant.ExpiresAt = next.resetsAt(f, g.Per)
		}
		if st.roll(grant, id, in.Now) {
			rolled = append(rolled, key)
		}
	}
	return rolled
}

// rolledOver is what is left of all that rolled over.
func (st *State) rolledOver(feature string, now clock.Time) quantity.Quantity {
	var sum quantity.Quantity
	for i := range st.Grants {
		if g := &st.Grants[i]; g.Feature == feature && g.Source == FromRollover && g.live(now, true) {
			sum = sum.Add(g.left())
		}
	}
	return sum
}

// maxRolled bounds how many rollovers of a feature are kept apart.
const maxRolled = 24

// roll keeps a rollover; when there are many of the feature already, together with the newest.
func (st *State) roll(g Grant, id func(n int64) string, now clock.Time) bool {
	if g.ExpiresAt <= now {
		return false // the clock went over all of its life at once
	}
	last, n := -1, 0
	for i := range st.Grants {
		if was := &st.Grants[i]; was.Feature == g.Feature && was.Source == FromRollover && was.live(now, true) {
			last = i
			n++
		}
	}
	if last >= 0 && (n >= maxRolled || len(st.Grants) >= MaxGrants) {
		st.Grants[last].Amount = st.Grants[last].Amount.Add(g.Amount)
		st.Grants[last].ExpiresAt = max(st.Grants[last].ExpiresAt, g.ExpiresAt)
		return true
	}
	if len(st.Grants) >= MaxGrants {
		return false
	}
	st.Granted++
	g.ID = id(st.Granted)
	st.Grants = append(st.Grants, g)
	return true
}

// Rolled says whether anything rolled over at that moment.
func (st *State) Rolled(at clock.Time) bool {
	return slices.ContainsFunc(st.Grants, func(g Grant) bool { return g.Source == FromRollover && g.GrantedAt == at })
}

// NextDue returns when time next changes the state: something expires or rolls over; unset when nothing does.
func (st *State) NextDue() clock.Time {
	var due clock.Time
	earlier := func(t clock.Time) {
		if t != 0 && (due == 0 || t < due) {
			due = t
		}
	}
	for i := range st.Grants {
		if g := &st.Grants[i]; g.ExpiresAt != 0 && g.RevokedAt == 0 && (g.left() > 0 || g.Amount == 0) && !g.Gone {
			earlier(g.ExpiresAt)
		}
	}
	for i := range st.Overrides {
		earlier(st.Overrides[i].Until)
	}
	for i := range st.Reservations {
		earlier(st.Reservations[i].ExpiresAt)
	}
	for _, t := range st.RollsAt {
		earlier(t)
	}
	for _, d := range st.Drawn {
		earlier(d.Until)
	}
	return due
}

// Expire does what is due at in.Now: grants, overrides and reservations that are over, and
// what was drawn in windows that are. It says whether the state is another now; the caller
// settles the features then.
func Expire(in Input) bool {
	st, changed := in.State, false
	over := func(t clock.Time) bool { return t != 0 && t <= in.Now }
	for i := range st.Grants {
		if g := &st.Grants[i]; over(g.ExpiresAt) && !g.Gone {
			g.Gone, changed = true, true
		}
	}
	before := len(st.Overrides)
	st.Overrides = slices.DeleteFunc(st.Overrides, func(o Override) bool { return over(o.Until) })
	changed = changed || len(st.Overrides) != before
	for _, key := range sortedKeys(st.Drawn) {
		if d := st.Drawn[key]; d.over(in.Now) {
			changed = true
			if f := in.Catalog.Features[key]; f != nil && f.Counted() && !in.isLevel(f) {
				Lapse(in, f)
				Settle(in, f)
				continue
			}
			st.final(key)
		}
	}
	for i := 0; i < len(st.Reservations); {
		r := st.Reservations[i]
		if !over(r.ExpiresAt) {
			i++
			continue
		}
		changed = true
		in.free(i, Expired)
	}
	return changed
}

// eachOf does something to all that is counted by the meter of a feature: usage and
// reservations of one are those of all.
func (in *Input) eachOf(feature string, do func(in Input, f *catalog.Feature) bool) {
	f := in.Catalog.Features[feature]
	if f == nil || !f.Counted() {
		return
	}
	for _, f := range in.Catalog.FeaturesOf(f.Meter) {
		if Settles(*in, f) {
			do(*in, f)
		}
	}
}

// SettleAll brings the grants of all features in line with limits that may be others now.
func SettleAll(in Input) bool {
	st := in.State
	if len(st.Grants) == 0 && len(st.Over) == 0 && len(st.Base) == 0 {
		return false
	}
	features := make(map[string]bool, len(st.Grants))
	for i := range st.Grants {
		features[st.Grants[i].Feature] = true
	}
	for key := range st.Over {
		features[key] = true
	}
	for key := range st.Base {
		features[key] = true
	}
	changed := false
	for _, key := range sortedKeys(features) {
		if f := in.Catalog.Features[key]; f != nil && f.Counted() {
			changed = Lapse(in, f) || changed
			changed = Settle(in, f) || changed
		}
	}
	return st.tidy(in.Now) || changed
}

// Listed returns the grants that are live, then the newest that are over, each the newest first.
func (st *State) Listed() []Grant {
	out := make([]Grant, 0, len(st.Grants)+len(st.Past))
	out = append(append(out, st.Past...), st.Grants...)
	slices.Reverse(out)
	slices.SortStableFunc(out, func(a, b Grant) int { return cmp.Compare(b2i(a.over()), b2i(b.over())) })
	return out
}

func (g *Grant) over() bool {
	return g.RevokedAt != 0 || g.Gone || g.Amount > 0 && g.left() == 0
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
