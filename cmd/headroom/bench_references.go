package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/headroomhq/headroom/bench/load"
)

// beside measures the references that do not take requests, each for a quarter of the
// duration, and puts them into the document. What cannot be measured here is named there.
func (b *eventsBench) beside(ctx context.Context, res *eventsResult) error {
	all := []struct {
		key, name string
		measure   func(ctx context.Context, d time.Duration) (float64, error)
	}{
		{"jetstream", fmt.Sprintf("raw JetStream, embedded, each message synced: messages of %.0f bytes as ours were, two on their way", res.BytesPerMessage),
			func(ctx context.Context, d time.Duration) (float64, error) {
				perSecond, err := b.rawJetStream(ctx, d, int(res.BytesPerMessage))
				return perSecond * res.RecordsPerMessage, err
			}},
		{"copy", "PostgreSQL COPY of the same events into a plain table, 10,000 rows each time, committed to disk",
			func(ctx context.Context, d time.Duration) (float64, error) { return b.postgresCopy(ctx, d) }},
	}
	for _, r := range all {
		if !slices.Contains(b.references, r.key) {
			continue
		}
		doc := map[string]any{"name": r.name}
		rate, err := r.measure(ctx, max(b.duration/4, 100*time.Millisecond))
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			doc["left_out"] = err.Error()
		default:
			doc["events_per_second"], doc["ratio"] = rate, res.EventsPerSecond/rate
		}
		res.References = append(res.References, doc)
	}
	return nil
}

// rawJetStream publishes messages of that size to an embedded server that syncs each, two
// on their way at a time as our writer has, and returns how many a second it acknowledged.
func (b *bench) rawJetStream(ctx context.Context, d time.Duration, size int) (float64, error) {
	dir, err := os.MkdirTemp(b.dir, "reference-") // on the disk ours is on
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	s, err := natsserver.NewServer(&natsserver.Options{ServerName: "reference", DontListen: true, JetStream: true, StoreDir: dir, SyncAlways: true,
		MaxPayload: 8 << 20, NoSigs: true, NoLog: true, DisableJetStreamBanner: true})
	if err != nil {
		return 0, err
	}
	s.Start()
	defer func() { s.Shutdown(); s.WaitForShutdown() }()
	if !s.ReadyForConnections(30 * time.Second) {
		return 0, errors.New("the embedded server did not come up")
	}
	conn, err := nats.Connect("", nats.InProcessServer(s))
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return 0, err
	}
	if _, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: "REFERENCE", Subjects: []string{"reference"}, Storage: jetstream.FileStorage, MaxMsgSize: 8 << 20}); err != nil {
		return 0, err
	}
	message := make([]byte, size)
	var flying []jetstream.PubAckFuture
	n, began := 0, time.Now()
	for time.Since(began) < d || len(flying) > 0 {
		if len(flying) < 2 && time.Since(began) < d {
			f, err := js.PublishAsync("reference", message)
			if err != nil {
				return 0, err
			}
			flying = append(flying, f)
			continue
		}
		select {
		case <-flying[0].Ok():
			n++
		case err := <-flying[0].Err():
			return 0, err
		case <-ctx.Done():
			return 0, ctx.Err()
		}
		flying = flying[1:]
	}
	return float64(n) / time.Since(began).Seconds(), nil
}

// row is an event as a plain table would keep it.
type row struct {
	ID, Source, Type, Subject string
	Time                      time.Time
	Data                      json.RawMessage
}

// postgresCopy copies events into a table and returns how many a second were committed.
// Decoding them from JSON is not part of the time.
func (b *eventsBench) postgresCopy(ctx context.Context, d time.Duration) (float64, error) {
	dir, err := os.MkdirTemp("", "headroom-bench-postgres-")
	if err != nil {
		return 0, err
	}
	url, stop, err := startPostgres(ctx, dir)
	defer func() { _ = os.RemoveAll(dir) }()
	if err != nil {
		return 0, err
	}
	defer stop()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return 0, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, `CREATE TABLE events (id text, source text, type text, account text, at timestamptz, received_at timestamptz, data text)`); err != nil {
		return 0, err
	}
	const batch = 10_000
	stream := load.Traffic{Accounts: b.accounts, Batch: batch, At: time.Now()}.Stream(0)
	columns := []string{"id", "source", "type", "account", "at", "received_at", "data"}
	var spent time.Duration
	n := 0
	for spent < d {
		var rows []row
		if err := json.Unmarshal(stream.Body(), &rows); err != nil {
			return 0, err
		}
		began := time.Now()
		_, err := conn.CopyFrom(ctx, pgx.Identifier{"events"}, columns, pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) {
			r := &rows[i]
			return []any{r.ID, r.Source, r.Type, r.Subject, r.Time, began, string(r.Data)}, nil
		}))
		if err != nil {
			return 0, err
		}
		spent += time.Since(began)
		n += len(rows)
	}
	return float64(n) / spent.Seconds(), nil
}

// startPostgres runs a server of our own in dir, on a socket there, with fsync on.
func startPostgres(ctx context.Context, dir string) (url string, stop func(), err error) {
	bin, err := postgresPrograms()
	if err != nil {
		return "", nil, err
	}
	attr := &syscall.SysProcAttr{Setpgid: true} // ^C is for us
	if os.Geteuid() == 0 {                      // as root PostgreSQL does not run
		u, err := user.Lookup("postgres")
		if err != nil {
			return "", nil, errors.New("PostgreSQL does not run as root, and there is no user postgres")
		}
		uid, _ := strconv.ParseUint(u.Uid, 10, 32) // a number on every system that has root
		gid, _ := strconv.ParseUint(u.Gid, 10, 32)
		if err := os.Chown(dir, int(uid), int(gid)); err != nil {
			return "", nil, err
		}
		attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	data := filepath.Join(dir, "data")
	initdb := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N") //nolint:gosec // where PostgreSQL is installed
	initdb.Dir, initdb.SysProcAttr = dir, attr
	if out, err := initdb.CombinedOutput(); err != nil {
		return "", nil, fmt.Errorf("initdb: %w: %.300s", err, out)
	}
	postgres := exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-k", dir, "-c", "listen_addresses=", "-c", "shared_buffers=128MB", "-c", "max_wal_size=4GB") //nolint:gosec,noctx // the same; stopped by hand, so that it can end well
	postgres.Dir, postgres.SysProcAttr = dir, attr
	if err := postgres.Start(); err != nil {
		return "", nil, err
	}
	stop = func() { _ = postgres.Process.Signal(os.Interrupt); _ = postgres.Wait() }
	url = "postgres://postgres@/postgres?host=" + dir
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		conn, err := pgx.Connect(ctx, url)
		if err == nil {
			return url, stop, conn.Close(ctx)
		}
		if ctx.Err() != nil || time.Now().After(deadline) {
			stop()
			return "", nil, fmt.Errorf("PostgreSQL did not come up: %w", err)
		}
	}
}

// postgresPrograms returns the directory of the newest installed server.
func postgresPrograms() (string, error) {
	best, version := "", -1
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is right
	for _, path := range found {
		dir := filepath.Dir(path)
		if v, err := strconv.Atoi(filepath.Base(filepath.Dir(dir))); err == nil && v > version {
			best, version = dir, v
		}
	}
	if best != "" {
		return best, nil
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return "", errors.New("no PostgreSQL server is installed (looked in /usr/lib/postgresql and PATH); `make setup` installs it")
	}
	return filepath.Dir(path), nil
}
