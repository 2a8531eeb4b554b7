package meter

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/big"
	"math/bits"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/quantity"
)

// change is what a record means to a meter.
type change struct {
	amount quantity.Quantity
	at     clock.Time // never later than the receipt
	member uint64     // of unique
	moves  bool       // by the amount; otherwise a level or the latest is the amount from then on
	group  *groupKey  // when the meter keeps parts
}

// read fills in what def counts of a record; the problem says why it cannot.
func (ch *change) read(def *catalog.Meter, r *event.Record, now clock.Time) (problem string) {
	ch.amount, ch.at = quantity.One, min(r.When(), now)
	switch def.Aggregate {
	case catalog.Sum, catalog.Max, catalog.Min, catalog.Latest:
		ch.amount, problem = measure(def, r)
	case catalog.Unique:
		ch.member, problem = memberOf(def, r)
	case catalog.Level:
		if def.Set != "" && r.Type == def.Set {
			ch.amount, problem = number(def.To, r)
			break
		}
		ch.moves = true
		ch.amount, problem = levelAmount(def, r)
	}
	if len(def.By) > 0 && problem == "" {
		ch.group = groupOf(def.By, r)
	}
	return problem
}

// measure reads the property that a meter looks at, or the product of several.
func measure(def *catalog.Meter, r *event.Record) (quantity.Quantity, string) {
	if len(def.Product) == 0 {
		return number(def.Property, r)
	}
	var factors [catalog.MaxFactors]quantity.Quantity
	for i, name := range def.Product {
		q, problem := number(name, r)
		if problem != "" {
			return 0, problem
		}
		factors[i] = q
	}
	q, ok := product(factors[:len(def.Product)])
	if !ok {
		return 0, fmt.Sprintf("the product of %v is beyond 1e12", def.Product)
	}
	return q, ""
}

// product multiplies exactly and rounds once, halves away from zero; false beyond 1e12.
func product(factors []quantity.Quantity) (quantity.Quantity, bool) {
	mantissa, decimals, negative := uint64(1), 0, false
	for _, q := range factors {
		if q == 0 {
			return 0, true
		}
		if q < 0 {
			q, negative = -q, !negative
		}
		m, d := uint64(q), 6
		for d > 0 && m%10 == 0 {
			m, d = m/10, d-1
		}
		hi, lo := bits.Mul64(mantissa, m)
		if hi != 0 {
			return bigProduct(factors)
		}
		mantissa, decimals = lo, decimals+d
	}
	for ; decimals < 6; decimals++ {
		hi, lo := bits.Mul64(mantissa, 10)
		if hi != 0 {
			return 0, false
		}
		mantissa = lo
	}
	if decimals > 6 {
		unit := uint64(1)
		for ; decimals > 6; decimals-- {
			if unit > 1<<63/10 {
				return bigProduct(factors)
			}
			unit *= 10
		}
		rest := mantissa % unit
		mantissa /= unit
		if rest >= unit-rest {
			mantissa++
		}
	}
	if mantissa > uint64(quantity.Max) {
		return 0, false
	}
	if negative {
		return -quantity.Quantity(mantissa), true
	}
	return quantity.Quantity(mantissa), true
}

// bigProduct is product for factors with many digits.
func bigProduct(factors []quantity.Quantity) (quantity.Quantity, bool) {
	n, unit := big.NewInt(1), big.NewInt(1)
	for i, q := range factors {
		n.Mul(n, big.NewInt(int64(q)))
		if i > 0 {
			unit.Mul(unit, big.NewInt(int64(quantity.One)))
		}
	}
	negative := n.Sign() < 0
	n.Abs(n).Mul(n, big.NewInt(2)).Add(n, unit).Quo(n, unit.Mul(unit, big.NewInt(2)))
	if !n.IsInt64() || n.Int64() > int64(quantity.Max) {
		return 0, false
	}
	if negative {
		return -quantity.Quantity(n.Int64()), true
	}
	return quantity.Quantity(n.Int64()), true
}

// number reads a numeric property.
func number(name string, r *event.Record) (quantity.Quantity, string) {
	switch v := r.Prop(name); v.Kind {
	case event.Number:
		q, err := quantity.Parse(v.Text)
		if err != nil {
			return 0, "property " + name + ": " + err.Error()
		}
		return q, ""
	case event.Null:
		return 0, "property " + name + " is missing"
	default:
		return 0, fmt.Sprintf("property %s is %q, not a number", name, fault.Shorten(v.Text))
	}
}

// levelAmount returns how far an event moves a level: up or down, by one or by a property.
func levelAmount(def *catalog.Meter, r *event.Record) (quantity.Quantity, string) {
	amount := quantity.One
	if def.Property != "" || len(def.Product) > 0 {
		var problem string
		if amount, problem = measure(def, r); problem != "" {
			return 0, problem
		}
		if amount < 0 {
			return 0, "property " + def.Property + " is " + amount.String() + "; a level moves by amounts from 0 on"
		}
	}
	if r.Type == def.Remove && def.Remove != def.Add {
		return -amount, ""
	}
	return amount, ""
}

// memberOf returns the hash of the property that unique tells apart. 1 and "1" are the same
// member, since clients disagree about the type of ids. SHA-256 cut to 64 bits: nobody
// chooses ids that collide, and among a million members two do by chance once in 37 million
// accounts.
func memberOf(def *catalog.Meter, r *event.Record) (uint64, string) {
	v := r.Prop(def.Property)
	if v.Kind == event.Null || v.Text == "" {
		return 0, "property " + def.Property + " is missing"
	}
	sum := sha256.Sum256([]byte(v.Text))
	return binary.BigEndian.Uint64(sum[:8]), ""
}
