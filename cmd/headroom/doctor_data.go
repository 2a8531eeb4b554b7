package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/db"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/eventlog"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/replay"
	"github.com/headroomhq/headroom/internal/store"
)

// examineData looks at the data of a stopped server: whether it can start, and as what it
// was left. Nothing is changed, save that the log's own server recovers its files as at any start.
func examineData(ctx context.Context, p patient, f *findings) {
	if p.data == "" && (p.database == "" || p.nats == "") {
		p.data = "./headroom-data"
	}
	if p.data != "" && !checkDirectory(p.data, f) {
		return
	}
	target := p.data
	if p.database != "" {
		if target = p.database; !db.IsURL(target) {
			f.broken("database", "write it as postgres://user:password@host:5432/database", "--database %q is no PostgreSQL URL", scheme(target))
			return
		}
	}
	d, err := db.Inspect(ctx, target)
	if fault.CodeOf(err) == "data_in_use" {
		f.fault("database", err, "")
		f.Checks[len(f.Checks)-1].Mend = "ask the running server: `headroom doctor` without --data, with HEADROOM_URL and HEADROOM_SECRET_KEY; or stop it first"
		return
	}
	if err != nil {
		f.fault("database", err, "")
		return
	}
	defer d.Close()
	f.ok("database", "%s opens", d.Engine())
	leases, ok := checkDatabase(ctx, d, f)
	l, sound := openStoredLog(ctx, p, leases, f)
	if l != nil {
		defer l.Close()
	}
	if !ok {
		return
	}
	st := store.New(d)
	checkStore(ctx, st, d.Engine(), f)
	if p.replay && sound {
		checkReplay(ctx, st, l, f)
	}
}

// checkDirectory says whether the directory is there, belongs to us alone and has room.
func checkDirectory(dir string, f *findings) bool {
	const another = "give the directory that `headroom serve --data` was started with"
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.broken("directory", another, "there is no %s", dir)
		return false
	case err != nil:
		f.broken("directory", "give this user the right to enter it", "%s cannot be looked at: %v", dir, err)
		return false
	case !info.IsDir():
		f.broken("directory", another, "%s is a file", dir)
		return false
	}
	f.ok("directory", "%s is there", dir)
	writable := checkPermissions(dir, f)
	free, all, err := eventlog.DiskRoom(dir)
	const mend = "free space or enlarge the disk"
	switch {
	case err != nil:
		f.fault("disk", err, "")
	case free < eventlog.DefaultMinFree:
		f.broken("disk", mend, "%s free of %s: the server would refuse records below %s", bytesText(free), bytesText(all), bytesText(eventlog.DefaultMinFree))
	case free < eventlog.DefaultMinFree+roomWarn:
		f.warn("disk", mend, "%s free of %s", bytesText(free), bytesText(all))
	default:
		f.ok("disk", "%s free of %s", bytesText(free), bytesText(all))
	}
	return writable
}

// checkPermissions says whether this user can write all of it, and whether others can read it.
func checkPermissions(dir string, f *findings) bool {
	var closed, shown []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			closed = append(closed, path)
			return nil //nolint:nilerr // it is told among the findings
		}
		const writeAndRead = 2 | 4
		if syscall.Access(path, writeAndRead) != nil {
			closed = append(closed, path)
		}
		if info, err := e.Info(); err == nil && info.Mode().Perm()&0o077 != 0 && (path == dir || filepath.Dir(path) == dir) {
			shown = append(shown, fmt.Sprintf("%s (%s)", path, info.Mode().Perm()))
		}
		return nil
	})
	if err != nil {
		f.fault("permissions", err, "")
		return false
	}
	if len(closed) > 0 {
		f.broken("permissions", "give the user that runs headroom the right to read and write all of it, and look whether the disk is mounted read-only",
			"this user (%d) cannot write %s", os.Getuid(), few(closed))
		return false
	}
	private := false
	if info, err := os.Stat(dir); err == nil {
		private = info.Mode().Perm()&0o077 == 0
	}
	if len(shown) > 0 && !private {
		f.warn("permissions", fmt.Sprintf("chmod 700 %s: keys and personal data are in there", dir), "other users can read %s", few(shown))
		return true
	}
	f.ok("permissions", "this user can write all of it")
	return true
}

