package catalog

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
)

var update = flag.Bool("update", false, "write golden files anew")

func read(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// must parses a catalog that has no errors.
func must(t testing.TB, text string) *Catalog {
	t.Helper()
	c, findings := Parse("catalog.yaml", []byte(text))
	if err := AsError(findings); err != nil {
		t.Fatal(err)
	}
	return c
}

const head = "version: 1\ncurrency: USD\n"

func unmarked(s Signal) Signal {
	s.mark = 0
	return s
}

func TestTheSampleOfTheDesignParsesAsItStands(t *testing.T) {
	text := read(t, "testdata/summit.yaml")
	c, findings := Parse("summit.yaml", text)
	if err := AsError(findings); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(text)
	if want := "c-" + hex.EncodeToString(sum[:])[:16]; c.Version != want {
		t.Errorf("version %s, want %s", c.Version, want)
	}
	if !bytes.Equal(c.Text(), text) {
		t.Error("the text is not kept as given")
	}
	for _, check := range []struct {
		name      string
		got, want any
	}{
		{"sum meter", *c.Meters["emails"], Meter{Key: "emails", Event: "email.sent", Aggregate: Sum, Property: "count"}},
		{"level meter", *c.Meters["speakers"], Meter{Key: "speakers", Aggregate: Level, Add: "speaker.added", Remove: "speaker.removed"}},
		{"unique meter", *c.Meters["attendees"], Meter{Key: "attendees", Event: "attendee.joined", Aggregate: Unique, Property: "attendee_id"}},
		{"meter fed by consume", *c.Meters["exports"], Meter{Key: "exports", Aggregate: Sum, FedByConsume: true}},
		{"boolean feature", *c.Features["recordings"], Feature{Key: "recordings", Title: "Talk recordings", Benefit: "Sell every talk after the day", Media: "https://example.com/r.mp4", Kind: Boolean}},
		{"metered feature", c.Features["speakers"].Meter, "speakers"},
		{"price", c.Plans["starter"].Price, Prices{Month: Flat("USD", 4900), Year: Flat("USD", 49000)}},
		{"trial", c.Plans["pro"].Trial.Length, 14 * 24 * time.Hour},
		{"above", c.Plans["pro"].Above, "starter"},
		{"plain limit", *c.Plans["starter"].Entitlements["speakers"], Entitlement{Feature: "speakers", Limit: quantity.Of(10)}},
		{"locked", *c.Plans["starter"].Entitlements["recordings"], Entitlement{Feature: "recordings"}},
		{"included", *c.Plans["pro"].Entitlements["recordings"], Entitlement{Feature: "recordings", Allowed: true}},
		{"overage", *c.Plans["pro"].Entitlements["emails"], Entitlement{Feature: "emails", Limit: quantity.Of(20000), Per: Month, Overage: &Overage{Unit: quantity.Of(1000), Price: 200}}},
		{"needs", c.Addons["sponsors"].Needs, []string{"pro"}},
		{"limit signal", unmarked(*c.Signals["speakers_nearly_full"]), Signal{Key: "speakers_nearly_full", Title: "speakers_nearly_full", Driven: "usage", Type: Upsell, Hypothesis: "Hosts upgrade before the next summit", Owner: "product", State: "testing", Decays: 30 * day, When: When{Limit: "speakers", Reaches: 80}}},
		{"gate signal", c.Signals["wants_recordings"].When, When{Gate: "recordings", Times: 2, Within: 7 * day}},
		{"nth event", c.Signals["eighth_summit"].When, When{Event: "summit.published", Nth: 8}},
		{"trial signal", c.Signals["trial_ending"].When, When{TrialEndsIn: 3 * day}},
		{"offer's condition", c.Offers["pro_for_speakers"].For.Source, "account.traits.segment != 'enterprise'"},
		{"offer's contact", c.Offers["pro_for_speakers"].Contact, Contact{Cooldown: 14 * day, AtMost: 3, Per: 90 * day}},
		{"offer's holdout", c.Offers["pro_for_speakers"].Holdout, int64(10)},
		{"offer's give", c.Offers["pro_for_speakers"].Give, Give{Plan: "pro"}},
		{"offer's kind", c.Offers["pro_for_speakers"].Kind, Contextual},
		{"routes", len(c.Routing), 3},
		{"sales", [2]string{c.Routing[0].To, c.Routing[0].Motion}, [2]string{"named_accounts", "sales"}},
		{"involve", c.Routing[0].Involve, []string{"head_of_product"}},
		{"play", c.Routing[1].Play, "demo"},
		{"self service", *c.Routing[2], Route{To: "self_service", Motion: "self_service"}},
	} {
		if !reflect.DeepEqual(check.got, check.want) {
			t.Errorf("%s: got %+v, want %+v", check.name, check.got, check.want)
		}
	}
}

func TestABrokenCatalogIsToldAllAtOnce(t *testing.T) {
	for _, name := range []string{"broken", "broken_sold"} {
		t.Run(name, func(t *testing.T) { toldAllAtOnce(t, name) })
	}
}

func toldAllAtOnce(t *testing.T, name string) {
	t.Helper()
	c, findings := Parse(name+".yaml", read(t, "testdata/"+name+".yaml"))
	if c != nil {
		t.Error("a broken catalog came out")
	}
	var b strings.Builder
	for _, f := range findings {
		fmt.Fprintf(&b, "%s\n    %s at %s, given %q\n", f, f.Code, f.Path, f.Value)
		if f.File == "" || f.Line == 0 || f.Column == 0 || f.Message == "" || f.Mend == "" || f.Code == "" {
			t.Errorf("%+v lacks something", f)
		}
	}
	golden := "testdata/" + name + ".golden"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := string(read(t, golden)); b.String() != want {
		t.Errorf("run go test -update and look at the difference; got:\n%s", b.String())
	}
}

// finding is a shorter form for tables: code path value @line:column.
func short(f Finding) string {
	return fmt.Sprintf("%s %s %q @%d:%d", f.Code, f.Path, f.Value, f.Line, f.Column)
}

func TestFormsOfValues(t *testing.T) {
	const features = "features: {n: {meter: m}, b: {kind: boolean}}\nmeters: {m: {event: e}}\n"
	for _, c := range []struct {
		name, entitlements string
		want               Entitlement
	}{
		{"unlimited", "{n: unlimited}", Entitlement{Feature: "n", Unlimited: true}},
		{"unlimited, long form", "{n: {limit: unlimited}}", Entitlement{Feature: "n", Unlimited: true}},
		{"plain number", "{n: 1000}", Entitlement{Feature: "n", Limit: quantity.Of(1000)}},
		{"number in quotes", `{n: "1000"}`, Entitlement{Feature: "n", Limit: quantity.Of(1000)}},
		{"fraction, exact", "{n: 0.1}", Entitlement{Feature: "n", Limit: quantity.One / 10}},
		{"nothing", "{n: 0}", Entitlement{Feature: "n"}},
		{"a month", "{n: {limit: 5, per: month}}", Entitlement{Feature: "n", Limit: quantity.Of(5), Per: Month}},
		{"for life", "{n: {limit: 5, per: lifetime}}", Entitlement{Feature: "n", Limit: quantity.Of(5)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := must(t, head+features+"plans: {p: {entitlements: "+c.entitlements+"}}\n").Plans["p"].Entitlements["n"]
			if !reflect.DeepEqual(*got, c.want) {
				t.Errorf("got %+v, want %+v", *got, c.want)
			}
		})
	}
}

func TestPricesAreExact(t *testing.T) {
	for _, c := range []struct {
		name, price, currency string
		want                  money.Minor
		wrong                 string
	}{
		{"text", `"49"`, "USD", 4900, ""},
		{"whole number", "49", "USD", 4900, ""},
		{"float, from its source text", "49.5", "USD", 4950, ""},
		{"float no binary number can hold", "0.29", "USD", 29, ""},
		{"many nines", "1234567.89", "USD", 123456789, ""},
		{"no minor unit", "490", "JPY", 490, ""},
		{"three decimals", "1.234", "KWD", 1234, ""},
		{"free", "0", "USD", 0, ""},
		{"too many decimals", "49.999", "USD", 0, "invalid_price"},
		{"negative", "-1", "USD", 0, "negative_price"},
		{"exponent", "1e3", "USD", 0, "invalid_price"},
		{"octal or not", "0100", "USD", 0, "invalid_number"},
		{"separators", "1_000", "USD", 0, "invalid_price"},
		{"infinite", ".inf", "USD", 0, "wrong_type"},
		{"true", "true", "USD", 0, "wrong_type"},
		{"nothing", "", "USD", 0, "wrong_type"},
		{"absurd", "1000000001", "USD", 0, "out_of_range"},
		{"beyond 64 bits", "99999999999999999999", "USD", 0, "invalid_price"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, findings := Parse("f", []byte("version: 1\ncurrency: "+c.currency+"\nplans: {p: {price: {month: "+c.price+"}}}\n"))
			if c.wrong != "" {
				if got != nil || len(findings) != 1 || findings[0].Code != c.wrong || findings[0].Path != "plans.p.price.month" || findings[0].Line != 3 {
					t.Fatalf("got %v, %v", got, findings)
				}
				return
			}
			if err := AsError(findings); err != nil {
				t.Fatal(err)
			}
			if m := got.Plans["p"].Price.Month; (*m)[got.Currency].Each != c.want {
				t.Errorf("got %d, want %d", (*m)[got.Currency].Each, c.want)
			}
		})
	}
}

