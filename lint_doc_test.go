package headroom_test

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"github.com/headroomhq/headroom/internal/catalog"
)

const lintPage = "docs/lint.md"

// TestRulesOfLintArePublished holds docs/lint.md to the rules in the program. With -update it
// writes the page.
func TestRulesOfLintArePublished(t *testing.T) {
	var b bytes.Buffer
	b.WriteString(`# What lint looks for

<!-- Made by: go test -run TestRulesOfLintArePublished . -update -->

` + "`headroom catalog lint`" + ` reads a catalog as its server will. What contradicts itself, or has no meaning, is an error
and always will be. Beyond that, rules find what is allowed and yet probably not meant, or probably costs money:
this page lists them. Each finding has the rule's code, the place, a sentence and a mend.

A catalog says how severe a rule is to it:

` + "```yaml\nlint: {equal_limits: off, unpromoted_gate: error}\n```" + `

` + "`off`, `note`, `warning` or `error`" + `. An error keeps the catalog from being applied, and ` + "`headroom catalog lint`" + ` ends with
status 1 then; with ` + "`--strict`" + ` for warnings, too. ` + "`--output sarif`" + ` writes SARIF 2.1.0, which code review shows beside the lines.

Rules that need data look at what accounts use. They speak in ` + "`headroom catalog lint --server`, `headroom catalog apply`" + `
and ` + "`GET /v1/catalog/lint`" + `.
`)
	for _, data := range []bool{false, true} {
		if data {
			b.WriteString("\n# Rules that need data\n")
		} else {
			b.WriteString("\n# Rules\n")
		}
		for _, r := range catalog.Rules() {
			if r.Data == data {
				fmt.Fprintf(&b, "\n## `%s`\n\n%s (%s)\n\n**Why it matters.** %s\n\n**Mend.** %s\n", r.Code, r.Says, r.Severity, r.Why, r.Mend)
			}
		}
	}
	if *update {
		if err := os.WriteFile(lintPage, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if published, err := os.ReadFile(lintPage); err != nil || !bytes.Equal(published, b.Bytes()) {
		t.Errorf("%s is not what the program says (%v): run  go test -run TestRulesOfLintArePublished . -update", lintPage, err)
	}
}
