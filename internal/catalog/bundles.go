package catalog

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
)

// Bounds of bundles, which are worked out and so may grow beyond the text.
const (
	maxIncluded = 10_000  // of one part
	maxBundled  = 200_000 // entitlements of all bundles
)

var bundleFields = slices.Concat([]field[Addon]{
	{"title", func(r *reader, v value, a *Addon) { a.Title = r.text(v, maxTitle) }},
	{"includes", func(r *reader, v value, a *Addon) { a.Includes = r.includes(v) }},
	{"discount", func(r *reader, v value, a *Addon) { a.Discount = r.percent(v, 0, 100) }},
	{"price", func(r *reader, v value, a *Addon) { r.prices(v, &a.Price) }},
}, besideFields, offeredFields)

func newBundle(key string) *Addon {
	return &Addon{Key: key, Title: key, Kind: OfBundle, Entitlements: map[string]*Entitlement{}}
}

// includes reads [recordings, sponsors] or {recordings: 1, sponsors: 2}.
func (r *reader) includes(v value) map[string]int64 {
	parts := map[string]int64{}
	if v.kind() == "a map" {
		for _, e := range r.entries(v, "{recordings: 1}") {
			parts[e.key] = r.whole(e.value, maxIncluded)
		}
	} else {
		for _, key := range r.names(v, r.name) {
			parts[key] = 1
		}
	}
	return parts
}

// includedAt returns where a bundle names a part: by its key, or its place in the list.
func (r *reader) includedAt(path, key string) string {
	if _, isMap := r.c.positions[path+".includes."+key]; isMap {
		return path + ".includes." + key
	}
	return path + ".includes"
}

// bundles works out what bundles cost and give, from parts that are settled.
func (r *reader) bundles() {
	for _, b := range sorted(r.c.Addons) {
		path := b.path()
		if b.Kind != OfBundle || r.signs[path] == nil {
			continue
		}
		parts, ok := r.bundleParts(path, b)
		if !ok {
			continue
		}
		r.bundleGives(path, b, parts)
		r.bundleNeeds(path, b, parts)
		r.bundlePrice(path, b, parts)
	}
}

// bundleParts returns the parts of a bundle by key, false when they cannot be bundled.
func (r *reader) bundleParts(path string, b *Addon) ([]*Addon, bool) {
	if !r.has(path, "includes") {
		r.broken("missing", path, "", "write includes: [a, b], the add-ons it puts together", "the bundle includes nothing")
		return nil, false
	}
	var parts []*Addon
	for _, key := range slices.Sorted(maps.Keys(b.Includes)) {
		at := r.includedAt(path, key)
		part := r.c.Addons[key]
		switch {
		case part == nil && r.c.Plans[key] != nil:
			r.broken("unknown_reference", at, key, "let the bundle need the plan: needs: ["+key+"]", "%s is a plan, and a bundle puts add-ons together", key)
		case part == nil:
			refer(r, "addons", r.c.Addons, at, key)
		case part.Kind == OfBundle:
			r.broken("cycle", at, key, "name the add-ons that "+key+" includes", "%s is a bundle, and a bundle is put together from add-ons", key)
		case part.Retired && !b.Retired:
			r.broken("contradiction", at, key, "name another add-on, or retire the bundle", "%s is no longer sold", key)
		default:
			parts = append(parts, part)
		}
	}
	if len(parts) < len(b.Includes) {
		return nil, false
	}
	if len(parts) == 0 {
		r.broken("missing", path+".includes", "", "name two add-ons or more", "the bundle includes nothing")
		return nil, false
	}
	within := map[string]bool{}
	for _, part := range parts {
		within[part.Key] = true
	}
	for _, part := range parts {
		for _, key := range part.Excludes {
			if within[key] {
				r.broken("contradiction", r.includedAt(path, key), key, "leave one of the two out", "%s excludes %s, and the bundle has both", part.Key, key)
				return nil, false
			}
		}
	}
	return parts, true
}

