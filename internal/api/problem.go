package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/runner"
)

// Problem is an RFC 9457 problem with our stable code.
type Problem struct {
	Type   string        `json:"type" doc:"about the code, in the published list" example:"https://github.com/headroomhq/headroom/blob/main/docs/errors.md#account_not_found"`
	Title  string        `json:"title"`
	Status int           `json:"status"`
	Code   string        `json:"code" doc:"stable; the list is published"`
	Detail string        `json:"detail"`
	Mend   string        `json:"mend,omitempty" doc:"what to do about it"`
	Errors []fault.Field `json:"errors,omitempty"`

	retryAfter int // seconds
}

// errorDocs is where the published list of codes stands.
const errorDocs = "https://github.com/headroomhq/headroom/blob/main/docs/errors.md#"

// statuses is the one table from kinds of fault to HTTP.
var statuses = map[fault.Kind]int{
	fault.Internal:        http.StatusInternalServerError,
	fault.Invalid:         http.StatusUnprocessableEntity,
	fault.NotFound:        http.StatusNotFound,
	fault.Conflict:        http.StatusConflict,
	fault.Unauthenticated: http.StatusUnauthorized,
	fault.Denied:          http.StatusForbidden,
	fault.TooLarge:        http.StatusRequestEntityTooLarge,
	fault.Unsupported:     http.StatusUnsupportedMediaType,
	fault.Stale:           http.StatusPreconditionFailed,
	fault.Busy:            http.StatusTooManyRequests,
	fault.Unavailable:     http.StatusServiceUnavailable,
}

// Error returns the detail, for huma.
func (p *Problem) Error() string { return p.Detail }

// GetStatus returns the HTTP status, for huma.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType makes it application/problem+json.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders adds Retry-After where it helps.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(p.retryAfter))
	}
	return h
}

// problem turns an error into what the caller sees. The text of errors that are not
// faults stays in our log.
func (s *Server) problem(ctx context.Context, err error) *Problem {
	if elsewhere, ok := errors.AsType[*runner.Elsewhere](err); ok {
		if where, ok := ctx.Value(elsewhereKey).(*runner.Elsewhere); ok {
			*where = *elsewhere
		}
		err = fault.New(fault.Unavailable, "partition_moved", "the account's partition is moving between nodes").
			WithMend("try again in a few seconds")
	}
	var f *fault.Error
	if !errors.As(err, &f) {
		switch {
		case errors.Is(err, context.Canceled):
			f = fault.New(fault.Unavailable, "canceled", "the caller went away")
		case errors.Is(err, context.DeadlineExceeded):
			f = fault.New(fault.Unavailable, "timeout", "the call took too long").WithMend("try again with the same Idempotency-Key")
		default:
			s.Logger.Error("internal error", "error", err)
			f = fault.New(fault.Internal, "internal", "something went wrong here").WithMend("see the server's log; nothing accepted was lost")
		}
	} else if f.Kind == fault.Internal {
		s.Logger.Error("internal error", "error", err, "cause", f.Cause)
	}
	status := statuses[f.Kind]
	switch f.Code {
	case "malformed_json":
		status = http.StatusBadRequest
	case "method_unknown":
		status = http.StatusMethodNotAllowed
	}
	p := &Problem{Type: errorDocs + f.Code, Title: http.StatusText(status), Status: status, Code: f.Code,
		Detail: f.Message, Mend: f.Mend, Errors: f.Fields}
	if f.Kind == fault.Busy || f.Kind == fault.Unavailable {
		p.retryAfter = max(1, f.RetryAfter)
	}
	if where, ok := ctx.Value(elsewhereKey).(*runner.Elsewhere); !ok || where.Address == "" { // else another node answers
		s.meters.refused(f.Code, status)
	}
	return p
}

// refuse writes a problem on a plain handler.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	p := s.problem(r.Context(), err)
	h := w.Header()
	maps.Copy(h, p.GetHeaders())
	h.Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	b, _ := json.Marshal(p) // plain values
	_, _ = w.Write(b)
}

// problemOf turns what huma's own validation finds into our problem.
func problemOf(status int, msg string, errs ...error) huma.StatusError {
	p := &Problem{Title: http.StatusText(status), Status: status, Detail: msg}
	switch status {
	case http.StatusBadRequest:
		p.Code = "malformed_json"
	case http.StatusNotFound:
		p.Code = "not_found"
	case http.StatusRequestEntityTooLarge:
		p.Code = "body_too_large"
	case http.StatusRequestTimeout:
		p.Code, p.Mend = "body_too_slow", "send it again, in smaller parts if the line is slow"
	case http.StatusUnsupportedMediaType:
		p.Code, p.Mend = "unsupported_media_type", "send it as application/json"
	case http.StatusUnprocessableEntity:
		p.Code, p.Mend = "invalid", "mend the values named under errors"
	default:
		p.Code = "http_" + strconv.Itoa(status)
	}
	for _, err := range errs {
		var d *huma.ErrorDetail
		if !errors.As(err, &d) {
			if err != nil {
				p.Detail += ": " + err.Error()
			}
			continue
		}
		path := strings.TrimPrefix(strings.TrimPrefix(d.Location, "body"), ".")
		p.Errors = append(p.Errors, fault.Field{Path: path, Value: fault.Shorten(fmt.Sprint(d.Value)), Message: d.Message})
	}
	p.Type = errorDocs + p.Code
	return p
}
