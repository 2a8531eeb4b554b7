package headroom

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Error is what went wrong: a problem that the server answered, or, with Status 0, one that
// arose here. Code is stable and published in docs/errors.md of the server; the SDK's own
// codes are the constants below.
type Error struct {
	Status int    // of HTTP; 0: no answer of a server
	Code   string // stable
	Detail string // what is wrong, naming the value
	Mend   string // what to do about it
	Fields []Field
	// RetryAfter is how long the server asks to wait before trying again; 0: it does not say.
	RetryAfter time.Duration
	Cause      error // what lies beneath, for errors.Is and errors.As
}

// Field points at one wrong value of what was sent.
type Field struct {
	Path    string `json:"path"`
	Value   string `json:"value"`
	Message string `json:"message"`
}

// Codes of the SDK itself.
const (
	CodeUnreachable     = "server_unreachable"  // no answer: network, timeout
	CodeUnknownFeature  = "unknown_feature"     // not in the catalog; as the server says it
	CodeWrongKind       = "feature_wrong_kind"  // asked for a value of a feature without one, or the like
	CodeQuantityInvalid = "quantity_invalid"    // below zero, not a number, beyond 1e12
	CodeQueueFull       = "event_queue_full"    // more events than Config.Queue wait to be sent
	CodeEventInvalid    = "event_invalid"       // without account or type, or not JSON
	CodeClosed          = "client_closed"       // the client was closed
	CodeUndelivered     = "events_undelivered"  // Close or Flush ended before all events were sent
	CodeConfigInvalid   = "config_invalid"      // New was told something that cannot be
	CodeAnswerInvalid   = "answer_invalid"      // what answers is no Headroom server
	CodeNotKnown        = "account_not_known"   // nothing is known of the account: no server, no cache
	CodeNoReservation   = "reservation_missing" // a reservation without an id
)

// Error returns the detail with its mend.
func (e *Error) Error() string {
	s := "headroom: " + e.Detail
	if e.Mend != "" {
		s += " (" + e.Mend + ")"
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// CodeOf returns the stable code of an error of this package, "" of any other.
func CodeOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}

func fail(code, format string, args ...any) *Error {
	return &Error{Code: code, Detail: fmt.Sprintf(format, args...)}
}

func (e *Error) mend(text string) *Error {
	e.Mend = text
	return e
}

func (e *Error) because(cause error) *Error {
	e.Cause = cause
	return e
}

// away says whether an error means that the server cannot answer now, not that it refuses.
func away(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && (e.Code == CodeUnreachable || e.Code == CodeAnswerInvalid || e.Status >= 500 || e.Status == http.StatusTooManyRequests)
}

// problem reads the body of an answer that is not a success.
func problem(status int, header http.Header, body []byte) *Error {
	var p struct {
		Code, Detail, Mend string
		Errors             []Field
	}
	e := &Error{Status: status}
	if err := json.Unmarshal(body, &p); err != nil || p.Code == "" {
		e.Code = CodeAnswerInvalid
		e.Detail = fmt.Sprintf("the server answered %d without a problem of Headroom", status)
		e.Mend = "see that the URL is that of a Headroom server, and what stands between"
	} else {
		e.Code, e.Detail, e.Mend, e.Fields = p.Code, p.Detail, p.Mend, p.Errors
	}
	if s, err := strconv.Atoi(strings.TrimSpace(header.Get("Retry-After"))); err == nil && s > 0 {
		e.RetryAfter = time.Duration(s) * time.Second
	}
	return e
}
