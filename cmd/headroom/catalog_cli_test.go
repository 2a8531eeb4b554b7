package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// answering runs the binary in a folder with lines on its standard input.
func answering(t *testing.T, folder, input string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir, cmd.Stdin = folder, strings.NewReader(input)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	_ = cmd.Run() // its status says it
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func TestInitWritesAFirstCatalogThatPassesLint(t *testing.T) {
	for _, c := range []struct {
		name, input string
		args        []string
		says        []string // of the file
	}{
		{"answered on the terminal", "Acme Pages\neur\npages\npage.published\nSolo 9, Team 29\n20, 200\nOwn domain\n7\n", nil,
			[]string{"Acme Pages", "currency: EUR", "pages: {event: page.published}", "solo:", "team:", `{month: "29.00", year: "290.00"}`, "own_domain", "trial: 7d", "limit: 200"}},
		{"answered by flags", "", []string{"--product", "Acme", "--plans", "Small 10, Large 40", "--limits", "10, 100", "--metric", "films", "--trial", "0"},
			[]string{"Acme", "films: {event: film.created}", "small:", "large:"}},
		{"some by flags, the rest on the terminal", "Acme\n\n\nOne 10\n", []string{"--metric", "films", "--feature", "-"}, []string{"currency: USD", "films", "one:", "more_films"}},
		{"not answered at all", "", nil, []string{"reports", "basic:", "pro:", "business:"}},
		{"with what is usual", "this is not read\n", []string{"--yes"}, []string{"our product", "basic:"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := t.TempDir()
			stdout, stderr, status := answering(t, folder, c.input, append([]string{"catalog", "init"}, c.args...)...)
			if status != 0 {
				t.Fatalf("status %d: %s%s", status, stdout, stderr)
			}
			text, err := os.ReadFile(filepath.Join(folder, "catalog.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			for _, words := range c.says {
				if !strings.Contains(string(text), words) {
					t.Errorf("there is no %q in\n%s", words, text)
				}
			}
			stdout, stderr, status = answering(t, folder, "", "catalog", "lint", "--strict", "catalog.yaml")
			if status != 0 || stdout != "the catalog is valid\n" {
				t.Errorf("lint: status %d: %s%s\n%s", status, stdout, stderr, text)
			}
			if _, stderr, status = answering(t, folder, "", "catalog", "init"); status != 1 || !strings.Contains(stderr, "--force") {
				t.Errorf("a second time: status %d: %s", status, stderr)
			}
			if again, err := os.ReadFile(filepath.Join(folder, "catalog.yaml")); err != nil || !bytes.Equal(again, text) {
				t.Error("the file was overwritten")
			}
			if _, stderr, status = answering(t, folder, "", "catalog", "init", "--yes", "--force"); status != 0 {
				t.Errorf("with --force: status %d: %s", status, stderr)
			}
		})
	}
	t.Run("answers that make no sense leave no file", func(t *testing.T) {
		folder := t.TempDir()
		if _, stderr, status := answering(t, folder, "", "catalog", "init", "--yes", "--plans", "Basic twenty"); status != 1 || !strings.Contains(stderr, "twenty") {
			t.Errorf("status %d: %s", status, stderr)
		}
		if files, _ := os.ReadDir(folder); len(files) != 0 {
			t.Error("there is a file")
		}
	})
}

func TestLintEndsByWhatItFinds(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const head = "version: 1\ncurrency: USD\n"
	write("warning.yaml", head+"meters: {m: {event: e}}\n")
	write("note.yaml", head+"plans: {p: {price: {month: 1, year: 12}}}\nlint: {no_next_step: off}\n")
	write("error.yaml", head+"plans: {p: {above: q}}\n")
	write("chosen.yaml", head+"meters: {m: {event: e}}\nlint: {unused_meter: error}\n")
	for _, c := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"note.yaml"}, 0, "note: plans.p.price.year"},
		{[]string{"note.yaml", "--strict"}, 0, "note: plans.p.price.year"},
		{[]string{"warning.yaml"}, 0, "warning: meters.m"},
		{[]string{"warning.yaml", "--strict"}, 1, "warning: meters.m"},
		{[]string{"error.yaml"}, 1, "error: plans.p.above"},
		{[]string{"chosen.yaml"}, 1, "error: meters.m"},
		{[]string{"error.yaml", "--output", "sarif"}, 1, `"ruleId": "unknown_reference"`},
		{[]string{"error.yaml", "--output", "json"}, 1, `"code": "unknown_reference"`},
	} {
		stdout, stderr, status := answering(t, folder, "", append([]string{"catalog", "lint"}, c.args...)...)
		if status != c.status || !strings.Contains(stdout, c.says) {
			t.Errorf("%v: status %d: %s%s", c.args, status, stdout, stderr)
		}
		if len(c.args) == 3 && !json.Valid([]byte(stdout)) {
			t.Errorf("%v: no JSON: %s", c.args, stdout)
		}
	}
}
