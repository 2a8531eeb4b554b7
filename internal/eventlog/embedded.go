package eventlog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/headroomhq/headroom/internal/db"
	"github.com/headroomhq/headroom/internal/fault"
)

// embed starts a server in this process. It listens on nothing; the only way in is the
// pipe that connect opens.
func (l *Log) embed() error {
	unlock, err := db.LockDir(l.options.Dir)
	if err != nil {
		return err
	}
	l.unlock = unlock
	if err := l.probe(); err != nil {
		return err
	}
	l.server, err = server.NewServer(&server.Options{
		ServerName: "headroom",
		DontListen: true,
		JetStream:  true,
		StoreDir:   l.options.Dir,
		// An acknowledged message has been synced, not just written.
		SyncAlways: true,
		// What there is room for is the disk's business (see diskFull), not a share of it.
		JetStreamMaxStore:      1 << 60,
		JetStreamMaxMemory:     64 << 20,
		MaxPayload:             messageLimit,
		NoSigs:                 true,
		DisableJetStreamBanner: true,
		// Far more than the writer ever has on its way.
		StreamMaxBufferedMsgs: 10_000,
		StreamMaxBufferedSize: 256 << 20,
	})
	if err != nil {
		return l.fault(err)
	}
	l.server.SetLoggerV2(serverLogger{l.logger, l.fail}, false, false, false)
	l.server.Start()
	if !l.server.ReadyForConnections(30 * time.Second) {
		return l.fault(fmt.Errorf("the embedded server did not come up within 30 seconds"))
	}
	if !l.server.JetStreamEnabled() {
		return l.fault(fmt.Errorf("the embedded server could not read %s", l.options.Dir))
	}
	return l.connect("", nats.InProcessServer(l.server))
}

// probe writes a file, because the server's own complaint would not name the directory.
func (l *Log) probe() error {
	f, err := os.CreateTemp(l.options.Dir, "probe-")
	if errors.Is(err, syscall.ENOSPC) {
		return diskFull(err)
	}
	if err != nil {
		return fault.New(fault.Unavailable, "data_not_writable", "%s: this user cannot write there", l.options.Dir).
			WithMend("give the user that runs headroom the right to write there, or choose another directory with --data").WithCause(err)
	}
	f.Close()
	return os.Remove(f.Name())
}

// diskFull says whether the embedded log's disk has less room than it must leave. It looks
// at most every 100 ms.
func (l *Log) diskFull() bool {
	if l.server == nil || l.options.MinFree < 0 {
		return false
	}
	now, seen := time.Now().UnixNano(), l.checked.Load()
	if now-seen < int64(100*time.Millisecond) || !l.checked.CompareAndSwap(seen, now) {
		return l.full.Load()
	}
	free, _, err := DiskRoom(l.options.Dir)
	if err != nil {
		return l.full.Load()
	}
	full := free < l.options.MinFree
	if was := l.full.Swap(full); was != full {
		if full {
			l.logger.Error("the disk is nearly full: refusing new records", "dir", l.options.Dir, "leave_free_bytes", l.options.MinFree)
		} else {
			l.logger.Info("the disk has room again: taking records", "dir", l.options.Dir)
		}
	}
	return full
}

// fail notes that the server cannot write any more. Its stream then answers nothing at all
// until it is read anew from the disk.
func (l *Log) fail(err error) {
	l.once.Do(func() {
		l.failure = err
		close(l.failed)
	})
}

// Broken returns when only starting the process again helps: the embedded server could not
// write, and now there is room on its disk. It returns nil when ctx ends before. Until then
// nothing is gained by a start, which would be refused, and what needs no log goes on.
func (l *Log) Broken(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-l.failed:
	}
	for {
		if free, _, err := DiskRoom(l.options.Dir); err == nil && free >= max(l.options.MinFree, 0) {
			return fault.New(fault.Unavailable, "log_unavailable", "the log could not be written and stays closed to this process: %v", l.failure).
				WithMend("start headroom again, which reads back everything that was accepted").WithCause(l.failure)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// serverLogger passes what the embedded server says to slog, and what it says nowhere else, that
// a write failed, to fail. Its start-up chatter is of use to those who debug only.
type serverLogger struct {
	*slog.Logger
	fail func(error)
}

func (s serverLogger) Noticef(format string, v ...any) { s.Debug("nats: " + fmt.Sprintf(format, v...)) }
func (s serverLogger) Warnf(format string, v ...any)   { s.Warn("nats: " + fmt.Sprintf(format, v...)) }
func (s serverLogger) Errorf(format string, v ...any) {
	text := fmt.Sprintf(format, v...)
	s.Error("nats: " + text)
	if lower := strings.ToLower(text); strings.Contains(lower, "critical write error") || strings.Contains(lower, "will be disabled") {
		s.fail(errors.New(text))
	}
}
func (s serverLogger) Fatalf(format string, v ...any) { s.Error("nats: " + fmt.Sprintf(format, v...)) }
func (s serverLogger) Debugf(format string, v ...any) { s.Debug("nats: " + fmt.Sprintf(format, v...)) }
func (s serverLogger) Tracef(string, ...any)          {}
