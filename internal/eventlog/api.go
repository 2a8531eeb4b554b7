// Package eventlog is the durable log: one JetStream stream, in this process or a cluster.
package eventlog

import (
	"context"
	"log/slog"
	"time"

	"github.com/headroomhq/headroom/internal/event"
)

// Options say where the log is.
type Options struct {
	Dir      string       // directory of the embedded server; used when URL is empty
	URL      string       // nats:// URL of an external server with JetStream
	Replicas int          // copies in a cluster, 1 when zero
	Logger   *slog.Logger // slog.Default when nil
}

// Log is an open log. Safe for several goroutines.
type Log struct{}

// Open starts or connects to the server, and creates the stream on first use.
func Open(ctx context.Context, o Options) (*Log, error) { panic("soon") }

// Identity returns the random id the stream got when it was created.
func (l *Log) Identity() string { panic("soon") }

// Bounds returns the positions of the first and last message; first is last+1 when empty.
func (l *Log) Bounds(ctx context.Context) (first, last uint64, err error) { panic("soon") }

// Append adds a message and returns its position once it is on disk.
func (l *Log) Append(ctx context.Context, message []byte) (position uint64, err error) {
	panic("soon")
}

// Read calls f for every message from position from (inclusive, 1 is the first) in order,
// waiting for more until ctx ends (nil is returned) or f fails (its error is returned). f
// owns message until it returns only.
func (l *Log) Read(ctx context.Context, from uint64, f func(position uint64, at time.Time, message []byte) error) error {
	panic("soon")
}

// Trim deletes messages before position. The caller keeps it at or below the oldest checkpoint.
func (l *Log) Trim(ctx context.Context, position uint64) error { panic("soon") }

// Close disconnects and stops the embedded server.
func (l *Log) Close() error { panic("soon") }

// Writer gathers the records of many goroutines into messages (group commit).
type Writer struct{}

// NewWriter returns a writer for a data directory of that many partitions.
func NewWriter(l *Log, partitions int) *Writer { panic("soon") }

// Submit appends the records, all in one message or in consecutive ones, and returns the position
// of the last when all are on disk. Faults: log_busy (Busy), log_unavailable and disk_full (Unavailable).
func (w *Writer) Submit(ctx context.Context, records ...event.Record) (position uint64, err error) {
	panic("soon")
}

// Close waits for what is under way and refuses what comes later.
func (w *Writer) Close() error { panic("soon") }

// Verify says whether a database whose checkpoints stand at position of stream may go on
// with a log that has this identity and these bounds. Faults log_foreign, log_behind, log_truncated.
func Verify(stream string, position uint64, identity string, first, last uint64) error {
	panic("soon")
}
