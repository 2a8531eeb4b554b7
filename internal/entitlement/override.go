package entitlement

import (
	"slices"
	"strconv"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/quantity"
)

// override returns the override of a feature that holds now, nil when there is none.
func (in *Input) override(feature string) *Override {
	if in.State == nil {
		return nil
	}
	for i := range in.State.Overrides {
		if o := &in.State.Overrides[i]; o.Feature == feature && (o.Until == 0 || in.Now < o.Until) {
			return o
		}
	}
	return nil
}

// overridden is what an override gives instead of everything else.
func (in *Input) overridden(f *catalog.Feature, o *Override) []Given {
	g := Given{Allowed: true, Source: "override", override: o, bought: true}
	if f.Counted() {
		g.Per = periodOf(in.Catalog, f)
		if p := in.Catalog.Plans; in.Subscription != nil && p[in.Subscription.Plan] != nil {
			x := gathering{cat: in.Catalog, sub: in.Subscription, f: f}
			if of := greatest(x.gather(nil)); of.Allowed {
				g.Per = of.Per
			}
		}
		if o.Per != nil {
			g.Per = *o.Per
		}
		if in.isLevel(f) {
			g.Per = catalog.Lifetime
		}
	}
	switch {
	case o.Allowed != nil:
		g.Allowed = *o.Allowed
	case o.Unlimited:
		g.Unlimited = true
	case o.Limit != nil:
		g.Limit = *o.Limit
	case o.Value != nil:
		g.Value = *o.Value
	}
	return []Given{g}
}

// SetOverride puts an override in place of the one there is of its feature.
func SetOverride(in Input, o Override) error {
	f := in.Catalog.Features[o.Feature]
	if f == nil {
		return unknownFeature(o.Feature)
	}
	set := 0
	for _, is := range []bool{o.Allowed != nil, o.Limit != nil, o.Unlimited, o.Value != nil} {
		if is {
			set++
		}
	}
	bad := func(field, message, mend string) error {
		return fault.New(fault.Invalid, "override_invalid", "the override of %s %s", f.Key, message).
			WithMend("%s", mend).WithField("/"+field, o.sent(field), message)
	}
	switch {
	case set != 1:
		return bad("feature", "must say exactly one of allowed, limit, unlimited and value", "send one of them")
	case o.Limit != nil && *o.Limit < 0:
		return fault.New(fault.Invalid, "quantity_invalid", "limit %s is below zero", *o.Limit).
			WithMend("use 0 or more").WithField("/limit", o.Limit.String(), "must be 0 or more")
	case (o.Limit != nil || o.Unlimited) && !f.Counted():
		return bad("limit", "has a limit, and the feature is not counted", "send allowed or value, as the feature's kind is "+string(f.Kind))
	case o.Value != nil && f.Kind != catalog.Valued:
		return bad("value", "has a value, and the feature is of kind "+string(f.Kind), "send allowed, limit or unlimited")
	case o.Value != nil && len(f.Values) > 0 && !slices.Contains(f.Values, *o.Value):
		return bad("value", "has a value that the catalog does not list, "+strconv.Quote(fault.Shorten(*o.Value)), "use "+strings.Join(f.Values, ", "))
	case o.Value != nil && (*o.Value == "" || len(*o.Value) > 64):
		return bad("value", "has an empty or too long value", "use a value of 1 to 64 bytes")
	case o.Value != nil && len(f.Values) == 0 && !isNumber(*o.Value):
		return bad("value", "has the value "+strconv.Quote(*o.Value)+", and the feature is a number", "use a number from 0 to 1e12, such as 25")
	case o.Allowed != nil && *o.Allowed && f.Kind != catalog.Boolean:
		return bad("allowed", "allows a feature without saying how much of it", "send limit, unlimited or value; allowed may be false to lock it")
	case o.Per != nil && o.Limit == nil:
		return bad("per", "has a period and no limit", "send limit with it, or leave per out")
	case o.Until != 0 && o.Until <= in.Now:
		return expiresInPast("until", o.Until, in.Now)
	case len(o.Reason) > maxReason:
		return tooLong("reason", o.Reason)
	}
	if o.Per != nil && *o.Per != catalog.Lifetime {
		if m := in.Catalog.Meters[f.Meter]; m == nil || !slices.ContainsFunc(m.Windows(), func(w catalog.Window) bool { return w.Per == *o.Per }) {
			return bad("per", "has a period that no plan gives the feature for", periodsMend(m))
		}
		if _, rolls := o.Per.Rolling(); rolls && f.Pooled {
			return bad("per", "has a rolling period, and a family shares the feature: what each account holds of it begins anew with a period", "use a period of the calendar, or leave per out")
		}
	}
	o.SetAt = in.Now
	st := in.State
	if i := slices.IndexFunc(st.Overrides, func(was Override) bool { return was.Feature == o.Feature }); i >= 0 {
		st.Overrides[i] = o
		return nil
	}
	if len(st.Overrides) >= MaxOverrides {
		return fault.New(fault.Conflict, "too_many_overrides", "the account has %d overrides, the most there can be", MaxOverrides).
			WithMend("clear one that is not needed")
	}
	st.Overrides = append(st.Overrides, o)
	slices.SortFunc(st.Overrides, func(a, b Override) int {
		if a.Feature < b.Feature {
			return -1
		}
		return 1
	})
	return nil
}

