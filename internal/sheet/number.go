package sheet

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/money"
)

// oddValue is a reason to refuse a value that has a code of its own.
type oddValue struct{ code, why string }

func (o *oddValue) Error() string { return o.why }

// codeOf returns the code of a refused value, other when the reason has none of its own.
func codeOf(err error, other string) string {
	if o, ok := errors.AsType[*oddValue](err); ok {
		return o.code
	}
	return other
}

// plain turns a number as people write it into a plain decimal: currency signs and
// thousands separators out, a decimal comma to a point. unit is the sign or code that stood
// beside it. It does not guess: separators must stand where they belong, and a number that
// reads as two thousand here and as two there is refused. thousandths says that three
// decimals are what the number has by nature.
func (c *cell) plain(v []byte, thousandths bool) (s, unit string, err error) {
	if isPlain(v) && bytes.IndexByte(v, '.') < 0 { // nearly all of them
		return string(v), "", nil
	}
	s, unit = cutUnit(strings.NewReplacer("\u00a0", "", "\u202f", "", "'", "", "\u2019", "").Replace(string(v)))
	negative := strings.HasPrefix(s, "-") || (strings.HasPrefix(s, "(") && strings.HasSuffix(s, ")"))
	if strings.HasPrefix(s, "(") && strings.HasSuffix(s, ")") {
		s = s[1 : len(s)-1]
	} else if s != "" && (s[0] == '-' || s[0] == '+') {
		s = s[1:]
	}
	if unit == "" { // -$5 and ($5)
		s, unit = cutUnit(s)
	}
	if !c.comma && !c.point && !thousandths && ambiguous(s) && (!c.json || strings.Contains(s, ",")) {
		return "", "", &oddValue{"number_ambiguous", "can be read as thousands and as decimals; give the column {decimal: point} (1,234.50) or {decimal: comma} (1.234,50) in the mapping"}
	}
	sep, point, style := ",", ".", "if the decimals are written after a comma, give the column {decimal: comma} in the mapping"
	if c.comma {
		sep, point, style = ".", ",", "with {decimal: comma} in the mapping, points stand between thousands only: 1.234,50"
	}
	whole, frac, dotted := strings.Cut(s, point)
	if strings.Contains(frac, sep) || strings.Contains(frac, point) {
		return "", "", fmt.Errorf("is no number; %s", style)
	}
	if parts := strings.Split(whole, sep); len(parts) > 1 {
		for i, part := range parts {
			if (i > 0 && len(part) != 3) || len(part) > 3 || part == "" {
				return "", "", fmt.Errorf("is no number; %s", style)
			}
		}
		whole = strings.Join(parts, "")
	}
	if negative {
		whole = "-" + whole
	}
	if dotted {
		whole += "." + frac
	}
	if !isPlain([]byte(whole)) {
		return "", "", fmt.Errorf("is no number")
	}
	return whole, unit, nil
}

// ambiguous says whether s has one separator only, with one to three digits before it, the
// first no zero, and exactly three after: 2.000 is two in London and two thousand in Berlin.
func ambiguous(s string) bool {
	i := strings.IndexAny(s, ".,")
	return i >= 1 && i <= 3 && len(s)-i == 4 && s[0] != '0' && digits([]byte(s[:i])) >= 0 && digits([]byte(s[i+1:])) >= 0
}

// units are the currencies that a sign stands for.
var units = map[string][]money.Currency{
	"$": {"USD", "AUD", "CAD", "NZD", "SGD", "HKD", "TWD", "MXN", "ARS", "CLP", "COP", "BSD", "BBD", "BMD", "BZD", "FJD", "JMD", "KYD", "LRD", "NAD", "TTD", "UYU", "XCD", "BND", "GYD", "SBD", "SRD"},
	"€": {"EUR"}, "£": {"GBP", "GIP", "FKP", "SHP", "EGP", "LBP", "SYP", "SSP", "SDG"}, "¥": {"JPY", "CNY"}, "₹": {"INR"},
	"US$": {"USD"}, "zł": {"PLN"}, "kr": {"SEK", "NOK", "DKK", "ISK"},
}

// cutUnit takes a currency's sign or three-letter code from the beginning or the end of s.
func cutUnit(s string) (rest, unit string) {
	s = strings.TrimSpace(s)
	for _, sign := range []string{"US$", "$", "€", "£", "¥", "₹", "zł", "kr"} {
		if rest, ok := strings.CutPrefix(s, sign); ok {
			return strings.TrimSpace(rest), sign
		}
		if rest, ok := strings.CutSuffix(s, sign); ok {
			return strings.TrimSpace(rest), sign
		}
	}
	if len(s) > 3 {
		for _, cut := range [2][2]string{{s[:3], s[3:]}, {s[len(s)-3:], s[:len(s)-3]}} {
			if code := strings.ToUpper(cut[0]); money.Currency(code).Valid() {
				return strings.TrimSpace(cut[1]), code
			}
		}
	}
	return s, ""
}

// unitOf says whether a sign or code can mean the currency.
func unitOf(unit string, cur money.Currency) bool {
	if list := units[unit]; list != nil {
		return slices.Contains(list, cur)
	}
	return unit == string(cur)
}
