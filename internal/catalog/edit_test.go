package catalog_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/fault"
)

func edit(path, value string) catalog.Edit {
	return catalog.Edit{Path: path, Value: json.RawMessage(value)}
}

func gone(path string) catalog.Edit { return catalog.Edit{Path: path, Remove: true} }

const editable = `# What we sell.
version: 1
currency: USD # and nothing else

features:
  speakers: {title: Speakers, kind: metered, meter: speakers} # counted
  recordings:
    title: "Talk recordings"   # said to sell it
    kind: boolean

meters:
  speakers: {aggregate: level, add: speaker.added, remove: speaker.removed}

plans:
  # The small one.
  starter:
    title: Starter
    price: {month: "49", year: "490"}
    entitlements:
      speakers: 10 # enough for a day
      recordings: false
  # The large one.
  pro:
    title: Pro
    above: starter
    price: {month: "149", year: "1490"}
    entitlements: {speakers: 50, recordings: true}

routing:
  - {when: "amount >= 100000", to: named_accounts}
  - to: self_service
`

func TestAnEditChangesItsPlaceAndNothingElse(t *testing.T) {
	for _, c := range []struct {
		name  string
		edits []catalog.Edit
		from  string // of the text above
		to    string // what stands there afterwards
	}{
		{"a number keeps the comment after it", []catalog.Edit{edit("plans.starter.entitlements.speakers", "12")},
			"speakers: 10 # enough", "speakers: 12 # enough"},
		{"a text in quotes", []catalog.Edit{edit("features.recordings.title", `"Recordings: all"`)},
			`title: "Talk recordings"   # said`, `title: "Recordings: all"   # said`},
		{"a value in brackets", []catalog.Edit{edit("plans.pro.price.month", `"159"`)},
			`{month: "149", year`, `{month: "159", year`},
		{"a new key in brackets", []catalog.Edit{edit("plans.pro.entitlements.emails", "1000")},
			"recordings: true}", "recordings: true, emails: 1000}"},
		{"a new key in lines", []catalog.Edit{edit("plans.starter.trial", `"14d"`)},
			"      recordings: false\n", "      recordings: false\n    trial: 14d\n"},
		{"a limit that becomes a map", []catalog.Edit{edit("plans.starter.entitlements.speakers.per", `"month"`)},
			"speakers: 10 #", "speakers: {limit: 10, per: month} #"},
		{"the limit of what is written short", []catalog.Edit{edit("plans.starter.entitlements.speakers.limit", "12")},
			"speakers: 10 #", "speakers: 12 #"},
		{"a map of which one value differs", []catalog.Edit{edit("plans.pro", `{"title":"Pro","above":"starter","price":{"month":"149","year":"1590"},"entitlements":{"speakers":50,"recordings":true}}`)},
			`year: "1490"`, `year: "1590"`},
		{"a value taken out of lines", []catalog.Edit{gone("plans.pro.above")},
			"    title: Pro\n    above: starter\n", "    title: Pro\n"},
		{"a value taken out of brackets", []catalog.Edit{gone("plans.pro.price.year")},
			`{month: "149", year: "1490"}`, `{month: "149"}`},
		{"the first value taken out of brackets", []catalog.Edit{gone("plans.pro.price.month")},
			`{month: "149", year: "1490"}`, `{year: "1490"}`},
		{"all values taken out of brackets", []catalog.Edit{gone("plans.pro.price.month"), gone("plans.pro.price.year")},
			`{month: "149", year: "1490"}`, `{}`},
		{"all values taken out of lines", []catalog.Edit{gone("plans.starter.entitlements.speakers"), gone("plans.starter.entitlements.recordings")},
			"entitlements:\n      speakers: 10 # enough for a day\n      recordings: false\n", "entitlements: {}\n"},
		{"a definition", []catalog.Edit{edit("plans.business", `{"title":"Business","above":"pro","price":{"month":"499"},"entitlements":{"speakers":"unlimited","recordings":true}}`)},
			"{speakers: 50, recordings: true}\n", "{speakers: 50, recordings: true}\n  business:\n    title: Business\n    above: pro\n    price: {month: \"499\"}\n    entitlements: {speakers: unlimited, recordings: true}\n"},
		{"a definition taken out", []catalog.Edit{gone("features.speakers")},
			"  speakers: {title: Speakers, kind: metered, meter: speakers} # counted\n", ""},
		{"a section", []catalog.Edit{edit("addons.extra", `{"title":"Extra","price":{"month":"9"}}`)},
			"  - to: self_service\n", "  - to: self_service\n\naddons:\n  extra: {title: Extra, price: {month: \"9\"}}\n"},
		{"an element of a list", []catalog.Edit{edit("routing[0].to", `"sales"`)},
			"to: named_accounts", "to: sales"},
		{"one more element", []catalog.Edit{edit("routing[2]", `{"to":"partner","motion":"partner"}`)},
			"  - to: self_service\n", "  - to: self_service\n  - {to: partner, motion: partner}\n"},
		{"an element taken out", []catalog.Edit{gone("routing[0]")},
			"  - {when: \"amount >= 100000\", to: named_accounts}\n", ""},
		{"what is so already", []catalog.Edit{edit("plans.pro.title", `"Pro"`)}, "", ""},
		{"words that YAML would take for something else", []catalog.Edit{edit("plans.pro.title", `"yes"`)},
			"title: Pro\n", "title: \"yes\"\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			after, err := catalog.EditText(context.Background(), []byte(editable), c.edits)
			if err != nil {
				t.Fatal(err)
			}
			if want := strings.Replace(editable, c.from, c.to, 1); string(after) != want {
				t.Errorf("got\n%s\nwant\n%s", after, want)
			}
		})
	}
}