func TestJSONIsTaken(t *testing.T) {
	c := must(t, "{\n\t\"version\": 1, \"currency\": \"EUR\",\n\t\"plans\": {\"pro\": {\"title\": \"Pr\\u00f6\", \"price\": {\"month\": 49.50}}}\n}\n")
	if p := c.Plans["pro"]; p.Title != "Prö" || (*p.Price.Month)["EUR"].Each != 4950 || c.Currency != "EUR" {
		t.Errorf("got %+v", p)
	}
	if at, ok := c.PositionOf("plans.pro.price.month"); !ok || at != (Position{"catalog.yaml", 3, 60}) {
		t.Errorf("position %+v", at)
	}
}

func TestDefaults(t *testing.T) {
	c := must(t, head+`
meters: {m: {event: e}, l: {add: a, remove: r}, s: {fed_by: consume, aggregate: level}}
features: {f: {meter: m}, g: {}}
plans: {p: {price: {month: 1}, entitlements: {f: 1}}}
addons: {a: {price: {month: 1}, entitlements: {f: 1}}}
signals: {g: {when: {gate: f}, type: upsell}, e: {when: {event: x}, type: save}}
offers: {o: {on: [g], give: {addon: a}, at: [x]}, u: {on: [e], give: {plan: p}, at: [x]}}
`)
	for _, check := range []struct {
		name      string
		got, want any
	}{
		{"meter counts", c.Meters["m"].Aggregate, Count},
		{"meter with add and remove is a level", c.Meters["l"].Aggregate, Level},
		{"level held by consume", c.Meters["s"].Aggregate, Level},
		{"feature with a meter is metered", c.Features["f"].Kind, Metered},
		{"feature without is boolean", c.Features["g"].Kind, Boolean},
		{"title is the key", c.Features["g"].Title, "g"},
		{"family", c.Plans["p"].Family, "core"},
		{"gate once", c.Signals["g"].When, When{Gate: "f", Times: 1, Within: day}},
		{"first event", c.Signals["e"].When.Nth, int64(1)},
		{"state and decay", [2]any{c.Signals["g"].State, c.Signals["g"].Decays}, [2]any{"testing", 30 * day}},
		{"offer of an add-on", *c.Offers["o"], Offer{Key: "o", On: []string{"g"}, Give: Give{Addon: "a", Quantity: 1}, At: []string{"x"}, Kind: Contextual, Chance: 10, Content: Content{Title: "a"}}},
		{"offer of a plan", c.Offers["u"].Content, Content{Title: "p"}},
		{"everything is self service", c.Routing, []*Route{{To: "self_service", Motion: "self_service"}}},
	} {
		if !reflect.DeepEqual(check.got, check.want) {
			t.Errorf("%s: got %+v, want %+v", check.name, check.got, check.want)
		}
	}
}

