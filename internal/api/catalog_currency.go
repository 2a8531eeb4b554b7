package api

import (
	"fmt"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
)

// droppedCurrencies are those that the active catalog sells in and the next one does not.
func droppedCurrencies(active, next *catalog.Catalog) []money.Currency {
	var gone []money.Currency
	for _, c := range append([]money.Currency{active.Currency}, active.Currencies...) {
		if c != "" && c != next.Currency && !slices.Contains(next.Currencies, c) && !slices.Contains(gone, c) {
			gone = append(gone, c)
		}
	}
	return gone
}

// payers counts the accounts that pay in currencies which are to go.
type payers struct {
	dropped  []money.Currency
	accounts int
	in       money.Currency // of the first by key
	names    []string       // the first three by key
}

func (p *payers) add(key string, a *engine.Account) {
	sub := &a.Subscription
	if len(p.dropped) == 0 || !sub.Live() || sub.Recurring == 0 || !slices.Contains(p.dropped, sub.Currency) {
		return
	}
	p.accounts++
	i, _ := slices.BinarySearch(p.names, key)
	if p.names = slices.Insert(p.names, i, key); i == 0 {
		p.in = sub.Currency
	}
	p.names = p.names[:min(len(p.names), 3)]
}

// refused refuses a catalog without a currency that accounts pay in: nothing about what they
// have could be changed any more.
func (p *payers) refused() error {
	if p.accounts == 0 {
		return nil
	}
	few := strings.Join(p.names, ", ")
	if p.accounts > len(p.names) {
		few += " and more"
	}
	on := fmt.Sprintf("is missing while %s in a currency that goes (%s)", counted(p.accounts, "account pays", "accounts pay"), fault.Shorten(few))
	return fault.New(fault.Conflict, "currency_in_use", "currency %s %s", p.in, on).
		WithMend("keep %s under currencies, or end those subscriptions first", p.in).WithField("currencies", string(p.in), on)
}