func TestAnEditOfAFolderIsMadeInTheFileThatHasThePath(t *testing.T) {
	bundle := string(catalog.Bundle(map[string][]byte{
		"a.yaml": []byte("version: 1\ncurrency: USD\nplans:\n  starter: {title: Starter, price: {month: \"9\"}}\n"),
		"b.yaml": []byte("plans:\n  pro: {title: Pro, price: {month: \"19\"}}\n"),
		"c.yaml": []byte("features:\n  a: {title: A}\n"),
	}))
	for _, c := range []struct {
		name     string
		edit     catalog.Edit
		from, to string
	}{
		{"a value of the first file", edit("plans.starter.price.month", `"10"`), `month: "9"`, `month: "10"`},
		{"a value of the second file", edit("plans.pro.price.month", `"20"`), `month: "19"`, `month: "20"`},
		{"a new plan, beside the last", edit("plans.max", `{"price":{"month":"99"}}`),
			"price: {month: \"19\"}}\n", "price: {month: \"19\"}}\n  max: {price: {month: \"99\"}}\n"},
		{"a new feature", edit("features.b.title", `"B"`), "a: {title: A}\n", "a: {title: A}\n  b: {title: B}\n"},
		{"a new section, in the last file", edit("time_zone", `"Europe/Berlin"`), "a: {title: A}\n", "a: {title: A}\ntime_zone: \"Europe/Berlin\"\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			after, err := catalog.EditText(context.Background(), []byte(bundle), []catalog.Edit{c.edit})
			if err != nil {
				t.Fatal(err)
			}
			if want := strings.Replace(bundle, c.from, c.to, 1); string(after) != want {
				t.Errorf("got\n%s\nwant\n%s", after, want)
			}
			if _, findings := catalog.Parse("", after); catalog.HasErrors(findings) {
				t.Error(findings)
			}
		})
	}
}

