package quantity

import (
	"encoding/json"
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseReadsNumbersAsSent(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       Quantity
	}{
		{"a whole number", "48", 48 * One},
		{"a decimal", "2.5", 2_500_000},
		{"below zero", "-3", -3 * One},
		{"the smallest", "0.000001", 1},
		{"half of the smallest goes up", "0.0000005", 1},
		{"below half of the smallest", "0.00000049", 0},
		{"half of the smallest below zero goes down", "-0.0000005", -1},
		{"an exponent", "1.5e3", 1500 * One},
		{"a negative exponent", "25E-1", 2_500_000},
		{"an exponent with a plus", "1e+2", 100 * One},
		{"zero of any size", "0e999", 0},
		{"zero with an exponent beyond counting", "0e99999999999999999999", 0},
		{"next to nothing", "1e-3000", 0},
		{"an exponent below counting", "1e-99999999999999999999", 0},
		{"the largest", "1000000000000", Max},
		{"many digits of which none is lost", "123456789.123456", 123456789_123456},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Parse(c.text)
			if err != nil || got != c.want {
				t.Errorf("Parse(%q) = %d, %v; want %d", c.text, got, err, c.want)
			}
		})
	}
}

func TestParseRefusesWhatIsNoQuantity(t *testing.T) {
	for _, c := range []struct{ name, text string }{
		{"nothing", ""}, {"not a number", "NaN"}, {"infinity", "Infinity"}, {"words", "ten"},
		{"beyond the range", "1000000000001"}, {"far beyond it", "1e308"}, {"beyond any float", "1e99999"},
		{"no digits before the point", ".5"}, {"no digits after it", "5."}, {"two points", "1.2.3"},
		{"an empty exponent", "1e"}, {"two exponents", "1e2e3"}, {"two signs", "--1"}, {"hexadecimal", "0x10"},
		{"a space", " 1"}, {"an exponent of nothing", "e70"}, {"a point with an exponent", ".e99"}, {"an exponent that is no number", "1eNaN"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := Parse(c.text); err == nil {
				t.Errorf("Parse(%q) = %s, want an error", c.text, got)
			}
		})
	}
}

func TestARefusalNamesWhatIsWrong(t *testing.T) {
	for _, c := range []struct{ text, says string }{
		{"1e99999999999999999999", "beyond 1e12"}, {"1e99999", "beyond 1e12"}, {"1eNaN", "exponent is not a whole number"}, {"ten", "not a number"},
	} {
		if _, err := Parse(c.text); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("Parse(%q): %v, want it to say %q", c.text, err, c.says)
		}
	}
}

func quantities() *rapid.Generator[Quantity] {
	return rapid.Map(rapid.Int64Range(-int64(Max), int64(Max)), func(n int64) Quantity { return Quantity(n) })
}

func TestTheOrderOfAdditionDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(quantities(), 1, 20).Draw(t, "quantities")
		sum := func(list []Quantity) (s Quantity) {
			for _, q := range list {
				s = s.Add(q)
			}
			return s
		}
		if a, b := sum(list), sum(rapid.Permutation(list).Draw(t, "order")); a != b {
			t.Fatalf("%s in one order, %s in another", a, b)
		}
	})
}

func TestAdditionHoldsAtTheEnds(t *testing.T) {
	const top, bottom = Quantity(math.MaxInt64), Quantity(math.MinInt64)
	if got := top.Add(1); got != top {
		t.Errorf("the largest and one more is %d", got)
	}
	if got := bottom.Add(-1); got != bottom {
		t.Errorf("the smallest and one less is %d", got)
	}
	if got := top.Add(bottom); got != -1 {
		t.Errorf("largest and smallest are %d, want -1", got)
	}
}

func TestWhatIsPrintedReadsBackTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := quantities().Draw(t, "quantity")
		text, err := json.Marshal(q)
		if err != nil {
			t.Fatal(err)
		}
		var plain, quoted Quantity
		if err := json.Unmarshal(text, &plain); err != nil || plain != q {
			t.Fatalf("%s read back as %d, %v", text, plain, err)
		}
		if err := json.Unmarshal([]byte(`"`+string(text)+`"`), &quoted); err != nil || quoted != q {
			t.Fatalf("%q read back as %d, %v", text, quoted, err)
		}
	})
}

func TestPercentRoundsDownAndNeverPassesWhatIsTrue(t *testing.T) {
	for _, c := range []struct {
		name  string
		q, of Quantity
		want  int64
	}{
		{"eight of ten", Of(8), Of(10), 80},
		{"nearly eighty percent is not eighty", Of(10) - 2*One - 1, Of(10), 79},
		{"above the limit", Of(15), Of(10), 150},
		{"no limit to speak of", Of(5), 0, 0},
		{"nothing used", 0, Of(10), 0},
		{"given back more than was taken", Of(-1), Of(10), 0},
		{"beyond counting", math.MaxInt64, 1, math.MaxInt64},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.q.Percent(c.of); got != c.want {
				t.Errorf("%s of %s is %d%%, want %d%%", c.q, c.of, got, c.want)
			}
		})
	}
	rapid.Check(t, func(t *rapid.T) {
		q, of := Quantity(rapid.Int64Range(1, int64(Max)).Draw(t, "q")), Quantity(rapid.Int64Range(1, int64(Max)).Draw(t, "of"))
		want := new(big.Int).Mul(big.NewInt(int64(q)), big.NewInt(100))
		if want.Div(want, big.NewInt(int64(of))); want.IsInt64() && q.Percent(of) != want.Int64() {
			t.Fatalf("%s of %s is %d%%, want %s%%", q, of, q.Percent(of), want)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"48", "2.5", "-0.000001", "1e12", "1e-7", "5e-7", "0.00000049999", "NaN", "1e", "1.e3", "999999999999.9999995", "1e-20"} {
		f.Add(seed)
	}
	half := big.NewRat(1, 2)
	f.Fuzz(func(t *testing.T, text string) {
		q, err := Parse(text)
		if err != nil || len(text) > 300 {
			return
		}
		if i := strings.IndexAny(text, "eE"); i >= 0 && len(text)-i > 5 {
			return // the exact number would take gigabytes
		}
		exact, ok := new(big.Rat).SetString(text)
		if !ok {
			t.Fatalf("%q is no number and was read as %s", text, q)
		}
		exact.Mul(exact, new(big.Rat).SetInt64(int64(One)))
		off := new(big.Rat).Sub(exact, new(big.Rat).SetInt64(int64(q)))
		if off.Abs(off).Cmp(half) > 0 {
			t.Errorf("%q was read as %s millionths of which %d are kept", text, exact.FloatString(3), q)
		}
	})
}
