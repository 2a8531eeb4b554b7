package api

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/klauspost/compress/zstd"
	"go.opentelemetry.io/otel/attribute"

	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
)

// IngestAnswer says what became of a request's events. What was accepted is on disk.
type IngestAnswer struct {
	Accepted       int              `json:"accepted"`
	Duplicates     int              `json:"duplicates" doc:"repetitions found so far; others stand under accepted and are counted once all the same"`
	Rejected       []event.Rejected `json:"rejected"`
	Undeduplicated int              `json:"undeduplicated,omitempty" doc:"accepted events without an id: sent again, they count again"`
	UnknownTypes   []string         `json:"unknown_types,omitempty" doc:"types of accepted events that no meter and no signal of the catalog names, 20 at most: they are kept and count for nothing"`
	Position       string           `json:"position" doc:"a read that carries it in Headroom-Position sees these events"`
}

// events is POST /v1/events.
func (s *Server) events(w http.ResponseWriter, r *http.Request) error {
	body, done, err := s.body(r)
	if err != nil {
		return err
	}
	defer done()
	d, err := event.DecodeCloudEvents(r.Header.Get, body, s.Clock.Now(), s.Limits)
	if err != nil {
		return err
	}
	defer d.Release()
	if err := s.fromBrowser(r, principal(r.Context()), d); err != nil {
		return err
	}
	a, err := s.keep(r, d)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusAccepted, a)
}

// keep makes what a door decoded durable.
func (s *Server) keep(r *http.Request, d *event.Decoded) (IngestAnswer, error) {
	a := IngestAnswer{Accepted: d.Events, Rejected: d.Rejected, Undeduplicated: d.Undeduplicated}
	if a.Rejected == nil {
		a.Rejected = []event.Rejected{}
	}
	ctx, span := s.Tracer.Start(r.Context(), "ingest", attribute.Int("headroom.events", d.Events), attribute.Int("headroom.rejected", len(d.Rejected)))
	defer span.End()
	var position uint64
	if len(d.Pending) > 0 {
		records, err := s.people.finish(ctx, d, s.Clock.Now())
		if err != nil {
			return a, err
		}
		if err := s.Runner.Admit(records); err != nil {
			return a, err
		}
		if position, err = s.Runner.Submit(ctx, records...); err != nil {
			return a, err
		}
	}
	s.ingest.took(a.Accepted, a.Undeduplicated, d.Rejected)
	s.arrived(a.Accepted)
	a.UnknownTypes = s.note(r.Context(), d, s.Clock.Now())
	a.Position = s.Runner.Position(position)
	a.Rejected = append([]event.Rejected{}, a.Rejected...) // d's memory is given back before the answer is written
	return a, nil
}

var bodies = sync.Pool{New: func() any { b := make([]byte, 0, 64<<10); return &b }}

var zstdDecoders = sync.Pool{New: func() any {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
	if err != nil { // only bad options
		panic(err)
	}
	return d
}}

// body reads a request body, unpacked, within the limit. done gives its memory back.
func (s *Server) body(r *http.Request) (body []byte, done func(), err error) {
	limit := s.Limits.Body
	if limit <= 0 {
		limit = 10 << 20
	}
	var from io.Reader = http.MaxBytesReader(nil, r.Body, int64(limit)+1)
	switch enc := r.Header.Get("Content-Encoding"); enc {
	case "", "identity":
	case "gzip":
		z, err := gzip.NewReader(from)
		if err != nil {
			return nil, nil, unreadable(err, "")
		}
		from = z
	case "zstd":
		z := zstdDecoders.Get().(*zstd.Decoder)
		if err := z.Reset(from); err != nil {
			return nil, nil, unreadable(err, "")
		}
		defer zstdDecoders.Put(z)
		from = z
	default:
		return nil, nil, fault.New(fault.Unsupported, "unsupported_encoding", "Content-Encoding %q is not taken", fault.Shorten(enc)).
			WithMend("send gzip, zstd or no encoding")
	}
	buf := bodies.Get().(*[]byte)
	b := (*buf)[:0]
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := from.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if len(b) > limit {
			return nil, nil, event.BodyTooLarge(limit)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
				return nil, nil, event.BodyTooLarge(limit)
			}
			return nil, nil, unreadable(err, "")
		}
	}
	*buf = b
	return b, func() { bodies.Put(buf) }, nil
}

func eventsOperation(s *Server, op *huma.Operation) {
	describe[cloudEvent, IngestAnswer](s, op, "202")
	one := op.RequestBody.Content["application/json"].Schema
	batch := &huma.Schema{Type: huma.TypeArray, Items: one}
	op.RequestBody.Content = map[string]*huma.MediaType{
		"application/json":                   {Schema: &huma.Schema{OneOf: []*huma.Schema{one, batch}}},
		"application/cloudevents+json":       {Schema: one},
		"application/cloudevents-batch+json": {Schema: batch},
	}
	for _, name := range []string{"ce-specversion", "ce-id", "ce-source", "ce-type", "ce-subject", "ce-time"} {
		header(op, name, false)
	}
}

// cloudEvent describes what POST /v1/events takes, for the document.
type cloudEvent struct {
	SpecVersion string         `json:"specversion" enum:"1.0"`
	ID          string         `json:"id,omitempty" doc:"with source: counted once within 35 days; unique for its source, over all accounts"`
	Source      string         `json:"source"`
	Type        string         `json:"type" example:"speaker.added"`
	Subject     string         `json:"subject" doc:"the account's key"`
	Time        string         `json:"time,omitempty" format:"date-time"`
	Data        map[string]any `json:"data,omitempty" doc:"data.user is the user"`
}
