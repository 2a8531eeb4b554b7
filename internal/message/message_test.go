package message

import (
	"errors"
	"fmt"
	"testing"
	"unicode/utf8"

	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/quantity"
)

func q(t testing.TB, s string) Value {
	t.Helper()
	n, err := quantity.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return Number(n)
}

func write(t testing.TB, tag, text string, values map[string]Value) string {
	t.Helper()
	m, err := Compile(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return m.Write(For(tag), values)
}

func TestPluralsFollowTheRulesOfTheLanguage(t *testing.T) {
	const all = "{n, plural, zero {zero} one {one} two {two} few {few} many {many} other {other}}"
	for _, c := range []struct {
		language string
		given    map[string]string // number → category
	}{
		{"en", map[string]string{"0": "other", "1": "one", "2": "other", "1.5": "other", "21": "other"}},
		{"de", map[string]string{"0": "other", "1": "one", "1.5": "other", "101": "other"}},
		{"de-AT", map[string]string{"1": "one", "7": "other"}},
		{"pl", map[string]string{"1": "one", "2": "few", "4": "few", "5": "many", "12": "many", "22": "few", "25": "many", "1.5": "other", "10000002": "few", "10000012": "many", "90000000001": "many"}},
		{"ar", map[string]string{"0": "zero", "1": "one", "2": "two", "3": "few", "10": "few", "11": "many", "99": "many", "100": "other", "103": "few"}},
		{"ja", map[string]string{"0": "other", "1": "other", "7": "other"}},
	} {
		for n, want := range c.given {
			if got := write(t, c.language, all, map[string]Value{"n": q(t, n)}); got != want {
				t.Errorf("%s in %s is %q, want %q", n, c.language, got, want)
			}
		}
	}
}

func TestCasesThatALanguageDoesNotHaveAreFound(t *testing.T) {
	for _, c := range []struct{ language, text, want string }{
		{"en", "{n, plural, =0 {} one {a} other {b}}", "[]"},
		{"en", "{n, plural, few {a} other {b}}", "[{n few false}]"},
		{"en", "{n, selectordinal, one {st} two {nd} few {rd} other {th}}", "[]"},
		{"de", "{n, selectordinal, one {st} other {th}}", "[{n one true}]"},
		{"de-AT", "{x, select, few {{n, plural, many {a} other {b}}} other {}}", "[{n many false}]"},
		{"pl", "{n, plural, one {a} few {b} many {c} other {d}}", "[]"},
		{"ru", "{n, plural, one {a} few {b} many {c} other {d}}", "[]"},
		{"ar", "{n, plural, zero {z} one {a} two {t} few {b} many {c} other {d}}", "[]"},
		{"cs", "{n, plural, one {a} few {b} many {c} other {d}}", "[]"},
		{"ja", "{n, plural, one {a} other {b}}", "[{n one false}]"},
	} {
		m, err := Compile(c.text)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(m.Foreign(For(c.language))); got != c.want {
			t.Errorf("%s in %s: %s, want %s", c.text, c.language, got, c.want)
		}
	}
}

func TestNumbersAreWrittenInTheLanguagesWay(t *testing.T) {
	for _, c := range []struct{ language, number, want, percent string }{
		{"en", "1234567.5", "1,234,567.5", "7%"},
		{"en", "1234", "1,234", "7%"},
		{"de", "1234567.5", "1.234.567,5", "7\u00a0%"},
		{"de-AT", "1234.25", "1\u00a0234,25", "7\u00a0%"},
		{"hi", "1234567", "12,34,567", "7%"},
		{"es", "12345", "12.345", "7\u00a0%"},
		{"ja", "20000.5", "20,000.5", "7%"},
		{"no such", "1234.5", "1,234.5", "7%"},
	} {
		if got := write(t, c.language, "{n}", map[string]Value{"n": q(t, c.number)}); got != c.want {
			t.Errorf("%s in %s is %q, want %q", c.number, c.language, got, c.want)
		}
		if got := write(t, c.language, "{n}", map[string]Value{"n": Percent(7)}); got != c.percent {
			t.Errorf("7 percent in %s is %q, want %q", c.language, got, c.percent)
		}
	}
	if got := For("ar-EG").Decimal("1234.5"); utf8.RuneCountInString(got) != 7 {
		t.Errorf("Arabic digits: %q", got)
	}
	const large = "9223372036854.775807"
	if got := For("de").Decimal(large); got != "9.223.372.036.854,775807" {
		t.Errorf("a large number loses digits: %s", got)
	}
}

func TestWhatMessagesSay(t *testing.T) {
	values := map[string]Value{
		"n": Number(quantity.Of(3)), "one": Number(quantity.Of(1)), "none": Number(0), "limit": Text("unlimited"),
		"role": Text("admin"), "price": Decimal("1490.00", "USD"), "percent": Percent(80), "who": Text("Ada {x}"), "half": q(t, "2.5"),
	}
	for _, c := range []struct{ name, text, want string }{
		{"plain words", "Room for more", "Room for more"},
		{"a value", "Room for {n}", "Room for 3"},
		{"spaces in the braces", "Room for { n }", "Room for 3"},
		{"a plural", "{n, plural, one {# seat} other {# seats}}", "3 seats"},
		{"the singular", "{one, plural, one {# seat} other {# seats}}", "1 seat"},
		{"an exact number first", "{none, plural, =0 {nobody} one {# seat} other {# seats}}", "nobody"},
		{"an offset", "{n, plural, offset:1 one {you and # other} other {you and # others}}", "you and 2 others"},
		{"an ordinal", "the {n, selectordinal, one {#st} two {#nd} few {#rd} other {#th}}", "the 3rd"},
		{"a choice", "{role, select, admin {Buy} other {Ask}}", "Buy"},
		{"a choice by what is not there", "{gone, select, admin {Buy} other {Ask}}", "Ask"},
		{"a choice within a plural", "{n, plural, other {# {role, select, admin {yours} other {theirs}}}}", "3 yours"},
		{"a plural of what is no number", "{limit, plural, one {# seat} other {# seats}}", "unlimited seats"},
		{"a whole number of a broken one", "{half, number, integer} of {half, number}", "2 of 2.5"},
		{"money", "{price} each", "1,490.00 USD each"},
		{"a percentage", "{percent} used", "80% used"},
		{"a percentage with its own sign", "({percent}%)", "(80%)"},
		{"a sentence without its value is left out", "Keep it. It is {gone}. Now!", "Keep it. Now!"},
		{"a sentence without its value at the end", "Keep it. It is {gone}.", "Keep it."},
		{"the only sentence without its value", "It is {gone}", ""},
		{"a sentence without its value on a line of its own", "Keep it.\nIt is {gone}.\nNow!", "Keep it. Now!"},
		{"a plural of what there is none of", "Keep it. {gone, plural, =0 {No seat is left} other {# seats are left}}.", "Keep it."},
		{"only a plural of what there is none of", "{gone, plural, =0 {No seat is left} other {seats are left}}", ""},
		{"what is missing within a choice", "{role, select, admin {Yours for {gone}} other {Ask}}", ""},
		{"what is missing in the case that is chosen", "Keep it. {n, plural, one {a} other {# for {gone}}}.", "Keep it."},
		{"an apostrophe", "Don't", "Don't"},
		{"two apostrophes", "Don''t", "Don't"},
		{"braces in the text", "'{'n'}' is {n}", "{n} is 3"},
		{"a number sign outside of plurals", "#{n}", "#3"},
		{"a value is never read as a message", "Hello {who}", "Hello Ada {x}"},
		{"sentences in Japanese", "残り。{gone}です。{n}です。", "残り。3です。"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := write(t, "en", c.text, values); got != c.want {
				t.Errorf("%q says %q, want %q", c.text, got, c.want)
			}
		})
	}
}