func TestMotionFollowsTheOwner(t *testing.T) {
	c := must(t, head+`
routing:
  - {when: amount > 9, to: success_manager}
  - {when: amount > 8, to: channel_partner}
  - {when: amount > 7, to: account_executive}
  - {when: amount > 6, to: alice, motion: partner}
`)
	var got []string
	for _, route := range c.Routing {
		got = append(got, route.To+" "+route.Motion)
	}
	want := "success_manager success,channel_partner partner,account_executive sales,alice partner,self_service self_service"
	if strings.Join(got, ",") != want {
		t.Errorf("got %v", got)
	}
}

func TestSeveralFilesAreOneCatalog(t *testing.T) {
	files := map[string][]byte{
		"b/plans.yaml":   []byte("plans:\n  pro: {price: {month: 1}, entitlements: {f: 3}}"),
		"a/usage.yaml":   []byte(head + "meters: {m: {event: e}}\nfeatures: {f: {meter: m}}\n"),
		"c/signals.yaml": []byte("signals: {s: {when: {limit: f, reaches: 80%}, type: upsell}}\noffers: {o: {on: [s], give: {plan: pro}, at: [x]}}\nlint: {no_next_step: off}\n"),
	}
	c, findings := ParseFiles(files)
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	again, _ := Parse("stored", Bundle(files))
	if again.Version != c.Version || len(Diff(c, again)) > 0 || !bytes.Equal(again.Text(), c.Text()) {
		t.Error("the stored text is another catalog")
	}
	if at, _ := again.PositionOf("plans.pro.entitlements.f"); at != (Position{"b/plans.yaml", 2, 46}) {
		t.Errorf("position %+v", at)
	}
	files["d.yaml"] = []byte("plans: {pro: {}}\nmeters: {m: {evnt: e}}\n")
	_, findings = ParseFiles(files)
	want := `[duplicate_key plans.pro "pro" @1:9 duplicate_key meters.m "m" @2:10]`
	var got []string
	for _, f := range findings {
		got = append(got, short(f))
	}
	if fmt.Sprint(got) != want || findings[0].File != "d.yaml" || !strings.Contains(findings[0].Message, "b/plans.yaml line 2") {
		t.Errorf("got %v %v", got, findings)
	}
}

