package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// run runs a command of ours against the company's server.
func (c *company) run(args ...string) (string, error) {
	c.t.Helper()
	c.t.Setenv("HEADROOM_URL", c.server.url())
	c.t.Setenv("HEADROOM_SECRET_KEY", c.opts.secretKey)
	var out bytes.Buffer
	root := rootCommand()
	root.SetArgs(args)
	root.SetOut(&out)
	root.SetErr(&out)
	err := root.ExecuteContext(c.t.Context())
	return out.String(), err
}

func (c *company) mustRun(args ...string) string {
	c.t.Helper()
	out, err := c.run(args...)
	if err != nil {
		c.t.Fatalf("headroom %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func TestAFolderOfFilesIsAppliedPulledAndRolledBack(t *testing.T) {
	c := newCompany(t, "")
	first := c.activeCatalog()
	folder := filepath.Join(t.TempDir(), "catalog")
	files := map[string]string{
		"base.yaml":       "version: 1\ncurrency: USD\nmeters: {exports: {fed_by: consume}}\nfeatures: {exports: {title: Exports, meter: exports}}\n",
		"plans/core.yaml": "plans:\n  starter: {title: Starter, price: {month: \"49\"}, entitlements: {exports: {limit: 3, per: month}}} # the small one\n",
	}
	for name, text := range files {
		path := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter", "interval": "month"}, nil, "Idempotency-Key", "a")
	c.must("POST", "/v1/consume", map[string]any{"account": "acme", "feature": "exports", "quantity": 4}, nil, "Idempotency-Key", "b")

	if out := c.mustRun("catalog", "apply", folder, "--dry-run"); !strings.Contains(out, "1 account gets something else") || !strings.Contains(out, "1 on starter: ") || !strings.Contains(out, "loses") || !strings.Contains(out, "would become") {
		t.Fatalf("the dry run says\n%s", out)
	}
	if c.activeCatalog() != first {
		t.Fatal("the dry run applied it")
	}
	if _, err := c.run("catalog", "apply", folder); err == nil || !strings.Contains(err.Error(), "accept") {
		t.Fatalf("more exports are used than the new limit: %v", err)
	}
	c.mustRun("catalog", "apply", folder, "--note", "Fewer plans", "--author", "ada", "--accept", "limit_below_usage")

	t.Run("pull parts it into its files again", func(t *testing.T) {
		into := filepath.Join(t.TempDir(), "pulled")
		c := *c
		c.t = t
		c.mustRun("catalog", "pull", "--into", into)
		for name, text := range files {
			if got, err := os.ReadFile(filepath.Join(into, filepath.FromSlash(name))); err != nil || string(got) != text {
				t.Errorf("%s is %q, %v", name, got, err)
			}
		}
		if out := c.mustRun("catalog", "diff", into); !strings.Contains(out, "nothing to change") {
			t.Errorf("what was pulled is another catalog:\n%s", out)
		}
		mine := filepath.Join(into, "base.yaml")
		if err := os.WriteFile(mine, []byte("# mine\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := c.run("catalog", "pull", "--into", into); err == nil {
			t.Error("a file that is different was overwritten")
		}
		if got, _ := os.ReadFile(mine); string(got) != "# mine\n" {
			t.Error("it was overwritten all the same")
		}
		c.mustRun("catalog", "pull", "--into", into, "--force")
	})
	t.Run("versions are listed, and one is made active again", func(t *testing.T) {
		c := *c
		c.t = t
		list := c.mustRun("catalog", "versions")
		lines := strings.Split(strings.TrimSpace(list), "\n")
		if len(lines) != 2 || !strings.HasPrefix(lines[0], "* c-") || !strings.Contains(lines[0], "ada  Fewer plans") {
			t.Fatalf("versions are\n%s", list)
		}
		old := strings.Fields(lines[1])[0]
		if out := c.mustRun("catalog", "rollback", old, "--dry-run"); !strings.Contains(out, "would become "+old) {
			t.Fatalf("the dry run says\n%s", out)
		}
		c.mustRun("catalog", "rollback", old, "--note", "Back")
		if c.activeCatalog() != first {
			t.Fatal("it is not active")
		}
		if out := c.mustRun("catalog", "pull"); out != first {
			t.Error("pull prints another text")
		}
	})
	t.Run("lint asks the server", func(t *testing.T) {
		c := *c
		c.t = t
		c.mustRun("catalog", "lint", "--server")
		c.mustRun("catalog", "lint", "--server", "--output", "sarif", folder)
	})
}