func TestEditsThatCannotBeMadeSayWhy(t *testing.T) {
	for _, c := range []struct {
		name string
		text string
		edit catalog.Edit
		code string
	}{
		{"no path", editable, edit("", "1"), "edit_invalid"},
		{"neither a value nor remove", editable, catalog.Edit{Path: "plans.pro.title"}, "edit_invalid"},
		{"both", editable, catalog.Edit{Path: "plans.pro.title", Value: json.RawMessage("1"), Remove: true}, "edit_invalid"},
		{"nothing as a value", editable, edit("plans.pro.title", "null"), "edit_invalid"},
		{"no JSON", editable, edit("plans.pro.title", "{"), "edit_invalid"},
		{"two values", editable, edit("plans.pro.title", "1 2"), "edit_invalid"},
		{"what is not there taken out", editable, gone("plans.max"), "edit_path_unknown"},
		{"below a text", editable, edit("plans.pro.title.de", `"Profi"`), "edit_path_unknown"},
		{"beyond the end of a list", editable, edit("routing[7].to", `"x"`), "edit_path_unknown"},
		{"a key in a list", editable, edit("routing.to", `"x"`), "edit_path_unknown"},
		{"a text that is no YAML", "plans: [", edit("plans.pro.title", `"x"`), "catalog_invalid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			after, err := catalog.EditText(context.Background(), []byte(c.text), []catalog.Edit{c.edit})
			if fault.CodeOf(err) != c.code || after != nil {
				t.Errorf("got %v and %q, want %s", err, after, c.code)
			}
		})
	}
}

// forms are texts in the ways people write them.
func forms(t testing.TB) []string {
	summit, err := os.ReadFile("testdata/summit.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return []string{
		editable, strings.ReplaceAll(editable, "\n", "\r\n"), string(summit),
		"version: 1\ncurrency: USD\n",
		"", "# nothing yet\n",
		"{\n  \"version\": 1,\n  \"currency\": \"USD\",\n  \"plans\": {\n    \"pro\": {\"title\": \"Pro\", \"price\": {\"month\": 19}}\n  }\n}\n",
		"version: 1\ncurrency: USD\nplans:\n  pro:\n    title: >-\n      A long\n      name\n    price: {month: 19,\n      year: 190, }\n  max:\n    title: |\n      Two\n\n      lines\n",
		"version: 1\ncurrency: USD\nplans:\nsignals:\n  a:\n    when:\n      sequence:\n      - event: a\n      - event: b\n        where: {x: 1}\n      within: 3d\n    type: upsell\n",
	}
}

// TestAfterAnEditTheTextSaysWhatWasAsked edits what there is, and what is not there yet, in
// texts of many forms: either it is refused and says so, or only what was asked for differs.
func TestAfterAnEditTheTextSaysWhatWasAsked(t *testing.T) {
	texts := forms(t)
	rapid.Check(t, func(r *rapid.T) {
		text := rapid.SampledFrom(texts).Draw(r, "text")
		for range rapid.IntRange(1, 4).Draw(r, "edits") {
			e := catalog.Edit{Path: rapid.SampledFrom(pathsOf(text)).Draw(r, "path"), Remove: rapid.Bool().Draw(r, "remove")}
			if rapid.Bool().Draw(r, "below") {
				e.Path += "." + rapid.SampledFrom([]string{"title", "entitlements.speakers", "x", "price.month"}).Draw(r, "key")
			}
			e.Path = strings.TrimPrefix(e.Path, ".")
			if !e.Remove {
				e.Value = json.RawMessage(rapid.SampledFrom([]string{`1`, `"text"`, `"# not a comment"`, `"a\nb"`, `true`, `"49.00"`, `[1,"b"]`, `[]`, `{}`,
					`{"a":{"b":{"c":[{"d":1,"e":[]}]}}}`, `{"title":"T","price":{"month":"1"}}`, `"- x"`, `"--- # file: x"`, `"é ☃"`, `1.50`, `""`}).Draw(r, "value"))
			}
			after, err := catalog.EditText(context.Background(), []byte(text), []catalog.Edit{e})
			if err != nil {
				continue
			}
			if !e.Remove && !slices.Contains(pathsOf(string(after)), e.Path) && !strings.HasSuffix(e.Path, ".limit") && !strings.HasSuffix(e.Path, ".length") {
				r.Fatalf("after %s = %s there is no such path in\n%s", e.Path, e.Value, after)
			}
			text = string(after)
		}
	})
}

