// Package money holds exact amounts. Prices are whole minor units (cents); recurring
// revenue is kept in twelfths of a minor unit so that a yearly price divides by twelve
// without a remainder. Nothing here is ever a float.
package money

import (
	"encoding/json"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// Currency is an ISO 4217 code in capitals, such as USD.
type Currency string

// exponents lists the currencies whose minor unit is not a hundredth (ISO 4217).
var exponents = map[Currency]int{
	"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0,
	"RWF": 0, "UGX": 0, "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
	"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
}

// Valid says whether c has the form of an ISO 4217 code.
func (c Currency) Valid() bool {
	if len(c) != 3 {
		return false
	}
	for _, r := range c {
		if r < 'A' || r > 'Z' {
			return false
		}
	}
	return true
}

// Exponent returns the number of decimals of the minor unit: 2 for USD, 0 for JPY, 3 for KWD.
func (c Currency) Exponent() int {
	if e, ok := exponents[c]; ok {
		return e
	}
	return 2
}

// Minor is an amount in whole minor units of some currency.
type Minor int64

// Twelfths is recurring revenue per month in twelfths of a minor unit. A monthly price of
// p minor units is 12p; a yearly price of p is p.
type Twelfths int64

// Monthly returns the MRR of an amount paid every month.
func Monthly(m Minor) Twelfths { return Twelfths(m) * 12 }

// Yearly returns the MRR of an amount paid every year.
func Yearly(m Minor) Twelfths { return Twelfths(m) }

// Round returns whole minor units, halves away from zero. For display only: sums are
// taken before rounding.
func (t Twelfths) Round() Minor { return signed(t < 0, (magnitude(int64(t))+6)/12) }

// magnitude is the absolute value, which for the least int64 only an uint64 can hold.
func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

// signed is magnitude's way back.
func signed(negative bool, u uint64) Minor {
	if negative {
		return Minor(-u)
	}
	return Minor(u)
}

// Amount is money with its currency, as it is shown and as it crosses the API:
// {"amount":"149.00","currency":"USD"}.
type Amount struct {
	Minor    Minor
	Currency Currency
}

// Of returns an Amount.
func Of(m Minor, c Currency) Amount { return Amount{Minor: m, Currency: c} }

// Amount returns the MRR rounded for display in currency c.
func (t Twelfths) Amount(c Currency) Amount { return Amount{Minor: t.Round(), Currency: c} }

// Decimal returns the amount as a plain decimal, such as "149.00" or "-0.50".
func (m Minor) Decimal(c Currency) string {
	e := c.Exponent()
	sign := ""
	if m < 0 {
		sign = "-"
	}
	s := strconv.FormatUint(magnitude(int64(m)), 10)
	if e == 0 {
		return sign + s
	}
	if len(s) <= e {
		s = strings.Repeat("0", e-len(s)+1) + s
	}
	return sign + s[:len(s)-e] + "." + s[len(s)-e:]
}

// String returns the decimal with its currency: "149.00 USD".
func (a Amount) String() string { return a.Minor.Decimal(a.Currency) + " " + string(a.Currency) }

// MarshalJSON writes {"amount":"149.00","currency":"USD"}.
func (a Amount) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Amount   string   `json:"amount"`
		Currency Currency `json:"currency"`
	}{a.Minor.Decimal(a.Currency), a.Currency})
}

// UnmarshalJSON reads what MarshalJSON writes: also the zero Amount, which has no currency
// and no money.
func (a *Amount) UnmarshalJSON(b []byte) error {
	var v struct {
		Amount   string   `json:"amount"`
		Currency Currency `json:"currency"`
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	if v.Currency == "" && (v.Amount == "" || v.Amount == "0.00") {
		*a = Amount{}
		return nil
	}
	m, err := Parse(v.Amount, v.Currency)
	*a = Amount{Minor: m, Currency: v.Currency}
	return err
}

// Parse reads a plain decimal such as "149", "149.5" or "-0.50" exactly. More decimals
// than the currency has, exponents, separators and amounts above 9.2e18 minor units are errors.
func Parse(s string, c Currency) (Minor, error) {
	if !c.Valid() {
		return 0, fmt.Errorf("currency %q: want a three-letter ISO 4217 code such as USD", string(c))
	}
	digits, neg := strings.CutPrefix(s, "-")
	whole, frac, dotted := strings.Cut(digits, ".")
	e := c.Exponent()
	bad := func(why string) (Minor, error) {
		return 0, fmt.Errorf("amount %q: %s; want a decimal such as \"149.00\"", s, why)
	}
	if whole == "" || (dotted && frac == "") {
		return bad("digits are missing")
	}
	if len(frac) > e {
		if strings.Trim(frac[e:], "0") != "" {
			return bad(fmt.Sprintf("%s has %d decimals", c, e))
		}
		frac = frac[:e]
	}
	frac += strings.Repeat("0", e-len(frac))
	var n uint64
	for _, r := range whole + frac {
		if r < '0' || r > '9' {
			return bad("only digits and one point are allowed")
		}
		hi, lo := bits.Mul64(n, 10)
		if hi != 0 || lo > math.MaxInt64-9 {
			return bad("it is too large")
		}
		n = lo + uint64(r-'0')
	}
	if neg {
		return -Minor(n), nil
	}
	return Minor(n), nil
}

// Share returns m * part / whole, halves away from zero, exact in between (128 bits).
// whole must be positive and part between 0 and whole.
func (m Minor) Share(part, whole int64) Minor {
	hi, lo := bits.Mul64(magnitude(int64(m)), uint64(part))
	q, r := bits.Div64(hi, lo, uint64(whole))
	if r >= uint64(whole)-r {
		q++
	}
	return signed(m < 0, q)
}
