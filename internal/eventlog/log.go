// Package eventlog is the durable log: one JetStream stream, on a server inside this
// process or on a cluster. A message is one flush of many callers' records.
package eventlog

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/telemetry"
)

// What the log is called on the server. One company in one environment has one server (or
// one account on a shared one), so the names need no prefix.
const (
	streamName   = "HEADROOM"
	subject      = "headroom.log"
	identityName = "headroom-identity" // in the stream's metadata
)

const (
	// messageLimit is the largest message the stream takes, its header included.
	messageLimit = 8 << 20
	// headerRoom is left for the header with the message's id.
	headerRoom = 4 << 10
	// repeatWindow is how long the stream knows a message by its id, and so how long an
	// append whose answer got lost can be repeated without writing it twice.
	repeatWindow = 30 * time.Second
	// appendPatience is how long Append tries before it says that the log is away.
	appendPatience = 10 * time.Second
	// DefaultMinFree is the room the embedded log leaves on its disk: enough for the
	// checkpoint of everything it accepted. JetStream itself stops for good when it meets a
	// full disk; refusing before that heals by itself once there is room again.
	DefaultMinFree = 128 << 20
)

// Options say where the log is.
type Options struct {
	Dir      string            // directory of the embedded server; used when URL is empty
	URL      string            // nats:// URL (or several with commas) of servers with JetStream
	Replicas int               // copies in a cluster, 1 when zero; fixed when the stream is created
	MinFree  int64             // bytes the embedded log leaves free on its disk; DefaultMinFree when zero, none when negative
	Logger   *slog.Logger      // slog.Default when nil
	Tracer   *telemetry.Tracer // none when nil
	// First is for restoring: the stream must not be there yet, and is created so that its
	// first message gets this position. Zero otherwise.
	First    uint64
	Existing bool // only look at a log that is there: fault log_missing instead of making one
}

// Log is an open log. Safe for several goroutines.
type Log struct {
	options  Options
	logger   *slog.Logger
	server   *server.Server // nil when external
	unlock   func()         // releases Dir
	conn     *nats.Conn
	js       jetstream.JetStream
	identity string
	limit    int // bytes of a message

	checked atomic.Int64 // unix nanoseconds of the last look at the disk
	full    atomic.Bool  // what it saw

	failed  chan struct{} // closed when the embedded server cannot write any more
	once    sync.Once
	failure error // why; set before failed is closed
}

// Open starts the embedded server, or connects to URL, and creates the stream on first
// use. Faults: log_unavailable, data_in_use, data_not_writable, disk_full, log_foreign when
// a stream of that name is not one of ours.
func Open(ctx context.Context, o Options) (*Log, error) {
	l := &Log{options: o, logger: o.Logger, failed: make(chan struct{})}
	if l.logger == nil {
		l.logger = slog.Default()
	}
	if l.options.MinFree == 0 {
		l.options.MinFree = DefaultMinFree
	}
	if l.options.Replicas == 0 {
		l.options.Replicas = 1
	}
	var err error
	if o.URL == "" {
		err = l.embed()
	} else {
		err = l.connect(o.URL)
	}
	if err == nil {
		err = l.prepare(ctx)
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

func (l *Log) connect(url string, more ...nats.Option) error {
	options := append([]nats.Option{
		nats.Name("headroom"),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(100 * time.Millisecond),
		// Nothing waits in the client while the server is away: an append fails, the caller
		// hears of it, and nothing is sent behind his back later.
		nats.ReconnectBufSize(-1),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				l.logger.Warn("the log is away", "error", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { l.logger.Info("the log is back") }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { l.logger.Warn("log", "error", err) }),
	}, more...)
	conn, err := nats.Connect(url, options...)
	if err != nil {
		return fault.New(fault.Unavailable, "log_unavailable", "the log at %s does not answer: %v", redact(url), err).
			WithMend("check that the NATS server runs with JetStream on, and that address and credentials of --nats are right").WithCause(err)
	}
	l.conn = conn
	l.js, err = jetstream.New(conn)
	return err
}

// prepare finds the stream, or creates it with a random identity. Of several processes
// that come at once one creates it, and all find the same identity.
func (l *Log) prepare(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	l.limit = messageLimit - headerRoom
	if most := int(l.conn.MaxPayload()) - headerRoom; most < l.limit {
		l.limit = most
	}
	stream, err := l.js.Stream(ctx, streamName)
	if err == nil && l.options.First != 0 {
		return fault.New(fault.Conflict, "restore_not_empty", "there is a log already").
			WithMend("restore into an empty place: a new directory for --data, or a NATS server or account without the stream %s", streamName)
	}
	if errors.Is(err, jetstream.ErrStreamNotFound) && l.options.Existing {
		return fault.New(fault.NotFound, "log_missing", "there is no log here yet").
			WithMend("look at --data and --nats: the log is made at the first start of `headroom serve`")
	}
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		random := make([]byte, 16)
		rand.Read(random) // never fails
		stream, err = l.js.CreateStream(ctx, jetstream.StreamConfig{
			Name:        streamName,
			Description: "The log of Headroom. Deleting or editing it loses what customers did.",
			Subjects:    []string{subject},
			Storage:     jetstream.FileStorage,
			Retention:   jetstream.LimitsPolicy,
			Discard:     jetstream.DiscardNew,
			MaxMsgSize:  int32(messageLimit),
			Replicas:    l.options.Replicas,
			Duplicates:  repeatWindow,
			DenyDelete:  true,
			FirstSeq:    l.options.First,
			Metadata:    map[string]string{identityName: hex.EncodeToString(random)},
		})
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			stream, err = l.js.Stream(ctx, streamName)
		}
	}
	if err != nil {
		return l.fault(err)
	}
	l.identity = stream.CachedInfo().Config.Metadata[identityName]
	if l.identity == "" {
		return fault.New(fault.Conflict, "log_foreign", "the stream %s on this server was not made by headroom", streamName).
			WithMend("use another NATS account or server for headroom")
	}
	return nil
}

