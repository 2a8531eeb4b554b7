package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The contract of the command line: names of commands and flags, and the fields of the
// documents that --output json prints. All by the real binary.

// headroom runs the binary and returns what it printed and its exit status.
func headroom(t *testing.T, env []string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(os.Environ(), env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func TestEveryCommandExplainsItself(t *testing.T) {
	for command, flags := range map[string][]string{
		"serve":             {"--data", "--listen", "--database", "--nats", "--test-clock", "--metrics"},
		"demo":              {"--from"},
		"catalog lint":      {"--output"},
		"catalog diff":      {"--output"},
		"catalog apply":     {"--output", "--dry-run", "--if-match"},
		"catalog pull":      nil,
		"import":            {"--map"},
		"backup":            {"--data", "--database", "--nats", "--verify", "--output"},
		"restore":           {"--data", "--database", "--nats", "--output"},
		"replay":            {"--data", "--database", "--nats", "--backup", "--from-backup", "--account", "--at", "--output"},
		"report":            {"--map", "--html", "--json"},
		"revenue movements": {"--subscriptions", "--from", "--to", "--output", "--map"},
		"revenue retention": {"--subscriptions", "--from", "--to", "--cohort", "--at", "--output"},
		"bench events":      {"--duration", "--output"},
		"bench check":       {"--duration", "--output"},
	} {
		out, errs, status := headroom(t, nil, append(strings.Fields(command), "--help")...)
		if status != 0 || errs != "" || !strings.Contains(out, "Usage:") {
			t.Errorf("headroom %s --help ended with %d:\n%s%s", command, status, out, errs)
		}
		for _, flag := range flags {
			if !strings.Contains(out, flag+" ") {
				t.Errorf("headroom %s --help says nothing of %s", command, flag)
			}
		}
	}
	if out, _, status := headroom(t, nil); status != 0 || !strings.Contains(out, "serve") {
		t.Errorf("headroom alone ended with %d:\n%s", status, out)
	}
	if out, _, status := headroom(t, nil, "--version"); status != 0 || !strings.Contains(out, "headroom version") {
		t.Errorf("headroom --version ended with %d:\n%s", status, out)
	}
}

func TestMistakesOnTheCommandLineAreOneLineAndStatusOne(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken.yaml")
	if err := os.WriteFile(broken, []byte("version: 1\ncurrency: USD\nplanz: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	away := []string{"HEADROOM_URL=http://127.0.0.1:1", "HEADROOM_SECRET_KEY=hr_sk_x"}
	for _, args := range [][]string{
		{"sevre"}, {"serve", "--lsten", "x"}, {"catalog", "lint", "no-such-file.yaml"}, {"catalog", "lint", broken},
		{"catalog", "lint", broken, "--output", "xml"}, {"catalog", "pull"}, {"catalog", "apply", "../../examples/summit/catalog.yaml"},
		{"import", "accounts", "no-such-file.csv"}, {"import", "nothing", "x.csv"}, {"report", "no-such-file.csv"},
		{"revenue", "movements", "--subscriptions", "no-such-file.csv"}, {"revenue", "retention", "--cohort", "2026-01"}, {"bench", "check", "--duration", "soon"},
	} {
		_, errs, status := headroom(t, away, args...)
		line, rest, _ := strings.Cut(errs, "\n")
		if status != 1 || rest != "" || !strings.HasPrefix(line, "headroom: ") {
			t.Errorf("headroom %s ended with %d:\n%s", strings.Join(args, " "), status, errs)
		}
	}
}

// fixed says whether a document has exactly these fields, or at least these where it may
// have more, each matching its pattern.
func fixed(t *testing.T, what string, v any, want map[string]string) {
	t.Helper()
	m, ok := v.(map[string]any)
	if !ok {
		t.Fatalf("%s is %v, want an object", what, v)
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		text, err := json.Marshal(m[name])
		if _, there := m[name]; err != nil || !there || !regexp.MustCompile("^(?:"+want[name]+")$").Match(text) {
			t.Errorf("%s.%s is %s, want %s", what, name, text, want[name])
		}
	}
}

// first returns the first of a document's items.
func first(t *testing.T, doc map[string]any) any {
	t.Helper()
	items, _ := doc["items"].([]any)
	if len(items) == 0 {
		t.Fatalf("there are no items in %v", doc)
	}
	return items[0]
}

func TestDocumentsOfTheCommandLineHaveTheirFixedFields(t *testing.T) {
	subs := filepath.Join(t.TempDir(), "subs.csv")
	if err := os.WriteFile(subs, []byte("account,started_at,ended_at,amount\na,2018-03-05,,100\nb,2018-06-01,2019-02-01,50\nc,2019-01-15,,20\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const amount, month = `"-?\d+\.\d\d"`, `"\d{4}-\d\d"`
	document := func(args ...string) map[string]any {
		t.Helper()
		out, errs, status := headroom(t, nil, append(args, "--output", "json")...)
		var doc map[string]any
		if err := json.Unmarshal([]byte(out), &doc); err != nil || status != 0 {
			t.Fatalf("headroom %s ended with %d, %v:\n%s%s", strings.Join(args, " "), status, err, out, errs)
		}
		return doc
	}
	doc := document("revenue", "movements", "--subscriptions", subs)
	fixed(t, "movements", doc, map[string]string{"currency": `"USD"`})
	fixed(t, "movements.items", first(t, doc), map[string]string{"period": month, "start": amount, "new": amount, "expansion": amount,
		"contraction": amount, "churn": amount, "reactivation": amount, "end": amount})
	doc = document("revenue", "retention", "--subscriptions", subs, "--from", "2019-01", "--to", "2019-03")
	kept := map[string]string{"period": month, "start": amount, "expansion": amount, "contraction": amount, "churn": amount, "nrr": `"\d+\.\d+"`, "grr": `"[01]\.\d+"`}
	fixed(t, "retention.items", first(t, doc), kept)
	doc = document("revenue", "retention", "--subscriptions", subs, "--cohort", "2018-12", "--at", "2019-12")
	if fixed(t, "cohort.items", first(t, doc), kept); len(doc["items"].([]any)) != 1 {
		t.Errorf("a cohort has the items %v", doc["items"])
	}
	const number = `\d+(\.\d+)?(e[+-]?\d+)?`
	measured := map[string]string{"p50_ms": number, "p99_ms": number, "ratio": number, "reference": `\{.*"name":.*\}`}
	doc = document("bench", "check", "--duration", "300ms")
	fixed(t, "bench check", doc, measured)
	fixed(t, "bench check", doc, map[string]string{"requests_per_second": number})
	doc = document("bench", "events", "--duration", "300ms", "--accounts", "100")
	fixed(t, "bench events", doc, measured)
	fixed(t, "bench events", doc, map[string]string{"events_per_second": number})
}

func TestTheCommandsThatAskAServer(t *testing.T) {
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	data, address := t.TempDir(), freePort(t)
	begin := func() (*exec.Cmd, *output) {
		var out output
		cmd := exec.Command(path, "serve", "--data", data, "--listen", address, "--partitions", "4")
		cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "HEADROOM_") })
		cmd.Stdout = &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		(&node{t: t, url: "http://" + address, cmd: cmd, log: &out}).ready()
		return cmd, &out
	}
	end := func(cmd *exec.Cmd) {
		t.Helper()
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("asked to stop, the server ended with %v", err)
		}
	}
	server, said := begin()
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(said.String(), "listening on") && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond) // what it prints follows its being ready
	}
	key := regexp.MustCompile(`hr_sk_\w+`).FindString(said.String())
	if key == "" || !strings.Contains(said.String(), "listening on http://"+address) {
		t.Fatalf("the first start said:\n%s", said)
	}
	env := []string{"HEADROOM_URL=http://" + address, "HEADROOM_SECRET_KEY=" + key}
	good := func(want string, args ...string) string {
		t.Helper()
		out, errs, status := headroom(t, env, args...)
		if status != 0 || !strings.Contains(out+errs, want) {
			t.Errorf("headroom %s ended with %d, want %q:\n%s%s", strings.Join(args, " "), status, want, out, errs)
		}
		return out
	}
	const catalog = "../../examples/summit/catalog.yaml"
	good("the catalog is valid", "catalog", "lint", catalog)
	good("would become", "catalog", "diff", catalog)
	good("is active", "catalog", "apply", catalog)
	good("nothing to change", "catalog", "diff", catalog)
	var applied map[string]any
	if err := json.Unmarshal([]byte(good("version", "catalog", "apply", catalog, "--output", "json")), &applied); err != nil {
		t.Fatal(err)
	}
	fixed(t, "catalog apply", applied, map[string]string{"version": `"c-[0-9a-f]{16}"`, "changes": `\[\]`, "findings": `\[.*\]`})
	text, err := os.ReadFile(catalog)
	if err != nil {
		t.Fatal(err)
	}
	if pulled := good("", "catalog", "pull"); pulled != string(text) {
		t.Errorf("what was pulled is not what was applied:\n%s", pulled)
	}
	rows := filepath.Join(t.TempDir(), "accounts.csv")
	if err := os.WriteFile(rows, []byte("account,name\nacme,Acme\nnova,Nova\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	good("2 sent", "import", "accounts", rows)
	good(`"items"`, "revenue", "movements", "--output", "json")
	end(server)
	server, said = begin()
	time.Sleep(100 * time.Millisecond)
	if strings.Contains(said.String(), "hr_sk_") || strings.Contains(said.String(), "password") {
		t.Errorf("the second start said its secrets again:\n%s", said)
	}
	good("currency: USD", "catalog", "pull")
	end(server)
}
