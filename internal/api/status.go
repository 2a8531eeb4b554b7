package api

import (
	"context"
	"errors"
	"time"

	"github.com/headroomhq/headroom/internal/access"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/fault"
)

// Status is how the server is, for people and programs that look after it. What only this
// process knows, and not all nodes, says so.
type Status struct {
	Version    string            `json:"version"`
	StartedAt  clock.Time        `json:"started_at" doc:"this process"`
	Now        clock.Time        `json:"now" doc:"the server's time, which a test clock holds"`
	Machine    clock.Time        `json:"machine" doc:"the machine's time"`
	TestClock  bool              `json:"test_clock" doc:"time is moved by POST /v1/clock/advance only"`
	Rules      int               `json:"rules" doc:"newest meaning of records that this binary knows"`
	Key        StatusKey         `json:"key"`
	Log        StatusLog         `json:"log"`
	Database   StatusDatabase    `json:"database"`
	Catalog    StatusCatalog     `json:"catalog"`
	Events     StatusEvents      `json:"events"`
	Partitions []StatusPartition `json:"partitions" doc:"every one, by number"`
}

// StatusKey is the key of the call.
type StatusKey struct {
	ID     string   `json:"id" doc:"environment: HEADROOM_SECRET_KEY"`
	Scopes []string `json:"scopes"`
}

// StatusLog is the event log.
type StatusLog struct {
	Identity     string        `json:"identity" doc:"random, made with the log; positions begin with it"`
	Embedded     bool          `json:"embedded" doc:"in this process, not on NATS servers"`
	First        uint64        `json:"first" doc:"position of the oldest message"`
	Last         uint64        `json:"last" doc:"position of the newest message"`
	OldestAt     clock.Time    `json:"oldest_at" doc:"when the oldest message was taken"`
	NewestAt     clock.Time    `json:"newest_at" doc:"when the newest message was taken"`
	Bytes        uint64        `json:"bytes" doc:"size of the log"`
	Waiting      int64         `json:"waiting" doc:"bytes of records that wait for the disk in this process"`
	Refused      int64         `json:"refused" doc:"calls this process turned away because too much waited"`
	FreeBytes    int64         `json:"free_bytes,omitempty" doc:"of the disk of an embedded log"`
	DiskBytes    int64         `json:"disk_bytes,omitempty" doc:"size of that disk"`
	ReserveBytes int64         `json:"reserve_bytes,omitempty" doc:"with less than this free, records are refused"`
	Replicas     int           `json:"replicas" doc:"copies that are kept"`
	Lagging      int           `json:"lagging" doc:"copies of the log that are offline or behind"`
	Trouble      *StatusRefuse `json:"trouble,omitempty" doc:"why it takes no records now"`
}

// StatusRefuse is a fault in words.
type StatusRefuse struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
	Mend   string `json:"mend,omitempty"`
}

// StatusDatabase is the SQL database.
type StatusDatabase struct {
	Engine      string     `json:"engine" doc:"sqlite or postgres"`
	Now         clock.Time `json:"now" doc:"its clock, by which leases go"`
	Outbox      int64      `json:"outbox" doc:"records that wait to be forwarded to other partitions"`
	OutboxSince clock.Time `json:"outbox_since" doc:"the time of the oldest of them"`
	Overdue     int64      `json:"overdue" doc:"accounts with a timer that should have fired two minutes ago"`
}

// StatusCatalog is the active catalog.
type StatusCatalog struct {
	Version string `json:"version" doc:"empty: none is active"`
	Meters  int    `json:"meters" doc:"how many it defines"`
	Signals int    `json:"signals" doc:"how many it defines, retired ones included"`
}

