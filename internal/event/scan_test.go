package event

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func strictly(text string) (scanner, bool) {
	sc := newScanner([]byte(text))
	ok := sc.skip(maxDepth) && sc.end()
	return sc, ok
}

// sameAsJSON holds the scanner against encoding/json, which wants the same of a text.
func sameAsJSON(t interface {
	Helper()
	Fatalf(string, ...any)
}, text string) {
	t.Helper()
	sc, ok := strictly(text)
	if ok != json.Valid([]byte(text)) && sc.why != tooDeep {
		t.Fatalf("%q: the scanner says %v (%s at %d), encoding/json says %v", text, ok, sc.why, sc.at, !ok)
	}
	if !ok && (sc.at < 0 || sc.at > len(text) || sc.why == "") {
		t.Fatalf("%q: refused with %q at %d", text, sc.why, sc.at)
	}
	var want string
	if !utf8.ValidString(text) || !strings.HasPrefix(text, `"`) || json.Unmarshal([]byte(text), &want) != nil {
		return
	}
	sc = newScanner([]byte(text))
	if v, _ := sc.scalar(); v.Text != want {
		t.Fatalf("%s reads as %q, want %q", text, v.Text, want)
	}
}

var jsonSeeds = []string{
	``, ` `, `null`, `true`, `tru`, `nul`, `NaN`, `Infinity`, `-`, `-0`, `01`, `1.`, `.5`, `1e`, `1e+`, `1E5`, `-1.5e-7`, `+1`, `0x10`,
	`"`, `"a`, `"\"`, `"\u00e9"`, `"\ud83d\ude00"`, `"\ud83d"`, `"\ud83dx"`, `"\ude00\ud83d"`, `"\u12"`, `"\x"`, `"\/\b\f\n\r\t\\"`,
	"\"a\x01b\"", "\"a\nb\"", "\"\xff\"", "\"éééééééé\"", `"12345678"`, `"1234567\n"`,
	`[]`, `[1,]`, `[,1]`, `[1 2]`, `[1,2`, `{}`, `{"a":1,}`, `{,}`, `{"a"}`, `{"a":}`, `{a:1}`, `{'a':1}`, `{"a":1 "b":2}`,
	`{"a":[{"b":null}]}`, `[1]x`, "\v1", "[1\f]", "\xef\xbb\xbf1", strings.Repeat("[", 40) + strings.Repeat("]", 40),
}

func TestTheScannerAcceptsExactlyWhatEncodingJSONAccepts(t *testing.T) {
	for _, text := range jsonSeeds {
		sameAsJSON(t, text)
	}
	rapid.Check(t, func(t *rapid.T) {
		pieces := rapid.SliceOfN(rapid.SampledFrom([]string{
			`{`, `}`, `[`, `]`, `,`, `:`, `"`, `\`, `"a"`, `"key":`, `1`, `-0.5e3`, `null`, `true`, ` `, "\n", `\u0041`, `\ud800`, "\x00", "é", "x",
		}), 0, 12).Draw(t, "pieces")
		sameAsJSON(t, strings.Join(pieces, ""))
		text := rapid.String().Draw(t, "text")
		quoted, _ := json.Marshal(text)
		sameAsJSON(t, string(quoted))
		sameAsJSON(t, string(appendQuoted(nil, text)))
	})
}

func FuzzScanner(f *testing.F) {
	for _, s := range jsonSeeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) { sameAsJSON(t, text) })
}

func TestANumberIsRefusedWhenAFloatCannotHoldIt(t *testing.T) {
	for _, c := range []struct {
		name, number string
		want         bool
	}{
		{"a whole number", "42", true},
		{"more digits than a float has", "0.1000000000000000055511151231257827", true},
		{"the largest float", "1.7976931348623157e308", true},
		{"beyond the largest float", "1e309", false},
		{"beyond it without an exponent", "1" + strings.Repeat("0", 320), false},
		{"too small to tell from nothing", "1e-400", true},
		{"absurdly long", "1." + strings.Repeat("0", 500), false},
		{"below the smallest", "-1e400", false},
	} {
		if got := inRange(c.number); got != c.want {
			t.Errorf("%s: inRange(%s) = %v, want %v", c.name, c.number, got, c.want)
		}
	}
}

func TestAScalarTravelsThroughItsSealedForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Prop{rapid.String().Draw(t, "name"), drawValue(t)}
		got, ok := PropOf(p.AppendJSON(nil))
		if !ok || got != p {
			t.Fatalf("%+v came back as %+v, %v", p, got, ok)
		}
	})
	for _, bad := range []string{"", "{", `{"n":1,"v":}`, `{"n":"a","v":[1]}`, `{"n":"a"} `, `[]`} {
		if p, ok := PropOf([]byte(bad)); ok && bad != `{"n":"a"} ` {
			t.Errorf("%q was read as %+v", bad, p)
		}
	}
}

func drawValue(t *rapid.T) Value {
	switch ValueKind(rapid.IntRange(0, 3).Draw(t, "kind")) {
	case Bool:
		return Value{Bool, rapid.SampledFrom([]string{"true", "false"}).Draw(t, "bool")}
	case Number:
		return Value{Number, rapid.SampledFrom([]string{"0", "-1", "1.50", "1e3", "12345678901234567890"}).Draw(t, "number")}
	case String:
		return Value{String, rapid.String().Draw(t, "text")}
	}
	return Value{}
}
