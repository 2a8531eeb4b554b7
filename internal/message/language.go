package message

import (
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
	printer "golang.org/x/text/message"
	"golang.org/x/text/number"

	"github.com/headroomhq/headroom/internal/quantity"
)

// Language knows how a language writes numbers and which plurals it has (CLDR, as the Go
// project keeps it). Immutable and safe for concurrent use.
type Language struct {
	tag     language.Tag
	Base    string // de of de-AT
	digits  [10]string
	group   string // between groups of digits; empty: none
	point   string
	primary int // digits of the last group, 3 nearly everywhere
	other   int // of those before it: 2 in India
	before  string
	after   string // of percent
}

// English is what is written where no other language is known.
var English = sync.OnceValue(func() *Language { return newLanguage(language.English) })

// languages keeps those that were asked for; which ones is up to callers, so their number is
// bounded.
var languages = struct {
	sync.Mutex
	by map[string]*Language
}{by: make(map[string]*Language)}

const maxLanguages = 200

// For returns the language of a BCP 47 tag; English for one that is none.
func For(tag string) *Language {
	languages.Lock()
	defer languages.Unlock()
	if l := languages.by[tag]; l != nil {
		return l
	}
	parsed, err := language.Parse(tag)
	if err != nil || tag == "" {
		return English()
	}
	l := newLanguage(parsed)
	if len(languages.by) < maxLanguages {
		languages.by[strings.Clone(tag)] = l
	}
	return l
}

// newLanguage learns from how sample numbers are written.
func newLanguage(tag language.Tag) *Language {
	base, _ := tag.Base()
	l := &Language{tag: tag, Base: base.String(), primary: 3, other: 3}
	p := printer.NewPrinter(tag)
	place, run := 0, 0
	var groups []string
	var runs []int
	for _, r := range p.Sprint(number.Decimal(1234567890.5)) {
		switch {
		case unicode.IsDigit(r) && place < 10:
			l.digits[(place+1)%10] = string(r)
			place++
			run++
		case unicode.IsDigit(r): // of the fraction
		case place == 10:
			l.point += string(r)
		case unicode.In(r, unicode.Cf): // marks of direction
		default:
			groups, runs, run = append(groups, string(r)), append(runs, run), 0
		}
	}
	if len(groups) > 0 {
		l.group, l.primary = groups[len(groups)-1], run
		if l.other = run; len(runs) > 1 {
			l.other = runs[len(runs)-1]
		}
	}
	one := p.Sprint(number.Percent(0.07))
	if at := strings.Index(one, l.digits[7]); at >= 0 {
		l.before, l.after = one[:at], one[at+len(l.digits[7]):]
	} else {
		l.after = "%"
	}
	return l
}

func (l *Language) percent(number string) string { return l.before + number + l.after }

// Decimal writes a plain decimal, such as -20000.5, in the language's way: no digit is lost.
func (l *Language) Decimal(plain string) string {
	digits, negative := strings.CutPrefix(plain, "-")
	whole, fraction, dotted := strings.Cut(digits, ".")
	var b strings.Builder
	if negative {
		b.WriteByte('-')
	}
	for i := range len(whole) {
		left := len(whole) - i
		if i > 0 && l.group != "" && (left == l.primary || left > l.primary && (left-l.primary)%l.other == 0) {
			b.WriteString(l.group)
		}
		l.digit(&b, whole[i])
	}
	if dotted {
		b.WriteString(l.point)
		for i := range len(fraction) {
			l.digit(&b, fraction[i])
		}
	}
	return b.String()
}

func (l *Language) digit(b *strings.Builder, c byte) {
	if c >= '0' && c <= '9' {
		b.WriteString(l.digits[c-'0'])
		return
	}
	b.WriteByte(c)
}

// category returns the plural of a number.
func (l *Language) category(q quantity.Quantity, ordinal bool) string {
	whole, fraction, _ := strings.Cut(strings.TrimPrefix(q.String(), "-"), ".")
	rules := plural.Cardinal
	if ordinal {
		rules = plural.Ordinal
	}
	n, f := int(clip(whole)), int(clip(fraction))
	switch rules.MatchPlural(l.tag, n, len(fraction), len(fraction), f, f) {
	case plural.Zero:
		return "zero"
	case plural.One:
		return "one"
	case plural.Two:
		return "two"
	case plural.Few:
		return "few"
	case plural.Many:
		return "many"
	}
	return "other"
}

// clip returns a number of which only the last digits decide a plural, small enough: above ten
// million what is left is never itself one of the small numbers that have a plural of their own.
func clip(digits string) int64 {
	var n int64
	for i := range len(digits) {
		n = n*10 + int64(digits[i]-'0')
		if n >= 10_000_000 {
			n = n%1_000_000 + 1_000_000
		}
	}
	return n
}

// plurals are which categories a language has, for tags that say no more than that.
var plurals sync.Map

// Plurals returns the categories that numbers have in the language, other last: one and other in
// English. The caller must not change it.
func (l *Language) Plurals(ordinal bool) []string {
	type key struct {
		tag     language.Tag
		ordinal bool
	}
	if known, there := plurals.Load(key{l.tag, ordinal}); there {
		return known.([]string)
	}
	has := map[string]bool{}
	for n := range int64(1100) {
		has[l.category(quantity.Of(n), ordinal)] = true
		if n < 300 {
			has[l.category(quantity.One/10*quantity.Quantity(n), ordinal)] = true
			has[l.category(quantity.One/100*quantity.Quantity(n), ordinal)] = true
		}
	}
	has[l.category(quantity.Of(1_000_000), ordinal)] = true
	var all []string
	for _, c := range categories {
		if has[c] {
			all = append(all, c)
		}
	}
	if base, _ := l.tag.Base(); base.String() == l.tag.String() { // as many as there are languages
		plurals.Store(key{l.tag, ordinal}, all)
	}
	return all
}