// TestAnEditOfOneValueIsOneDifference edits values of a valid catalog: Parse then gives the
// value asked for, Diff that path alone, and every line but the one edited is as it was.
func TestAnEditOfOneValueIsOneDifference(t *testing.T) {
	text := forms(t)[2]
	was, _ := catalog.Parse("", []byte(text))
	rapid.Check(t, func(r *rapid.T) {
		plan := rapid.SampledFrom([]string{"starter", "pro"}).Draw(r, "plan")
		n := rapid.IntRange(1001, 1_000_000).Draw(r, "n")
		path, value, to := "plans."+plan+".price.month", fmt.Sprintf(`"%d.00"`, n), fmt.Sprintf("%d.00 USD", n)
		if rapid.Bool().Draw(r, "limit") {
			path, value, to = "plans."+plan+".entitlements.speakers", strconv.Itoa(n), strconv.Itoa(n)
		}
		after, err := catalog.EditText(context.Background(), []byte(text), []catalog.Edit{edit(path, value)})
		if err != nil {
			r.Fatal(err)
		}
		is, findings := catalog.Parse("", after)
		if is == nil {
			r.Fatal(findings)
		}
		if changes := catalog.Diff(was, is); len(changes) != 1 || changes[0].Path != path || changes[0].To != to {
			r.Fatalf("%s to %s: %v", path, value, changes)
		}
		a, b := strings.Split(text, "\n"), strings.Split(string(after), "\n")
		different := 0
		for i := range a {
			if i >= len(b) || a[i] != b[i] {
				different++
			}
		}
		if len(a) != len(b) || different != 1 {
			r.Fatalf("%d of %d lines differ, %d lines after", different, len(a), len(b))
		}
	})
}

func FuzzEditText(f *testing.F) {
	for _, text := range forms(f) {
		f.Add(text, "plans.pro.title", `"X"`)
		f.Add(text, "plans.pro.entitlements.speakers.limit", "")
		f.Add(text, "routing[0]", `{"to":"x"}`)
	}
	f.Fuzz(func(t *testing.T, text, path, value string) {
		e := catalog.Edit{Path: path, Value: json.RawMessage(value), Remove: value == ""}
		after, err := catalog.EditText(context.Background(), []byte(text), []catalog.Edit{e})
		if err != nil {
			if _, ok := errors.AsType[*fault.Error](err); !ok {
				t.Fatalf("no fault: %v", err)
			}
			return
		}
		if again, err := catalog.EditText(context.Background(), after, []catalog.Edit{e}); !e.Remove && (err != nil || string(again) != string(after)) {
			t.Fatalf("the same edit again: %v\n%q\n%q", err, after, again)
		}
	})
}

// pathsOf lists all paths of a text's document, and one that no text has.
func pathsOf(text string) []string { return append(catalog.TextPaths([]byte(text)), "plans.new") }

func TestAnEditThatReadsTheTextTooOftenIsRefused(t *testing.T) {
	var text, more strings.Builder
	text.WriteString("version: 1\ncurrency: USD\nfeatures:\n")
	more.WriteString(`{`)
	for i := range 8000 {
		fmt.Fprintf(&text, "  f%d: {title: \"x\"}\n", i)
		fmt.Fprintf(&more, `"f%d":{"title":"x"},`, i)
	}
	for i := range 900 {
		fmt.Fprintf(&more, `"g%d":{"title":"y"},`, i)
	}
	big := edit("features", strings.TrimSuffix(more.String(), ",")+"}")
	if _, err := catalog.EditText(t.Context(), []byte(text.String()), []catalog.Edit{big}); fault.CodeOf(err) != "edit_too_large" {
		t.Errorf("900 more features give %v", err)
	}
	few := edit("features.f1.title", `"z"`)
	if _, err := catalog.EditText(t.Context(), []byte(text.String()), []catalog.Edit{few, few}); err != nil {
		t.Errorf("one title gives %v", err)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := catalog.EditText(gone, []byte(text.String()), []catalog.Edit{few}); !errors.Is(err, context.Canceled) {
		t.Errorf("of a caller that left it gives %v", err)
	}
}
