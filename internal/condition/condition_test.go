package condition

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/headroomhq/headroom/internal/fault"
)

// offerVars is an account with a few traits, one of them null.
func offerVars() map[string]any {
	return map[string]any{
		"account": map[string]any{
			"key": "acme", "name": "Acme", "plan": "pro", "status": "active", "mrr": 149.5,
			"traits": map[string]any{"segment": "smb", "seats": 12.0, "beta": true, "gone": nil, "two words": "x"},
		},
		"user":      map[string]any{"role": "admin", "profile": "host"},
		"placement": "billing.page",
	}
}

func TestOfferConditionsMeanWhatTheySay(t *testing.T) {
	for _, c := range []struct {
		name, source string
		want         bool
	}{
		{"a trait that is there", "account.traits.segment == 'smb'", true},
		{"a trait that is another", "account.traits.segment != 'enterprise'", true},
		{"a missing trait is not the text", "account.traits.country == 'de'", false},
		{"a missing trait differs from any text", "account.traits.country != 'de'", true},
		{"a missing trait is null", "account.traits.country == null", true},
		{"a null trait is null", "account.traits.gone == null", true},
		{"a trait that is there is not null", "account.traits.segment != null", true},
		{"a missing trait is never more", "account.traits.employees > 10", false},
		{"a missing trait is never less", "account.traits.employees <= 10", false},
		{"a missing trait on the right", "10 < account.traits.employees", false},
		{"a sum with a missing trait is never more", "account.traits.employees * 2 + 1 > 0", false},
		{"a missing trait begins with nothing", "account.traits.country.startsWith('d')", false},
		{"a missing trait has no size", "size(account.traits.country) >= 0", false},
		{"has a trait", "has(account.traits.segment)", true},
		{"has not a missing trait", "has(account.traits.country)", false},
		{"has not a null trait", "has(account.traits.gone)", false},
		{"has a field", "has(account.plan)", true},
		{"a trait by its quoted name", "account.traits['two words'] == 'x'", true},
		{"a missing trait by its quoted name", "account.traits['no words'] == null", true},
		{"which traits there are", "'segment' in account.traits && !('country' in account.traits)", true},
		{"whole number against whole number", "account.traits.seats == 12", true},
		{"whole number against fraction", "account.traits.seats >= 11.5", true},
		{"money in major units", "account.mrr > 149 && account.mrr < 150", true},
		{"money a year", "account.mrr * 12 >= 1794", true},
		{"minus and parentheses", "-(account.mrr - 150) == 0.5", true},
		{"one of several plans", "account.plan in ['pro', 'business']", true},
		{"one of several numbers of both forms", "account.traits.seats in [12, 2.5]", true},
		{"a missing trait in a list", "account.traits.country in ['de', 'fr']", false},
		{"a trait that is true", "account.traits.beta == true", true},
		{"a missing trait is not true", "account.traits.vip == true", false},
		{"and, or, not", "!(user.role == 'member') && (placement == 'x' || user.profile == 'host')", true},
		{"either or", "(user.role == 'admin' ? account.mrr : 0) > 100", true},
		{"small letters", "account.name.lowerAscii() == 'acme'", true},
		{"letters count as characters", "size('äöü') == 3", true},
		{"contains", "account.name.contains('cm')", true},
		{"over several lines", "account.plan == 'pro'\n  && user.role == 'admin'", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			compiled, err := Compile(c.source, ForOffer)
			if err != nil {
				t.Fatal(err)
			}
			got, err := compiled.Eval(offerVars())
			if err != nil || got != c.want {
				t.Fatalf("%s is %v, %v; want %v", c.source, got, err, c.want)
			}
			if compiled.Source != c.source {
				t.Fatalf("source became %q", compiled.Source)
			}
		})
	}
}

type planKey string

func TestRoutingConditionsMeanWhatTheySay(t *testing.T) {
	for _, c := range []struct {
		name, source string
		amount       any
		want         bool
	}{
		{"at the border, whole", "amount >= 100000", 100000.0, true},
		{"just below", "amount >= 100000", 99999.99, false},
		{"fraction", "amount >= 2.5", 3, true},
		{"equal to a whole number", "amount == 100000", int64(100000), true},
		{"type and amount", "type == 'upsell' && amount > 1", 2.0, true},
		{"plan of any string type", "account.plan == 'pro'", 0.0, true},
		{"absent amount is 0", "amount == 0", nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			compiled, err := Compile(c.source, ForRouting)
			if err != nil {
				t.Fatal(err)
			}
			got, err := compiled.Eval(map[string]any{"amount": c.amount, "type": planKey("upsell"), "account": map[string]any{"plan": planKey("pro")}})
			if err != nil || got != c.want {
				t.Fatalf("%s is %v, %v; want %v", c.source, got, err, c.want)
			}
		})
	}
}

