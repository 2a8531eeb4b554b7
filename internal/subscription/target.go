package subscription

import (
	"slices"
	"strconv"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
)

// MaxRecurring bounds what a subscription may cost each interval, in minor units.
const MaxRecurring = catalog.MaxPrice

// target returns what is bought once ch is made: plan, interval, quantity, add-ons and what
// they cost, with everything else as in cur (or nothing, when cur is over).
func target(cur Subscription, ch Change, t Terms) (Subscription, error) {
	cat := t.Catalog
	next := cur
	if !cur.Live() {
		next = Subscription{Version: cur.Version, Trialed: cur.Trialed, PaidSince: cur.PaidSince}
	}
	if ch.Plan != "" {
		next.Plan = ch.Plan
	}
	if next.Plan == "" {
		return cur, fault.New(fault.Invalid, "plan_required", "no plan was named and the account has none").
			WithMend("name a plan: %s", some(cat.Plans)).WithField("/plan", "", "is required for a first subscription")
	}
	if ch.Interval != "" {
		next.Interval = ch.Interval
	} else if next.Interval == "" {
		next.Interval = Month
	}
	if next.Interval != Month && next.Interval != Year {
		return cur, fault.New(fault.Invalid, "interval_invalid", "interval %q is not one we know", fault.Shorten(string(next.Interval))).
			WithMend("use month or year").WithField("/interval", string(next.Interval), "want month or year")
	}
	if ch.Quantity != 0 {
		next.Quantity = ch.Quantity
	} else if next.Quantity == 0 {
		next.Quantity = 1
	}
	if err := checkQuantity("/quantity", next.Quantity); err != nil {
		return cur, err
	}
	addons, err := addonLines(next.Addons, ch.Addons)
	if err != nil {
		return cur, err
	}
	next.Addons = addons
	if next.Currency == "" {
		next.Currency = cat.Currency
	}
	if cur.Status == Active && sameContent(&cur, &next) && (ch.Currency == "" || ch.Currency == cur.Currency) {
		return next, nil // bought at its price; a later catalog does not change it
	}
	return next, price(&next, ch, t)
}

// price checks s against the catalog and sets what it costs each interval.
func price(s *Subscription, ch Change, t Terms) error {
	cat := t.Catalog
	other := s.Currency
	if ch.Currency != "" && ch.Currency != cat.Currency {
		other = ch.Currency
	}
	if other != cat.Currency {
		return fault.New(fault.Invalid, "currency_mismatch", "the catalog has no prices in %s", fault.Shorten(string(other))).
			WithMend("use %s; a subscription in another currency has to end before one in %s begins", cat.Currency, cat.Currency).
			WithField("/currency", string(other), "want "+string(cat.Currency))
	}
	plan := cat.Plans[s.Plan]
	if plan == nil {
		return fault.New(fault.Invalid, "unknown_plan", "plan %q is not in the catalog", fault.Shorten(s.Plan)).
			WithMend("use one of: %s", some(cat.Plans)).WithField("/plan", s.Plan, "is not in the catalog")
	}
	total, ok := PriceFor(plan.Price, s.Interval).Cost(s.Currency, s.Quantity)
	if PriceFor(plan.Price, s.Interval) == nil {
		return fault.New(fault.Invalid, "plan_not_priced", "plan %s is not sold by the %s", plan.Key, s.Interval).
			WithMend("use the other interval, or give the plan a price per %s in the catalog (\"0\" when it is free)", s.Interval).
			WithField("/interval", string(s.Interval), "plan "+plan.Key+" has no price for it")
	}
	for _, line := range s.Addons {
		path := pathOf(ch, line.Key)
		addon := cat.Addons[line.Key]
		if addon == nil {
			return fault.New(fault.Invalid, "unknown_addon", "add-on %q is not in the catalog", fault.Shorten(line.Key)).
				WithMend("use one of: %s", some(cat.Addons)).WithField(path, line.Key, "is not in the catalog")
		}
		if !needsMet(addon, s) {
			return fault.New(fault.Conflict, "addon_needs", "add-on %s needs %s", addon.Key, strings.Join(addon.Needs, " or ")).
				WithMend("take one of them with it, or send addons without %s", addon.Key).WithField(path, line.Key, "needs "+strings.Join(addon.Needs, " or "))
		}
		each := PriceFor(addon.Price, s.Interval)
		if each == nil {
			return fault.New(fault.Invalid, "addon_not_priced", "add-on %s is not sold by the %s", addon.Key, s.Interval).
				WithMend("use the other interval, or give the add-on a price per %s in the catalog", s.Interval).
				WithField(path, line.Key, "has no price for this interval")
		}
		cost, fits := each.Cost(s.Currency, line.Quantity)
		total += cost
		ok = ok && fits && total <= MaxRecurring
	}
	if !ok {
		return fault.New(fault.TooLarge, "amount_too_large", "the subscription would cost more than %s each %s", money.Of(MaxRecurring, cat.Currency), s.Interval).
			WithMend("use a smaller quantity").WithField("/quantity", strconv.FormatInt(s.Quantity, 10), "costs too much")
	}
	s.Recurring = total
	return nil
}