// bundleGives adds up what the parts give, and what else follows from them.
func (r *reader) bundleGives(path string, b *Addon, parts []*Addon) {
	var expires *Addon // the first part that is bought once
	for _, part := range parts {
		if r.bundled += len(part.Entitlements); r.bundled > maxBundled {
			r.broken("too_large", path, "", "let bundles include less", "all bundles together give more than %d features", maxBundled)
			return
		}
		for _, e := range sorted(part.Entitlements) {
			add := *e
			limit, fits := timesQuantity(e.Limit, b.Includes[part.Key])
			if add.Limit = limit; !fits {
				r.broken("out_of_range", r.includedAt(path, part.Key), part.Key, "include fewer", "the bundle would give more of %s than can be counted", e.Feature)
				return
			}
			sum := b.Entitlements[e.Feature]
			if sum == nil {
				b.Entitlements[e.Feature] = &add
				continue
			}
			if f := r.c.Features[e.Feature]; f != nil && !f.join(sum, &add) {
				r.broken("contradiction", path+".includes", e.Feature, "let the parts give it in the same way, or leave one out",
					"the parts give %s in ways that cannot be added up", e.Feature)
			}
		}
		switch {
		case !part.OneOff():
		case expires == nil:
			expires, b.Expires = part, part.Expires
		case part.Expires != b.Expires:
			r.broken("contradiction", r.includedAt(path, part.Key), part.Key, "let all parts expire alike", "%s and %s expire after different times", expires.Key, part.Key)
		}
		switch {
		case part.Ready == NotReady:
			b.Ready = NotReady
		case part.Ready == Partner && b.Ready != NotReady:
			b.Ready = Partner
		}
		for _, key := range part.Excludes {
			if !slices.Contains(b.Excludes, key) && len(b.Excludes) < maxValues {
				b.Excludes = append(b.Excludes, key)
			}
		}
	}
}

// join adds what another part gives of the feature; false when the two do not go together.
func (f *Feature) join(sum, add *Entitlement) bool {
	if sum.Per != add.Per || !sum.Unlimited && !add.Unlimited && !sameTerms(sum, add) {
		return false
	}
	switch {
	case f.Kind == Valued:
		sum.Value = f.Greater(sum.Value, add.Value)
	case sum.Unlimited || add.Unlimited:
		*sum = Entitlement{Feature: sum.Feature, Unlimited: true, Per: sum.Per}
	default:
		sum.Allowed = sum.Allowed || add.Allowed
		sum.Limit = sum.Limit.Add(add.Limit)
	}
	return true
}

// sameTerms says whether two entitlements treat what is above and what is left alike.
func sameTerms(a, b *Entitlement) bool {
	alike := a.Soft == b.Soft && (a.Overage == nil) == (b.Overage == nil) && (a.Grace == nil) == (b.Grace == nil) && (a.Rollover == nil) == (b.Rollover == nil)
	if !alike {
		return false
	}
	return (a.Overage == nil || a.Overage.Unit == b.Overage.Unit && a.Overage.Price == b.Overage.Price && maps.Equal(a.Overage.In, b.Overage.In)) &&
		(a.Grace == nil || *a.Grace == *b.Grace) && (a.Rollover == nil || *a.Rollover == *b.Rollover)
}

// Greater returns the greater of two values of a Valued feature: the later in the order of
// Values, or the larger number. Nothing ("") is less than any value.
func (f *Feature) Greater(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	if len(f.Values) > 0 {
		if slices.Index(f.Values, b) > slices.Index(f.Values, a) {
			return b
		}
		return a
	}
	x, _ := quantity.Parse(a)
	if y, _ := quantity.Parse(b); y > x {
		return b
	}
	return a
}

// timesQuantity returns q*n, false beyond quantity.Max.
func timesQuantity(q quantity.Quantity, n int64) (quantity.Quantity, bool) {
	if n > 0 && q > quantity.Max/quantity.Quantity(n) {
		return 0, false
	}
	return q * quantity.Quantity(n), true
}

// bundleNeeds works out what a bundle needs where it does not say so: what all its parts
// need, but for each other.
func (r *reader) bundleNeeds(path string, b *Addon, parts []*Addon) {
	var any map[string]bool // nil: nothing is needed
	for _, part := range parts {
		if len(part.Needs) == 0 || slices.ContainsFunc(part.Needs, func(key string) bool { return b.Includes[key] > 0 }) {
			continue
		}
		these := map[string]bool{}
		for _, key := range part.Needs {
			if (any == nil || any[key]) && !slices.Contains(b.Excludes, key) {
				these[key] = true
			}
		}
		if any = these; len(any) == 0 {
			r.broken("unreachable", path+".includes", part.Key, "let the parts need the same plan", "no plan or add-on is what all parts of the bundle need and none excludes")
			return
		}
	}
	if any == nil {
		return
	}
	if !r.has(path, "needs") {
		b.Needs = slices.Sorted(maps.Keys(any))
		return
	}
	for i, key := range b.Needs {
		if !any[key] && r.sold(key) {
			r.broken("contradiction", fmt.Sprintf("%s.needs[%d]", path, i), key, "write needs: ["+strings.Join(slices.Sorted(maps.Keys(any)), ", ")+"], or leave it out",
				"parts of the bundle cannot be had with %s", key)
		}
	}
}

