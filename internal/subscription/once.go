package subscription

import (
	"slices"
	"strconv"

	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
)

// buyOnce checks what the change buys once, for a subscription as it is after the change,
// and returns the lines that are due for it.
func buyOnce(s *Subscription, ch Change, t Terms) ([]InvoiceLine, error) {
	wanted, err := addonLines(ch.Once, "/once")
	if err != nil {
		return nil, err
	}
	var lines []InvoiceLine
	var sum money.Minor
	for _, line := range wanted {
		path := "/once/" + strconv.Itoa(slices.IndexFunc(ch.Once, func(l AddonLine) bool { return l.Key == line.Key })) + "/key"
		addon := t.Catalog.Addons[line.Key]
		if addon == nil {
			return nil, fault.New(fault.Invalid, "unknown_addon", "add-on %q is not in the catalog", fault.Shorten(line.Key)).
				WithMend("use one of: %s", some(t.Catalog.Addons)).WithField(path, line.Key, "is not in the catalog")
		}
		if !addon.OneOff() {
			return nil, fault.New(fault.Invalid, "addon_not_once", "add-on %s is not bought once but each interval", addon.Key).
				WithMend("send it under addons").WithField(path, line.Key, "has no price for once in the catalog")
		}
		if err := forSale("add-on "+addon.Key, path, addon.Retired, addon.Ready, addon.Eligible, t); err != nil {
			return nil, err
		}
		if _, err := misfit(s, addon, addon.Price.Once, true, path, t.Catalog); err != nil {
			return nil, err
		}
		if !soldIn(addon.Price.Once, s.Currency) {
			return nil, notInCurrency("add-on "+addon.Key, path, s, addon.Price.Once, t.Catalog)
		}
		cost, fits := addon.Price.Once.Cost(s.Currency, line.Quantity)
		if sum += cost; !fits || sum > MaxRecurring {
			return nil, fault.New(fault.TooLarge, "amount_too_large", "this would cost more than %s", money.Of(MaxRecurring, s.Currency)).
				WithMend("use a smaller quantity").WithField(path, line.Key, "costs too much")
		}
		lines = append(lines, InvoiceLine{Title: counted(line.Quantity, addonTitle(t.Catalog, line.Key)) + ", once", Amount: money.Of(cost, s.Currency)})
	}
	return lines, nil
}
