package main

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/headroomhq/headroom/internal/api"
	"github.com/headroomhq/headroom/internal/telemetry"
)

var updateDocs = flag.Bool("update", false, "write the table of metrics in docs/operations.md anew")

// described reads what a prometheus.Desc says of itself.
var described = regexp.MustCompile(`^Desc\{fqName: "([^"]+)", help: "((?:[^"\\]|\\.)*)", unit: "[^"]*", constLabels: \{(.*)\}, variableLabels: \{(.*)\}\}$`)

func TestMetricsAreThoseThatTheDocumentTells(t *testing.T) {
	c := sampleCompany(t, func(o *serverOptions) { o.metrics = "127.0.0.1:0" })
	rows := map[string]string{}
	for _, source := range []telemetry.Source{c.server.http.Handler.(*api.Server), c.server.runner, c.server.writer} {
		for _, collector := range source.Collectors() {
			found := make(chan *prometheus.Desc, 100)
			collector.Describe(found)
			close(found)
			for d := range found {
				m := described.FindStringSubmatch(d.String())
				if m == nil {
					t.Fatalf("a metric that cannot be read: %s", d)
				}
				var labels []string
				for label := range strings.SplitSeq(m[3]+","+m[4], ",") {
					if name, _, _ := strings.Cut(label, "="); name != "" {
						labels = append(labels, "`"+name+"`")
					}
				}
				rows[m[1]] = fmt.Sprintf("| `%s` | %s | %s |", m[1], strings.Join(labels, ", "), strings.ReplaceAll(m[2], `\"`, `"`))
			}
		}
	}
	var table []string
	for name := range rows {
		table = append(table, rows[name])
		if !strings.HasPrefix(name, "headroom_") {
			t.Errorf("%s does not begin with headroom_", name)
		}
	}
	slices.Sort(table)
	want := "| metric | labels | is |\n|---|---|---|\n" + strings.Join(table, "\n") + "\n"

	const file, begins, ends = "../../docs/operations.md", "<!-- Written by: go test ./cmd/headroom -run Metrics -update -->\n", "<!-- end of metrics -->"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(text), begins)
	have, tail, ok2 := strings.Cut(rest, ends)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table of metrics", file)
	}
	if *updateDocs {
		if err := os.WriteFile(file, []byte(head+begins+want+ends+tail), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if have != want {
		t.Errorf("%s tells other metrics than there are; write it anew with -update:\n%s\nwant\n%s", file, have, want)
	}
}

// scrape reads the value of every series from a metrics address.
func scrape(t *testing.T, address string) map[string]string {
	t.Helper()
	status, body := fetch(t, "http://"+address+"/metrics")
	if status != http.StatusOK {
		t.Fatalf("metrics were answered %d: %s", status, body)
	}
	series := map[string]string{}
	for line := range strings.Lines(body) {
		line = strings.TrimSpace(line)
		if i := strings.LastIndexByte(line, ' '); i > 0 && line[0] != '#' {
			series[line[:i]] = line[i+1:]
		}
	}
	return series
}

func fetch(t *testing.T, url string) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func TestMetricsCountWhatHappened(t *testing.T) {
	c := newCompany(t, "", func(o *serverOptions) { o.metrics = "127.0.0.1:0" })
	address := c.server.metricsL.Addr().String()
	before := scrape(t, address)
	event := ce("m1", "email.sent", "acme", `{"count":1}`)
	var first, last ingested
	c.must("POST", "/v1/events", []byte(event), &first, "Content-Type", "application/json")
	c.must("POST", "/v1/events", []byte(event), &last, "Content-Type", "application/json") // again
	batch := "[" + event + `,{"specversion":"1.0","source":"s","type":"email.sent","subject":"acme"},{"specversion":"1.0","id":"x","source":"s","type":"email.sent"}]`
	c.must("POST", "/v1/events", []byte(batch), &last, "Content-Type", "application/json")
	if status, _ := c.send("GET", "/v1/accounts/nobody", "", "Headroom-Position", last.Position); status != http.StatusNotFound {
		t.Errorf("an account that is not there was answered %d", status)
	}
	c.must("GET", "/v1/accounts", nil, nil, "Headroom-Position", last.Position) // what it lists is in a checkpoint
	after := scrape(t, address)
	for name, want := range map[string]string{
		"headroom_events_accepted_total":                                                                "4",
		"headroom_events_undeduplicated_total":                                                          "1",
		`headroom_events_rejected_total{code="missing_subject"}`:                                        "1",
		"headroom_records_duplicate_total":                                                              "2",
		`headroom_records_stepped_total{kind="event"}`:                                                  "4",
		`headroom_http_refusals_total{code="account_not_found",status="404"}`:                           "1",
		`headroom_http_request_duration_seconds_count{route="POST /v1/events",status="202"}`:            "3",
		`headroom_http_request_duration_seconds_count{route="GET /v1/accounts/{account}",status="404"}`: "1",
		"headroom_partitions_owned":                                                                     "4",
		"headroom_log_refused_total":                                                                    "0",
		`headroom_partition_unstepped_messages{partition="0"}`:                                          "0",
		`headroom_partition_behind_seconds{partition="0"}`:                                              "0",
		fmt.Sprintf("headroom_build_info{go=%q,version=%q}", goVersion(after), version):                 "1",
	} {
		if after[name] != want {
			t.Errorf("%s is %q, want %s (before it was %q)", name, after[name], want, before[name])
		}
	}
	for _, name := range []string{"headroom_log_flush_duration_seconds_count", "headroom_log_flush_bytes_count", "headroom_log_flush_records_sum",
		"go_goroutines", "process_resident_memory_bytes"} {
		if cmp.Or(after[name], "0") == "0" {
			t.Errorf("%s is %q", name, after[name])
		}
	}
	steps, checkpoints := false, false
	for name, value := range after {
		steps = steps || strings.HasPrefix(name, "headroom_step_duration_seconds_count") && value != "0"
		checkpoints = checkpoints || strings.HasPrefix(name, "headroom_checkpoint_accounts_sum") && value != "0"
		for _, personal := range []string{"acme", "nobody"} {
			if strings.Contains(name, personal) {
				t.Errorf("a label names an account: %s", name)
			}
		}
	}
	if !steps || !checkpoints {
		t.Errorf("steps were measured: %v, checkpoints: %v", steps, checkpoints)
	}
}

func goVersion(series map[string]string) string {
	for name := range series {
		if m := regexp.MustCompile(`^go_info\{version="([^"]+)"\}$`).FindStringSubmatch(name); m != nil {
			return m[1]
		}
	}
	return ""
}

func TestProfilesAreOnTheMetricsAddressAndNotOnTheAPIs(t *testing.T) {
	c := sampleCompany(t, func(o *serverOptions) { o.metrics = "0" })
	address := c.server.metricsL.Addr().String()
	if !strings.HasPrefix(address, "127.0.0.1:") {
		t.Errorf("a port alone is served at %s", address)
	}
	for _, path := range []string{"/debug/pprof/", "/debug/pprof/heap?debug=1", "/debug/pprof/goroutine?debug=2", "/debug/pprof/cmdline"} {
		if status, body := fetch(t, "http://"+address+path); status != http.StatusOK || body == "" {
			t.Errorf("%s was answered %d", path, status)
		}
		if _, body := fetch(t, c.base+path); strings.Contains(body, "goroutine") || strings.Contains(body, "heap profile") || strings.Contains(body, os.Args[0]) {
			t.Errorf("the API answers %s", path)
		}
	}
	for _, path := range []string{"/metrics", "/v1/metrics"} {
		if _, body := fetch(t, c.base+path); strings.Contains(body, "headroom_") {
			t.Errorf("the API answers %s", path)
		}
	}
}

func TestMetricsAreReadWhileAPartitionWaitsForTheDatabase(t *testing.T) {
	c := newCompany(t, "", func(o *serverOptions) { o.metrics = "127.0.0.1:0" })
	// The only writer of SQLite, held: checkpoints wait.
	hold, held := make(chan struct{}), make(chan struct{})
	release := sync.OnceFunc(func() { close(hold) })
	t.Cleanup(release)
	ended := make(chan error, 1)
	go func() {
		ended <- c.server.db.InTx(context.Background(), func(*sql.Tx) error {
			close(held)
			<-hold
			return nil
		})
	}()
	<-held
	var got ingested
	c.must("POST", "/v1/events", []byte(ce("w1", "email.sent", "acme", `{"count":1}`)), &got, "Content-Type", "application/json")
	for deadline := time.Now().Add(20 * time.Second); ; {
		waits := false
		for name, value := range scrape(t, c.server.metricsL.Addr().String()) {
			waits = waits || strings.HasPrefix(name, "headroom_partition_uncommitted_messages") && value != "0"
		}
		var s api.Status
		c.must("GET", "/v1/status", nil, &s)
		if waits {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("nothing waits for a checkpoint")
		}
	}
	release()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

func TestLogLinesSayWhereAndNameNobody(t *testing.T) {
	var log lockedBuffer
	c := newCompany(t, "", func(o *serverOptions) {
		o.logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	d := c.server.db
	if _, err := d.Exec(t.Context(), "ALTER TABLE people RENAME TO people_away"); err != nil { // checkpoints fail
		t.Fatal(err)
	}
	c.must("POST", "/v1/identify", []byte(`{"userId":"user-17","traits":{"email":"ada@nova.example","name":"Ada Lovelace"},"context":{"groupId":"acme"},"messageId":"i1"}`), nil,
		"Content-Type", "application/json")
	c.must("POST", "/v1/events", []byte(ce("l1", "speaker.added", "acme", `{"user":"user-17","note":"Call Ada"}`)), nil, "Content-Type", "application/json")
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(log.String(), "the database did not answer"); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it logged\n%s", &log)
		}
	}
	if _, err := d.Exec(t.Context(), "ALTER TABLE people_away RENAME TO people"); err != nil {
		t.Fatal(err)
	}
	c.server.close()
	text := log.String()
	for _, personal := range []string{"ada@", "Ada", "user-17", c.opts.secretKey, c.opts.password} {
		if strings.Contains(text, personal) {
			t.Errorf("the log tells %q:\n%s", personal, text)
		}
	}
	for line := range strings.Lines(text) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatal(err)
		}
		if fields["msg"] != "the database did not answer; trying again" {
			continue
		}
		if fields["level"] != "WARN" || fields["partition"] == nil || fields["position"] == nil || !strings.Contains(fmt.Sprint(fields["error"]), "people") {
			t.Errorf("a line lacks where and why: %s", line)
		}
	}
}

// lockedBuffer is written by a server and read by a test.
type lockedBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
