package sheet

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
)

// The years a date may have. Later ends are how systems write "never".
const (
	firstYear = 1970
	lastYear  = 2199
)

// goLayout turns a date format in letters into the layout of package time. "unix" and
// "unix_ms" stay as they are.
func goLayout(format string) (string, error) {
	if format == "unix" || format == "unix_ms" {
		return format, nil
	}
	out := strings.NewReplacer("YYYY", "2006", "YY", "06", "MMM", "Jan", "MM", "01", "DD", "02", "D", "2",
		"hh", "15", "mm", "04", "ss", "05").Replace(format)
	if !strings.Contains(out, "06") || !(strings.Contains(out, "01") || strings.Contains(out, "Jan")) {
		return "", fmt.Errorf("the date format %q has no year or no month", format)
	}
	return out, nil
}

// guesses are the date formats whose order cannot be mistaken.
var guesses = []string{time.RFC3339Nano, "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04",
	"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05.999999-07", "2006-01-02 15:04:05 MST", "2006/01/02", "20060102", "2006-01", "Jan 2, 2006", "2 Jan 2006"}

// day reads a date and returns the midnight that begins its day in UTC.
func (c *cell) day(v []byte) (clock.Time, error) {
	if len(v) == 10 && v[4] == '-' && v[7] == '-' && c.layout == "" { // nearly all of them
		y, m, d := digits(v[:4]), digits(v[5:7]), digits(v[8:])
		if y >= firstYear && y <= 9999 && m >= 1 && m <= 12 && d >= 1 && (d <= 28 || d <= daysIn(y, m)) {
			return daysSince(y, m, d), nil
		}
		return 0, fmt.Errorf("is no day of the calendar, or before %d", firstYear)
	}
	t, err := c.moment(string(v))
	if err != nil {
		return 0, err
	}
	t = t.UTC()
	if t.Year() < firstYear || t.Year() > 9999 {
		return 0, fmt.Errorf("is not between the years %d and 9999", firstYear)
	}
	return daysSince(t.Year(), int(t.Month()), t.Day()), nil
}

func (c *cell) moment(s string) (time.Time, error) {
	switch c.layout {
	case "":
		for _, layout := range guesses {
			if t, err := time.Parse(layout, s); err == nil {
				return t, nil
			}
		}
		return time.Time{}, fmt.Errorf("is no date such as 2026-01-31; if day and month are written otherwise, give the column a format in the mapping: {from: …, format: DD/MM/YYYY}")
	case "unix", "unix_ms":
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || n < 0 || n > 253402300799000 {
			return time.Time{}, fmt.Errorf("is no time in whole %ss", c.layout)
		}
		if c.layout == "unix" {
			return time.Unix(n, 0), nil
		}
		return time.UnixMilli(n), nil
	}
	t, err := time.Parse(c.layout, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("is no date in the format the mapping gives")
	}
	return t, nil
}

// digits reads an unsigned number of a few digits, -1 when it is none.
func digits(b []byte) int {
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	return n
}

func daysIn(y, m int) int { return time.Date(y, time.Month(m)+1, 0, 0, 0, 0, 0, time.UTC).Day() }

// daysSince returns midnight UTC of a day of the Gregorian calendar, years 1970 to 9999.
func daysSince(y, m, d int) clock.Time {
	if m <= 2 { // years that begin in March, so that the leap day is the last
		y, m = y-1, m+12
	}
	days := 365*y + y/4 - y/100 + y/400 + (153*(m-3)+2)/5 + d - 1 - 719468
	return clock.Time(days) * clock.Day
}

// isPlain says whether v is digits with at most a sign and a point.
func isPlain(v []byte) bool {
	v = bytes.TrimPrefix(v, []byte("-"))
	seen, point := false, false
	for _, c := range v {
		switch {
		case c >= '0' && c <= '9':
			seen = true
		case c == '.' && !point:
			point = true
		default:
			return false
		}
	}
	return seen
}

// maxAmount bounds one amount: a million millions, in minor units.
const maxAmount = money.Minor(1e14)

// money reads an exact amount of a currency. A sign or code beside the number must be of
// that currency.
func (c *cell) money(v []byte, cur money.Currency) (money.Minor, error) {
	s, unit, err := c.plain(v, cur.Exponent() >= 3)
	if err != nil {
		return 0, err
	}
	if unit != "" && !unitOf(unit, cur) {
		return 0, &oddValue{"amount_in_other_currency", fmt.Sprintf("is written in %s, and the row is in %s; mend the one that is wrong, or name the currency in the mapping (currency: a column, or {constant: EUR})", unit, cur)}
	}
	s = strings.TrimSuffix(s, ".")
	if strings.HasPrefix(s, ".") {
		s = "0" + s
	}
	if whole, frac, ok := strings.Cut(s, "."); ok && len(frac) > cur.Exponent() && strings.Trim(frac[cur.Exponent():], "0") != "" {
		if !c.round {
			return 0, fmt.Errorf("has more decimals than %s; to round it, give the column {round: true} in the mapping", cur)
		}
		up := frac[cur.Exponent()] >= '5'
		m, err := money.Parse(strings.TrimSuffix(whole+"."+frac[:cur.Exponent()], "."), cur)
		if err != nil || m > maxAmount || m < -maxAmount {
			return 0, fmt.Errorf("is beyond what an amount can be")
		}
		if up && strings.HasPrefix(s, "-") {
			m--
		} else if up {
			m++
		}
		return m, nil
	}
	m, err := money.Parse(s, cur)
	if err != nil || m > maxAmount || m < -maxAmount {
		return 0, fmt.Errorf("is beyond what an amount can be (a million millions)")
	}
	return m, nil
}

// quantity reads an exact amount of usage. Exponents are taken, as exports write them.
func (c *cell) quantity(v []byte) (quantity.Quantity, error) {
	s, unit, err := c.plain(v, false)
	if unit != "" && strings.Trim(unit, "$€£¥") != "" {
		err = fmt.Errorf("is no number, it has %s beside it", unit)
	}
	if _, told := errors.AsType[*oddValue](err); told {
		return 0, err
	}
	if err != nil {
		s = string(v)
	}
	q, perr := quantity.Parse(strings.TrimSuffix(s, "."))
	if perr != nil {
		if err == nil || strings.ContainsAny(s, "eE") {
			return 0, fmt.Errorf("is no number below 1e12")
		}
		return 0, err
	}
	return q, nil
}

// truth reads yes or no; known is false for anything else.
func truth(v []byte) (yes, known bool) {
	switch strings.ToLower(string(v)) {
	case "true", "t", "yes", "y", "1":
		return true, true
	case "false", "f", "no", "n", "0", "":
		return false, true
	}
	return false, false
}
