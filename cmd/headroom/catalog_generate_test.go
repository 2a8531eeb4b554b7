package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// generateKeys runs `headroom catalog generate`.
func generateKeys(t *testing.T, args ...string) error {
	t.Helper()
	c := catalogCommand()
	c.SetArgs(append([]string{"generate"}, args...))
	c.SilenceUsage, c.SilenceErrors = true, true
	return c.ExecuteContext(t.Context())
}

// goModule is a folder with a module that uses the SDK of this tree.
func goModule(t *testing.T, program string) (dir string, vet func() (string, error)) {
	t.Helper()
	dir = t.TempDir()
	sdk, err := filepath.Abs("../../sdk/go")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "keys"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"go.mod":  fmt.Sprintf("module example.com/product\n\ngo 1.26.0\n\nrequire github.com/headroomhq/headroom/sdk/go v0.0.0\n\nreplace github.com/headroomhq/headroom/sdk/go => %s\n", sdk),
		"main.go": program,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir, func() (string, error) {
		cmd := exec.CommandContext(t.Context(), "go", "vet", "./...")
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod", "GOPROXY=off")
		text, err := cmd.CombinedOutput()
		return string(text), err
	}
}

const usesKeys = `package main

import (
	headroom "github.com/headroomhq/headroom/sdk/go"

	"example.com/product/keys"
)

func allowed(a *headroom.Account) bool {
	return a.Has(keys.FeatureRecordings) && a.Metered(%s).Check(1).Allowed && keys.PlanPro != "" && keys.EventEmailSent != ""
}

func main() { _ = allowed; _ = keys.CatalogVersion }
`

func TestGeneratedGoCompilesAndKeepsKindsApart(t *testing.T) {
	c := newCompany(t, "")
	file := filepath.Join(t.TempDir(), "catalog.yaml")
	if err := os.WriteFile(file, []byte(apiCatalog), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HEADROOM_URL", c.base)
	t.Setenv("HEADROOM_SECRET_KEY", c.key)
	dir, vet := goModule(t, fmt.Sprintf(usesKeys, "keys.FeatureExports"))
	out := filepath.Join(dir, "keys", "keys.go")
	if err := generateKeys(t, "--lang", "go", "--package", "keys", "--out", out, file); err != nil {
		t.Fatal(err)
	}
	if said, err := vet(); err != nil {
		t.Fatalf("what was generated does not compile: %v\n%s", err, said)
	}
	ofFile, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if err := generateKeys(t, "--lang", "go", "--package", "keys", "--out", out); err != nil {
		t.Fatal(err)
	}
	ofServer, err := os.ReadFile(out)
	if err != nil || string(ofFile) != string(ofServer) {
		t.Errorf("the server's catalog gives other keys than the file it came from (%v)", err)
	}

	dir, vet = goModule(t, fmt.Sprintf(usesKeys, "keys.FeatureRecordings"))
	if err := generateKeys(t, "--lang", "go", "--package", "keys", "--out", filepath.Join(dir, "keys", "keys.go"), file); err != nil {
		t.Fatal(err)
	}
	if said, err := vet(); err == nil || !strings.Contains(said, "FeatureRecordings") {
		t.Errorf("asking how much is left of what is on or off compiles: %v\n%s", err, said)
	}
}

func TestGeneratedTypeScriptCompilesAndKeepsKindsApart(t *testing.T) {
	tsc, err := filepath.Abs("../../web/node_modules/.bin/tsc")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(tsc); err != nil {
		t.Fatalf("there is no TypeScript compiler (%v): run `make console`", err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "catalog.yaml")
	if err := os.WriteFile(file, []byte(apiCatalog), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := generateKeys(t, "--lang", "ts", "--out", filepath.Join(dir, "keys.ts"), file); err != nil {
		t.Fatal(err)
	}
	compile := func(feature string) (string, error) {
		program := `import { booleanFeatures, catalogVersion, meteredFeatures, type MeteredFeature, type Plan } from "./keys";
export function left(feature: MeteredFeature, plan: Plan): string { return feature + plan + catalogVersion; }
left(` + feature + `, "pro");
export const all = { ...booleanFeatures };
`
		if err := os.WriteFile(filepath.Join(dir, "use.ts"), []byte(program), 0o600); err != nil {
			t.Fatal(err)
		}
		text, err := exec.CommandContext(t.Context(), tsc, "--noEmit", "--strict", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler", filepath.Join(dir, "use.ts")).CombinedOutput()
		return string(text), err
	}
	if said, err := compile("meteredFeatures.exports"); err != nil {
		t.Errorf("what was generated does not compile: %v\n%s", err, said)
	}
	if said, err := compile("booleanFeatures.recordings"); err == nil || !strings.Contains(said, "recordings") {
		t.Errorf("asking how much is left of what is on or off compiles: %v\n%s", err, said)
	}
}