func TestWhatIsAbsentReadsAsEmpty(t *testing.T) {
	for _, source := range []string{
		"account.plan == ''", "account.mrr == 0", "account.traits.x == null", "user.role == ''",
		"placement == ''", "!has(account.plan)", "!has(account.traits.x)",
	} {
		c, err := Compile(source, ForOffer)
		if err != nil {
			t.Fatal(err)
		}
		if ok, err := c.Eval(nil); err != nil || !ok {
			t.Errorf("%s of nothing is %v, %v", source, ok, err)
		}
	}
}

func TestWrongConditionsAreToldInPlainWords(t *testing.T) {
	for _, c := range []struct {
		name, source string
		env          Env
		line, column int
		message      string
		mend         string
	}{
		{"empty", "  ", ForOffer, 1, 1, "the condition is empty", "leave it out"},
		{"unknown name", "acount.plan == 'pro'", ForOffer, 1, 1, `"acount" is not a name known here`, "did you mean account?"},
		{"name of the other place", "amount > 3", ForOffer, 1, 1, `"amount" is not a name known here`, "known here: account, placement, user"},
		{"misspelt field", "account.pln == 'pro'", ForOffer, 1, 8, `account has no field "pln"`, "did you mean account.plan?"},
		{"trait without traits", "account.segment == 'smb'", ForOffer, 1, 8, `account has no field "segment"`, "account.traits.segment"},
		{"has of a misspelt field", "has(account.pln)", ForOffer, 1, 4, `account has no field "pln"`, "did you mean account.plan?"},
		{"field of a plain value", "placement.name == 'x'", ForOffer, 1, 10, "placement has no fields", "write placement alone"},
		{"field of a trait", "account.traits.a.b == 'x'", ForOffer, 1, 17, `account.traits.a is a plain value and has no field "b"`, "use the value itself"},
		{"account as a whole", "account == 'x'", ForOffer, 1, 1, "account as a whole cannot be used here", "name one of its fields"},
		{"traits as a whole", "account.traits == null", ForOffer, 1, 8, "account.traits as a whole cannot be used here", "name one trait"},
		{"second line", "account.plan == 'pro' &&\n  usr.role == 'admin'", ForOffer, 2, 3, `"usr" is not a name known here`, "did you mean user?"},
		{"not true or false", "account.mrr", ForOffer, 1, 8, "this is a number, not true or false", "compare it"},
		{"a trait alone", "account.traits.beta", ForOffer, 1, 15, "account.traits.beta may be missing or neither true nor false", "write account.traits.beta == true"},
		{"not a trait", "!account.traits.beta", ForOffer, 1, 16, "account.traits.beta may be missing or neither true nor false", "write account.traits.beta == true"},
		{"a trait in and", "user.role == 'admin' && account.traits.beta", ForOffer, 1, 39, "may be missing", "== true"},
		{"text against number", "account.plan > 3", ForOffer, 1, 14, "> cannot stand between text and a number", "same kind"},
		{"number equal to text", "amount == '3'", ForRouting, 1, 8, "== cannot stand between a number and text", "same kind"},
		{"and of texts", "'a' && 'b'", ForOffer, 1, 1, "this is text, wanted is true or false", "give it comparisons"},
		{"one equals sign", "account.plan = 'pro'", ForOffer, 1, 14, "", "write == to compare"},
		{"and in words", "amount > 1 and amount < 3", ForRouting, 1, 12, `"and" is not expected here`, "write && for and"},
		{"or in words", "amount > 1 or amount < 3", ForRouting, 1, 12, `"or" is not expected here`, "write || for or"},
		{"open quote", "account.plan == 'pro", ForOffer, 1, 17, "", "close the quote"},
		{"breaks off", "account.plan ==", ForOffer, 1, 16, "breaks off", "finish it"},
		{"unknown function", "account.name.startWith('A')", ForOffer, 1, 23, `there is no function "startWith"`, "did you mean startsWith?"},
		{"loops", "['a'].exists(x, x == 'a')", ForOffer, 1, 13, `there is no function "exists"`, "available:"},
		{"remainder", "amount % 2 == 0", ForRouting, 1, 8, "% is not available", "without"},
		{"map", "{'a': 1} == {'a': 1}", ForOffer, 1, 1, "this is not part of a condition", "compare names"},
		{"object", "Account{} == null", ForOffer, 1, 8, "this is not part of a condition", "compare names"},
		{"huge number", "amount > 99999999999999999999", ForRouting, 1, 10, "too large", "1e20"},
		{"very long", strings.Repeat(" ", MaxSource) + "true", ForOffer, 1, 1, "4100 bytes", "shorter"},
		{"very deep", strings.Repeat("-(", 60) + "1" + strings.Repeat(")", 60) + " == 1", ForOffer, 1, 1, "", ""},
		{"very many parentheses", strings.Repeat("(", 2000) + "true", ForOffer, 1, 1, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Compile(c.source, c.env)
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("%q gives %v", c.source, err)
			}
			if !strings.Contains(e.Message, c.message) || !strings.Contains(e.Mend, c.mend) {
				t.Errorf("%q: %q / %q; want %q / %q", c.source, e.Message, e.Mend, c.message, c.mend)
			}
			if !strings.HasPrefix(c.name, "very") && (e.Line != c.line || e.Column != c.column) {
				t.Errorf("%q: at %d:%d, want %d:%d (%s)", c.source, e.Line, e.Column, c.line, c.column, e.Message)
			}
			if e.Mend == "" || fault.CodeOf(err) != "condition_invalid" || fault.KindOf(err) != fault.Invalid {
				t.Errorf("%q: %v has no mend or is no fault", c.source, err)
			}
		})
	}
}