// StatusEvents counts what this process took since it started.
type StatusEvents struct {
	Accepted       int64            `json:"accepted"`
	Rejected       int64            `json:"rejected"`
	RejectedBy     map[string]int64 `json:"rejected_by" doc:"by code"`
	Undeduplicated int64            `json:"undeduplicated" doc:"accepted without an id: sent again, they count again"`
	Stepped        int64            `json:"stepped" doc:"records stepped at partitions of this process, ticks left out"`
	Repeated       int64            `json:"repeated" doc:"those of them that had been counted before, by source and id"`
	LastHour       int64            `json:"last_hour" doc:"accepted in the last 60 minutes"`
	LastAt         clock.Time       `json:"last_at" doc:"when the last of them came in"`
	UnknownTypes   []UnknownType    `json:"unknown_types" doc:"of today and yesterday: no meter and no signal of the catalog names them"`
	FirstEver      clock.Time       `json:"first_ever" doc:"when this installation took its first event; null: none yet"`
}

// StatusPartition is where a partition stands.
type StatusPartition struct {
	Partition   int        `json:"partition" doc:"its number, from 0"`
	Owner       string     `json:"owner" doc:"address of the node that owns it; empty: none"`
	Here        bool       `json:"here" doc:"this process owns it"`
	Checkpoint  uint64     `json:"checkpoint" doc:"position that its checkpoint holds"`
	CheckedAt   clock.Time `json:"checked_at" doc:"the partition's time at its checkpoint"`
	Unstepped   int        `json:"unstepped" doc:"log messages not stepped yet; of other nodes' partitions, not in a checkpoint yet"`
	Uncommitted int        `json:"uncommitted" doc:"stepped log messages that no checkpoint holds yet"`
	Behind      float64    `json:"behind_seconds" doc:"age of the oldest message not stepped yet"`
	Rules       int        `json:"rules" doc:"meaning of records that its state follows"`
}

// overdueAfter is how late a timer may be before somebody should look.
const overdueAfter = 2 * time.Minute

// status is GET /v1/status. Parts that cannot be read are faults of the whole, save what
// keeps the log from taking records: that is what the caller asks about.
func (s *Server) status(ctx context.Context, _ *struct{}) (*struct{ Body Status }, error) {
	now := s.Clock.Now()
	p := principal(ctx)
	out := Status{Version: s.Version, StartedAt: s.started, Now: now, Machine: clock.At(time.Now()), TestClock: s.Clock.IsTest(), Rules: engine.Rules,
		Key: StatusKey{ID: p.KeyID, Scopes: p.Scopes.Names()}}
	if out.Key.ID == "" {
		out.Key.ID = access.ConsoleHeader
	}
	h, err := s.Store.Health(ctx, now.Add(-overdueAfter))
	if err != nil {
		return nil, err
	}
	out.Database = StatusDatabase{Engine: s.Store.Engine(), Outbox: h.Outbox, OutboxSince: h.OutboxSince, Overdue: h.Overdue}
	if out.Database.Now, err = s.Store.Now(ctx); err != nil {
		return nil, err
	}
	if out.Log, err = s.logStatus(ctx); err != nil {
		return nil, err
	}
	c, err := s.Runner.Active(ctx)
	if err != nil {
		return nil, err
	}
	out.Catalog = StatusCatalog{Version: c.Version, Meters: len(c.Meters), Signals: len(c.Signals)}
	if out.Partitions, err = s.partitionStatus(ctx, out.Log.Last); err != nil {
		return nil, err
	}
	if out.Events, err = s.eventStatus(ctx); err != nil {
		return nil, err
	}
	return &struct{ Body Status }{out}, nil
}

func (s *Server) logStatus(ctx context.Context) (StatusLog, error) {
	l, err := s.Log.Status(ctx)
	if err != nil {
		return StatusLog{}, err
	}
	w := s.Writer.Stats()
	out := StatusLog{Identity: l.Identity, Embedded: l.Embedded, First: l.First, Last: l.Last, OldestAt: clock.At(l.FirstAt), NewestAt: clock.At(l.LastAt),
		Bytes: l.Bytes, Waiting: w.Waiting, Refused: w.Refused, FreeBytes: l.Free, DiskBytes: l.Disk, ReserveBytes: l.MinFree,
		Replicas: l.Replicas, Lagging: l.Lagging}
	if err := s.Log.Health(); err != nil {
		out.Trouble = &StatusRefuse{Code: fault.CodeOf(err), Detail: err.Error()}
		if f, ok := errors.AsType[*fault.Error](err); ok {
			out.Trouble.Detail, out.Trouble.Mend = f.Message, f.Mend
		}
	}
	return out, nil
}