// isNumber says whether text is a value of a feature that is a number.
func isNumber(text string) bool {
	q, err := quantity.Parse(text)
	return err == nil && q >= 0
}

// sent is one of what the override was said to give, as text.
func (o *Override) sent(field string) string {
	switch {
	case field == "value" && o.Value != nil:
		return *o.Value
	case field == "limit" && o.Limit != nil:
		return o.Limit.String()
	case field == "limit" && o.Unlimited:
		return "unlimited"
	case field == "allowed" && o.Allowed != nil:
		return strconv.FormatBool(*o.Allowed)
	case field == "per" && o.Per != nil:
		return string(*o.Per)
	case field == "feature":
		return o.Feature
	}
	return ""
}

// periodsMend names the periods that a feature of m may have a limit for; m may be nil.
func periodsMend(m *catalog.Meter) string {
	words := []string{"lifetime"}
	if m != nil {
		for _, w := range m.Windows() {
			if w.Per != catalog.Lifetime && !slices.Contains(words, string(w.Per)) {
				words = append(words, string(w.Per))
			}
		}
	}
	return "use " + strings.Join(words, ", ") + ", which the catalog names for it, or leave per out"
}

// ClearOverride takes an override away and returns it.
func (st *State) ClearOverride(feature string) (Override, error) {
	i := slices.IndexFunc(st.Overrides, func(o Override) bool { return o.Feature == feature })
	if i < 0 {
		return Override{}, fault.New(fault.NotFound, "override_not_found", "the account has no override of %q", fault.Shorten(feature)).
			WithMend("list those there are with GET /v1/accounts/{account}/overrides")
	}
	o := st.Overrides[i]
	st.Overrides = slices.Delete(st.Overrides, i, i+1)
	return o, nil
}

// maxReason bounds the text that goes with a grant or an override.
const maxReason = 500

func tooLong(field, value string) error {
	return fault.New(fault.Invalid, "too_long", "%s has %d bytes, the most is %d", field, len(value), maxReason).
		WithMend("write it shorter").WithField("/"+field, fault.Shorten(value), "is too long")
}

func unknownFeature(feature string) error {
	return fault.New(fault.NotFound, "unknown_feature", "feature %q is not in the catalog", fault.Shorten(feature)).
		WithMend("use the key of a feature of the catalog").WithField("/feature", feature, "is not in the catalog")
}

func expiresInPast(field string, at, now clock.Time) error {
	return fault.New(fault.Invalid, "expires_in_past", "%s %s is not after now, %s", field, at, now).
		WithMend("use a later time, or leave it out").WithField("/"+field, at.String(), "must be after "+now.String())
}
