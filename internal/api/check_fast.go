package api

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"github.com/headroomhq/headroom/internal/access"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/runner"
)

// A check is asked on every click, so the usual one goes a short way: a plain body from a
// server or a browser of this origin, for an account whose partition is owned here and whose
// state is in memory. Nothing is decided here that the long way decides otherwise: whatever is
// unusual, and every refusal, goes there, with the body that was read.

const (
	checkRoute   = "POST /v1/check"
	maxFastCheck = 4096 // bytes of a body
)

// fastCheck is the memory of one check, used again by another.
type fastCheck struct {
	body     []byte
	req      CheckRequest
	quantity quantity.Quantity
	out      CheckAnswer
	position uint64
	pooled   bool // a family's pool may answer instead
	read     func(runner.View)
	json     []byte
}

var fastChecks = sync.Pool{New: func() any {
	c := &fastCheck{body: make([]byte, maxFastCheck), json: make([]byte, 0, 2048)}
	c.read = c.answer
	return c
}}

// answer answers from the account as it is.
func (c *fastCheck) answer(v runner.View) {
	c.out.Answer = entitlement.Check(v.Account.Input(v.Catalog, v.State.Now), c.req.Feature, c.quantity)
	c.out.Stale, c.position = v.Stale, v.State.Position
	c.pooled = poolAbove(v, &c.out.Answer) != ""
}

// checkNow answers a usual check; false when the request must go the long way.
func (s *Server) checkNow(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodPost || r.URL.RawQuery != "" || r.ContentLength < 2 || r.ContentLength > maxFastCheck ||
		s.Demo != "" || r.Header.Get("Authorization") == "" || r.Header.Get("Origin") != "" || r.Header.Get(forwardedHeader) != "" {
		return false
	}
	began := time.Now()
	who, err := s.authenticate(r)
	if err != nil || s.allowed(who, checkRoute, access.Check) != nil {
		return false
	}
	ctx, span := s.Tracer.Request(r)
	c := fastChecks.Get().(*fastCheck)
	defer c.release()
	body := c.body[:r.ContentLength]
	if n, err := io.ReadFull(r.Body, body); err != nil {
		r.Body = replayed(string(body[:n]), r.Body)
		return false
	}
	if !s.checked(ctx, c, who, string(body), r.Header.Get(positionHeader)) {
		r.Body = replayed(string(body), r.Body)
		return false
	}
	c.json = s.appendCheck(c.json[:0], &c.out, c.position)
	h := w.Header()
	h["Cache-Control"], h["X-Content-Type-Options"], h["Content-Type"] = noStore, noSniff, jsonType
	if len(c.json) >= 2048 { // net/http sees by itself how long a short answer is
		h["Content-Length"] = []string{strconv.Itoa(len(c.json))}
	}
	_, _ = w.Write(c.json) // the caller went away: nothing to tell them
	if span.IsRecording() {
		span.SetName(checkRoute)
		span.SetAttributes(attribute.String("http.request.method", r.Method), attribute.String("http.route", "/v1/check"), attribute.Int("http.response.status_code", http.StatusOK))
		span.End()
	}
	s.meters.checked().Observe(time.Since(began).Seconds())
	return true
}

var jsonType = []string{"application/json"}

// release forgets everything about a check but its memory.
func (c *fastCheck) release() {
	c.req, c.quantity, c.out, c.position, c.pooled = CheckRequest{}, 0, CheckAnswer{}, 0, false
	fastChecks.Put(c)
}

// checked works the answer out; false where the long way must.
func (s *Server) checked(ctx context.Context, c *fastCheck, who access.Principal, body, after string) bool {
	c.quantity = quantity.One
	if !c.parse(body) {
		return false
	}
	if asks(who, &c.req.Account, &c.req.User, &c.req.Role) != nil || needFeature(c.req.Feature) != nil || checkName("placement", c.req.Placement) != nil {
		return false
	}
	position, err := s.Runner.ParsePosition(after)
	if err != nil || !s.Runner.ReadNow(c.req.Account, position, c.read) || c.pooled {
		return false
	}
	c.out.forRole(c.req.Role)
	if c.out.Allowed || c.out.Reason == entitlement.UnknownFeature {
		return true
	}
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, principalKey, who), s.Timeout)
	defer cancel()
	c.position, err = s.lock(ctx, c.req, &c.out, c.position)
	return err == nil
}

