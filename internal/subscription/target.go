package subscription

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
)

// MaxRecurring bounds what a subscription may cost each interval, in minor units.
const MaxRecurring = catalog.MaxPrice

// maxAddons bounds how many add-ons a subscription has.
const maxAddons = 1000

// target returns what is bought once ch is made: plan, interval, quantity, add-ons and what
// they cost, with everything else as in cur (or nothing, when cur is over), and the add-ons
// left behind.
func target(cur Subscription, ch Change, t Terms) (Subscription, []Dropped, error) {
	cat, had := t.Catalog, cur
	if !cur.Live() {
		had = Subscription{Version: cur.Version, Trialed: cur.Trialed, PaidSince: cur.PaidSince}
	}
	next := had
	next.Plan = cmp.Or(ch.Plan, had.Plan)
	if next.Plan == "" {
		return cur, nil, fault.New(fault.Invalid, "plan_required", "no plan was named and the account has none").
			WithMend("name a plan: %s", some(cat.Plans)).WithField("/plan", "", "is required for a first subscription")
	}
	next.Interval = cmp.Or(ch.Interval, had.Interval, Month)
	if next.Interval != Month && next.Interval != Year {
		return cur, nil, fault.New(fault.Invalid, "interval_invalid", "interval %q is not one we know", fault.Shorten(string(next.Interval))).
			WithMend("use month or year").WithField("/interval", string(next.Interval), "want month or year")
	}
	next.Quantity = cmp.Or(ch.Quantity, had.Quantity, 1)
	if err := checkQuantity("/quantity", next.Quantity); err != nil {
		return cur, nil, err
	}
	switch {
	case ch.PlanVersion != 0:
		next.PlanVersion = ch.PlanVersion
	case next.Plan != had.Plan:
		next.PlanVersion = 0 // the newest; price sets its number
	}
	next.Addons = had.Addons
	if ch.Addons != nil {
		lines, err := addonLines(*ch.Addons, "/addons")
		if err != nil {
			return cur, nil, err
		}
		next.Addons = lines
	} else if next.Addons == nil {
		next.Addons = []AddonLine{}
	}
	if err := setCurrency(&had, &next, ch, cat); err != nil {
		return cur, nil, err
	}
	if cur.Status == Active && sameContent(&cur, &next) && next.Currency == cur.Currency {
		return next, nil, nil // bought at its price; a later catalog does not change it
	}
	plan, err := planOf(&had, &next, cat)
	if err != nil {
		return cur, nil, err
	}
	next.PlanVersion = plan.Version
	var dropped []Dropped
	if ch.Addons == nil {
		next.Addons, dropped = carry(&had, &next, plan, cat)
	}
	if err := sellable(&had, &next, ch, t); err != nil {
		return cur, nil, err
	}
	if err := price(&next, plan, ch, cat); err != nil {
		return cur, nil, err
	}
	return next, dropped, nil
}

// setCurrency decides the currency: a subscription that is paid for keeps its own.
func setCurrency(had, next *Subscription, ch Change, cat *catalog.Catalog) error {
	next.Currency = cmp.Or(ch.Currency, had.Currency, cat.Currency)
	refuse := func(message, mend string) error {
		return fault.New(fault.Invalid, "currency_mismatch", "%s", message).
			WithMend("%s", mend).WithField("/currency", string(next.Currency), message)
	}
	if had.Currency != "" && next.Currency != had.Currency && had.Recurring != 0 && had.Status == Active {
		return refuse("the subscription is paid for in "+string(had.Currency)+", not in "+fault.Shorten(string(next.Currency)),
			"leave currency out, or end the subscription and begin one in the other currency")
	}
	if next.Currency != cat.Currency && !slices.Contains(cat.Currencies, next.Currency) && next.Currency != had.Currency {
		return refuse("the catalog has no prices in "+fault.Shorten(string(next.Currency)), "use "+currencies(cat))
	}
	return nil
}

