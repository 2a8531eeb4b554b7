package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/fault"
)

func TestAStartSaysWhichKeyIsUsedAndWhereItListens(t *testing.T) {
	const given = "using the administrator's key of HEADROOM_SECRET_KEY (set it at every start)\n"
	c := newCompany(t, "", func(o *serverOptions) { o.listen, o.metrics = "0", "0" })
	greeting := func() string {
		var out bytes.Buffer
		c.server.greet(&out)
		return regexp.MustCompile(`:\d+`).ReplaceAllString(out.String(), ":PORT")
	}
	const where = "listening on http://127.0.0.1:PORT\nmetrics on http://127.0.0.1:PORT/metrics\n"
	if said := greeting(); said != given+where {
		t.Errorf("with a key of the environment it says\n%s", said)
	}
	c.opts.secretKey = ""
	c.restart()
	if said := greeting(); !strings.HasPrefix(said, "no secret key is usable: start with HEADROOM_SECRET_KEY set") || !strings.HasSuffix(said, where) {
		t.Errorf("without any key it says\n%s", said)
	}
	c.opts.secretKey = "hr_sk_test_key"
	c.restart()
	c.must("POST", "/v1/keys", map[string]any{"name": "mine", "scopes": []string{"admin"}}, nil)
	c.opts.secretKey, c.opts.metrics = "", ""
	c.restart()
	if said := greeting(); said != "listening on http://127.0.0.1:PORT\n" {
		t.Errorf("with a stored key it says\n%s", said)
	}
}

func TestAStartWarnsOfWhatFlagsDoNotDo(t *testing.T) {
	for _, c := range []struct {
		name  string
		asked int
		keep  time.Duration
		says  []string
	}{
		{"nothing was asked", 0, 0, nil},
		{"the same partitions, a long log", 16, 400 * 24 * time.Hour, nil},
		{"other partitions", 32, 0, []string{"--partitions 32 changes nothing: 16 was fixed at the first start"}},
		{"a short log", 0, 48 * time.Hour, []string{"--keep-log 48h0m0s is short: taking events back and replacing them needs the log of 35 days"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &server{serverOptions: serverOptions{keepLog: c.keep}, fixed: 16}
			if said := s.warnings(c.asked); !slices.Equal(said, c.says) {
				t.Errorf("it says %q, want %q", said, c.says)
			}
		})
	}
}

func TestAnAddressThatIsNotOursIsNamedWithTheMend(t *testing.T) {
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }))
	defer page.Close()
	for _, c := range []struct{ name, base, says, mend string }{
		{"no scheme", "127.0.0.1:18101", `"127.0.0.1:18101" has no http://`, "write http:// before it"},
		{"a name without a scheme", "localhost:18101", "has no http://", "write http:// before it"},
		{"https to an http port", strings.Replace(other.URL, "http:", "https:", 1), "speaks http, not https", "write http://"},
		{"a 404 of another server", other.URL, other.URL + " is no headroom: status 404", "set HEADROOM_URL"},
		{"a page", page.URL, page.URL + " is no headroom: status 200", "set HEADROOM_URL"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out map[string]any
			err := clientFor(c.base, "k").call(context.Background(), http.MethodGet, "/healthz", nil, &out)
			var f *fault.Error
			if !asFault(err, &f) || !strings.Contains(f.Message, c.says) || !strings.Contains(f.Mend, c.mend) {
				t.Errorf("it says %v", err)
			}
		})
	}
}

func TestABackupNamesAnAddressWithoutAScheme(t *testing.T) {
	t.Setenv("HEADROOM_URL", "127.0.0.1:18101")
	t.Setenv("HEADROOM_SECRET_KEY", "hr_sk_x")
	_, err := (&backupOptions{}).ask(t.Context(), t.TempDir(), nil)
	if err == nil || !strings.Contains(err.Error(), "write http:// before it") {
		t.Errorf("it says %v", err)
	}
}

func TestWhatEveryKillCausesInTheLogIsNoTrouble(t *testing.T) {
	outdated := []string{"Filestore [HEADROOM] Stream state outdated, last block has additional entries, will rebuild",
		"Filestore [HEADROOM] Recovering stream state from index errored: prior state file"}
	if normal, others := afterKill(outdated); !strings.Contains(normal, "normal after a kill") || len(others) > 0 {
		t.Errorf("after a kill: %q, %q", normal, others)
	}
	if normal, others := afterKill([]string{"a checksum is wrong"}); normal != "" || len(others) != 1 {
		t.Errorf("a damage: %q, %q", normal, others)
	}
	if normal, others := afterKill(nil); normal != "" || len(others) > 0 {
		t.Errorf("nothing: %q, %q", normal, others)
	}
}
