package eventlog_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/eventlog"
	"github.com/headroomhq/headroom/internal/fault"
)

var (
	ctx   = context.Background()
	quiet = slog.New(slog.DiscardHandler)
)

// TestMain lets a test start itself as a child that appends until it is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("HEADROOM_TEST_APPEND_TO"); dir != "" {
		appendForEver(dir)
	}
	os.Exit(m.Run())
}

func open(t testing.TB, o eventlog.Options) *eventlog.Log {
	t.Helper()
	o.Logger = quiet
	l, err := eventlog.Open(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func mustAppend(t testing.TB, l *eventlog.Log, message string) uint64 {
	t.Helper()
	position, err := l.Append(ctx, []byte(message))
	if err != nil {
		t.Fatal(err)
	}
	return position
}

// read returns the messages from position from up to the one at last.
func read(t testing.TB, l *eventlog.Log, from, last uint64) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var out []string
	done := false
	want := max(from, 1)
	err := l.Read(ctx, from, func(position uint64, at time.Time, message []byte) error {
		if position != want {
			return fmt.Errorf("position %d, want %d", position, want)
		}
		if off := time.Since(at).Abs(); off > time.Hour {
			return fmt.Errorf("message taken %v ago", off)
		}
		want++
		out = append(out, string(message))
		if done = position == last; done {
			cancel()
		}
		return nil
	})
	if err != nil || !done {
		t.Fatalf("read from %d: %v, got %d messages, done %v", from, err, len(out), done)
	}
	return out
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != code || f.Mend == "" {
		t.Fatalf("want fault %s with a mend, got %v", code, err)
	}
}

// external starts a server that listens, and returns its URL and a function that stops it.
func external(t testing.TB, dir string, port int) (string, func()) {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: dir, NoSigs: true, NoLog: true, SyncAlways: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server did not come up")
	}
	stop := sync.OnceFunc(func() { s.Shutdown(); s.WaitForShutdown() })
	t.Cleanup(stop)
	return s.ClientURL(), stop
}

func TestWhatIsAppendedIsReadInOrderEmbeddedOrNot(t *testing.T) {
	url, _ := external(t, t.TempDir(), -1)
	for name, o := range map[string]eventlog.Options{"embedded": {Dir: t.TempDir()}, "external": {URL: url}} {
		t.Run(name, func(t *testing.T) {
			l := open(t, o)
			first, last, err := l.Bounds(ctx)
			if err != nil || first != 1 || last != 0 {
				t.Fatalf("empty log: first %d, last %d, %v", first, last, err)
			}
			var want []string
			for i := range 200 {
				want = append(want, "message "+strconv.Itoa(i))
				if position := mustAppend(t, l, want[i]); position != uint64(i+1) {
					t.Fatalf("position %d of message %d", position, i)
				}
			}
			if got := read(t, l, 1, 200); !slices.Equal(got, want) {
				t.Error("not what was appended")
			}
			if got := read(t, l, 151, 200); !slices.Equal(got, want[150:]) {
				t.Error("not what was appended from 151 on")
			}
		})
	}
}

func TestALogKeepsIdentityAndMessagesOverARestart(t *testing.T) {
	dir := t.TempDir()
	l := open(t, eventlog.Options{Dir: dir})
	identity := l.Identity()
	mustAppend(t, l, "before")
	l.Close()
	l = open(t, eventlog.Options{Dir: dir})
	if l.Identity() != identity || len(identity) != 32 {
		t.Errorf("identity %q, then %q", identity, l.Identity())
	}
	mustAppend(t, l, "after")
	if got := read(t, l, 1, 2); !slices.Equal(got, []string{"before", "after"}) {
		t.Errorf("read %q", got)
	}
	if other := open(t, eventlog.Options{Dir: t.TempDir()}); other.Identity() == identity {
		t.Error("two logs of one identity")
	}
}

