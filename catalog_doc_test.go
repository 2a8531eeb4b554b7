package headroom_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/condition"
)

// completeYAML is a block of docs/catalog.md that must be a whole catalog.
var completeYAML = regexp.MustCompile("(?s)<!-- complete -->\n```yaml\n(.*?)```")

func catalogPage(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("docs/catalog.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestCompleteCatalogsOnThePageHaveNoFindings(t *testing.T) {
	page := catalogPage(t)
	blocks := completeYAML.FindAllStringSubmatch(page, -1)
	if marks := strings.Count(page, "<!-- complete -->"); len(blocks) == 0 || len(blocks) != marks {
		t.Fatalf("%d complete catalogs after %d marks", len(blocks), marks)
	}
	for _, block := range blocks {
		_, findings := catalog.Parse("docs/catalog.md", []byte(block[1]))
		for _, f := range findings {
			if f.Severity != catalog.SeverityNote { // they are short, so there is always more to be done
				t.Error(f)
			}
		}
	}
}

// TestThePageNamesEveryKey holds the page and schema.json together; the schema is held to
// the parser in package catalog.
func TestThePageNamesEveryKey(t *testing.T) {
	page := catalogPage(t)
	var schema any
	if err := json.Unmarshal(catalog.Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	keys := map[string]bool{}
	var collect func(any)
	collect = func(node any) {
		switch n := node.(type) {
		case map[string]any:
			if properties, ok := n["properties"].(map[string]any); ok {
				for key := range properties {
					keys[key] = true
				}
			}
			for _, child := range n {
				collect(child)
			}
		case []any:
			for _, child := range n {
				collect(child)
			}
		}
	}
	collect(schema)
	if len(keys) < 40 {
		t.Fatalf("the schema has only %d keys", len(keys))
	}
	for key := range keys {
		if !strings.Contains(page, "`"+key+"`") {
			t.Errorf("docs/catalog.md does not name `%s`", key)
		}
	}
}

// TestConditionsOnThePageAreTaken compiles the first column of the table of conditions.
func TestConditionsOnThePageAreTaken(t *testing.T) {
	_, table, found := strings.Cut(catalogPage(t), "| condition | holds for |\n|---|---|\n")
	if !found {
		t.Fatal("the page has no table of conditions")
	}
	for line := range strings.SplitSeq(table, "\n") {
		source, ok := strings.CutPrefix(line, "| `")
		if !ok {
			break
		}
		source, rest, _ := strings.Cut(source, "`")
		env := condition.ForOffer
		if strings.HasPrefix(rest, " (routing)") {
			env = condition.ForRouting
		}
		if _, err := condition.Compile(strings.ReplaceAll(source, `\|`, "|"), env); err != nil {
			t.Errorf("%s: %v", source, err)
		}
	}
}
