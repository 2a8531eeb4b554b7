package condition

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/fault"
	"pgregory.net/rapid"
)

var meters = []string{"emails", "exports", "speakers"}

func TestFormulasComputeWhatTheySay(t *testing.T) {
	for _, c := range []struct {
		source string
		given  float64 // of each meter: exports; emails is ten times that, speakers 3
		then   float64
		uses   string
	}{
		{"exports * 0.5", 8, 4, "exports"},
		{"exports * 2 + emails / 100", 10, 21, "emails exports"},
		{"40", 1, 40, ""},
		{"-exports + 1", 3, -2, "exports"},
		{"max(speakers - 5, 0)", 1, 0, "speakers"},
		{"min(exports, 10) * 2", 50, 20, "exports"},
		{"exports > 5 ? exports : 0", 5, 0, "exports"},
		{"speakers > 0 && exports >= 1 ? emails / speakers : 0", 3, 10, "emails exports speakers"},
		{"(exports + exports) / 4", 2, 1, "exports"},
	} {
		t.Run(c.source, func(t *testing.T) {
			f, err := CompileFormula(c.source, meters)
			if err != nil {
				t.Fatal(err)
			}
			got, err := f.Eval(func(name string) float64 {
				return map[string]float64{"exports": c.given, "emails": c.given * 10, "speakers": 3}[name]
			})
			if err != nil || got != c.then {
				t.Errorf("%g, %v; want %g", got, err, c.then)
			}
			if uses := strings.Join(f.Uses(), " "); uses != c.uses {
				t.Errorf("uses %q, want %q", uses, c.uses)
			}
		})
	}
}

func TestMistakesInFormulasAreNamedWhereTheyStand(t *testing.T) {
	for _, c := range []struct {
		name, source string
		line, column int
		message      string
		mend         string
	}{
		{"nothing", " ", 1, 1, "the formula is empty", "exports * 0.5"},
		{"a misspelt meter", "2 * exprots", 1, 5, `"exprots" is not the key of a meter`, "did you mean exports?"},
		{"a meter in the second line", "exports +\n  mails", 2, 3, `"mails" is not the key of a meter`, "emails"},
		{"a comparison alone", "exports > 5", 1, 1, "this is true or false, not a number", "exports * 0.5"},
		{"text", "exports * 'two'", 1, 9, "* cannot stand between a number and text", "exports * 0.5"},
		{"breaks off", "exports *", 1, 10, "the formula breaks off here", "finish it"},
		{"a function nobody knows", "round(exports)", 1, 6, `"round" is not available in formulas`, "max, min"},
		{"a list", "[exports]", 1, 1, "this is not part of a formula", "exports * 0.5"},
		{"a remainder", "exports % 2", 1, 9, `"%" is not available in formulas`, "+ - * /"},
		{"a field", "exports.count", 1, 8, "this is not part of a formula", "exports * 0.5"},
		{"a loop", "[1].map(x, x)", 1, 8, "", ""},
		{"too long", strings.Repeat("exports + ", 500) + "1", 1, 1, "the formula has 5001 bytes, the most is 4096", "shorter"},
		{"too deep", strings.Repeat("(", 200) + "1" + strings.Repeat(")", 200), 1, 0, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := CompileFormula(c.source, meters)
			e, ok := errors.AsType[*Error](err)
			if !ok {
				t.Fatalf("%v", err)
			}
			if c.message != "" && (e.Line != c.line || e.Column != c.column || e.Message != c.message || !strings.Contains(e.Mend, c.mend)) {
				t.Errorf("got %v", err)
			}
			if fault.CodeOf(err) != "condition_invalid" {
				t.Errorf("code %s", fault.CodeOf(err))
			}
		})
	}
}

func TestAFormulaThatCannotBeComputedSaysWhy(t *testing.T) {
	f, err := CompileFormula("emails / exports", meters)
	if err != nil {
		t.Fatal(err)
	}
	for _, exports := range []float64{0, math.NaN()} {
		if _, err := f.Eval(func(string) float64 { return exports }); fault.CodeOf(err) != "formula_failed" || !strings.Contains(err.Error(), "divides by zero") {
			t.Errorf("with %g: %v", exports, err)
		}
	}
}

func TestSumsOfProductsAreThoseOfArithmetic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := map[string]float64{}
		var terms []string
		want := 0.0
		for _, m := range meters {
			values[m] = float64(rapid.Int64Range(0, 1e9).Draw(t, m))
		}
		for _, m := range rapid.SliceOfN(rapid.SampledFrom(meters), 1, 8).Draw(t, "terms") {
			factor := rapid.Int64Range(-1000, 1000).Draw(t, "factor")
			terms = append(terms, fmt.Sprintf("%d * %s", factor, m))
			want += float64(factor) * values[m]
		}
		f, err := CompileFormula(strings.Join(terms, " + "), meters)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := f.Eval(func(m string) float64 { return values[m] }); err != nil || got != want {
			t.Fatalf("%s is %g, %v; want %g", f.Source, got, err, want)
		}
		if !slices.IsSorted(f.Uses()) {
			t.Fatalf("uses %v", f.Uses())
		}
	})
}

func FuzzCompileFormula(f *testing.F) {
	for _, s := range []string{formulaExample, "max(exports, 1) ? 2 : 3", "((1", "exports\x00", "a.b.c", "1e999 * exports", "'x' + 'y'", "-(-exports)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		c, err := CompileFormula(source, meters)
		if err != nil {
			if e, ok := errors.AsType[*Error](err); !ok || e.Line < 1 || e.Column < 1 || e.Mend == "" {
				t.Fatalf("%q: %v", source, err)
			}
			return
		}
		if got, err := c.Eval(func(string) float64 { return 2 }); err == nil && (math.IsNaN(got) || math.IsInf(got, 0)) {
			t.Fatalf("%q gives %g", source, got)
		}
	})
}