// addonLines returns the add-ons after a change, sorted by key; wanted nil keeps them. A
// quantity left out is 1.
func addonLines(have []AddonLine, wanted *[]AddonLine) ([]AddonLine, error) {
	if wanted == nil {
		if have == nil {
			return []AddonLine{}, nil
		}
		return have, nil
	}
	if len(*wanted) > 1000 {
		return nil, fault.New(fault.TooLarge, "addons_too_many", "%d add-ons are more than a subscription holds", len(*wanted)).
			WithMend("at most 1,000")
	}
	lines := make([]AddonLine, 0, len(*wanted))
	seen := map[string]bool{}
	for i, line := range *wanted {
		path := "/addons/" + strconv.Itoa(i)
		if line.Quantity == 0 {
			line.Quantity = 1
		}
		if err := checkQuantity(path+"/quantity", line.Quantity); err != nil {
			return nil, err
		}
		if seen[line.Key] {
			return nil, fault.New(fault.Invalid, "addon_duplicate", "add-on %s is listed twice", fault.Shorten(line.Key)).
				WithMend("list it once, with a quantity").WithField(path+"/key", line.Key, "is listed twice")
		}
		seen[line.Key] = true
		lines = append(lines, line)
	}
	slices.SortFunc(lines, func(a, b AddonLine) int { return strings.Compare(a.Key, b.Key) })
	return lines, nil
}

func checkQuantity(path string, n int64) error {
	if n >= 1 && n <= MaxQuantity {
		return nil
	}
	return fault.New(fault.Invalid, "quantity_invalid", "quantity %d is out of range", n).
		WithMend("use a whole number from 1 to 1,000,000").WithField(path, strconv.FormatInt(n, 10), "want 1 to 1,000,000")
}

// needsMet says whether s has any of what the add-on needs.
func needsMet(addon *catalog.Addon, s *Subscription) bool {
	return len(addon.Needs) == 0 || slices.ContainsFunc(addon.Needs, func(need string) bool {
		return need == s.Plan || need != addon.Key && s.addon(need) > 0
	})
}

// addon returns how many of the add-on s has.
func (s *Subscription) addon(key string) int64 {
	for _, line := range s.Addons {
		if line.Key == key {
			return line.Quantity
		}
	}
	return 0
}

// sameContent says whether a and b have the same things bought.
func sameContent(a, b *Subscription) bool {
	return a.Plan == b.Plan && a.Interval == b.Interval && a.Quantity == b.Quantity && slices.Equal(a.Addons, b.Addons)
}

// PriceFor returns the price for an interval, nil when not sold by it.
func PriceFor(p catalog.Prices, i Interval) *catalog.Price {
	if i == Year {
		return p.Year
	}
	return p.Month
}

// some lists up to ten keys for an error message.
func some[V any](m map[string]V) string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	if len(keys) == 0 {
		return "none is defined"
	}
	if len(keys) > 10 {
		keys = append(keys[:10], "…")
	}
	return strings.Join(keys, ", ")
}

// pathOf points at an add-on in the change as it was sent.
func pathOf(ch Change, addon string) string {
	if ch.Addons != nil {
		for i, line := range *ch.Addons {
			if line.Key == addon {
				return "/addons/" + strconv.Itoa(i) + "/key"
			}
		}
	}
	return "/addons"
}