func TestOneFileIsItsOwnBundle(t *testing.T) {
	text := []byte(head)
	c, _ := ParseFiles(map[string][]byte{"catalog.yaml": text})
	d, _ := Parse("x", text)
	if c.Version != d.Version || !bytes.Equal(Bundle(map[string][]byte{"catalog.yaml": text}), text) {
		t.Error("one file is changed by bundling")
	}
	if files := Files(Bundle(map[string][]byte{"plans.yaml": text})); len(files) != 1 || !bytes.Equal(files["plans.yaml"], text) {
		t.Errorf("a file of another name comes back as %q", files)
	}
}

func TestAnErrorIsAFaultThatNamesEveryValue(t *testing.T) {
	_, findings := Parse("c.yaml", []byte(head+"plans: {p: {trial: x, pice: 1}}\n"))
	err := AsError(findings)
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != fault.Invalid || f.Code != "catalog_invalid" || len(f.Fields) != 2 {
		t.Fatalf("got %#v", err)
	}
	if f.Fields[0].Path != "plans.p.trial" || f.Fields[0].Value != "x" || !strings.Contains(f.Fields[0].Message, "c.yaml line 3: ") {
		t.Errorf("got %+v", f.Fields[0])
	}
	if !strings.Contains(err.Error(), "the catalog has 2 errors, the first: c.yaml:3:20: error: plans.p.trial:") {
		t.Errorf("got %s", err)
	}
	if AsError([]Finding{{Severity: SeverityWarning}}) != nil {
		t.Error("a warning became an error")
	}
}