// Identity returns the random id the stream got when it was created.
func (l *Log) Identity() string { return l.identity }

// MaxMessage returns how many bytes a message may have.
func (l *Log) MaxMessage() int { return l.limit }

// Bounds returns the positions of the first and last message; first is last+1 when there
// are none. Fault log_unavailable.
func (l *Log) Bounds(ctx context.Context) (first, last uint64, err error) {
	stream, err := l.js.Stream(ctx, streamName)
	if err != nil {
		return 0, 0, l.fault(err)
	}
	state := stream.CachedInfo().State
	if state.Msgs == 0 {
		return state.LastSeq + 1, state.LastSeq, nil
	}
	return state.FirstSeq, state.LastSeq, nil
}

// Append adds a message and returns its position once it is on disk (on a quorum of disks
// in a cluster). Faults: log_unavailable and disk_full (Unavailable), record_too_large (TooLarge). After
// log_unavailable nobody knows whether the message is in the log: repeat the records under the same ids.
func (l *Log) Append(ctx context.Context, message []byte) (position uint64, err error) {
	p, err := l.publish(message, nil)
	if err != nil {
		return 0, err
	}
	return p.wait(ctx)
}

// published is a message on its way.
type published struct {
	log     *Log
	message *nats.Msg
	traces  []string // see telemetry.Tracer.Carry
	id      string
	started time.Time
	ack     jetstream.PubAckFuture
	err     error
}

// publish sends a message without waiting. Messages published one after the other get
// rising positions, unless one fails. traces go along in the header.
func (l *Log) publish(message []byte, traces []string) (*published, error) {
	if len(message) > l.limit {
		return nil, fault.New(fault.TooLarge, "record_too_large", "a message of %d bytes is above the log's %d", len(message), l.limit).
			WithMend("send fewer records at once, or smaller ones")
	}
	if err := l.Health(); err != nil && l.conn.IsConnected() {
		return nil, err // when it is only away, wait may see it come back
	}
	random := make([]byte, 12)
	rand.Read(random) // never fails
	p := &published{log: l, id: hex.EncodeToString(random), message: &nats.Msg{Subject: subject, Data: message}, traces: traces, started: time.Now()}
	p.send()
	return p, nil
}

// traceHeader carries traces from whoever appends to whoever steps.
const traceHeader = "Headroom-Trace"

func (p *published) send() {
	p.message.Header, p.message.Reply = nil, ""
	if len(p.traces) > 0 {
		p.message.Header = nats.Header{traceHeader: p.traces}
	}
	p.ack, p.err = p.log.js.PublishMsgAsync(p.message, jetstream.WithMsgID(p.id), jetstream.WithExpectStream(streamName))
}