// checkDatabase says whether the tables are whole and of our version, and returns where the
// partitions stand; ok when the tables can be asked for more.
func checkDatabase(ctx context.Context, d *db.DB, f *findings) (leases []store.Lease, ok bool) {
	have, known, err := d.SchemaVersion(ctx)
	switch {
	case err != nil:
		f.fault("tables", err, "restore the database from a backup")
		return nil, false
	case have > known:
		f.broken("tables", "run the newer headroom that wrote them, or restore a backup from before the upgrade",
			"the tables have version %d, this headroom knows versions up to %d", have, known)
		return nil, false
	case have == 0:
		f.broken("tables", "start `headroom serve` once, or give the database that it was started with", "there are no tables of headroom")
		return nil, false
	case have < known:
		f.ok("tables", "version %d, which the next start brings to %d", have, known)
	default:
		f.ok("tables", "version %d", have)
	}
	const restore = "restore database and log from the same backup"
	if damage, err := d.Check(ctx); err != nil {
		f.fault("integrity", err, restore)
	} else if len(damage) > 0 {
		f.broken("integrity", restore, "the database is damaged: %s", few(damage))
	} else if d.Engine() == db.SQLite {
		f.ok("integrity", "the whole database was read and is sound")
	}
	s := store.New(d)
	if err := s.Restoring(ctx); err != nil {
		f.fault("restore", err, "restore again, into an empty place")
	}
	if leases, err = s.Owners(ctx); err != nil {
		f.fault("partitions", err, restore)
		return nil, false
	}
	checkPartitionRows(ctx, s, leases, f)
	return leases, true
}

func checkPartitionRows(ctx context.Context, s *store.Store, leases []store.Lease, f *findings) {
	fixed, _, err := s.Meta(ctx, "partitions")
	rules := 0
	for _, l := range leases {
		rules = max(rules, l.Rules)
	}
	switch {
	case err != nil:
		f.fault("partitions", err, "")
	case len(fixed) == 0 && len(leases) == 0:
		f.ok("partitions", "none yet: the server never started")
	case string(fixed) != fmt.Sprint(len(leases)):
		f.broken("partitions", "restore the database from a backup", "%d of %s partitions are there", len(leases), fixed)
	default:
		f.ok("partitions", "%d, as fixed at the first start", len(leases))
	}
	if rules > engine.Rules {
		f.broken("rules", "run the newer version of headroom that wrote the data", "the data follows rules %d and this binary knows %d", rules, engine.Rules)
	} else {
		f.ok("rules", "this binary knows them")
	}
}

// openStoredLog opens the log and says whether it belongs to the database and goes on where that
// ends; nil when it does not open.
func openStoredLog(ctx context.Context, p patient, leases []store.Lease, f *findings) (l *eventlog.Log, sound bool) {
	dir := filepath.Join(p.data, "log")
	if p.nats == "" {
		if noLogIn(dir) {
			if len(leases) == 0 {
				f.ok("log", "none yet: the server never started")
				return nil, false
			}
			f.fault("log", logGone(dir, leases[0].Stream), "")
			return nil, false
		}
	}
	said := &complaints{}
	l, err := eventlog.Open(ctx, eventlog.Options{Dir: dir, URL: p.nats, Existing: true, Logger: slog.New(said)})
	if fault.CodeOf(err) == "log_missing" && len(leases) > 0 {
		where := dir
		if p.nats != "" {
			where = scheme(p.nats)
		}
		err = logGone(where, leases[0].Stream)
	}
	if err != nil {
		f.fault("log", err, "")
		return nil, false
	}
	s, err := l.Status(ctx)
	if err != nil {
		f.fault("log", err, "")
		return l, false
	}
	killed, lines := afterKill(said.lines())
	if len(lines) > 0 {
		f.warn("log", "if positions is fine below, all that the database has seen is there; otherwise restore both from the same backup",
			"opening it, its server complained: %s", few(lines))
	} else {
		f.ok("log", "%s, positions %d to %d, %s%s", s.Identity, s.First, s.Last, bytesText(int64(s.Bytes)), killed)
	}
	before := f.count(statusBroken)
	lowest := checkPositions(leases, s, f)
	checkMessages(ctx, l, s, lowest, f)
	return l, f.count(statusBroken) == before
}

// checkReplay rebuilds everything from the log and compares it with the database.
func checkReplay(ctx context.Context, st *store.Store, l *eventlog.Log, f *findings) {
	r, err := replay.Check(ctx, st, l, replay.Options{})
	switch {
	case err != nil:
		f.fault("replay", err, "see `headroom replay --help`: a log that was trimmed needs a backup to begin from")
	case r.Different > 0:
		var named []string
		for _, d := range r.Differences {
			named = append(named, d.String())
		}
		f.fault("replay", r.Err(), "")
		f.Checks[len(f.Checks)-1].Found += ": " + few(named)
	default:
		f.ok("replay", "%d records replayed, %d accounts and %d rows compared: no difference", r.Records, r.Accounts, r.Rows)
	}
}