func TestATraitOfTheWrongKindNeverHolds(t *testing.T) {
	for _, source := range []string{
		"account.traits.segment > 3", "account.traits.segment <= 3", "account.traits.seats.startsWith('1')",
		"!(account.traits.segment > 3)", "account.traits.seats + 'x' == '12x'",
	} {
		c, err := Compile(source, ForOffer)
		if err != nil {
			t.Fatal(err)
		}
		ok, err := c.Eval(offerVars())
		if ok || err == nil || fault.CodeOf(err) != "condition_failed" || !strings.Contains(err.Error(), "cannot ") {
			t.Errorf("%s: %v, %v", source, ok, err)
		}
	}
}

func TestComparedListsFixedTexts(t *testing.T) {
	c, err := Compile("account.plan == 'pro' || 'x' != user.role ||\n placement in ['a', 'b'] || account.mrr == 1", ForOffer)
	if err != nil {
		t.Fatal(err)
	}
	want := "[{account.plan pro 1 17} {user.role x 1 26} {placement a 2 16} {placement b 2 21}]"
	if got := fmt.Sprint(c.Compared()); got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
}

func TestAConditionClaimsWhatMustBeSoForItToHold(t *testing.T) {
	for _, c := range []struct{ name, source, claims string }{
		{"one comparison", "account.plan == 'pro'", "[{account.plan true [pro]}]"},
		{"turned round", "'pro' == account.plan", "[{account.plan true [pro]}]"},
		{"that it is not so", "account.plan != 'pro'", "[{account.plan false [pro]}]"},
		{"a list", "account.plan in ['pro', 'basic']", "[{account.plan true [pro basic]}]"},
		{"several together", "account.plan == 'pro' && (user.role == 'admin' && placement != 'x')", "[{account.plan true [pro]} {user.role true [admin]} {placement false [x]}]"},
		{"one of two", "account.plan == 'pro' || user.role == 'admin'", "[]"},
		{"one of two, and a third", "(account.plan == 'pro' || user.role == 'admin') && placement == 'x'", "[{placement true [x]}]"},
		{"what is negated", "placement == 'x' && !(account.plan == 'pro' && user.role == 'admin')", "[{placement true [x]}]"},
		{"words inside a text", "account.name == 'a && account.plan == \"pro\" && b'", "[{account.name true [a && account.plan == \"pro\" && b]}]"},
		{"a number", "account.mrr == 5.0", "[]"},
		{"a choice", "user.role == 'admin' ? account.plan == 'pro' : account.plan == 'basic'", "[]"},
	} {
		got, err := Compile(c.source, ForOffer)
		if err != nil {
			t.Fatal(err)
		}
		if words := fmt.Sprint(got.Claims()); words != c.claims {
			t.Errorf("%s: claims %s, want %s", c.name, words, c.claims)
		}
	}
}

