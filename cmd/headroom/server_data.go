package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

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

// checkOrigins refuses what no browser sends as an origin, and so would never match.
func checkOrigins(origins []string) error {
	for _, o := range origins {
		u, err := url.Parse(o)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || o != u.Scheme+"://"+u.Host {
			return fault.New(fault.Invalid, "origin_invalid", "--origin %q is no origin", fault.Shorten(o)).
				WithMend("write scheme and host as a browser does, without a path: https://app.example.com")
		}
	}
	return nil
}

// checkRange refuses a flag whose value is out of its range.
func checkRange[T int | time.Duration](flag string, value, from, to T) error {
	if value < from || value > to {
		return fault.New(fault.Invalid, "flag_out_of_range", "--%s %v is out of range", flag, value).WithMend("give %v to %v, or leave it out", from, to)
	}
	return nil
}

// checkFlags refuses what serve would otherwise read as "not given", or do nothing with.
func (o *serverOptions) checkFlags() error {
	if o.replicas != 1 && o.nats == "" {
		return fault.New(fault.Invalid, "replicas_without_nats", "--replicas %d without --nats: the embedded log has one copy", o.replicas).
			WithMend("name the NATS cluster that is to hold the copies with --nats, or leave --replicas out")
	}
	return errors.Join(checkRange("replicas", o.replicas, 1, 5), checkRange("memory", o.memory, 1, 1<<20),
		checkRange("max-lag", o.maxLag, time.Second, 24*time.Hour), checkRange("traces-every", o.every, 1, 1_000_000_000))
}

// voidable is how long after it happened an event can be taken back.
const voidable = 35 * 24 * time.Hour

// warnings are what whoever starts the server may not have meant. partitions is what --partitions
// asked for, 0 when it was left out.
func (s *server) warnings(partitions int) (said []string) {
	if partitions != 0 && partitions != s.fixed {
		said = append(said, fmt.Sprintf("--partitions %d changes nothing: %d was fixed at the first start", partitions, s.fixed))
	}
	if s.keepLog != 0 && s.keepLog < voidable {
		said = append(said, fmt.Sprintf("--keep-log %s is short: taking events back and replacing them needs the log of 35 days", s.keepLog))
	}
	return said
}