// bundlePrice works out the price of a bundle, or checks the one it was given.
func (r *reader) bundlePrice(path string, b *Addon, parts []*Addon) {
	if r.has(path, "price") {
		if r.has(path, "discount") {
			r.broken("contradiction", path+".discount", "", "keep one of the two", "the bundle has a price and a discount")
		}
		r.ownPrice(path, b, parts)
		return
	}
	unpriced := func(part *Addon) bool { return part.Price == (Prices{}) }
	if i := slices.IndexFunc(parts, unpriced); i >= 0 {
		if !slices.ContainsFunc(parts, func(part *Addon) bool { return !unpriced(part) }) {
			return // all are sold by agreement, and so is the bundle
		}
		r.broken("price_missing", r.includedAt(path, parts[i].Key), parts[i].Key, "give it a price, or the bundle its own", "%s has no price, so the bundle's cannot be worked out", parts[i].Key)
		return
	}
	for _, by := range intervals {
		if slices.ContainsFunc(parts, func(part *Addon) bool { return *by.of(&part.Price) == nil }) {
			continue
		}
		price, ok := r.discounted(path, b, parts, by)
		if !ok {
			return
		}
		*by.of(&b.Price) = price
	}
	if unpriced(b) {
		r.broken("price_missing", path, "", "give all parts a price per month, per year or once, or the bundle its own", "the parts of the bundle are not sold by the same interval")
	}
}

// interval is one of the ways a thing is sold.
type interval struct {
	name string
	of   func(*Prices) **Price
}

var intervals = []interval{
	{"month", func(p *Prices) **Price { return &p.Month }},
	{"year", func(p *Prices) **Price { return &p.Year }},
	{"once", func(p *Prices) **Price { return &p.Once }},
}

// discounted adds up the prices of the parts in each currency that all have, less the
// discount, halves away from zero; false when it has reported why it cannot.
func (r *reader) discounted(path string, b *Addon, parts []*Addon, by interval) (*Price, bool) {
	price := Price{}
	for _, c := range r.c.Currencies {
		var sum money.Minor
		sold := true
		for _, part := range parts {
			s, ok := (**by.of(&part.Price))[c]
			if !ok {
				sold = false
				break
			}
			if !s.flat() {
				r.broken("contradiction", r.includedAt(path, part.Key), part.Key, "give the bundle its own price",
					"what %s costs depends on how many are bought, so the bundle's price cannot be worked out", part.Key)
				return nil, false
			}
			cost, fits := times(s.Each, b.Includes[part.Key])
			if sum += cost; !fits || sum > MaxPrice {
				r.broken("out_of_range", r.includedAt(path, part.Key), part.Key, "include fewer", "the bundle would cost more than any price may be")
				return nil, false
			}
		}
		if sold {
			price[c] = Scale{Each: sum.Share(100-b.Discount, 100)}
		}
	}
	if len(price) == 0 {
		return nil, true
	}
	return &price, true
}

// flat says whether each unit costs the same.
func (s *Scale) flat() bool { return s.Base == 0 && s.Included == 0 && len(s.Tiers) == 0 }

// ownPrice checks the price that a bundle was given against that of its parts.
func (r *reader) ownPrice(path string, b *Addon, parts []*Addon) {
	for _, by := range intervals {
		own := *by.of(&b.Price)
		for _, c := range own.Currencies() {
			one, _ := own.Cost(c, 1)
			var sum money.Minor
			sold := true
			for _, part := range parts {
				cost, ok := (*by.of(&part.Price)).Cost(c, b.Includes[part.Key])
				sum += cost
				sold = sold && ok && sum <= MaxPrice
			}
			if sold && one > sum {
				r.broken("contradiction", path+".price."+by.name, money.Of(one, c).String(), "write at most "+money.Of(sum, c).String(),
					"the bundle costs more than its parts, which cost %s", money.Of(sum, c))
			}
		}
	}
	if b.Price.Once != nil && (b.Price.Month != nil || b.Price.Year != nil) {
		r.broken("contradiction", path+".price.once", "", "make two bundles of it", "it is sold once and each interval")
	}
	for _, part := range parts {
		if b.OneOff() != part.OneOff() && part.Price != (Prices{}) {
			r.broken("contradiction", r.includedAt(path, part.Key), part.Key, "bundle what is sold once, or what is sold each interval", "%s is sold otherwise than the bundle", part.Key)
			return
		}
	}
	if !b.Retired {
		r.priced(path, b.Price, nil)
	}
}
