package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/runner"
)

// Taking events back and replacing them. What an event had counted is only in the log: it
// is looked for there (see finder) and goes back into the log with the record that takes it back.

// VoidRequest names an event that should not have been sent.
type VoidRequest struct {
	Account string     `json:"account" doc:"the account that counted it"`
	Source  string     `json:"source" minLength:"1" maxLength:"520" doc:"as it was sent; segment for the Segment calls, and with browser: before it for what came with a publishable key"`
	ID      string     `json:"id" minLength:"1" maxLength:"512" doc:"as it was sent; messageId for the Segment calls"`
	Time    clock.Time `json:"time,omitzero" doc:"about when it happened: where the log is large, it is found sooner"`
	Reason  string     `json:"reason,omitempty" maxLength:"1000" doc:"kept with the record, sealed"`
}

type voidRequest struct {
	IdempotencyParam
	Body VoidRequest
}

func (r *voidRequest) accountKey() string { return r.Body.Account }

// VoidAnswer says what became of it.
type VoidAnswer struct {
	engine.Voided
	Position string `json:"position"`
}

type voidAnswer struct{ Body VoidAnswer }

// correction is a void or replace on its way.
type correction struct {
	account, source, id string
	hint                clock.Time
	key                 string // Idempotency-Key
	call                engine.VoidCall
	replacement         *event.Record // nil: it is voided
}

func (s *Server) void(ctx context.Context, in *voidRequest) (*voidAnswer, error) {
	asked, err := json.Marshal(in.Body)
	if err != nil {
		return nil, err
	}
	c := correction{account: in.Body.Account, source: in.Body.Source, id: in.Body.ID, hint: in.Body.Time, key: in.IdempotencyKey,
		call: engine.VoidCall{Request: hashOf(asked), Source: in.Body.Source}}
	c.call.Reason, err = s.seal(ctx, s.ofAccount(c.account), "void/"+hashOf([]byte(c.source+"\x00"+c.id)), in.Body.Reason)
	if err != nil {
		return nil, err
	}
	a, err := s.correct(ctx, c)
	return &voidAnswer{Body: a}, err
}

// replace is POST /v1/events/replace: a CloudEvent, in the place of one with the same source and id.
func (s *Server) replace(w http.ResponseWriter, r *http.Request) error {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, 1<<20))
	if err != nil {
		return unreadable(err, "1 MiB")
	}
	d, err := event.DecodeCloudEvents(r.Header.Get, body, s.Clock.Now(), s.Limits)
	if err != nil {
		return err
	}
	defer d.Release()
	switch {
	case len(d.Rejected) > 0:
		return fault.New(fault.Invalid, d.Rejected[0].Code, "%s", d.Rejected[0].Detail)
	case d.Events != 1:
		return fault.New(fault.Invalid, "not_one_event", "the request has %d events", d.Events).WithMend("replace one event with one call")
	case d.Undeduplicated > 0:
		return fault.New(fault.Invalid, "missing_id", "the event has no id").WithMend("give source and id of the event that it replaces")
	}
	records, err := s.people.finish(r.Context(), d, s.Clock.Now())
	if err != nil {
		return err
	}
	rec := &records[0]
	a, err := s.correct(r.Context(), correction{account: rec.Key, source: rec.Source, id: rec.ID, hint: rec.At, key: r.Header.Get(idempotencyHeader),
		call: engine.VoidCall{Request: hashOf(body), Source: rec.Source}, replacement: rec})
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, a)
}

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}

// correct finds the event and lets Step take it back. When something changed in between,
// it looks again.
func (s *Server) correct(ctx context.Context, c correction) (VoidAnswer, error) {
	key := c.key
	for attempt := 1; ; attempt++ {
		var catalog string
		// Who owns the account answers; nobody else need look.
		if err := s.Runner.Read(ctx, c.account, 0, func(v runner.View) error { catalog = v.Catalog.Version; return nil }); err != nil {
			return VoidAnswer{}, err
		}
		found, err := s.findEvent(ctx, &c, catalog)
		if err != nil {
			return VoidAnswer{}, err
		}
		c.call.Found = found
		if c.replacement != nil {
			c.call.Replacement = event.AppendRecord(nil, c.replacing(found))
		}
		rec, err := s.call(event.KindVoid, c.account, "", c.id, key, c.call)
		if err != nil {
			return VoidAnswer{}, err
		}
		out, position, err := answered[engine.Voided](ctx, s, rec)
		if fault.CodeOf(err) == "event_changed" && attempt < 3 {
			if c.key != "" { // this answer is kept under the key, so the next needs another one
				key = c.key + "\x00" + string(rune('0'+attempt))
			}
			continue
		}
		if out.Meters == nil {
			out.Meters = []engine.Correction{}
		}
		return VoidAnswer{Voided: out, Position: s.Runner.Position(position)}, err
	}
}

// replacing is the replacement as it is recorded: when it does not say when it happened, it
// happened when what it replaces did.
func (c *correction) replacing(found *engine.FoundEvent) *event.Record {
	r := *c.replacement
	if r.At == 0 && found != nil {
		if old, _, err := event.DecodeRecord(found.Record); err == nil {
			r.At = old.When()
		}
	}
	return &r
}

func replaceOperation(s *Server, op *huma.Operation) {
	describe[cloudEvent, VoidAnswer](s, op, "200")
	op.RequestBody.Content["application/cloudevents+json"] = op.RequestBody.Content["application/json"]
	header(op, idempotencyHeader, false)
}

// serversOnly are the calls with a scope that publishable keys may have, for which a
// publishable key will not do.
var serversOnly = []string{"POST /v1/events/void", "POST /v1/events/replace", "POST /v1/contacts", "DELETE /v1/contacts/{claim_id}"}

func onlyServers(route string) bool { return slices.Contains(serversOnly, route) }