// wait returns the position. While the server is away or changes its leader it repeats the
// message, which the stream knows by its id.
func (p *published) wait(ctx context.Context) (uint64, error) {
	patience := time.NewTimer(time.Until(p.started.Add(appendPatience)))
	defer patience.Stop()
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		err := p.err
		if err == nil {
			select {
			case ack := <-p.ack.Ok():
				return ack.Sequence, nil
			case err = <-p.ack.Err():
			case <-p.log.failed:
				return 0, p.log.fault(p.log.failure)
			case <-ctx.Done():
				return 0, ctx.Err()
			case <-patience.C:
				return 0, p.log.fault(nats.ErrTimeout)
			}
		}
		if !transient(err) {
			return 0, p.log.fault(err)
		}
		select {
		case <-time.After(pause):
		case <-p.log.failed:
			return 0, p.log.fault(p.log.failure)
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-patience.C:
			return 0, p.log.fault(err)
		}
		p.send()
	}
}

// transient says whether repeating may help soon.
func transient(err error) bool {
	return errors.Is(err, nats.ErrNoResponders) || errors.Is(err, jetstream.ErrNoStreamResponse) ||
		errors.Is(err, nats.ErrDisconnected) || errors.Is(err, nats.ErrReconnectBufExceeded) ||
		errors.Is(err, nats.ErrTimeout) || errors.Is(err, jetstream.ErrAsyncPublishTimeout) ||
		errors.Is(err, nats.ErrConnectionReconnecting)
}

// Health returns why the log takes no records now, nil when it does as far as is known without
// trying. After a failed write the embedded log stays failed until the process restarts.
func (l *Log) Health() error {
	select {
	case <-l.failed:
		return l.fault(l.failure)
	default:
	}
	if l.diskFull() {
		return diskFull(nil)
	}
	if !l.conn.IsConnected() {
		return l.fault(nats.ErrDisconnected)
	}
	return nil
}

// Trim deletes the messages before position. The caller keeps it at or below the oldest checkpoint.
func (l *Log) Trim(ctx context.Context, position uint64) error {
	stream, err := l.js.Stream(ctx, streamName)
	if err == nil {
		err = stream.Purge(ctx, jetstream.WithPurgeSequence(position))
	}
	return l.fault(err)
}

// Close disconnects and stops the embedded server. Everything acknowledged is on disk before already.
func (l *Log) Close() error {
	if l.conn != nil {
		l.conn.Close()
	}
	if l.server != nil {
		l.server.Shutdown()
		l.server.WaitForShutdown()
	}
	if l.unlock != nil {
		l.unlock()
		l.unlock = nil
	}
	return nil
}

// fault turns what NATS says into words of ours.
func (l *Log) fault(err error) error {
	var f *fault.Error
	if err == nil || errors.As(err, &f) || errors.Is(err, context.Canceled) {
		return err
	}
	text := strings.ToLower(err.Error())
	if strings.Contains(text, syscall.ENOSPC.Error()) || strings.Contains(text, "disk quota") ||
		strings.Contains(text, "insufficient storage") || strings.Contains(text, "insufficient resources") ||
		strings.Contains(text, "maximum bytes exceeded") {
		return diskFull(err)
	}
	mend := "check that the NATS server runs and has a leader for the stream " + streamName
	if l.server != nil {
		mend = "look at the log lines of the last minute; after a failure of the disk restart headroom, which reads back everything that was accepted"
	}
	return fault.New(fault.Unavailable, "log_unavailable", "the log does not take records now: %v", err).
		WithMend("%s", mend).WithCause(err)
}

func diskFull(err error) error {
	return fault.New(fault.Unavailable, "disk_full", "the disk that holds the log is full, or nearly").
		WithMend("free space or enlarge the disk; nothing that was accepted is lost, and headroom takes records again " +
			"by itself, or after a restart if the disk was filled to the last byte").WithCause(err)
}

func redact(url string) string {
	if i := strings.LastIndex(url, "@"); i >= 0 {
		if j := strings.Index(url, "://"); j >= 0 && j < i {
			return url[:j+3] + "…" + url[i:]
		}
	}
	return url
}

var _ fmt.Stringer = (*Log)(nil)

// String names the log for log lines.
func (l *Log) String() string { return "log " + l.identity }