// checkPositions holds every partition's checkpoint against the log and returns the lowest.
func checkPositions(leases []store.Lease, s eventlog.Status, f *findings) (lowest uint64) {
	if len(leases) == 0 {
		return s.Last
	}
	lowest = leases[0].Position
	for _, l := range leases {
		if err := eventlog.Verify(l.Stream, l.Position, s.Identity, s.First, s.Last); err != nil {
			f.fault("positions", err, "")
			return l.Position
		}
		lowest = min(lowest, l.Position)
	}
	f.ok("positions", "log and database belong together; %d messages are stepped at the next start", s.Last-lowest)
	return lowest
}

// checkMessages says whether this binary can read the next message that is needed and the last one.
func checkMessages(ctx context.Context, l *eventlog.Log, s eventlog.Status, lowest uint64, f *findings) {
	if s.Last < s.First {
		return
	}
	for _, position := range []uint64{min(max(lowest+1, s.First), s.Last), s.Last} {
		_, message, err := l.At(ctx, position)
		if err == nil {
			err = readable(message)
		}
		if err != nil {
			f.broken("messages", "run the newer version of headroom that wrote them, or restore the log from a backup", "position %d cannot be read: %v", position, err)
			return
		}
	}
	f.ok("messages", "this binary can read them")
}

func readable(message []byte) error {
	var records event.Records
	return event.Sections(string(message), func(_ int, section string) error { return records.Decode(section) })
}

// checkStore says who holds leases, what still waits, and whether anybody can call.
func checkStore(ctx context.Context, s *store.Store, engineName db.Engine, f *findings) {
	now, err := s.Now(ctx)
	if err != nil {
		f.fault("leases", err, "")
		return
	}
	leases, err := s.Owners(ctx)
	if err != nil {
		f.fault("leases", err, "")
		return
	}
	var held, dead []string
	var last clock.Time
	for _, l := range leases {
		last = max(last, l.Now)
		text := fmt.Sprintf("%d (%s)", l.Partition, l.Address)
		switch {
		case l.Owner == "":
		case l.Expires > now && engineName == db.Postgres:
			held = append(held, text)
		default:
			dead = append(dead, text)
		}
	}
	switch {
	case len(held) > 0:
		f.ok("leases", "a running server holds partition %s", few(held))
	case len(dead) > 0:
		f.ok("leases", "the server did not end in order (killed, power loss): partition %s is taken again at the next start", few(dead))
	default:
		f.ok("leases", "none is held: the server ended in order")
	}
	if last > now+clock.Minute {
		f.warn("time", "set this machine's clock, or go on with --test-clock if that is how the server was run",
			"the data's time is %s, %s ahead of the clock", last, about(last.Sub(now)))
	}
	h, err := s.Health(ctx, now)
	if err != nil {
		f.fault("outbox", err, "")
		return
	}
	if h.Outbox > 0 && last.Sub(h.OutboxSince) > outboxWarn {
		f.warn("outbox", "start the server and look again: if they stay, its log says \"forwarding waits\" and why",
			"%d records wait to be forwarded, the oldest waited %s when the server ended", h.Outbox, about(last.Sub(h.OutboxSince)))
	} else {
		f.ok("outbox", "%d records wait to be forwarded", h.Outbox)
	}
	if h.Keys == 0 {
		f.warn("keys", "start the server with HEADROOM_SECRET_KEY set and make a key with POST /v1/keys", "there is no secret key that is not revoked")
	} else {
		f.ok("keys", "%s", counted(int(h.Keys), "secret key"))
	}
}

// afterKill takes out of a log's complaints those that every kill or power loss causes: its
// summary of the messages is older than the messages, and is made anew from them.
func afterKill(said []string) (normal string, others []string) {
	for _, line := range said {
		if strings.Contains(line, "Stream state outdated") || strings.Contains(line, "errored: prior state file") {
			normal = "; its summary was outdated, which is normal after a kill or power loss, and was made anew from the messages"
		} else {
			others = append(others, line)
		}
	}
	return normal, others
}

// complaints keeps what a log warns of.
type complaints struct {
	mu   sync.Mutex
	said []string
}

func (c *complaints) lines() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.said
}

// Enabled keeps warnings and errors.
func (c *complaints) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn
}

// Handle keeps one.
func (c *complaints) Handle(_ context.Context, r slog.Record) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said = append(c.said, strings.TrimPrefix(r.Message, "nats: "))
	return nil
}

// WithAttrs keeps messages only.
func (c *complaints) WithAttrs([]slog.Attr) slog.Handler { return c }

// WithGroup keeps messages only.
func (c *complaints) WithGroup(string) slog.Handler { return c }
