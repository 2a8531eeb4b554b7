package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/headroomhq/headroom/internal/access"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/store"
)

// KeyLine is a key as lists show it: never its secret.
type KeyLine struct {
	ID        string     `json:"id"`
	Kind      string     `json:"kind"`
	Name      string     `json:"name"`
	Shown     string     `json:"shown" doc:"the beginning and end of the key"`
	Scopes    []string   `json:"scopes"`
	CreatedAt clock.Time `json:"created_at"`
	RevokedAt clock.Time `json:"revoked_at"`
}

func (s *Server) listKeys(ctx context.Context, _ *struct{}) (*listAnswer[KeyLine], error) {
	keys, err := s.Access.Keys(ctx)
	if err != nil {
		return nil, err
	}
	return mapped(store.List[store.Key]{Items: keys}, keyLine), nil
}

func keyLine(k store.Key) KeyLine {
	return KeyLine{ID: k.ID, Kind: k.Kind, Name: k.Name, Shown: k.Hint, Scopes: k.Scopes, CreatedAt: k.CreatedAt, RevokedAt: k.RevokedAt}
}

type postKeyRequest struct {
	Body struct {
		Kind   string   `json:"kind,omitempty" enum:"secret,publishable" doc:"secret when left out"`
		Name   string   `json:"name" minLength:"1" maxLength:"100"`
		Scopes []string `json:"scopes,omitempty" doc:"of a secret key: events:write, check, decide, read, admin; of a publishable one: events:write, check, decide, and when left out the last two"`
	}
}

type postKeyAnswer struct {
	Body struct {
		KeyLine
		Secret        string `json:"secret" doc:"the key; shown this once"`
		SigningSecret string `json:"signing_secret,omitempty" doc:"signs user tokens (JWT, HS256); shown this once"`
	}
}

func (s *Server) postKey(ctx context.Context, in *postKeyRequest) (*postKeyAnswer, error) {
	var k access.NewKey
	var err error
	if in.Body.Kind == "publishable" {
		var scopes access.Scopes
		if len(in.Body.Scopes) > 0 {
			if scopes, err = access.ParseScopes(in.Body.Scopes); err != nil {
				return nil, err
			}
		}
		k, err = s.Access.CreatePublishableKey(ctx, in.Body.Name, scopes)
	} else {
		var scopes access.Scopes
		if scopes, err = access.ParseScopes(in.Body.Scopes); err == nil {
			k, err = s.Access.CreateSecretKey(ctx, in.Body.Name, scopes)
		}
	}
	if err != nil {
		return nil, err
	}
	out := &postKeyAnswer{}
	out.Body.KeyLine, out.Body.Secret, out.Body.SigningSecret = keyLine(k.Key), k.Secret, k.SigningSecret
	return out, nil
}

type keyID struct {
	ID string `path:"id"`
}

func (s *Server) deleteKey(ctx context.Context, in *keyID) (*struct{}, error) {
	return nil, s.Access.Revoke(ctx, in.ID)
}

type clockAnswer struct {
	Body struct {
		Now  clock.Time `json:"now"`
		Test bool       `json:"test" doc:"moved by POST /v1/clock/advance only"`
	}
}

func (s *Server) getClock(context.Context, *struct{}) (*clockAnswer, error) {
	out := &clockAnswer{}
	out.Body.Now, out.Body.Test = s.Clock.Now(), s.Clock.IsTest()
	return out, nil
}

type advanceAnswer struct {
	Body struct {
		Now      clock.Time `json:"now"`
		Test     bool       `json:"test" doc:"moved by POST /v1/clock/advance only"`
		Position string     `json:"position" doc:"position of the answer"`
	}
}

type advanceRequest struct {
	Body struct {
		To *clock.Time `json:"to,omitempty"`
		By string      `json:"by,omitempty" example:"30d" doc:"days as 30d, otherwise as 36h or 90m"`
	}
}

func (s *Server) advanceClock(ctx context.Context, in *advanceRequest) (*advanceAnswer, error) {
	to := s.Clock.Now()
	switch {
	case (in.Body.To == nil) == (in.Body.By == ""):
		return nil, fault.New(fault.Invalid, "advance_unclear", "give either to or by").WithMend(`send {"by":"30d"} or {"to":"2026-12-01T00:00:00Z"}`)
	case in.Body.To != nil:
		to = *in.Body.To
	default:
		d, err := parseDays(in.Body.By)
		if err != nil {
			return nil, err
		}
		to = to.Add(d)
	}
	if to > s.Clock.Now()+maxAdvance {
		return nil, fault.New(fault.Invalid, "duration_invalid", "%s is too far to advance to at once", to).WithMend("advance by ten years at most, several times")
	}
	position, err := s.Runner.Advance(ctx, to)
	if err != nil {
		return nil, err
	}
	if err := s.Runner.WaitAll(ctx, position, true); err != nil { // what fell due is in the lists then
		return nil, err
	}
	out := &advanceAnswer{}
	out.Body.Now, out.Body.Test, out.Body.Position = s.Clock.Now(), s.Clock.IsTest(), s.Runner.Position(position)
	return out, nil
}

// maxAdvance is the longest way of one advance: everything that falls due on it happens
// before the answer.
const maxAdvance = 3660 * clock.Day

// parseDays reads "30d" or a Go duration.
func parseDays(text string) (time.Duration, error) {
	var days int
	if n, err := fmt.Sscanf(text, "%dd", &days); n == 1 && err == nil && text == fmt.Sprintf("%dd", days) && days >= 0 && days <= 3660 {
		return time.Duration(days) * 24 * time.Hour, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, fault.New(fault.Invalid, "duration_invalid", "%q is not a time to advance by", fault.Shorten(text)).WithMend("use days such as 30d, or hours and minutes such as 36h")
	}
	return d, nil
}

