package main_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/db"
	"github.com/headroomhq/headroom/internal/eventlog"
)

// How the real binary starts, and refuses to: one line on stderr that says what is wrong
// and the mend, and exit status 1.

// refusal runs `headroom serve` with what must stop it and returns its line on stderr.
func refusal(t *testing.T, args ...string) string {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, append([]string{"serve", "--partitions", "4"}, args...)...)
	cmd.Env = append(os.Environ(), "HEADROOM_SECRET_KEY="+killKey)
	cmd.Dir = t.TempDir()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Fatalf("it ended with %v, want exit status 1:\n%s%s", err, &stdout, &stderr)
	}
	line, rest, _ := strings.Cut(stderr.String(), "\n")
	if rest != "" || !strings.HasPrefix(line, "headroom: ") || stdout.Len() > 0 {
		t.Fatalf("want one line on stderr, got:\n%s%s", &stdout, &stderr)
	}
	return line
}

// listening holds an address.
func listening(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

func TestAStartThatCannotBeSaysWhyAndTheMend(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("this is no database, and long enough to be looked at as one\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	data := func() string { return t.TempDir() }
	garbage := data()
	if err := os.WriteFile(filepath.Join(garbage, "headroom.db"), bytes.Repeat([]byte("garbage "), 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	free := []string{"--listen", "127.0.0.1:0"}
	for _, c := range []struct {
		name       string
		args       []string
		says, mend string
	}{
		{"the port is in use", []string{"--data", data(), "--listen", listening(t)}, "is in use", "choose another port"},
		{"the metrics port is in use", append(free, "--data", data(), "--metrics", listening(t)), "is in use", "choose another port"},
		{"an address that is none", []string{"--data", data(), "--listen", "nonsense"}, "cannot listen on nonsense", "such as 127.0.0.1:8080"},
		{"a file in place of the data directory", append(free, "--data", file), "a file is in the way", "another directory with --data"},
		{"a data directory below a file", append(free, "--data", file+"/data"), "a file is in the way", "another directory with --data"},
		{"a file in place of the log", append(free, "--data", withFile(t, "log")), "a file is in the way", "another directory with --data"},
		{"a directory in place of the database", append(free, "--data", withDir(t, "headroom.db")), "headroom.db", "another directory with --data"},
		{"a database that is none", append(free, "--data", garbage), "is not a database", "from a backup"},
		{"a database of another kind", append(free, "--data", data(), "--database", "mysql://root:geheim@db/x"), "no PostgreSQL URL", "postgres://user:password@host"},
		{"a database URL that cannot be read", append(free, "--data", data(), "--database", "postgres://u:geheim@127.0.0.1:port/x"), "not one PostgreSQL understands", "postgres://user:password@host"},
		{"a database that is not there", append(free, "--data", data(), "--database", "postgres://u:geheim@127.0.0.1:1/x"), "connection refused", "of --database are right"},
		{"a log that is not there", append(free, "--data", data(), "--nats", "nats://u:geheim@127.0.0.1:1"), "does not answer", "of --nats are right"},
		{"a test clock without a time", append(free, "--data", data(), "--test-clock", "yesterday"), "is no time", "such as 2026-01-01"},
		{"copies of an embedded log", append(free, "--data", data(), "--replicas", "3"), "--replicas 3 without --nats", "with --nats"},
		{"no memory", append(free, "--data", data(), "--memory", "0"), "--memory 0 is out of range", "give 1 to 1048576"},
		{"no lag at all", append(free, "--data", data(), "--max-lag", "0s"), "--max-lag 0s is out of range", "give 1s to 24h0m0s"},
		{"no request in none is traced", append(free, "--data", data(), "--traces-every", "0"), "--traces-every 0 is out of range", "give 1 to"},
		{"an origin without a scheme", append(free, "--data", data(), "--origin", "app.example.com"), "--origin \"app.example.com\" is no origin", "https://app.example.com"},
		{"an origin with a path", append(free, "--data", data(), "--origin", "https://app.example.com/"), "is no origin", "without a path"},
		{"no partitions", append(free, "--data", data(), "--partitions", "0"), "0 partitions", "from 1 to 32000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			line := refusal(t, c.args...)
			if !strings.Contains(line, c.says) || !strings.Contains(line, c.mend) {
				t.Errorf("it says\n%s\nwant %q and the mend %q", line, c.says, c.mend)
			}
			if strings.Contains(line, "geheim") {
				t.Errorf("it tells a password: %s", line)
			}
		})
	}
}

func withFile(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func withDir(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

// steps sends n events of account-0 under ids that begin with name.
func (n *node) steps(name string, count int) {
	n.t.Helper()
	var batch []map[string]any
	for i := range count {
		batch = append(batch, map[string]any{"specversion": "1.0", "id": fmt.Sprint(name, i), "source": "start", "type": "step.done", "subject": "account-0"})
	}
	if status, ok := post(n.url, "/v1/events", "", batch, nil); !ok {
		n.t.Fatalf("events were answered %d", status)
	}
}

// export consumes one under a key and returns whether that was allowed.
func (n *node) export(key string) bool {
	n.t.Helper()
	var answer struct{ Allowed bool }
	if status, ok := post(n.url, "/v1/consume", key, map[string]any{"account": "account-0", "feature": "exports", "quantity": 100}, &answer); !ok {
		n.t.Fatalf("consume was answered %d", status)
	}
	return answer.Allowed
}

// counted waits until the server counts so many steps of account-0.
func (n *node) counted(want int) {
	n.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		var answer struct{ Usage float64 }
		status, ok := post(n.url, "/v1/check", "", map[string]any{"account": "account-0", "feature": "steps"}, &answer)
		if ok && int(answer.Usage) == want {
			return
		}
		if !ok || int(answer.Usage) > want || time.Now().After(deadline) {
			n.t.Fatalf("check answered %d: %v steps, want %d", status, answer.Usage, want)
		}
	}
}

// backups are two copies of one company's data directory, taken one after the other, and
// one of another company.
type backups struct{ older, newer, other string }

// The steps in each: 7 in the older one; 12 in the newer, whose catalog is another one too.
func takeBackups(t *testing.T) backups {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	n := newNode(t, data)
	t.Cleanup(n.kill)
	n.start()
	n.ready()
	setUp(t, n.url)
	n.steps("a", 7)
	if !n.export("e1") {
		t.Fatal("the first 100 of 150 exports were refused")
	}
	n.stop()
	older := duplicate(t, data, data)
	n.start()
	n.ready()
	setCatalog(t, n.url, strings.ReplaceAll(killCatalog, "Base", "Basic"))
	n.steps("b", 5)
	n.steps("a", 7) // again
	if n.export("e2") {
		t.Fatal("200 of 150 exports were allowed")
	}
	n.stop()
	other := newNode(t, filepath.Join(t.TempDir(), "other"))
	t.Cleanup(other.kill)
	other.start()
	other.ready()
	setUp(t, other.url)
	other.stop()
	return backups{older, data, other.args[2]}
}

// duplicate makes a data directory with the database of one and the log of another.
func duplicate(t *testing.T, database, log string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	if log != "" {
		if err := os.CopyFS(filepath.Join(dir, "log"), os.DirFS(filepath.Join(log, "log"))); err != nil {
			t.Fatal(err)
		}
	}
	files, err := filepath.Glob(filepath.Join(database, "headroom.db*"))
	if err != nil || database != "" && len(files) == 0 {
		t.Fatal("no database in ", database, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err == nil {
			err = os.MkdirAll(dir, 0o700)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, filepath.Base(file)), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestRestoredDataGoesOnRightOrNotAtAll(t *testing.T) {
	b := takeBackups(t)
	for _, c := range []struct {
		name          string
		database, log string
	}{
		{"database and log of the same backup", b.newer, b.newer},
		{"the database from an older backup than the log", b.older, b.newer},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := newNode(t, duplicate(t, c.database, c.log))
			t.Cleanup(n.kill)
			n.start()
			n.ready()
			n.counted(12)
			n.steps("a", 7) // a client that repeats
			n.steps("c", 1)
			n.counted(13)
			if !n.export("e1") || n.export("e2") || n.export("e3") {
				t.Error("consumes are answered otherwise than before")
			}
			n.stop()
		})
	}
	refused := func(name, dir, says, mend string) {
		t.Run(name, func(t *testing.T) {
			line := refusal(t, "--data", dir, "--listen", "127.0.0.1:0")
			if !strings.Contains(line, says) || !strings.Contains(line, mend) {
				t.Errorf("it says\n%s\nwant %q and the mend %q", line, says, mend)
			}
		})
	}
	refused("the log from an older backup than the database", duplicate(t, b.newer, b.older), "the log ends at position", "restore both from the same backup")
	refused("the database of another company", duplicate(t, b.other, b.newer), "belongs to the log", "that belong together")
	refused("the log without any database", duplicate(t, "", b.newer), "the database is new", "restore the database from a backup with `headroom restore`")
	gone := duplicate(t, b.newer, "")
	refused("the log is gone", gone, "the log is gone: there is none in "+gone+"/log", "restore the log and the database from the same backup")
	if left, err := filepath.Glob(filepath.Join(gone, "log", "*")); err != nil || len(left) > 0 {
		t.Errorf("the refused start made %q (%v)", left, err)
	}
	empty := duplicate(t, b.newer, "")
	if err := os.MkdirAll(filepath.Join(empty, "log", "jetstream"), 0o700); err != nil {
		t.Fatal(err)
	}
	refused("the log folder holds no log", empty, "the log is gone", "restore the log and the database from the same backup")
	refused("the log begins later than the database ends", truncated(t, duplicate(t, b.older, b.newer)), "the log begins at position", "a newer backup of the database")
	refused("tables of a newer version", altered(t, duplicate(t, b.newer, b.newer), "INSERT INTO schema_version (version, applied_at) VALUES (9000, 1)"),
		"schema version 9000", "run the newer headroom")
	refused("rules of a newer version", altered(t, duplicate(t, b.newer, b.newer), "UPDATE partitions SET rules = 9000"),
		"rules 9000", "the newer version of headroom")
	t.Run("the data of a running server", func(t *testing.T) {
		n := newNode(t, duplicate(t, b.newer, b.newer))
		t.Cleanup(n.kill)
		n.start()
		n.ready()
		line := refusal(t, "--data", n.args[2], "--listen", "127.0.0.1:0")
		if !strings.Contains(line, "in use by another headroom") || !strings.Contains(line, fmt.Sprint(n.cmd.Process.Pid)) {
			t.Errorf("it says %s", line)
		}
		n.counted(12)
	})
}

// truncated deletes the log's messages but for the last.
func truncated(t *testing.T, dir string) string {
	t.Helper()
	l, err := eventlog.Open(t.Context(), eventlog.Options{Dir: filepath.Join(dir, "log")})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, last, err := l.Bounds(t.Context())
	if err == nil {
		err = l.Trim(t.Context(), last)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// altered runs a statement on the database, as a later version might have.
func altered(t *testing.T, dir, statement string) string {
	t.Helper()
	d, err := db.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := d.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestDataKeepsTheClockThatItWasStartedWith(t *testing.T) {
	const at = "2026-01-01T00:00:00Z"
	for _, c := range []struct {
		name        string
		first, then []string
		says, mend  string
	}{
		{"a test clock on real data", nil, []string{"--test-clock", at}, "started with real time", "start without --test-clock"},
		{"real time on a sandbox", []string{"--test-clock", at}, nil, "was started with --test-clock", "start it with --test-clock as before"},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := filepath.Join(t.TempDir(), "data")
			n := newNode(t, data, c.first...)
			t.Cleanup(n.kill)
			n.start()
			n.ready()
			n.stop()
			line := refusal(t, append(c.then, "--data", data, "--listen", "127.0.0.1:0")...)
			if !strings.Contains(line, c.says) || !strings.Contains(line, c.mend) {
				t.Errorf("it says\n%s\nwant %q and the mend %q", line, c.says, c.mend)
			}
			n.start()
			n.ready()
			n.stop()
			altered(t, data, "DELETE FROM meta WHERE name = 'clock'") // data of an earlier version takes what it is started with
			n = newNode(t, data, c.then...)
			t.Cleanup(n.kill)
			n.start()
			n.ready()
			n.stop()
		})
	}
}
