package money

import (
	"encoding/json"
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseReadsAmountsExactly(t *testing.T) {
	for _, c := range []struct {
		name, text string
		currency   Currency
		want       Minor
	}{
		{"whole dollars", "149", "USD", 14900},
		{"cents", "149.05", "USD", 14905},
		{"one decimal", "0.5", "USD", 50},
		{"a credit", "-0.50", "USD", -50},
		{"zeros beyond the cent", "1.5000", "USD", 150},
		{"yen have no decimals", "1500", "JPY", 1500},
		{"yen with a zero decimal", "1500.0", "JPY", 1500},
		{"fils are thousandths", "1.234", "KWD", 1234},
		{"nothing", "0", "EUR", 0},
		{"leading zeros", "0012.30", "EUR", 1230},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Parse(c.text, c.currency)
			if err != nil || got != c.want {
				t.Errorf("Parse(%q, %s) = %d, %v; want %d", c.text, c.currency, got, err, c.want)
			}
		})
	}
}

func TestParseRefusesWhatItCannotHold(t *testing.T) {
	for _, c := range []struct{ name, text, currency, says string }{
		{"a tenth of a cent", "0.001", "USD", "decimals"},
		{"half a yen", "1.5", "JPY", "decimals"},
		{"an exponent", "1e3", "USD", "only digits"},
		{"a separator", "1,000", "USD", "only digits"},
		{"a plus sign", "+1", "USD", "only digits"},
		{"two minus signs", "--1", "USD", "only digits"},
		{"nothing at all", "", "USD", "missing"},
		{"only a sign", "-", "USD", "missing"},
		{"no digits before the point", ".5", "USD", "missing"},
		{"no digits after the point", "5.", "USD", "missing"},
		{"not a number", "NaN", "USD", "only digits"},
		{"digits of another alphabet", "١٢", "USD", "only digits"},
		{"more than there is", "99999999999999999999", "USD", "too large"},
		{"a currency in small letters", "1", "usd", "ISO 4217"},
		{"no currency", "1", "", "ISO 4217"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Parse(c.text, Currency(c.currency))
			if err == nil {
				t.Fatalf("Parse(%q) = %d, want an error", c.text, got)
			}
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("the error does not say %q: %v", c.says, err)
			}
		})
	}
}

func currencies() *rapid.Generator[Currency] {
	return rapid.SampledFrom([]Currency{"USD", "EUR", "JPY", "KWD", "CLP"})
}

func TestWhatIsPrintedReadsBackTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := Of(Minor(rapid.Int64Range(-math.MaxInt64/100, math.MaxInt64/100).Draw(t, "minor")), currencies().Draw(t, "currency"))
		text, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		var back Amount
		if err := json.Unmarshal(text, &back); err != nil || back != a {
			t.Fatalf("%s read back as %v, %v", text, back, err)
		}
	})
}

func TestTheSmallestAmountPrints(t *testing.T) {
	if got := Minor(math.MinInt64).Decimal("USD"); got != "-92233720368547758.08" {
		t.Errorf("got %s", got)
	}
}

func TestTheLargestAmountsAreNoSpecialCase(t *testing.T) {
	for _, c := range []struct {
		name      string
		got, want Minor
	}{
		{"all of the least amount", Minor(math.MinInt64).Share(7, 7), math.MinInt64},
		{"half of the least amount", Minor(math.MinInt64).Share(1, 2), math.MinInt64 / 2},
		{"none of the least amount", Minor(math.MinInt64).Share(0, 1), 0},
		{"the least MRR rounded", Twelfths(math.MinInt64).Round(), -768614336404564651},
		{"the largest MRR rounded", Twelfths(math.MaxInt64).Round(), 768614336404564651},
	} {
		if c.got != c.want {
			t.Errorf("%s is %d, want %d", c.name, c.got, c.want)
		}
	}
}

func TestNoMoneyOfNoCurrencyReadsBack(t *testing.T) {
	for _, text := range []string{`{"amount":"0.00","currency":""}`, `{"amount":"","currency":""}`, `{}`} {
		a := Of(5, "USD")
		if err := json.Unmarshal([]byte(text), &a); err != nil || a != (Amount{}) {
			t.Errorf("%s reads as %v, %v; want the zero Amount", text, a, err)
		}
	}
	written, err := json.Marshal(Amount{})
	if err != nil || string(written) != `{"amount":"0.00","currency":""}` {
		t.Errorf("the zero Amount is written as %s, %v", written, err)
	}
	for _, text := range []string{`{"amount":"1.00","currency":""}`, `{"amount":"","currency":"USD"}`} {
		var a Amount
		if err := json.Unmarshal([]byte(text), &a); err == nil {
			t.Errorf("%s reads as %v, want an error", text, a)
		}
	}
}

func TestAYearlyPriceDividesByTwelveWithoutRemainder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		price := Minor(rapid.Int64Range(0, 1e12).Draw(t, "price"))
		if twelve := 12 * Yearly(price); twelve != Monthly(price) {
			t.Fatalf("twelve months of a year at %d are %d, want %d", price, twelve, Monthly(price))
		}
	})
}

func TestRoundingIsForDisplayAndHalvesGoAwayFromZero(t *testing.T) {
	for _, c := range []struct {
		in   Twelfths
		want Minor
	}{{0, 0}, {5, 0}, {6, 1}, {12, 1}, {17, 1}, {18, 2}, {-5, 0}, {-6, -1}, {-18, -2}} {
		if got := c.in.Round(); got != c.want {
			t.Errorf("%d twelfths round to %d, want %d", c.in, got, c.want)
		}
	}
}

func TestAShareIsExactToHalfAMinorUnit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.Int64().Draw(t, "amount")
		whole := rapid.Int64Range(1, math.MaxInt64).Draw(t, "whole")
		part := rapid.Int64Range(0, whole).Draw(t, "part")
		got := Minor(m).Share(part, whole)
		// |2·got·whole - 2·m·part| <= whole
		off := new(big.Int).Mul(big.NewInt(int64(got)), big.NewInt(whole))
		off.Sub(off, new(big.Int).Mul(big.NewInt(m), big.NewInt(part)))
		off.Lsh(off.Abs(off), 1)
		if off.Cmp(big.NewInt(whole)) > 0 {
			t.Fatalf("%d * %d / %d = %d", m, part, whole, got)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"149.00", "-0.5", "1e9", "", "9223372036854775807", "0.001", "NaN", "1.", "００"} {
		f.Add(seed, "USD")
		f.Add(seed, "KWD")
	}
	f.Fuzz(func(t *testing.T, text, currency string) {
		m, err := Parse(text, Currency(currency))
		if err != nil {
			return
		}
		again, err := Parse(m.Decimal(Currency(currency)), Currency(currency))
		if err != nil || again != m {
			t.Errorf("%q is %d, printed and read again %d, %v", text, m, again, err)
		}
		want, ok := new(big.Rat).SetString(text)
		if !ok {
			t.Fatalf("%q is no number and was read as %d", text, m)
		}
		scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(Currency(currency).Exponent())), nil)
		if want.Mul(want, new(big.Rat).SetInt(scale)).Cmp(new(big.Rat).SetInt64(int64(m))) != 0 {
			t.Errorf("%q %s is %d, want %s", text, currency, m, want)
		}
	})
}