func TestAMistakeIsFoundWhereItStands(t *testing.T) {
	for _, c := range []struct {
		name, text   string
		line, column int
	}{
		{"a brace that is not closed", "Room {n", 1, 8},
		{"a brace that was never opened", "Room n}", 1, 7},
		{"no name", "Room for {}", 1, 10},
		{"a kind there is none of", "{n, date}", 1, 4},
		{"a way of numbers there is none of", "{n, number, roman}", 1, 12},
		{"a plural without cases", "{n, plural}", 1, 11},
		{"a plural without other", "Now\n{n, plural, one {#}}", 2, 1},
		{"a case there is none of", "{n, plural, once {#} other {#}}", 1, 12},
		{"a case twice", "{n, plural, one {#} one {#} other {#}}", 1, 21},
		{"a case that says nothing", "{n, plural, other}", 1, 18},
		{"an exact case that is no number", "{n, plural, =x {a} other {b}}", 1, 12},
		{"an offset that is no number", "{n, plural, offset:x other {b}}", 1, 20},
		{"a case that is not closed", "{n, plural, other {b}", 1, 22},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Compile(c.text)
			e, ok := errors.AsType[*Error](err)
			if !ok || e.Message == "" || e.Mend == "" {
				t.Fatalf("%q: %v", c.text, err)
			}
			if fault.CodeOf(err) != "message_invalid" {
				t.Errorf("code %q", fault.CodeOf(err))
			}
			if e.Line != c.line || e.Column < c.column || e.Column > c.column+1 {
				t.Errorf("%q at %d:%d, want %d:%d: %v", c.text, e.Line, e.Column, c.line, c.column, err)
			}
		})
	}
}

func FuzzNoTextMakesItFail(f *testing.F) {
	for _, text := range []string{"{n}", "{n, plural, one {# a} other {b {role, select, other {'{'}}}}", "a. {gone}. b", "'", "{n, plural, offset:1 =1 {a} other {#}}"} {
		f.Add(text, "pl", int64(5))
	}
	f.Fuzz(func(t *testing.T, text, tag string, n int64) {
		m, err := Compile(text)
		if err != nil {
			return
		}
		got := m.Write(For(tag), map[string]Value{"n": Number(quantity.Quantity(n)), "role": Text("admin")})
		if utf8.ValidString(text) && !utf8.ValidString(got) {
			t.Errorf("%q became %q", text, got)
		}
	})
}
