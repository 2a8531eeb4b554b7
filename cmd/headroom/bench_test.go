package main

import (
	"encoding/json"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
)

// benchRun runs a bench for a moment and returns its JSON document.
func benchRun(t *testing.T, args ...string) map[string]any {
	t.Helper()
	c := benchCommand()
	if args[0] != "replay" && args[0] != "start" { // which take as long as what they do
		args = append(args, "--duration", "100ms", "--warm-up", "20ms")
	}
	c.SetArgs(append(args, "--output", "json"))
	c.SilenceUsage = true
	out := captured(t, func() {
		if err := c.ExecuteContext(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	var doc map[string]any
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatalf("no document: %v\n%s", err, out)
	}
	return doc
}

// captured returns what f prints to the standard output.
func captured(t *testing.T, f func()) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	was := os.Stdout
	os.Stdout = w
	defer func() { os.Stdout = was }()
	read := make(chan string)
	go func() {
		text, _ := io.ReadAll(r)
		read <- string(text)
	}()
	func() {
		defer w.Close()
		f()
	}()
	return <-read
}

// wantFields fails unless the document has the fields, each of them a number above zero,
// or as said after a colon: any.
func wantFields(t *testing.T, doc map[string]any, fields ...string) {
	t.Helper()
	for _, f := range fields {
		name, any, _ := strings.Cut(f, ":")
		v, ok := doc[name]
		if n, isNumber := v.(float64); !ok || any == "" && (!isNumber || n <= 0) {
			t.Errorf("%s is %v, in %v", name, v, doc)
		}
	}
}

func TestEveryBenchPrintsItsDocument(t *testing.T) {
	for _, c := range []struct {
		name, args string
		fields     []string
		reference  []string
	}{
		{"events, in batches", "events --accounts 50 --batch 20 --clients 2 --references decode",
			[]string{"events_per_second", "p50_ms", "p99_ms", "p999_ms", "ratio", "events", "seconds_to_catch_up", "peak_memory_bytes", "log_bytes_per_event", "cpu_microseconds_per_event", "cpu_ratio", "database_bytes_per_event:any", "answers_429:any"},
			[]string{"name:any", "events_per_second"}},
		{"events, one a request", "events --accounts 50 --batch 1 --clients 4 --references decode",
			[]string{"events_per_second", "p50_ms", "p99_ms", "ratio"}, []string{"name:any", "events_per_second"}},
		{"replay", "replay --accounts 50 --clients 2 --events 4000",
			[]string{"events_per_second", "seconds", "seconds_to_compare", "events", "ratio", "p50_ms:any", "different:any"}, []string{"name:any", "events_per_second"}},
		{"start", "start --accounts 60", []string{"seconds", "ratio", "p50_ms:any"}, []string{"name:any", "seconds"}},
		{"disk", "disk", []string{"requests_per_second", "p50_ms", "p99_ms", "ratio"}, []string{"name:any", "requests_per_second"}},
		{"stream", "stream --accounts 5 --clients 1 --rate 100 --probes 100",
			[]string{"events_per_second", "ratio", "probes", "p50_ms:any", "p99_ms:any", "from_sending:any"}, []string{"name:any", "p50_ms", "p99_ms"}},
		{"check, every account from the database first", "check --accounts 20 --clients 2 --restart --memory 8",
			[]string{"requests_per_second", "ratio", "first:any"}, []string{"name:any", "requests_per_second"}},
		{"check", "check --accounts 5 --clients 2",
			[]string{"requests_per_second", "p50_ms", "p99_ms", "ratio"}, []string{"name:any", "requests_per_second"}},
		{"sweep", "sweep events --accounts 50 --clients 2 --batches 1,100 --by-clients 2 --rules 10,150 --by-accounts 40,600",
			[]string{"events_per_second", "p50_ms", "p99_ms", "ratio", "points:any"}, []string{"name:any", "events_per_second"}},
		{"moment", "moment --accounts 50 --clients 2 --rate 1000 --probes 80",
			[]string{"events_per_second", "p50_ms", "p99_ms", "p999_ms", "ratio", "probes", "without_position:any", "background:any"},
			[]string{"name:any", "p50_ms", "p99_ms"}},
		{"decisions", "decide --accounts 40 --offers 20 --rate 200 --clients 2", []string{"requests_per_second", "p50_ms", "p99_ms", "cpu_microseconds", "reference_p99_ms", "ratio"},
			[]string{"name:any", "requests_per_second", "p50_ms", "p99_ms"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			doc := benchRun(t, strings.Fields(c.args)...)
			wantFields(t, doc, append(slices.Clone(c.fields), "conditions:any")...)
			reference, _ := doc["reference"].(map[string]any)
			wantFields(t, reference, c.reference...)
		})
	}
}

func TestABenchThatCannotMeasureSaysWhy(t *testing.T) {
	for _, c := range []struct{ name, args, says string }{
		{"no time at all", "events --duration 0s", "--duration 0s is out of range"},
		{"checks in no time", "check --duration 0s", "--duration 0s is out of range"},
		{"time that runs backwards", "moment --duration -1s", "--duration -1s is out of range"},
		{"appends in a moment too short", "disk --duration 1ns", "--duration 1ns is out of range"},
		{"a warm-up that runs backwards", "sweep events --warm-up -1s", "--warm-up -1s is out of range"},
		{"a replay, which takes as long as the log is", "replay --duration 3s", "unknown flag: --duration"},
		{"a start, which takes as long as it takes", "start --warm-up 3s", "unknown flag: --warm-up"},
		{"a start by many, which is one", "start --clients 3", "unknown flag: --clients"},
	} {
		cmd := benchCommand()
		cmd.SetArgs(strings.Fields(c.args))
		cmd.SilenceUsage, cmd.SilenceErrors = true, true
		if err := cmd.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: it says %v", c.name, err)
		}
	}
}

func TestConditionsAreListedByName(t *testing.T) {
	got := conditions{"load_average_after": "0.5", "accounts": 10_000, "duration": "1m0s", "batch": 100}.String()
	if want := "accounts 10000, batch 100, duration 1m0s, load average after 0.5"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
