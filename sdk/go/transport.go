package headroom

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	mathrand "math/rand/v2"
	"net/http"
	"net/url"
	"time"
)

// request is one call of the API.
type request struct {
	method, path string // path with its values escaped: see path
	query        url.Values
	body         any
	media        string // application/json when empty
	key          string // Idempotency-Key
	once         bool   // tried once: it is not known to do nothing twice
}

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 32 << 20

type contextKey int

const (
	positionKey contextKey = iota
	idempotencyKey
)

// WithPosition returns a context whose calls see at least what an earlier answer's Position
// saw, on any node of the server.
func WithPosition(ctx context.Context, position string) context.Context {
	return context.WithValue(ctx, positionKey, position)
}

// WithIdempotencyKey returns a context whose next call is made under this key instead of one
// that the SDK makes up: the same call under the same key hears the same answer, also from
// another process. Use it for one call only.
func WithIdempotencyKey(ctx context.Context, key string) context.Context {
	return context.WithValue(ctx, idempotencyKey, key)
}

// newID returns 128 random bits in hex.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// keyOf returns the idempotency key of a call that changes something.
func keyOf(ctx context.Context) string {
	if k, ok := ctx.Value(idempotencyKey).(string); ok && k != "" {
		return k
	}
	return newID()
}

// path joins segments of a path, each escaped.
func path(segments ...string) string {
	p := []byte("/v1")
	for _, s := range segments {
		p = append(append(p, '/'), url.PathEscape(s)...)
	}
	return string(p)
}

// call makes a request, again where that can do no harm, and reads the answer into out.
func (c *Client) call(ctx context.Context, r request, out any) error {
	var body []byte
	if r.body != nil {
		var err error
		if raw, ok := r.body.(json.RawMessage); ok {
			body = raw
		} else if body, err = json.Marshal(r.body); err != nil {
			return fail("not_json", "the call cannot be written as JSON: %v", err).because(err)
		}
	}
	attempts := c.Attempts
	if r.once {
		attempts = 1
	}
	for attempt := 1; ; attempt++ {
		err := c.try(ctx, r, body, out)
		if err == nil || attempt >= attempts || !away(err) || ctx.Err() != nil {
			return err
		}
		wait := backoff(attempt, 50*time.Millisecond, 2*time.Second)
		if e, ok := errors.AsType[*Error](err); ok {
			wait = max(wait, e.RetryAfter)
		}
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < wait {
			return err
		}
		if !c.pause(ctx, wait) {
			return err
		}
	}
}

// pause waits; false when the caller or the client ended before.
func (c *Client) pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
	case <-c.ctx.Done():
	}
	return false
}

// backoff grows from least to most, and is drawn from its upper half, so that many
// processes do not come back at once.
func backoff(attempt int, least, most time.Duration) time.Duration {
	d := most
	if attempt < 20 {
		d = min(most, least<<(attempt-1))
	}
	return d/2 + mathrand.N(d/2+1)
}

func (c *Client) newRequest(ctx context.Context, r request, body []byte) (*http.Request, error) {
	u := c.base.String() + r.path
	if len(r.query) > 0 {
		u += "?" + r.query.Encode()
	}
	var from io.Reader
	if body != nil {
		from = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, u, from)
	if err != nil {
		return nil, fail(CodeConfigInvalid, "the call cannot be made: %v", err).because(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.Key)
	req.Header.Set("User-Agent", "headroom-go")
	if body != nil {
		media := r.media
		if media == "" {
			media = "application/json"
		}
		req.Header.Set("Content-Type", media)
	}
	if r.key != "" {
		req.Header.Set("Idempotency-Key", r.key)
	}
	if p, ok := ctx.Value(positionKey).(string); ok && p != "" {
		req.Header.Set("Headroom-Position", p)
	}
	return req, nil
}

func (c *Client) try(ctx context.Context, r request, body []byte, out any) error {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	req, err := c.newRequest(ctx, r, body)
	if err != nil {
		return err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return unreachable(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return unreachable(err)
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return problem(res.StatusCode, res.Header, answer)
	}
	if out == nil || len(answer) == 0 {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fail(CodeAnswerInvalid, "the answer is not what a Headroom server says: %v", err).because(err).
			mend("see that the URL is that of a Headroom server")
	}
	return nil
}

func unreachable(err error) *Error {
	return fail(CodeUnreachable, "the server does not answer: %v", err).because(err).
		mend("see that it runs, and that URL and network lead to it")
}
