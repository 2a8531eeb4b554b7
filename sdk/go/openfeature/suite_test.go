package headroomof_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheSDKsOwnEvaluationTests runs the evaluation tests that the OpenFeature Go SDK has for
// itself, its steps for scenarios and its fuzz seeds, from the module as it was downloaded.
// Only what they take a provider from is ours, and the file of scenarios: the SDK's own is in
// a repository that its module does not contain. HEADROOM_OPENFEATURE_SPEC names a checkout
// of the specification whose file is then run instead.
func TestTheSDKsOwnEvaluationTests(t *testing.T) {
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/open-feature/go-sdk").Output()
	if err != nil {
		t.Fatal(err)
	}
	overlay := map[string]map[string]string{"Replace": {}}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for name, put := range map[string][]string{
		"evaluation_test.go": {
			`memprovider.NewInMemoryProvider(memoryFlags)`, `newProvider()`,
			`"../spec/specification/assets/gherkin/evaluation.feature"`, `featureFile()`,
			`	"github.com/open-feature/go-sdk/openfeature/memprovider"` + "\n", ``,
		},
		"evaluation_fuzz_test.go": {
			`memprovider.NewInMemoryProvider(map[string]memprovider.InMemoryFlag{})`, `newProvider()`,
			`	"github.com/open-feature/go-sdk/openfeature/memprovider"` + "\n", ``,
		},
	} {
		text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "e2e", name))
		if err != nil {
			t.Fatal(err)
		}
		code := string(text)
		for i := 0; i < len(put); i += 2 {
			if strings.Count(code, put[i]) != 1 {
				t.Fatalf("%s of the SDK has %q %d times", name, put[i], strings.Count(code, put[i]))
			}
			code = strings.Replace(code, put[i], put[i+1], 1)
		}
		changed := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(changed, []byte(code), 0o600); err != nil {
			t.Fatal(err)
		}
		overlay["Replace"][filepath.Join(here, "e2e", "sdk_"+name)] = changed
	}
	text, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "overlay.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "test", "-overlay", file, "-count", "1", "-v", "./e2e")
	cmd.Env = append(os.Environ(), "HEADROOM_OPENFEATURE_SUITE=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if spec := os.Getenv("HEADROOM_OPENFEATURE_SPEC"); spec != "" {
		t.Logf("the scenarios are those of %s", spec)
	}
	scenarios, seeds := strings.Count(string(out), "--- PASS: TestEvaluation/"), strings.Count(string(out), "--- PASS: Fuzz")
	if want := 13; scenarios < want || seeds < 5 {
		t.Errorf("%d scenarios and %d fuzz tests ran\n%s", scenarios, seeds, out)
	}
	t.Logf("%d scenarios and %d fuzz tests of the SDK pass", scenarios, seeds)
}
