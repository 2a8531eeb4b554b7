package api

import (
	"maps"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/headroomhq/headroom/internal/access"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
)

// The Segment tracking API, as Segment's own clients speak it. The Node client sends
// batches to /v1/batch with its write key as user name. The browser's client sends each
// call to a path of one letter, batches to /v1/b; its bodies are JSON under the name
// text/plain, its write key stands in the body and, in newer versions, as user name too; it
// repeats what got 429 (after Retry-After), 408, 410 or 5xx and drops what got another 4xx.

// segmentCalls are the calls of the Segment tracking API by their paths' last part.
var segmentCalls = []string{"identify", "group", "track", "page", "screen", "alias", "batch"}

// segmentDoors are the paths under which segmentCalls are taken, with the call of each.
var segmentDoors = func() map[string]string {
	doors := make(map[string]string)
	for _, call := range segmentCalls {
		doors["/v1/"+call] = call
	}
	for _, letter := range "igtpsab" {
		doors["/v1/"+string(letter)] = event.SegmentCall(string(letter))
	}
	doors["/v1/import"] = "batch" // how its libraries send history
	return doors
}()

// segmentMetrics is where the browser's client tells how it is.
const segmentMetrics = "/v1/m"

// writeKeyInBody says at which paths a key may stand in the body.
func writeKeyInBody(path string) bool { return segmentDoors[path] != "" }

// maxKeyless is the most bytes of a body that is read before it is known who sends it:
// Segment's own limit of a batch is 500 KB.
const maxKeyless = 1 << 20

// segmentRoutes registers the calls under their names and, undocumented one by one, under
// the letters.
func (s *Server) segmentRoutes(mux *http.ServeMux) {
	for _, call := range segmentCalls {
		s.door(mux, "POST /v1/"+call, access.EventsWrite, "Segment tracking API: "+call, s.segment(call), segmentOperation)
	}
	for path, call := range maps.All(segmentDoors) {
		if name := strings.TrimPrefix(path, "/v1/"); name != call {
			s.doorAgain(mux, "POST "+path, "POST /v1/"+call)
		}
	}
	s.bare(mux, "POST "+segmentMetrics, "What Segment's browser client measures of itself: not kept", s.segmentMetrics, healthOperation)
	s.scopes["POST "+segmentMetrics] = access.EventsWrite
}

type segmentAnswer struct {
	Success      bool             `json:"success"`
	Rejected     []event.Rejected `json:"rejected,omitempty"`
	UnknownTypes []string         `json:"unknown_types,omitempty" doc:"event names that no meter and no signal of the catalog knows, 20 at most: they are kept and count for nothing"`
	Position     string           `json:"position,omitempty"`
}

// segment is one call of the Segment tracking API. Its own clients only look at the
// status, and repeat what gets 429 or 5xx.
func (s *Server) segment(call string) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		if _, known := r.Context().Value(principalKey).(access.Principal); !known {
			r.Body = http.MaxBytesReader(nil, r.Body, maxKeyless)
		}
		body, done, err := s.body(r)
		if err != nil {
			return err
		}
		defer done()
		d, err := event.DecodeSegment(call, body, s.Clock.Now(), s.Limits)
		if err != nil {
			if _, unknown := s.sender(r, ""); unknown != nil { // nobody is told what is wrong before it is known who asks
				return unknown
			}
			return err
		}
		defer d.Release()
		p, err := s.sender(r, d.WriteKey)
		if err != nil {
			return err
		}
		if call != "batch" && len(d.Rejected) > 0 {
			e := d.Rejected[0]
			return fault.New(fault.Invalid, e.Code, "%s", e.Detail)
		}
		if err := s.fromBrowser(r, p, d); err != nil {
			return err
		}
		a, err := s.keep(r, d)
		if err != nil {
			return err
		}
		return writeJSON(w, http.StatusOK, segmentAnswer{Success: true, Rejected: a.Rejected, UnknownTypes: a.UnknownTypes, Position: a.Position})
	}
}

// sender says who sends events, by the Authorization header or else by the write key of the body.
func (s *Server) sender(r *http.Request, writeKey string) (access.Principal, error) {
	var err error
	p, known := r.Context().Value(principalKey).(access.Principal)
	switch {
	case known:
	case writeKey != "":
		p, err = s.Access.Authenticate(r.Context(), access.Credentials{Authorization: "Bearer " + writeKey,
			UserToken: r.Header.Get(access.UserTokenHeader), Events: true})
		if err == nil {
			err = s.notInPage(r, p)
		}
	default:
		p, err = s.authenticate(r)
	}
	if err != nil {
		return p, err
	}
	return p, p.Require(access.EventsWrite)
}

// fromBrowser holds what a publishable key may send, as anybody may use it who opens a page.
func (s *Server) fromBrowser(r *http.Request, p access.Principal, d *event.Decoded) error {
	if p.Kind != access.Browser {
		return nil
	}
	for i := range d.Pending {
		if key := d.Pending[i].Record.Key; key != "" {
			if err := p.ForAccount(key); err != nil {
				return err
			}
		}
		if p.User != "" {
			if _, err := p.ForUser(d.Pending[i].UserID); err != nil {
				return err
			}
		}
	}
	d.FromBrowser()
	return s.Access.Pace(p, s.Access.Remote(r), d.Events+len(d.Rejected))
}

// segmentMetrics takes what the browser's client counts about itself, which says nothing
// about customers: a 404 would stand in the console of every page.
func (s *Server) segmentMetrics(w http.ResponseWriter, _ *http.Request) {
	_ = writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

func segmentOperation(s *Server, op *huma.Operation) {
	describe[map[string]any, segmentAnswer](s, op, "200")
	op.Security = append(op.Security, map[string][]string{basicScheme: {access.EventsWrite.String()}})
}