// planOf returns the plan of next in the version that is bought, the newest for 0.
func planOf(had, next *Subscription, cat *catalog.Catalog) (*catalog.Plan, error) {
	plan := cat.PlanOf(next.Plan, next.PlanVersion)
	switch {
	case plan == nil && next.Plan == had.Plan:
		return nil, fault.New(fault.Conflict, "plan_gone", "plan %q is no longer in the catalog, so nothing can be changed about it", fault.Shorten(next.Plan)).
			WithMend("name another plan (%s), cancel, or put the plan back as retired; until then everything stays as it was bought", some(cat.Plans)).
			WithField("/plan", next.Plan, "is no longer in the catalog")
	case plan == nil:
		return nil, unknownPlan(next.Plan, cat)
	case next.PlanVersion != 0 && plan.Version != next.PlanVersion && (next.PlanVersion != had.PlanVersion || next.Plan != had.Plan):
		return nil, fault.New(fault.Invalid, "plan_version_unknown", "plan %s has no version %d", plan.Key, next.PlanVersion).
			WithMend("leave plan_version out for the newest, %d", cat.Plans[plan.Key].Version).
			WithField("/plan_version", strconv.Itoa(next.PlanVersion), "is not a version of plan "+plan.Key)
	}
	return plan, nil
}

// price works out what s costs each interval. What is sold in it was checked before.
func price(s *Subscription, plan *catalog.Plan, ch Change, cat *catalog.Catalog) error {
	each := PriceFor(plan.Price, s.Interval)
	if each == nil {
		return fault.New(fault.Invalid, "plan_not_priced", "plan %s is not sold by the %s", plan.Key, s.Interval).
			WithMend("use the other interval, or give the plan a price per %s in the catalog (\"0\" when it is free)", s.Interval).
			WithField("/interval", string(s.Interval), "plan "+plan.Key+" has no price for it")
	}
	if !soldIn(each, s.Currency) {
		return notInCurrency("plan "+plan.Key, "/currency", s, each, cat)
	}
	total, ok := each.Cost(s.Currency, s.Quantity)
	for _, line := range s.Addons {
		each := PriceFor(cat.Addons[line.Key].Price, s.Interval)
		if !soldIn(each, s.Currency) {
			return notInCurrency("add-on "+line.Key, pathOf(ch, line.Key), s, each, cat)
		}
		cost, fits := each.Cost(s.Currency, line.Quantity)
		total += cost
		ok = ok && fits && total <= MaxRecurring
	}
	if !ok {
		return tooLarge(s, "/quantity", s.Quantity)
	}
	s.Recurring = total
	return nil
}

func tooLarge(s *Subscription, path string, n int64) error {
	return fault.New(fault.TooLarge, "amount_too_large", "the subscription would cost more than %s each %s", money.Of(MaxRecurring, s.Currency), s.Interval).
		WithMend("use a smaller quantity").WithField(path, strconv.FormatInt(n, 10), "costs too much")
}

func soldIn(p *catalog.Price, c money.Currency) bool {
	if p == nil {
		return false
	}
	_, ok := (*p)[c]
	return ok
}

func notInCurrency(what, path string, s *Subscription, p *catalog.Price, cat *catalog.Catalog) error {
	var in []string
	for _, c := range p.Currencies() {
		in = append(in, string(c))
	}
	mend := "use " + strings.Join(in, " or ") + ", or give it a price in " + string(s.Currency) + " in the catalog"
	if s.Currency != cat.Currency && !slices.Contains(cat.Currencies, s.Currency) {
		mend = "the catalog sells in " + currencies(cat) + " alone: end this subscription and begin one in such a currency"
	}
	return fault.New(fault.Invalid, "currency_not_priced", "%s is not sold in %s", what, fault.Shorten(string(s.Currency))).
		WithMend("%s", mend).WithField(path, string(s.Currency), "has no price in this currency")
}

// currencies lists those of the catalog for a message.
func currencies(cat *catalog.Catalog) string {
	if len(cat.Currencies) == 0 {
		return string(cat.Currency)
	}
	var all []string
	for _, c := range cat.Currencies {
		all = append(all, string(c))
	}
	return strings.Join(all, " or ")
}

// addonLines returns the wanted add-ons sorted by key; root is where they were sent. A
// quantity left out is 1.
func addonLines(wanted []AddonLine, root string) ([]AddonLine, error) {
	if len(wanted) > maxAddons {
		return nil, fault.New(fault.TooLarge, "addons_too_many", "%d add-ons are more than a subscription holds", len(wanted)).
			WithMend("at most 1,000")
	}
	lines := make([]AddonLine, 0, len(wanted))
	seen := make(map[string]bool, len(wanted))
	for i, line := range wanted {
		path := root + "/" + strconv.Itoa(i)
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
	return a.Plan == b.Plan && a.PlanVersion == b.PlanVersion && a.Interval == b.Interval && a.Quantity == b.Quantity && slices.Equal(a.Addons, b.Addons)
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
