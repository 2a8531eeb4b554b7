// Package quantity holds exact amounts of usage: fixed-point numbers with six decimals, so
// that adding events in any order gives the same total to the last digit.
package quantity

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// Quantity is a number of units in millionths. Its range is about ±9.2e12 units.
type Quantity int64

// One is a quantity of one unit.
const One Quantity = 1_000_000

// Max is the largest quantity that Parse accepts, 1e12 units: room to add up millions of
// the largest events in one total.
const Max = 1_000_000_000_000 * One

// Of returns n whole units.
func Of(n int64) Quantity { return Quantity(n) * One }

// Parse reads a JSON number or plain decimal exactly; decimals after the sixth are
// rounded, halves away from zero. Beyond ±1e12 units it is an error.
func Parse(s string) (Quantity, error) {
	bad := func(why string) (Quantity, error) {
		return 0, fmt.Errorf("number %q: %s", shorten(s), why)
	}
	mantissa, exp := s, 0
	var expErr error
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa = s[:i]
		exp, expErr = strconv.Atoi(s[i+1:])
	}
	digits, neg := strings.CutPrefix(mantissa, "-")
	whole, frac, dotted := strings.Cut(digits, ".")
	all := whole + frac
	if whole == "" || (dotted && frac == "") || strings.Trim(all, "0123456789") != "" {
		return bad("it is not a number")
	}
	if expErr != nil && !errors.Is(expErr, strconv.ErrRange) { // beyond counting, exp is the end of its range
		return bad("its exponent is not a whole number")
	}
	if strings.Trim(all, "0") == "" {
		return 0, nil // whatever the exponent
	}
	// Bounded so that the sum below cannot overflow. A large one costs no long loop: what
	// is not zero passes the range within a few digits.
	exp = min(max(exp, -1<<40), 1<<40)
	point := len(whole) + exp + 6 // digits before this index are whole millionths
	var n uint64
	for i := 0; i < len(all) || i < point; i++ {
		d := byte('0')
		if i < len(all) {
			d = all[i]
		}
		if i < point {
			if n > uint64(Max)/10+1 {
				return bad("it is beyond 1e12")
			}
			n = n*10 + uint64(d-'0')
		} else if i == point && point >= 0 && d >= '5' {
			n++
		}
	}
	if n > uint64(Max) {
		return bad("it is beyond 1e12")
	}
	if neg {
		return -Quantity(n), nil
	}
	return Quantity(n), nil
}

func shorten(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}

// Add returns q + r, held at the ends of the range instead of wrapping round.
func (q Quantity) Add(r Quantity) Quantity {
	s := q + r
	if r > 0 && s < q {
		return 1<<63 - 1
	}
	if r < 0 && s > q {
		return -1 << 63
	}
	return s
}

// String returns the plain decimal without trailing zeros: "48", "2.5", "-0.000001".
func (q Quantity) String() string {
	var buf [24]byte
	return string(q.Append(buf[:0]))
}

// Append appends what String returns.
func (q Quantity) Append(b []byte) []byte {
	u := uint64(q)
	if q < 0 {
		b, u = append(b, '-'), uint64(-(q+1))+1
	}
	b = strconv.AppendUint(b, u/uint64(One), 10)
	f := u % uint64(One)
	if f == 0 {
		return b
	}
	b = append(b, '.')
	for digit := uint64(One) / 10; f > 0; digit /= 10 {
		b = append(b, byte('0'+f/digit))
		f %= digit
	}
	return b
}

// Percent returns 100*q/of rounded down to whole percents; 0 when of is not positive.
func (q Quantity) Percent(of Quantity) int64 {
	if of <= 0 || q <= 0 {
		return 0
	}
	hi, lo := bits.Mul64(uint64(q), 100)
	if hi >= uint64(of) {
		return 1<<63 - 1
	}
	n, _ := bits.Div64(hi, lo, uint64(of))
	return int64(min(n, 1<<63-1))
}

// MarshalJSON writes a JSON number.
func (q Quantity) MarshalJSON() ([]byte, error) { return []byte(q.String()), nil }

// UnmarshalJSON reads a JSON number, or a decimal in quotes.
func (q *Quantity) UnmarshalJSON(b []byte) error {
	s := string(b)
	if len(b) > 0 && b[0] == '"' {
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
	}
	v, err := Parse(s)
	if err != nil {
		return err
	}
	*q = v
	return nil
}
