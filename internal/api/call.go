package api

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"unicode/utf8"

	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
)

const (
	positionHeader    = "Headroom-Position"
	idempotencyHeader = "Idempotency-Key"
)

// PositionParam makes a read see at least what was there at a position.
type PositionParam struct {
	Position string `header:"Headroom-Position" doc:"position that an earlier answer carried: this read sees its effect"`
}

// IdempotencyParam makes repeating a call harmless.
type IdempotencyParam struct {
	IdempotencyKey string `header:"Idempotency-Key" maxLength:"255" doc:"the same key with the same call hears the same answer"`
}

// AccountParam names the account in the path.
type AccountParam struct {
	Account string `path:"account" maxLength:"200" doc:"the account's key"`
}

func (p AccountParam) accountKey() string { return p.Account }

// PageParams ask for a part of a list.
type PageParams struct {
	Cursor string `query:"cursor" maxLength:"4000" doc:"next of the part before"`
	Limit  int    `query:"limit" minimum:"0" maximum:"500" doc:"at most so many, 50 when left out"`
}

// after reads a position token. One that this log has not reached is refused, as waiting
// for it would be in vain.
func (s *Server) after(ctx context.Context, token string) (uint64, error) {
	position, err := s.Runner.ParsePosition(token)
	if err != nil || position <= s.Runner.Appended() {
		return position, err
	}
	_, last, err := s.Log.Bounds(ctx)
	if err != nil {
		return 0, err
	}
	s.Runner.NoteAppended(last)
	if position > last {
		return 0, fault.New(fault.Invalid, "position_unknown", "position %q is ahead of this server's log", fault.Shorten(token)).
			WithMend("use the position that an answer of this server carried, unchanged; after a restore from a backup, read once without it")
	}
	return position, nil
}

// checkName refuses what is too long to be the name of anything, before it gets into the log.
func checkName(field, value string) error {
	switch {
	case len(value) > event.MaxUser:
		return fault.New(fault.Invalid, event.CodeAttributeLong, "%s %q is above %d bytes", field, fault.Shorten(value), event.MaxUser).
			WithField(field, value, "is too long")
	case !utf8.ValidString(value):
		return fault.New(fault.Invalid, "not_utf8", "%s is not UTF-8", field).WithField(field, value, "must be UTF-8")
	}
	return nil
}

// call makes the record of an API call. Without an Idempotency-Key it gets a random one.
func (s *Server) call(kind event.Kind, account, user, typ, key string, body any) (event.Record, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return event.Record{}, err
	}
	if len(key) > 255 {
		return event.Record{}, fault.New(fault.Invalid, "idempotency_key_long", "the Idempotency-Key is above 255 bytes")
	}
	if key == "" {
		key = "random:" + rand.Text()
	}
	// The key belongs to the account: two accounts may use the same one.
	return event.Record{Kind: kind, Source: "api:" + kind.String() + ":" + account, ID: key, Key: account, User: user, Type: typ,
		ReceivedAt: s.Clock.Now(), Body: b}, nil
}

// answered makes a record durable, waits for Step's answer and reads it.
func answered[T any](ctx context.Context, s *Server, rec event.Record) (T, uint64, error) {
	var out T
	a, position, err := s.Runner.Call(ctx, rec)
	if err != nil {
		return out, position, err
	}
	if a.Fault != nil {
		return out, position, a.Fault
	}
	return out, position, json.Unmarshal(a.Body, &out)
}

// readAnswer reads what Step answered.
func readAnswer[T any](a engine.Answer) (T, error) {
	var out T
	if a.Fault != nil {
		return out, a.Fault
	}
	return out, json.Unmarshal(a.Body, &out)
}

// keyed refuses what costs money without an Idempotency-Key: a repetition must not cost twice.
func keyed(key, doing string) error {
	if key != "" {
		return nil
	}
	return fault.New(fault.Invalid, "idempotency_key_missing", "%s needs an Idempotency-Key header", doing).
		WithMend("send a new random key with each new call, and the same one when you repeat it")
}

// accountUnknown is what reads of an account that nobody ever named hear.
func accountUnknown(key string) error {
	return fault.New(fault.NotFound, "account_not_found", "there is no account %q", fault.Shorten(key)).
		WithMend("send its first event, or create it with PUT /v1/accounts/%s", fault.Shorten(key))
}