func TestALogDirectoryBelongsToOneProcess(t *testing.T) {
	dir := t.TempDir()
	l := open(t, eventlog.Options{Dir: dir})
	_, err := eventlog.Open(ctx, eventlog.Options{Dir: dir, Logger: quiet})
	wantCode(t, err, "data_in_use")
	l.Close()
	open(t, eventlog.Options{Dir: dir})
}

func TestProcessesThatCreateTheStreamAtOnceFindOneIdentity(t *testing.T) {
	url, _ := external(t, t.TempDir(), -1)
	var mu sync.Mutex
	seen := map[string]bool{}
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			l := open(t, eventlog.Options{URL: url})
			mu.Lock()
			defer mu.Unlock()
			seen[l.Identity()] = true
		})
	}
	wg.Wait()
	if len(seen) != 1 {
		t.Errorf("%d identities", len(seen))
	}
}

func TestAReaderHearsWhatIsAppendedLater(t *testing.T) {
	l := open(t, eventlog.Options{Dir: t.TempDir()})
	go func() {
		for i := range 20 {
			time.Sleep(5 * time.Millisecond)
			l.Append(ctx, []byte(strconv.Itoa(i)))
		}
	}()
	if got := read(t, l, 1, 20); got[19] != "19" {
		t.Errorf("read %q", got)
	}
}

func TestAReaderReturnsTheErrorOfItsFunction(t *testing.T) {
	l := open(t, eventlog.Options{Dir: t.TempDir()})
	mustAppend(t, l, "x")
	mine := errors.New("mine")
	if err := l.Read(ctx, 1, func(uint64, time.Time, []byte) error { return mine }); err != mine {
		t.Errorf("got %v", err)
	}
}

func TestAReaderThatIsBehindATrimmedLogIsTold(t *testing.T) {
	l := open(t, eventlog.Options{Dir: t.TempDir()})
	for i := range 10 {
		mustAppend(t, l, strconv.Itoa(i))
	}
	if err := l.Trim(ctx, 6); err != nil {
		t.Fatal(err)
	}
	first, last, err := l.Bounds(ctx)
	if err != nil || first != 6 || last != 10 {
		t.Fatalf("first %d, last %d, %v", first, last, err)
	}
	if got := read(t, l, 6, 10); got[0] != "5" {
		t.Errorf("read %q", got)
	}
	err = l.Read(ctx, 3, func(uint64, time.Time, []byte) error { return nil })
	wantCode(t, err, "log_gap")
}

func TestReaderAndWriterOutliveARestartOfTheServer(t *testing.T) {
	dir := t.TempDir()
	url, stop := external(t, dir, -1)
	port, _ := strconv.Atoi(url[strings.LastIndex(url, ":")+1:])
	l := open(t, eventlog.Options{URL: url})
	w := eventlog.NewWriter(l, 4)
	defer w.Close()
	const records = 300
	go func() {
		for i := range int64(records) {
			if i == 100 {
				stop()
				time.AfterFunc(200*time.Millisecond, func() { external(t, dir, port) })
			}
			if _, err := w.Submit(ctx, one(i)); err != nil {
				t.Errorf("record %d: %v", i, err)
			}
		}
	}()
	seen := map[string]int{}
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	err := l.Read(ctx, 1, func(_ uint64, _ time.Time, message []byte) error {
		for _, r := range decoded(t, message) {
			seen[r.ID]++
		}
		if len(seen) == records {
			cancel()
		}
		return nil
	})
	if err != nil || len(seen) != records {
		t.Fatalf("%v, %d records", err, len(seen))
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("%s is there %d times", id, n)
		}
	}
}

func TestAReaderRefusesAStreamThatReplacedItsOwn(t *testing.T) {
	url, _ := external(t, t.TempDir(), -1)
	l := open(t, eventlog.Options{URL: url})
	mustAppend(t, l, "x")
	nc, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, _ := jetstream.New(nc)
	if err := js.DeleteStream(ctx, "HEADROOM"); err != nil {
		t.Fatal(err)
	}
	open(t, eventlog.Options{URL: url})
	err = l.Read(ctx, 1, func(uint64, time.Time, []byte) error { return nil })
	wantCode(t, err, "log_foreign")
}