func TestAConditionIsSafeForManyAtOnce(t *testing.T) {
	c, err := Compile("account.traits.segment == 'smb' && account.mrr > 100", ForOffer)
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 500 {
				if ok, err := c.Eval(offerVars()); !ok || err != nil {
					t.Error(ok, err)
					return
				}
			}
		})
	}
	wait.Wait()
}

func TestTheDearestConditionStaysWithinItsCost(t *testing.T) {
	source := "true" + strings.Repeat("&&account.mrr>=0", (MaxSource-4)/16)
	c, err := Compile(source, ForOffer)
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := c.Eval(offerVars()); !ok || err != nil {
		t.Fatal(ok, err)
	}
	long := offerVars()
	long["account"].(map[string]any)["traits"] = map[string]any{"text": strings.Repeat("a", 1<<20)}
	c, err = Compile("account.traits.text.contains('b') || true", ForOffer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Eval(long); err != nil && !strings.Contains(err.Error(), "costs too much") {
		t.Fatal(err)
	}
}

// Whatever the traits are, a condition over a missing or null trait answers without error,
// and its ordering is false.
func TestMissingTraitsNeverGiveErrors(t *testing.T) {
	var conditions []*Condition
	for _, op := range []string{"<", "<=", ">", ">="} {
		for _, left := range []string{"account.traits.x", "account.traits.x + 1", "-account.traits.x", "account.traits.x / 0", "size(account.traits.x)"} {
			c, err := Compile(left+" "+op+" 5", ForOffer)
			if err != nil {
				t.Fatal(err)
			}
			conditions = append(conditions, c)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		traits := map[string]any{}
		for range rapid.IntRange(0, 4).Draw(t, "n") {
			name := rapid.StringMatching(`[a-w]{1,5}`).Draw(t, "name")
			traits[name] = rapid.OneOf(rapid.Just[any](nil), rapid.Just[any](true), rapid.Just[any]("s"), rapid.Just[any](1.5)).Draw(t, "value")
		}
		if rapid.Bool().Draw(t, "null") {
			traits["x"] = nil
		}
		for _, c := range conditions {
			if ok, err := c.Eval(map[string]any{"account": map[string]any{"traits": traits}}); ok || err != nil {
				t.Fatalf("%s: %v, %v", c.Source, ok, err)
			}
		}
	})
}

func FuzzCompile(f *testing.F) {
	for _, s := range []string{
		"account.traits.segment != 'enterprise'", "amount >= 100000", "type == 'upsell' && amount > 2.5", "has(account.traits.x)",
		"account.traits['x'] in ['a']", "'", "((", "a.b.c.d", "1 = 2", "\x00", "!!!!!true", "user{role: 'x'}", "[[[[]]]]", "x.map(y, y)",
		"account.plan in account.traits", "b'1' == b'1'", ".account.plan == ''", "1u < 2", "true ? 1 : 'x'", "account.traits.a[0]", "\"\\u{1}\"",
	} {
		f.Add(s, false)
		f.Add(s, true)
	}
	f.Fuzz(func(t *testing.T, source string, routing bool) {
		env := ForOffer
		if routing {
			env = ForRouting
		}
		c, err := Compile(source, env)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Line < 1 || e.Column < 1 || e.Message == "" || e.Mend == "" {
				t.Fatalf("%q: %#v", source, err)
			}
			return
		}
		one, oneErr := c.Eval(offerVars())
		two, twoErr := c.Eval(offerVars())
		if one != two || (oneErr == nil) != (twoErr == nil) || (oneErr != nil && one) {
			t.Fatalf("%q: %v %v, then %v %v", source, one, oneErr, two, twoErr)
		}
	})
}

func BenchmarkEval(b *testing.B) {
	c, err := Compile("account.traits.segment != 'enterprise'", ForOffer)
	if err != nil {
		b.Fatal(err)
	}
	vars := offerVars()
	b.ReportAllocs()
	for b.Loop() {
		if ok, err := c.Eval(vars); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}
