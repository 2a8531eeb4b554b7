package catalog

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/goccy/go-yaml/ast"

	"github.com/headroomhq/headroom/internal/condition"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
)

// scalar returns the text of a plain value.
func (r *reader) scalar(v value, mend string) (string, bool) {
	switch n := v.node.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return strings.TrimSuffix(n.Value.Value, "\n"), true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return v.source(), true
	}
	r.wrong(v, "wrong_type", mend, "this is %s, a plain value is wanted", v.kind())
	return "", false
}

// text reads words for people, of at most limit characters.
func (r *reader) text(v value, limit int) string {
	s, ok := r.scalar(v, "write text in quotes")
	if !ok {
		return ""
	}
	if n := len([]rune(s)); n > limit {
		r.wrong(v, "too_long", "write it shorter", "this has %d characters, the most is %d", n, limit)
		return ""
	}
	if strings.ContainsFunc(s, func(c rune) bool { return unicode.IsControl(c) && c != '\n' && c != '\t' }) {
		r.wrong(v, "invalid_value", "remove it", "there is a control character in this text")
		return ""
	}
	return s
}

var (
	keyForm       = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)
	placementForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,99}$`)
	durationForm  = regexp.MustCompile(`^([0-9]{1,6})(s|m|h|d|w)$`)
	percentForm   = regexp.MustCompile(`^([0-9]{1,6})%$`)
	atMostForm    = regexp.MustCompile(`^([0-9]{1,6}) per ([0-9a-z]+)$`)
	wholeForm     = regexp.MustCompile(`^[0-9]{1,9}$`)
)

const keyMend = "use 1 to 64 letters, digits, _ and -, beginning with a letter or digit"

// name reads the key of a definition.
func (r *reader) name(v value) string {
	s, ok := r.scalar(v, "write a name")
	if ok && !keyForm.MatchString(s) {
		r.wrong(v, "invalid_key", keyMend, "%q cannot be a name", fault.Shorten(s))
		return ""
	}
	return s
}

// placement reads the name of a place in the product.
func (r *reader) placement(v value) string {
	s, ok := r.scalar(v, "write a placement such as billing.page")
	if ok && !placementForm.MatchString(s) {
		r.wrong(v, "invalid_key", "write a placement such as billing.page", "%q cannot be a placement", fault.Shorten(s))
		return ""
	}
	return s
}

// eventType reads the type of an event as the product sends it.
func (r *reader) eventType(v value) string {
	s := r.text(v, 200)
	if s == "" || s != strings.TrimSpace(s) || strings.ContainsAny(s, "\n\t") {
		r.wrong(v, "invalid_value", "write the event's type as it is sent, such as email.sent", "%q cannot be an event type", fault.Shorten(s))
		return ""
	}
	return s
}

// list reads a list.
func (r *reader) list(v value) []value {
	n, ok := v.node.(*ast.SequenceNode)
	if !ok {
		mend := "write a list: [a, b]"
		if s := v.source(); s != "" {
			mend = "write a list: [" + fault.Shorten(s) + "]"
		}
		r.wrong(v, "wrong_type", mend, "this is %s, a list is wanted", v.kind())
		return nil
	}
	var values []value
	for i, node := range n.Values {
		c := r.child(v, "["+strconv.Itoa(i)+"]", node, v.pos)
		r.c.positions[c.path] = c.pos
		values = append(values, c)
	}
	return values
}

// names reads a list with one, such as r.name, for each; repeated ones are errors.
func (r *reader) names(v value, one func(value) string) []string {
	var names []string
	for _, element := range r.list(v) {
		s := one(element)
		if s == "" {
			continue
		}
		if slices.Contains(names, s) {
			r.wrong(element, "duplicate_value", "keep one of the two", "%q is in this list twice", s)
			continue
		}
		names = append(names, s)
	}
	return names
}

// oneOf reads one of a few words.
func (r *reader) oneOf(v value, words ...string) string {
	s, ok := r.scalar(v, "write one of "+strings.Join(words, ", "))
	if !ok || slices.Contains(words, s) {
		return s
	}
	mend := "write one of " + strings.Join(words, ", ")
	if near := condition.Nearest(s, words); near != "" {
		mend = "did you mean " + near + "? " + mend
	}
	r.wrong(v, "invalid_value", mend, "%q is not known here", fault.Shorten(s))
	return ""
}

// duration reads 90s, 30m, 12h, 14d or 2w, more than nothing and at most most.
func (r *reader) duration(v value, most time.Duration) time.Duration {
	s, ok := r.scalar(v, "write a duration such as 14d")
	if !ok {
		return 0
	}
	d, err := parseDuration(s, most)
	if err != "" {
		r.wrong(v, "invalid_duration", "write a number and s, m, h, d or w, such as 14d", "%q %s", fault.Shorten(s), err)
	}
	return d
}

func parseDuration(s string, most time.Duration) (d time.Duration, wrong string) {
	m := durationForm.FindStringSubmatch(s)
	if m == nil {
		return 0, "is not a duration"
	}
	n, _ := strconv.ParseInt(m[1], 10, 64)
	unit := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour}[m[2]]
	if n == 0 {
		return 0, "is no time at all"
	}
	if n > int64(most/unit) {
		return 0, fmt.Sprintf("is longer than %s", durationWords(most))
	}
	return time.Duration(n) * unit, ""
}

// durationWords writes a duration as a catalog does.
func durationWords(d time.Duration) string {
	for _, u := range []struct {
		unit time.Duration
		sign string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}} {
		if d%u.unit == 0 {
			return strconv.FormatInt(int64(d/u.unit), 10) + u.sign
		}
	}
	return strconv.FormatInt(int64(d/time.Second), 10) + "s"
}

// percent reads 80%, from low to high.
func (r *reader) percent(v value, low, high int64) int64 {
	s, ok := r.scalar(v, "write a percentage such as 80%")
	if !ok {
		return low
	}
	m := percentForm.FindStringSubmatch(s)
	if m == nil {
		r.wrong(v, "invalid_percent", "write whole percents with the sign, such as 80%", "%q is not a percentage", fault.Shorten(s))
		return low
	}
	n, _ := strconv.ParseInt(m[1], 10, 64)
	if n < low || n > high {
		r.wrong(v, "out_of_range", fmt.Sprintf("write %d%% to %d%%", low, high), "%s is out of range", s)
		return low
	}
	return n
}

// whole reads a whole number from 1 to high.
func (r *reader) whole(v value, high int64) int64 {
	const low = 1
	s, ok := r.scalar(v, "write a whole number")
	if !ok {
		return low
	}
	if !wholeForm.MatchString(s) {
		r.wrong(v, "invalid_number", fmt.Sprintf("write %d to %d", low, high), "%q is not a whole number", fault.Shorten(s))
		return low
	}
	n, _ := strconv.ParseInt(s, 10, 64)
	if n < low || n > high {
		r.wrong(v, "out_of_range", fmt.Sprintf("write %d to %d", low, high), "%s is out of range", s)
		return low
	}
	return n
}

// amount reads a quantity of units, 0 or more, from its source text exactly.
func (r *reader) amount(v value) quantity.Quantity {
	s, ok := r.decimal(v, "write a number such as 1000")
	if !ok {
		return 0
	}
	q, err := quantity.Parse(s)
	if err != nil {
		r.wrong(v, "invalid_number", "write a number such as 1000", "%s", err.Error())
		return 0
	}
	if q < 0 {
		r.wrong(v, "out_of_range", "write 0 or more", "%s is below nothing", s)
		return 0
	}
	return q
}

// maxPrice is a billion major units: large enough for any price, small enough that a year
// of a million of it still adds up.
const maxPrice = 1_000_000_000

// price reads an amount of money of a currency, 0 or more, exactly.
func (r *reader) price(v value, c money.Currency) money.Minor {
	s, ok := r.decimal(v, `write a price such as "49.00"`)
	if !ok {
		return 0
	}
	m, err := money.Parse(s, c)
	if err != nil {
		message, mend, found := strings.Cut(err.Error(), "; want ")
		if !found {
			mend = `a decimal such as "49.00"`
		}
		r.wrong(v, "invalid_price", "write "+mend, "%s", message)
		return 0
	}
	if m < 0 {
		r.wrong(v, "negative_price", "write 0 or more", "%s is a negative price", s)
		return 0
	}
	if most, _ := money.Parse(strconv.Itoa(maxPrice), c); m > most {
		r.wrong(v, "out_of_range", "write at most "+strconv.Itoa(maxPrice), "%s is too large a price", s)
		return 0
	}
	return m
}

// decimal returns the source text of a number, in quotes or not. Forms that YAML would
// read as another base are refused instead of being read one way or the other.
func (r *reader) decimal(v value, mend string) (string, bool) {
	switch v.node.(type) {
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode:
	default:
		r.wrong(v, "wrong_type", mend, "this is %s, a number is wanted", v.kind())
		return "", false
	}
	s := v.source()
	digits := strings.TrimPrefix(s, "-")
	if len(digits) > 1 && digits[0] == '0' && digits[1] != '.' {
		r.wrong(v, "invalid_number", mend+", without a zero in front", "%q can be read in two ways", fault.Shorten(s))
		return "", false
	}
	return s, true
}

// link reads an http(s) address.
func (r *reader) link(v value) string {
	s := r.text(v, 2000)
	if s == "" {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil {
		r.wrong(v, "invalid_link", "write an address that begins with https://", "%q is not a web address", fault.Shorten(s))
		return ""
	}
	return s
}

// rule reads a condition.
func (r *reader) rule(v value, env condition.Env) *condition.Condition {
	s, ok := r.scalar(v, "write a condition in quotes")
	if !ok {
		return nil
	}
	c, err := condition.Compile(s, env)
	return r.compiledRule(v, s, c, err)
}

// compiledRule reports what is wrong with a condition; nil when something is.
func (r *reader) compiledRule(v value, s string, c *condition.Condition, err error) *condition.Condition {
	if err == nil {
		r.rules[v.path] = v
		return c
	}
	wrong, positioned := errors.AsType[*condition.Error](err)
	if !positioned {
		r.wrong(v, "invalid_condition", "write it in a simpler way", "%s", err.Error())
		return nil
	}
	r.report(SeverityError, "invalid_condition", v.path, s, v.inside(wrong.Line, wrong.Column), wrong.Message, wrong.Mend)
	return nil
}

// inside returns the position of a place within the text of v. Escapes and folded lines
// are not followed; the line is right for everything people write.
func (v value) inside(line, column int) Position {
	p := v.pos
	switch n := v.node.(type) {
	case *ast.LiteralNode:
		p.Line += line
		p.Column = column + indentation(n.Value.GetToken().Origin)
	case *ast.StringNode:
		if line == 1 {
			p.Column += column - 1
			if o := strings.TrimLeft(n.Token.Origin, " \n\r\t"); strings.HasPrefix(o, `"`) || strings.HasPrefix(o, "'") {
				p.Column++
			}
		} else {
			p.Line += line - 1
			p.Column = column
		}
	}
	return p
}

// indentation returns by how many spaces the lines of a block of text are moved in.
func indentation(block string) int {
	least := -1
	for line := range strings.SplitSeq(block, "\n") {
		if words := strings.TrimLeft(line, " "); strings.TrimSpace(words) != "" && (least < 0 || len(line)-len(words) < least) {
			least = len(line) - len(words)
		}
	}
	return max(least, 0)
}