func (s *Server) partitionStatus(ctx context.Context, last uint64) ([]StatusPartition, error) {
	leases, err := s.Store.Partitions(ctx)
	if err != nil {
		return nil, err
	}
	lags, err := s.Runner.Lags(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]StatusPartition, len(leases))
	for i, l := range leases {
		out[i] = StatusPartition{Partition: l.Partition, Owner: l.Address, Checkpoint: l.Position, CheckedAt: l.Now, Rules: l.Rules,
			Unstepped: int(last - min(last, l.Position))}
	}
	ages := s.ages()
	for _, l := range lags {
		p := &out[l.Partition]
		p.Here, p.Unstepped, p.Uncommitted = true, l.Unstepped, l.Uncommitted
	}
	for i := range out {
		if p := &out[i]; p.Unstepped > 0 && (p.Here || p.Uncommitted == 0) {
			p.Behind = ages(ctx, last-uint64(p.Unstepped)+1).Seconds()
		}
	}
	return out, nil
}

// ages returns a function that tells how long ago a message was appended, looking each
// position up once; zero when it is not known.
func (s *Server) ages() func(ctx context.Context, position uint64) time.Duration {
	known := make(map[uint64]time.Duration)
	return func(ctx context.Context, position uint64) time.Duration {
		age, ok := known[position]
		if !ok {
			if at, _, err := s.Log.At(ctx, position); err == nil {
				age = max(time.Since(at), 0)
			}
			known[position] = age
		}
		return age
	}
}

// firstEvent is the name under which the installation remembers when it took its first event.
const firstEvent = "first_event_at"

func (s *Server) eventStatus(ctx context.Context) (StatusEvents, error) {
	out := StatusEvents{Accepted: s.ingest.accepted.Load(), Rejected: s.ingest.rejected.Load(), Undeduplicated: s.ingest.undeduplicated.Load(),
		RejectedBy: s.ingest.rejections(), LastHour: s.ingest.lastHour(time.Now()), LastAt: clock.Time(s.ingest.lastAt.Load())}
	var err error
	if out.UnknownTypes, err = s.UnknownTypes(ctx); err != nil {
		return out, err
	}
	if out.UnknownTypes == nil {
		out.UnknownTypes = []UnknownType{}
	}
	out.Repeated, out.Stepped = s.Runner.Repeated()
	text, known, err := s.Store.Meta(ctx, firstEvent)
	if err == nil && !known && out.Accepted > 0 {
		out.FirstEver = out.LastAt
		// Somebody may be asking because nothing can be written: whoever asks next remembers it.
		if stands, err := s.remember(ctx, out.LastAt); err == nil {
			text = stands
		}
	}
	if err == nil && len(text) > 0 {
		out.FirstEver, err = clock.Parse(string(text))
	}
	return out, err
}

// remember writes down when the first event came in, unless that was done before, and returns
// what stands. It takes a second at most.
func (s *Server) remember(ctx context.Context, at clock.Time) ([]byte, error) {
	brief, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return s.Store.SetMetaOnce(brief, firstEvent, []byte(at.String()))
}

// arrived has the first event of this process written down, beside whoever sent it: a server
// that nobody asks for its status must know after a restart that events came.
func (s *Server) arrived(events int) {
	if events == 0 || s.noted.Load() || s.noted.Swap(true) {
		return
	}
	at := clock.At(time.Now())
	s.noting.Go(func() { _, _ = s.remember(context.Background(), at) }) // or whoever asks for the status does
}

// Settle waits until what calls left behind is written. To be called when they have ended.
func (s *Server) Settle() { s.noting.Wait() }
