package engine

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
)

// Answer is what Step tells the caller of a record: a fault, or a document.
type Answer struct {
	Fault *fault.Error
	Body  json.RawMessage
	// Duplicate: the record was counted before; Fault and Body are those of the first time
	// for calls, empty for events.
	Duplicate bool

	request [16]byte
}

// answered says whether records of this kind are calls that wait for Step's answer, which
// is kept for retries.
func answered(k event.Kind) bool {
	switch k {
	case event.KindEvent, event.KindGate, event.KindTick, event.KindCatalog, event.KindPerson, event.KindImport, event.KindDomain:
		return false
	default:
		return true
	}
}

var answerGone = Answer{Fault: fault.New(fault.Conflict, "answer_expired",
	"this Idempotency-Key was used and its call took effect, but the answer is no longer kept").
	WithMend("read the account's state, or use a new key for a new call")}

func ok(body any) Answer {
	b, err := json.Marshal(body)
	if err != nil {
		return refused(fault.New(fault.Internal, "internal", "the answer could not be written").WithCause(err))
	}
	return Answer{Body: b}
}

func refused(err error) Answer {
	if f, isFault := errors.AsType[*fault.Error](err); isFault {
		return Answer{Fault: f}
	}
	return Answer{Fault: fault.New(fault.Invalid, "invalid", "%s", err.Error())}
}

// requestOf hashes what a call asked for, so that one Idempotency-Key cannot stand for two
// different calls.
func requestOf(r *event.Record) [16]byte {
	h := sha256.New()
	fmt.Fprintf(h, "%d|%q|%q|%q|", r.Kind, r.Key, r.User, r.Type)
	asked := r.Body
	switch r.Kind { // what was found differs from one time to the next
	case event.KindVoid:
		if call, err := decode[VoidCall](r); err == nil {
			asked = []byte(call.Request)
		}
	case event.KindInvite:
		if r.Type == InviteSignUp {
			asked = nil
		}
	case event.KindConsume, event.KindRelease:
		asked = withoutHolder(r)
	case event.KindDecide:
		asked = withoutFound(r)
	}
	h.Write(asked)
	return [16]byte(h.Sum(nil)[:16])
}

// storedAnswer is how an answer is kept.
type storedAnswer struct {
	Kind   fault.Kind      `json:"kind,omitempty"`
	Code   string          `json:"code,omitempty"`
	Text   string          `json:"text,omitempty"`
	Mend   string          `json:"mend,omitempty"`
	Fields []fault.Field   `json:"fields,omitempty"`
	Body   json.RawMessage `json:"body,omitempty"`
}

func (a Answer) row(r *event.Record, fp event.Fingerprint) AnswerRow {
	st := storedAnswer{Body: a.Body}
	if f := a.Fault; f != nil {
		st.Kind, st.Code, st.Text, st.Mend, st.Fields = f.Kind, f.Code, f.Message, f.Mend, f.Fields
	}
	b, err := json.Marshal(st)
	if err != nil { // only a body that is not JSON, which ok() cannot make
		panic(err)
	}
	return AnswerRow{Account: r.Key, Fingerprint: fp, At: r.ReceivedAt, Request: a.request[:], Answer: b}
}

func decodeAnswer(row *AnswerRow) (Answer, error) {
	var st storedAnswer
	if err := json.Unmarshal(row.Answer, &st); err != nil {
		return Answer{}, fmt.Errorf("stored answer of account %q: %w", row.Account, err)
	}
	a := Answer{Body: st.Body}
	copy(a.request[:], row.Request)
	if st.Code != "" {
		a.Fault = &fault.Error{Kind: st.Kind, Code: st.Code, Message: st.Text, Mend: st.Mend, Fields: st.Fields}
	}
	return a, nil
}

// Recalled reads the stored answer to a call: what Step answers the record r when it repeats one.
func Recalled(row *AnswerRow, r *event.Record) (Answer, error) {
	a, err := decodeAnswer(row)
	if err == nil && a.request != requestOf(r) && a.request != ([16]byte{}) {
		a = reused(r)
	}
	return a, err
}

// reused refuses a call whose Idempotency-Key stands for another one.
func reused(r *event.Record) Answer {
	return Answer{Fault: fault.New(fault.Conflict, "idempotency_key_reused",
		"the Idempotency-Key %q was used for another call", fault.Shorten(r.ID)).
		WithMend("use a new key for a new call, or send the first call again unchanged")}
}

// ID makes the n-th id of a kind of thing of an account. It carries the account key, so
// that whoever gets only the id finds the partition: "dec_YWNtZQ.1a".
func ID(prefix, account string, n int64) string {
	return prefix + "_" + base64.RawURLEncoding.EncodeToString([]byte(account)) + "." + strconv.FormatInt(n, 36)
}

// AccountOf returns the account key that an id carries; false when it is none of ours.
func AccountOf(prefix, id string) (string, bool) {
	rest, found := strings.CutPrefix(id, prefix+"_")
	if !found {
		return "", false
	}
	enc, n, found := strings.Cut(rest, ".")
	if !found || n == "" {
		return "", false
	}
	key, err := base64.RawURLEncoding.DecodeString(enc)
	if err != nil || len(key) == 0 {
		return "", false
	}
	return string(key), true
}
