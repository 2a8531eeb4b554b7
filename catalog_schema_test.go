package headroom_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/headroomhq/headroom/internal/catalog"
)

// anyYAML is a fenced block of YAML, with the mark before it if there is one.
var anyYAML = regexp.MustCompile("(?s)(<!-- complete -->\n)?```yaml\n(.*?)```")

// editorSchema is the catalog's JSON Schema as an editor uses it.
func editorSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(catalog.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("catalog.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("catalog.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// valid checks a text against the schema, as an editor would.
func valid(schema *jsonschema.Schema, text string) error {
	asJSON, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		return err
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		return err
	}
	return schema.Validate(document)
}

// exampleCatalogs returns the catalogs of the repository by where they stand: the examples, and
// what the guides and the page on the language show.
func exampleCatalogs(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob("examples/*/catalog.yaml")
	if err != nil || len(names) < 2 {
		t.Fatal(names, err)
	}
	texts := map[string]string{}
	for _, name := range append(names, "internal/catalog/testdata/summit.yaml") {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = string(text)
	}
	pages, err := filepath.Glob("docs/guides/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatal(pages, err)
	}
	for _, name := range append(pages, "docs/catalog.md") {
		page, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range anyYAML.FindAllSubmatchIndex(page, -1) {
			text := string(page[block[4]:block[5]])
			whole := strings.HasPrefix(text, "currency:") || strings.Contains(text, "\ncurrency:")
			if name != "docs/catalog.md" && !whole {
				continue // another kind of file
			}
			if !whole || block[2] < 0 && name == "docs/catalog.md" {
				t.Errorf("%s: a block is no whole catalog, marked complete:\n%s", name, text)
			}
			texts[fmt.Sprintf("%s line %d", name, 1+bytes.Count(page[:block[0]], []byte("\n")))] = text
		}
	}
	return texts
}

func TestEveryExampleIsACatalogToEditorsAndToTheProduct(t *testing.T) {
	schema := editorSchema(t)
	for name, text := range exampleCatalogs(t) {
		t.Run(name, func(t *testing.T) {
			if err := valid(schema, text); err != nil {
				t.Error(err)
			}
			if _, findings := catalog.Parse(name, []byte(text)); catalog.HasErrors(findings) {
				t.Error(findings)
			}
		})
	}
}

// TestEditorsTakeWhatTheProductTakes leaves out each line of each example: what Parse still
// takes, no editor underlines.
func TestEditorsTakeWhatTheProductTakes(t *testing.T) {
	schema := editorSchema(t)
	taken := 0
	for name, text := range exampleCatalogs(t) {
		lines := strings.Split(text, "\n")
		for i := range lines {
			without := strings.Join(slices.Concat(lines[:i], lines[i+1:]), "\n")
			if _, findings := catalog.Parse(name, []byte(without)); catalog.HasErrors(findings) {
				continue
			}
			taken++
			if err := valid(schema, without); err != nil {
				t.Errorf("%s without its line %d: %v", name, i+1, err)
			}
		}
	}
	if taken < 100 {
		t.Errorf("only %d texts were taken", taken)
	}
}

// TestEditorsSeeWhatIsWrong gives editors what Parse refuses by its form alone.
func TestEditorsSeeWhatIsWrong(t *testing.T) {
	schema := editorSchema(t)
	for _, c := range []struct{ name, text string }{
		{"an unknown section", "plan: {}"},
		{"an unknown key", "plans: {pro: {prize: {month: 1}}}"},
		{"an unknown key of a price", "plans: {pro: {price: {month: {per: 1}}}}"},
		{"a price per quarter", "plans: {pro: {price: {quarter: 1}}}"},
		{"tiers and a price for each", "addons: {x: {price: {month: {each: 1, tiers: [{each: 1}]}}}}"},
		{"some included of nothing", "addons: {x: {price: {month: {base: 1, included: 2}}}}"},
		{"volume without tiers", "addons: {x: {price: {month: {each: 1, volume: true}}}}"},
		{"a tier without a price", "addons: {x: {price: {month: {tiers: [{to: 1}]}}}}"},
		{"a trial without a length", "plans: {pro: {trial: {then: free}}}"},
		{"extensions of nothing", "plans: {pro: {trial: {length: 7d, extensions: 2}}}"},
		{"a bundle of nothing", "bundles: {x: {title: X}}"},
		{"a bundle with a price and a discount", "bundles: {x: {includes: [a], price: {month: 1}, discount: 5%}}"},
		{"a bundle among the add-ons", "addons: {x: {kind: bundle}}"},
		{"an unknown kind of feature", "features: {x: {kind: toggle}}"},
		{"a language that is none", "features: {x: {translations: {german: {title: a}}}}"},
		{"a grace of nothing", "plans: {pro: {entitlements: {x: {limit: 1, grace: {}}}}}"},
		{"an entitlement without a limit", "plans: {pro: {entitlements: {x: {per: month}}}}"},
		{"a version of no number", "plans: {pro: {earlier: {old: {}}}}"},
		{"a launch of two things", "launches: {x: {feature: a, addon: b, on: 2026-12-01}}"},
		{"an unknown proration", "billing: {proration: hour}"},
		{"an unknown kind of growth", "taxonomy: {growth: upsell}"},
		{"a placement with a space", "placements: {a page: {}}"},
		{"a signal without a rule", "signals: {x: {type: upsell}}"},
		{"an offer of two things", "offers: {x: {give: {plan: a, addon: b}}}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := "version: 1\ncurrency: USD\n" + c.text + "\n"
			if valid(schema, text) == nil {
				t.Error("the schema takes it")
			}
			if _, findings := catalog.Parse("", []byte(text)); !catalog.HasErrors(findings) {
				t.Error("Parse takes it")
			}
		})
	}
}
