package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/headroomhq/headroom/internal/eventlog"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/store"
)

// What a server looks at before it goes on with data that it finds: half of what was there, or
// the same data under another clock, must not start in silence.

// logGone is what a database says whose log is not there.
func logGone(where, stream string) *fault.Error {
	return fault.New(fault.Conflict, "log_missing", "the log is gone: there is none in %s, and the database belongs to log %s", where, stream).
		WithMend("restore the log and the database from the same backup, or start with --nats if it is kept there")
}

// noLogIn says whether the directory of an embedded log holds none.
func noLogIn(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "jetstream"))
	return errors.Is(err, fs.ErrNotExist)
}

// stream returns the identity of the log that the database belongs to, empty when it is new.
func stream(ctx context.Context, st *store.Store) (string, error) {
	leases, err := st.Owners(ctx)
	if err != nil || len(leases) == 0 {
		return "", err
	}
	return leases[0].Stream, nil
}

// openLog opens the log of the data, and makes one only where the database knows of none.
func (s *server) openLog(ctx context.Context) error {
	known, err := stream(ctx, s.store)
	if err != nil {
		return err
	}
	dir, where := filepath.Join(s.data, "log"), filepath.Join(s.data, "log")
	if s.nats != "" {
		where = scheme(s.nats)
	}
	if known != "" && s.nats == "" && noLogIn(dir) {
		return logGone(where, known)
	}
	s.log, err = eventlog.Open(ctx, eventlog.Options{Dir: dir, URL: s.nats, Replicas: s.replicas, Existing: known != "", Logger: s.logger, Tracer: s.tracer})
	if fault.CodeOf(err) == "log_missing" {
		return logGone(where, known)
	}
	if err != nil {
		return err
	}
	// The log first and then the database: another node that starts beside us fixes its
	// partitions before it appends.
	_, last, err := s.log.Bounds(ctx)
	if err != nil || last == 0 {
		return err
	}
	if known, err = stream(ctx, s.store); err == nil && known == "" {
		return fault.New(fault.Conflict, "database_lost", "the log in %s has %d messages and the database is new: keys, logins and the secret behind people's pseudonyms were in the one that is gone", where, last).
			WithMend("restore the database from a backup with `headroom restore`, or give --database the one that belongs here; to begin anew move %s away", where)
	}
	return err
}

// The clocks that data can have, as meta row "clock".
const (
	clockName = "clock"
	clockReal = "real"
	clockTest = "test"
)

// checkClock fixes at the first start which clock the data has, and refuses the other one:
// trials and periods that a test clock ended stay ended.
func (s *server) checkClock(ctx context.Context) error {
	have := clockReal
	if s.testClock != "" {
		have = clockTest
	}
	stands, known, err := s.store.Meta(ctx, clockName)
	if err == nil && !known {
		stands, err = s.store.SetMetaOnce(ctx, clockName, []byte(have))
	}
	switch {
	case err != nil || string(stands) == have:
		return err
	case have == clockTest:
		return fault.New(fault.Conflict, "clock_mixed", "--test-clock on data that was started with real time: moving it would end trials and periods for good").
			WithMend("start without --test-clock, or give a sandbox a data directory (and a --database) of its own")
	default:
		return fault.New(fault.Conflict, "clock_mixed", "this data was started with --test-clock and is started with real time").
			WithMend("start it with --test-clock as before, or give the real company a data directory (and a --database) of its own")
	}
}

// completed is an address to listen on: a port alone, as with --metrics, is this machine's own.
func completed(address string) string {
	if address != "" && strings.Trim(address, "0123456789") == "" {
		return "127.0.0.1:" + address
	}
	return address
}
