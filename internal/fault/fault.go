// Package fault holds the one error type that crosses package borders: a kind, which
// decides the HTTP status and the exit code, a stable code, and words that are safe to
// show to whoever asked. Every fault names the thing, the value and the mend.
package fault

import (
	"errors"
	"fmt"
	"strings"
)

// Kind says what sort of thing went wrong. One table in package api maps kinds to HTTP
// statuses; on the command line every kind exits with status 1.
type Kind uint8

// The kinds. An error that is not a *Error is Internal.
const (
	Internal        Kind = iota // our own mistake; the text is not shown to strangers
	Invalid                     // the input is wrong and will stay wrong
	NotFound                    // the thing named does not exist
	Conflict                    // the thing exists in a state that forbids this
	Unauthenticated             // no key, or an unknown or revoked one
	Denied                      // a known key without the scope for this
	TooLarge                    // body, batch or value above its stated bound
	Unsupported                 // media type or encoding we do not take
	Stale                       // If-Match or a confirmation token no longer fits
	Busy                        // cannot be taken now, try again after a moment
	Unavailable                 // disk full, log or database away; nothing was accepted
)

// Field points at one wrong input value. Path is a JSON pointer or a dotted catalog path;
// Value is the value as given, shortened to 200 bytes.
type Field struct {
	Path    string `json:"path"`
	Value   string `json:"value"`
	Message string `json:"message"`
}

// Error is a fault. Code is stable and published (see Codes); Message says what is wrong
// with which value; Mend says what to do about it. Cause is for logs only.
type Error struct {
	Kind    Kind
	Code    string
	Message string
	Mend    string
	Fields  []Field
	// RetryAfter is how many seconds from now trying again may help, for kinds Busy and
	// Unavailable; 0: soon.
	RetryAfter int
	Cause      error
}

// Error returns the message with its mend, without the cause.
func (e *Error) Error() string {
	if e.Mend == "" {
		return e.Message
	}
	return e.Message + " (" + e.Mend + ")"
}

// Unwrap returns the cause, for errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Cause }

// New returns a fault. The code must be in the published table; a test holds that.
func New(kind Kind, code, format string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Message: fmt.Sprintf(format, args...)}
}

// WithMend returns e with the mend set.
func (e *Error) WithMend(format string, args ...any) *Error {
	e.Mend = fmt.Sprintf(format, args...)
	return e
}

// WithCause returns e with the cause set.
func (e *Error) WithCause(err error) *Error { e.Cause = err; return e }

// WithRetryAfter returns e with the number of seconds after which trying again may help.
func (e *Error) WithRetryAfter(seconds int) *Error { e.RetryAfter = seconds; return e }

// WithField returns e with one more wrong input value.
func (e *Error) WithField(path, value, message string) *Error {
	e.Fields = append(e.Fields, Field{Path: path, Value: Shorten(value), Message: message})
	return e
}

// Shorten cuts a value to 200 bytes of valid UTF-8, so that hostile input cannot blow up an answer.
func Shorten(value string) string {
	if len(value) > 200 {
		value = value[:200] + "…"
	}
	return strings.ToValidUTF8(value, "\uFFFD")
}

// KindOf returns the kind of err, Internal when it is not a fault.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// CodeOf returns the stable code of err, "internal" when it is not a fault.
func CodeOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return "internal"
}