func TestAMessageAboveTheLimitIsRefused(t *testing.T) {
	l := open(t, eventlog.Options{Dir: t.TempDir()})
	_, err := l.Append(ctx, make([]byte, l.MaxMessage()+1))
	wantCode(t, err, "record_too_large")
	if _, err := l.Append(ctx, make([]byte, l.MaxMessage())); err != nil {
		t.Errorf("a message of just the limit: %v", err)
	}
}

func TestALogThatIsAwayIsNamedWithoutItsPassword(t *testing.T) {
	_, err := eventlog.Open(ctx, eventlog.Options{URL: "nats://ada:secret@127.0.0.1:1", Logger: quiet})
	wantCode(t, err, "log_unavailable")
	if strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("message: %v", err)
	}
}

func TestVerify(t *testing.T) {
	for _, c := range []struct {
		name        string
		stream      string
		position    uint64
		first, last uint64
		code        string
	}{
		{"first start", "", 0, 1, 0, ""},
		{"log and database belong together", "a", 5, 1, 9, ""},
		{"the database has seen everything", "a", 9, 1, 9, ""},
		{"nothing is left in the log, and nothing needed", "a", 9, 10, 9, ""},
		{"the log begins right after the checkpoint", "a", 5, 6, 9, ""},
		{"another log", "b", 5, 1, 9, "log_foreign"},
		{"another log, nothing read yet", "b", 0, 1, 0, "log_foreign"},
		{"a log from an older backup", "a", 10, 1, 9, "log_behind"},
		{"a log that lost everything", "a", 10, 1, 0, "log_behind"},
		{"a database from an older backup", "a", 4, 6, 9, "log_truncated"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := eventlog.Verify(c.stream, c.position, "a", c.first, c.last)
			if c.code == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantCode(t, err, c.code)
		})
	}
}

func TestKillingTheProcessLosesNothingAcknowledged(t *testing.T) {
	dir := t.TempDir()
	acknowledged := map[string]bool{}
	for round := range 3 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "HEADROOM_TEST_APPEND_TO="+dir, "HEADROOM_TEST_ROUND="+strconv.Itoa(round))
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		n := 0
		for lines.Scan() {
			acknowledged[lines.Text()] = true
			if n++; n == 300 {
				cmd.Process.Kill() // SIGKILL, while others are on their way
			}
		}
		cmd.Wait()
		if n < 300 {
			t.Fatalf("the child ended by itself after %d records", n)
		}
	}
	l := open(t, eventlog.Options{Dir: dir})
	_, last, err := l.Bounds(ctx)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for _, m := range read(t, l, 1, last) {
		for _, r := range decoded(t, []byte(m)) {
			found[r.ID]++
		}
	}
	for id := range acknowledged {
		if found[id] != 1 {
			t.Errorf("acknowledged record %s is there %d times", id, found[id])
		}
	}
	t.Logf("%d acknowledged, %d in the log", len(acknowledged), len(found))
}

// appendForEver submits records from several goroutines and prints the id of each one that
// was acknowledged, until the process is killed.
func appendForEver(dir string) {
	l, err := eventlog.Open(ctx, eventlog.Options{Dir: dir, Logger: quiet})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	w := eventlog.NewWriter(l, 4)
	for g := range 8 {
		go func() {
			for i := int64(0); ; i++ {
				r := one(i)
				r.ID = fmt.Sprintf("%s-%d-%d", os.Getenv("HEADROOM_TEST_ROUND"), g, i)
				if _, err := w.Submit(ctx, r); err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				os.Stdout.WriteString(r.ID + "\n") // one write: whole lines
			}
		}()
	}
	select {}
}

// decoded returns all records of a message.
func decoded(t testing.TB, message []byte) []event.Record {
	t.Helper()
	var out []event.Record
	err := event.Sections(string(message), func(_ int, section string) error {
		var rs event.Records
		err := rs.Decode(section)
		out = append(out, rs.List...)
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return out
}