// replayed is a body of which a part was read already.
func replayed(read string, rest io.ReadCloser) io.ReadCloser {
	return &replay{read, rest}
}

type replay struct {
	read string
	io.ReadCloser
}

// Read reads first what was read before.
func (r *replay) Read(p []byte) (int, error) {
	if r.read == "" {
		return r.ReadCloser.Read(p)
	}
	n := copy(p, r.read)
	r.read = r.read[n:]
	return n, nil
}

// appendCheck writes a check's answer, as encoding/json does.
func (s *Server) appendCheck(b []byte, a *CheckAnswer, position uint64) []byte {
	return appendCheckAnswer(b, a, func(b []byte) []byte { return s.Runner.AppendPosition(b, position) })
}

func appendCheckAnswer(b []byte, a *CheckAnswer, position func([]byte) []byte) []byte {
	b = a.AppendFields(append(b, '{'))
	if a.Decision != nil {
		text, _ := json.Marshal(a.Decision) // plain values
		b = append(append(b, `,"decision":`...), text...)
	}
	b = strconv.AppendBool(append(b, `,"stale":`...), a.Stale)
	b = position(append(b, `,"position":"`...))
	return append(b, `"}`...)
}

// parse reads a body as people and clients write it: an object of the known names, each once,
// with texts of plain ASCII and a quantity of a few digits. Of anything else it says false.
func (c *fastCheck) parse(s string) bool {
	i := space(s, 0)
	if i == len(s) || s[i] != '{' {
		return false
	}
	seen := 0
	for i = space(s, i+1); ; i = space(s, i+1) {
		name, next, ok := plainText(s, i)
		if i = space(s, next); !ok || i == len(s) || s[i] != ':' {
			return false
		}
		var into *string
		var bit int
		switch name {
		case "account":
			into, bit = &c.req.Account, 1
		case "feature":
			into, bit = &c.req.Feature, 2
		case "user":
			into, bit = &c.req.User, 4
		case "quantity":
			bit = 8
		case "placement":
			into, bit = &c.req.Placement, 16
		case "role":
			into, bit = &c.req.Role, 32
		case "touch":
			bit = 64
		default:
			return false
		}
		if seen&bit != 0 {
			return false
		}
		seen |= bit
		i = space(s, i+1)
		switch {
		case into != nil:
			*into, next, ok = plainText(s, i)
		case bit == 64:
			c.req.Touch, next, ok = plainBool(s, i)
		default:
			c.quantity, next, ok = plainNumber(s, i)
			c.req.Quantity = &c.quantity
		}
		if i = space(s, next); !ok || i == len(s) {
			return false
		}
		if s[i] == '}' {
			return space(s, i+1) == len(s)
		}
		if s[i] != ',' {
			return false
		}
	}
}

// space returns the index of the first byte from i on that is no JSON space.
func space(s string, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\n' || s[i] == '\r' || s[i] == '\t') {
		i++
	}
	return i
}

// plainText reads a string of printable ASCII without escapes.
func plainText(s string, i int) (text string, next int, ok bool) {
	if i == len(s) || s[i] != '"' {
		return "", i, false
	}
	for from := i + 1; ; {
		i++
		if i == len(s) || s[i] < ' ' || s[i] > '~' || s[i] == '\\' {
			return "", i, false
		}
		if s[i] == '"' {
			return s[from:i], i + 1, true
		}
	}
}

// plainBool reads true or false.
func plainBool(s string, i int) (b *bool, next int, ok bool) {
	yes, no := true, false
	switch {
	case strings.HasPrefix(s[i:], "true"):
		return &yes, i + 4, true
	case strings.HasPrefix(s[i:], "false"):
		return &no, i + 5, true
	}
	return nil, i, false
}

// plainNumber reads a number of up to nine digits and nothing else.
func plainNumber(s string, i int) (q quantity.Quantity, next int, ok bool) {
	from := i
	var n int64
	for i < len(s) && s[i] >= '0' && s[i] <= '9' && i-from < 10 {
		n = n*10 + int64(s[i]-'0')
		i++
	}
	if i == from || i-from > 9 || s[from] == '0' && i-from > 1 {
		return 0, i, false
	}
	return quantity.Of(n), i, true
}
