package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTheGuideToYourExportsDoesWhatItSays writes the files that the guide shows, runs its
// commands in their folder and compares what they print.
func TestTheGuideToYourExportsDoesWhatItSays(t *testing.T) {
	text, err := os.ReadFile("../../docs/guides/your-exports.md")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	var printed string
	ran := 0
	for _, block := range regexp.MustCompile("(?s)```(\\w+)\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		switch block[1] {
		case "csv":
			writeText(t, "subscriptions.csv", block[2])
		case "yaml":
			writeText(t, "map.yaml", block[2])
		case "text":
			if trimmed(printed) != trimmed(block[2]) {
				t.Errorf("the guide says\n%s\nthe command says\n%s", block[2], printed)
			}
		case "sh":
			words := strings.Fields(block[2])
			c := revenueCommand()
			if words[1] == "report" {
				c = reportCommand()
			}
			out, errs, err := run(t, c, words[2:]...)
			if err != nil || strings.Contains(errs, "left out") || strings.Contains(errs, "assumed") {
				t.Errorf("%s: %v\n%s", block[2], err, errs)
			}
			printed = out
			ran++
		}
	}
	if ran != 2 {
		t.Errorf("%d commands were run, want 2", ran)
	}
	problems, err := os.ReadFile("problems.csv")
	if err != nil || strings.Count(string(problems), "\n") != 1 {
		t.Errorf("problems.csv: %v\n%s", err, problems)
	}
	// The table of the guide's mapping settings is read by the parser as it stands.
	for _, setting := range []string{"account: Kunde", "account: {from: Kunde}", "interval: {from: cycle, values: {monthly: month, annual: year}}",
		"amount: {choose: cycle, from: {monthly: mrr, annual: arr}}", `currency: {constant: EUR}`, "amount: {from: price, decimal: point}",
		"amount: {from: price, round: true}", "ended_at: {from: last_day, inclusive: true}"} {
		_, shown, _ := strings.Cut(setting, ": ")
		if !strings.Contains(string(text), shown) {
			t.Errorf("the guide does not show %s", shown)
		}
		writeText(t, "one.yaml", "subscriptions:\n  "+setting+"\n")
		if _, err := readMappings([]string{"one.yaml"}); err != nil {
			t.Errorf("%s: %v", setting, err)
		}
	}
}

func writeText(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Clean(name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// trimmed leaves out spaces at the ends of lines.
func trimmed(s string) string {
	return strings.TrimSpace(regexp.MustCompile(` +\n`).ReplaceAllString(s, "\n"))
}
