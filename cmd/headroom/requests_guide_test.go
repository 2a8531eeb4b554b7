package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTheGuideToRequestsDoesWhatItSays runs the guide's commands in one shell, in their order, and
// holds that each prints what the guide shows after it.
func TestTheGuideToRequestsDoesWhatItSays(t *testing.T) {
	text, err := os.ReadFile("../../docs/guides/requests.md")
	if err != nil {
		t.Fatal(err)
	}
	c, dir := newCompany(t, ""), t.TempDir()
	const end = "=== end of block"
	var script strings.Builder
	var shown []string // after each block of commands; empty when nothing is
	for _, block := range regexp.MustCompile("(?s)```(\\w+)\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		switch block[1] {
		case "yaml":
			writeText(t, filepath.Join(dir, "catalog.yaml"), block[2])
		case "sh":
			fmt.Fprintf(&script, "%s\necho '%s'\n", block[2], end)
			shown = append(shown, "")
		case "json":
			shown[len(shown)-1] = block[2]
		}
	}
	cmd := exec.Command("bash", "-e", "-c", script.String())
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "HEADROOM_URL="+c.base, "HEADROOM_SECRET_KEY="+c.opts.secretKey)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	printed := strings.Split(string(out), end+"\n")
	if len(shown) != 8 || len(printed) != len(shown)+1 {
		t.Fatalf("%d blocks of commands printed %d times:\n%s", len(shown), len(printed)-1, out)
	}
	for i, want := range shown {
		if want == "" {
			continue
		}
		lines := strings.Split(strings.TrimSpace(printed[i]), "\n")
		var shows, got any
		if err := json.Unmarshal([]byte(want), &shows); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &got); err != nil {
			t.Fatalf("%v: %s", err, printed[i])
		}
		if where := lacking("", shows, got); where != "" {
			t.Errorf("the guide shows %s, the server says\n%s", where, lines[len(lines)-1])
		}
	}
}

// lacking returns what of want is not in got, empty when all is there: got may have more fields.
func lacking(path string, want, got any) string {
	switch want := want.(type) {
	case map[string]any:
		have, _ := got.(map[string]any)
		for name, v := range want {
			if where := lacking(path+"."+name, v, have[name]); where != "" {
				return where
			}
		}
		return ""
	case []any:
		have, _ := got.([]any)
		if len(have) != len(want) {
			return fmt.Sprintf("%d of %s", len(want), path)
		}
		for i, v := range want {
			if where := lacking(fmt.Sprintf("%s[%d]", path, i), v, have[i]); where != "" {
				return where
			}
		}
		return ""
	}
	if want != got {
		return fmt.Sprintf("%s is %v", path, want)
	}
	return ""
}
