package catalog

import (
	"cmp"
	"maps"
	"math/bits"
	"slices"

	"github.com/headroomhq/headroom/internal/money"
)

// MaxPrice bounds what any quantity of anything may cost, in minor units: a hundred billion
// dollars, and far from where MRR in twelfths would overflow.
const MaxPrice money.Minor = 10_000_000_000_000

// Prices are per interval, and once for what is bought once; absent when not sold so.
type Prices struct {
	Month *Price
	Year  *Price
	Once  *Price
}

// Price is what something costs by quantity, in each currency it is sold in. It is never empty.
type Price map[money.Currency]Scale

// Scale is a price by quantity, in minor units of one currency: Base, and Each for every unit
// beyond Included; or else Base and the tiers.
type Scale struct {
	Base     money.Minor
	Each     money.Minor
	Included int64
	// Tiers follow each other from the first unit on, the last without an end. Each tier prices
	// the units that fall into it (graduated), or with Volume the tier that the whole quantity
	// falls into prices them all.
	Tiers  []Tier
	Volume bool
}

// Tier is a range of quantity.
type Tier struct {
	To   int64       // the last unit in it; 0: no end
	Each money.Minor // of a unit
	Base money.Minor // for reaching the tier at all
}

// Flat is a price of so much for each unit, in one currency.
func Flat(c money.Currency, each money.Minor) *Price { return &Price{c: Scale{Each: each}} }

// Cost returns what n units (0 or more) cost in a currency; false when it is not sold in that
// currency, or the sum would be above MaxPrice. A nil price is sold in none.
func (p *Price) Cost(c money.Currency, n int64) (money.Minor, bool) {
	if p == nil {
		return 0, false
	}
	s, ok := (*p)[c]
	if !ok {
		return 0, false
	}
	return s.cost(n)
}

// Currencies returns those it is sold in, sorted.
func (p *Price) Currencies() []money.Currency {
	if p == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(*p))
}

func (s *Scale) cost(n int64) (money.Minor, bool) {
	sum, fits := s.Base, true
	add := func(each money.Minor, n int64) {
		cost, ok := times(each, n)
		sum += cost
		fits = fits && ok && sum <= MaxPrice
	}
	if len(s.Tiers) == 0 {
		add(s.Each, max(n-s.Included, 0))
		return sum, fits
	}
	var from int64 // units before the tier
	for _, t := range s.Tiers {
		last := t.To == 0 || n <= t.To
		switch {
		case n <= from:
		case s.Volume && last:
			add(t.Base, 1)
			add(t.Each, n)
		case !s.Volume:
			add(t.Base, 1)
			add(t.Each, cmp.Or(min(t.To, n), n)-from)
		}
		if last {
			break
		}
		from = t.To
	}
	return sum, fits
}

// times returns m*n, false beyond MaxPrice.
func times(m money.Minor, n int64) (money.Minor, bool) {
	hi, lo := bits.Mul64(uint64(max(m, 0)), uint64(max(n, 0)))
	if hi != 0 || lo > uint64(MaxPrice) {
		return 0, false
	}
	return money.Minor(lo), true
}
