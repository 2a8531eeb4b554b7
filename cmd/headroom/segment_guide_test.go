package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/browsertest"
)

// TestTheGuideToSegmentsClientsDoesWhatItSays runs everything that the guide shows, in its
// order: commands, the program for Node, the script in a page. Only the key, the host and
// how a page finds the client are put in.
func TestTheGuideToSegmentsClientsDoesWhatItSays(t *testing.T) {
	text, err := os.ReadFile("../../docs/guides/segment.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := segmentClients(t)
	c := newCompany(t, "")
	t.Setenv("HEADROOM_URL", c.base)
	t.Setenv("HEADROOM_SECRET_KEY", c.opts.secretKey)
	var answer string
	ran := map[string]int{}
	for _, block := range regexp.MustCompile("(?s)```(\\w+)\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		kind, shown := block[1], block[2]
		ran[kind]++
		switch kind {
		case "yaml":
			writeText(t, filepath.Join(dir, "catalog.yaml"), shown)
		case "js":
			writeText(t, filepath.Join(dir, "server.mjs"), shown)
			runIn(t, dir, "node", "server.mjs")
		case "sh":
			if strings.Contains(shown, "/v1/check") {
				c.uses("acme", map[string]float64{"speakers": 3, "visits": 1})
			}
			cmd := exec.Command("sh", "-ec", shown)
			cmd.Dir = dir
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%s: %v", shown, err)
			}
			answer = string(out)
		case "javascript":
			var key struct{ Secret string }
			if err := json.Unmarshal([]byte(answer), &key); err != nil {
				t.Fatal(err)
			}
			script := strings.NewReplacer("import { AnalyticsBrowser } from '@segment/analytics-next'", "const { AnalyticsBrowser } = AnalyticsNext",
				"hr_pk_…", key.Secret, "headroom.example.com", strings.TrimPrefix(c.base, "http://"), "protocol: 'https'", "protocol: 'http'").Replace(shown)
			visitPage(t, dir, script)
		case "json":
			var want, got map[string]any
			if err := json.Unmarshal([]byte(shown), &want); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(answer), &got); err != nil {
				t.Fatal(err)
			}
			for name, v := range want {
				if got[name] != v {
					t.Errorf("the guide says %s is %v, the server says %v", name, v, got[name])
				}
			}
		}
	}
	c.uses("acme", map[string]float64{"speakers": 2, "visits": 1})
	if ran["sh"] != 4 || ran["js"] != 1 || ran["javascript"] != 1 || ran["json"] != 2 {
		t.Errorf("of the guide's examples were run %v", ran)
	}
}

// visitPage opens a page that runs the script beside Segment's client, until it has sent
// what it had to send.
func visitPage(t *testing.T, clients, script string) {
	t.Helper()
	pages := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/analytics.js" {
			http.ServeFile(w, r, filepath.Join(clients, "node_modules/@segment/analytics-next/dist/umd/index.js"))
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, `<!doctype html><title>Shop</title><link rel="icon" href="data:,"><script src="/analytics.js"></script><script>`+
			script+`; analytics.ready(() => { window.loaded = true })</script>`)
	}))
	t.Cleanup(pages.Close)
	browsertest.OpenBrowser(t).Window("shop", pages.URL).Until("the client is loaded", "window.loaded")
}
