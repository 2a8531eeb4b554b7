package catalog_test

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/headroomhq/headroom/internal/catalog"
)

// TestFindingsAreWrittenAsSARIF holds the log to what the schema of SARIF 2.1.0 requires of
// the parts that are used. (The schema itself is in no package that could be had.)
func TestFindingsAreWrittenAsSARIF(t *testing.T) {
	text, err := os.ReadFile("testdata/broken.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, findings := catalog.Parse("plans/broken.yaml", text)
	findings = append(findings, catalog.Finding{Severity: catalog.SeverityNote, Code: "equal_limits", Path: "plans.pro", Message: "as much", Mend: "more"},
		catalog.Finding{Severity: catalog.SeverityWarning, Code: "unused_meter", Message: "no feature", Mend: "remove it"})
	b, err := catalog.SARIF(findings, "1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	var log struct {
		Schema  string `json:"$schema"`
		Version string
		Runs    []struct {
			Tool struct {
				Driver struct {
					Name, InformationURI string
					Rules                []struct {
						ID                   string
						ShortDescription     struct{ Text string }
						DefaultConfiguration struct{ Level string }
					}
				}
			}
			ColumnKind string
			Results    []struct {
				RuleID    string
				RuleIndex int
				Level     string
				Message   struct{ Text string }
				Locations []struct {
					PhysicalLocation *struct {
						ArtifactLocation struct{ URI string }
						Region           *struct{ StartLine, StartColumn int }
					}
				}
			}
		}
	}
	if err := json.Unmarshal(b, &log); err != nil {
		t.Fatal(err)
	}
	if log.Version != "2.1.0" || log.Schema == "" || len(log.Runs) != 1 || log.Runs[0].Tool.Driver.Name == "" {
		t.Fatalf("the log's head is wrong: %.200s", b)
	}
	run := log.Runs[0]
	levels := []string{"none", "note", "warning", "error"}
	seen := map[string]bool{}
	for _, rule := range run.Tool.Driver.Rules {
		if rule.ID == "" || rule.ShortDescription.Text == "" || !slices.Contains(levels, rule.DefaultConfiguration.Level) || seen[rule.ID] {
			t.Errorf("rule %+v", rule)
		}
		seen[rule.ID] = true
	}
	if len(run.Results) != len(findings) || run.ColumnKind != "unicodeCodePoints" {
		t.Fatalf("%d results of %d findings", len(run.Results), len(findings))
	}
	for i, r := range run.Results {
		if r.Message.Text == "" || r.Level != string(findings[i].Severity) || r.RuleIndex < 0 || run.Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID || r.RuleID != findings[i].Code {
			t.Errorf("result %+v of %+v", r, findings[i])
		}
		if findings[i].Line == 0 {
			continue
		}
		at := r.Locations[0].PhysicalLocation
		if at == nil || at.ArtifactLocation.URI != "plans/broken.yaml" || at.Region == nil || at.Region.StartLine != findings[i].Line || at.Region.StartColumn < 1 {
			t.Errorf("%s is said to be at %+v", findings[i], at)
		}
	}
	if empty, err := catalog.SARIF(nil, ""); err != nil || !json.Valid(empty) {
		t.Errorf("of nothing: %v", err)
	}
}

func TestFilesAreWrittenAsURIs(t *testing.T) {
	for file, want := range map[string]string{
		"plans.yaml": "plans.yaml", "a/b.yaml": "a/b.yaml", "our plans.yaml": "our%20plans.yaml", "100%.yaml": "100%25.yaml",
		"a#b?.yaml": "a%23b%3F.yaml", "/tmp/ü.yaml": "/tmp/%C3%BC.yaml", "x:y.yaml": "./x:y.yaml", `C:\our\plans.yaml`: "file:///C:/our/plans.yaml",
	} {
		text, err := catalog.SARIF([]catalog.Finding{{Code: "x", Position: catalog.Position{File: file}}}, "1")
		if err != nil || !bytes.Contains(text, []byte(`"uri": "`+want+`"`)) {
			t.Errorf("%s is not %s (%v):\n%s", file, want, err, text)
		}
	}
}