// changes sends a server-sent event whenever lists may have changed, at most five a second.
func (s *Server) changes(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	out := http.NewResponseController(w)
	if _, err := fmt.Fprint(w, ": open\n\n"); err != nil {
		return nil
	}
	keepAlive := time.NewTicker(20 * time.Second)
	defer keepAlive.Stop()
	for {
		_ = out.SetWriteDeadline(time.Now().Add(slack)) // it stays open as long as somebody reads
		if err := out.Flush(); err != nil {
			return nil // the reader is gone
		}
		committed, renewed := s.Runner.Committed(), s.renewals.next()
		select {
		case <-r.Context().Done():
			return nil
		case <-s.leaving:
			return nil
		case <-keepAlive.C:
			if _, err := fmt.Fprint(w, ": here\n\n"); err != nil {
				return nil
			}
		case <-renewed:
			if err := s.changed(r.Context(), w); err != nil {
				return nil
			}
		case <-committed:
			if !sleep(r.Context(), 200*time.Millisecond) {
				return nil
			}
			if err := s.changed(r.Context(), w); err != nil {
				return nil
			}
		}
	}
}

// changed tells one reader that lists may have changed.
func (s *Server) changed(ctx context.Context, w io.Writer) error {
	position, err := s.Store.MinPosition(ctx)
	if err == nil {
		_, err = fmt.Fprintf(w, "event: change\ndata: {\"position\":%q}\n\n", s.Runner.Position(position))
	}
	return err
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

func changesOperation(s *Server, op *huma.Operation) {
	describe[struct{}, string](s, op, "200")
	op.Responses["200"].Content = map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}}}
}

// sessionAnswer keeps the console signed in by a cookie, or takes it away.
type sessionAnswer struct {
	SetCookie string `header:"Set-Cookie"`
	Body      SessionState
}

// SessionState says whether the console is signed in.
type SessionState struct {
	SignedIn bool   `json:"signed_in"`
	Name     string `json:"name,omitempty"`
	Demo     bool   `json:"demo,omitempty"`
	Company  string `json:"company,omitempty"`
}

// consoleName is what whoever works in the console is called.
func (s *Server) consoleName() string {
	if s.Demo != "" {
		return "Demo"
	}
	return "Administrator"
}

func (s *Server) getSession(ctx context.Context, _ *struct{}) (*struct{ Body SessionState }, error) {
	out := &struct{ Body SessionState }{}
	if s.Demo != "" {
		out.Body = SessionState{SignedIn: true, Name: s.consoleName(), Demo: true, Company: s.Demo}
		return out, nil
	}
	v, _ := ctx.Value(visitorKey).(visitor)
	if _, err := s.Access.Authenticate(ctx, access.Credentials{Session: v.session}); err == nil {
		out.Body = SessionState{SignedIn: true, Name: s.consoleName()}
	}
	return out, nil
}

// ConsoleParam is what only the console sends.
type ConsoleParam struct {
	Console string `header:"Headroom-Console"`
}

type signInRequest struct {
	ConsoleParam
	Body struct {
		Password string `json:"password" maxLength:"1000"`
	}
}

func (s *Server) postSession(ctx context.Context, in *signInRequest) (*sessionAnswer, error) {
	if in.Console != "1" {
		return nil, consoleOnly()
	}
	v, _ := ctx.Value(visitorKey).(visitor)
	token, err := s.Access.Login(ctx, in.Body.Password, v.remote)
	if err != nil {
		return nil, err
	}
	return &sessionAnswer{SetCookie: s.Access.Cookie(token, v.secure).String(), Body: SessionState{SignedIn: true, Name: s.consoleName()}}, nil
}

func (s *Server) deleteSession(ctx context.Context, in *ConsoleParam) (*sessionAnswer, error) {
	if in.Console != "1" {
		return nil, consoleOnly()
	}
	v, _ := ctx.Value(visitorKey).(visitor)
	if err := s.Access.Logout(ctx, v.session); err != nil {
		return nil, err
	}
	return &sessionAnswer{SetCookie: s.Access.Cookie("", v.secure).String()}, nil
}

func consoleOnly() error {
	return fault.New(fault.Denied, "console_header_missing", "signing in and out is for the console").
		WithMend("send the header %s: 1", access.ConsoleHeader)
}

// healthz says that the process answers.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, "{\"status\":\"ok\",\"version\":%q}\n", s.Version)
}

// readyz says whether calls would be answered now.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	if _, err := s.Store.MinPosition(ctx); err != nil {
		s.refuse(w, r, fault.New(fault.Unavailable, "not_ready", "the database does not answer").WithCause(err))
		return
	}
	if _, _, err := s.Log.Bounds(ctx); err != nil {
		s.refuse(w, r, fault.New(fault.Unavailable, "not_ready", "the log does not answer").WithCause(err))
		return
	}
	if err := s.Log.Health(); err != nil {
		s.refuse(w, r, fault.New(fault.Unavailable, "not_ready", "the log takes no records").WithCause(err))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintln(w, `{"status":"ready"}`)
}

// Health says how the server is.
type Health struct {
	Status  string `json:"status"`
	Version string `json:"version,omitempty"`
}

func healthOperation(s *Server, op *huma.Operation) { describe[struct{}, Health](s, op, "200") }

func openAPIOperation(_ *Server, op *huma.Operation) {
	op.Responses = map[string]*huma.Response{"200": {Content: map[string]*huma.MediaType{
		"application/vnd.oai.openapi+json": {Schema: &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}}}}}
}
