package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/headroomhq/headroom/internal/fault"
)

// client calls a server's API: the one at HEADROOM_URL with HEADROOM_SECRET_KEY unless
// made otherwise.
type client struct {
	base, key string
	http      *http.Client
}

// newClient returns a client for the server the environment names.
func newClient() (*client, error) {
	base := os.Getenv("HEADROOM_URL")
	if base == "" {
		base = "http://127.0.0.1:8080"
	}
	key := os.Getenv("HEADROOM_SECRET_KEY")
	if key == "" {
		return nil, fault.New(fault.Unauthenticated, "key_missing", "HEADROOM_SECRET_KEY is not set").
			WithMend("set it to a secret key of the server at %s", base)
	}
	return clientFor(base, key), nil
}

func clientFor(base, key string) *client {
	return &client{base: strings.TrimSuffix(base, "/"), key: key, http: &http.Client{Timeout: 60 * time.Second}}
}

// checkBase refuses an address without http:// or https://.
func (c *client) checkBase() error {
	if strings.HasPrefix(c.base, "http://") || strings.HasPrefix(c.base, "https://") {
		return nil
	}
	return fault.New(fault.Invalid, "url_invalid", "HEADROOM_URL %q has no http:// or https://", scheme(c.base)).
		WithMend("write http:// before it, such as http://127.0.0.1:8080")
}

// away says why the server could not be asked.
func (c *client) away(err error, mend string) error {
	if !strings.Contains(err.Error(), "server gave HTTP response to HTTPS client") {
		return fault.New(fault.Unavailable, "server_unreachable", "the server at %s does not answer: %v", c.base, err).WithMend("%s", mend)
	}
	return fault.New(fault.Unavailable, "server_unreachable", "the server at %s speaks http, not https", c.base).WithMend("write http:// in HEADROOM_URL")
}

// call sends body as JSON (bytes as they are) and reads the answer into out, if any.
func (c *client) call(ctx context.Context, method, path string, body, out any, headers ...string) error {
	var from io.Reader
	contentType := "application/json"
	switch b := body.(type) {
	case nil:
	case []byte:
		from, contentType = bytes.NewReader(b), "application/yaml"
	default:
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		from = bytes.NewReader(text)
	}
	if err := c.checkBase(); err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, from) //nolint:gosec // the address is the user's own
	if err != nil {
		return fault.New(fault.Invalid, "url_invalid", "HEADROOM_URL %q is no address: %v", c.base, err).WithMend("write it as http://127.0.0.1:8080")
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	if from != nil {
		req.Header.Set("Content-Type", contentType)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i+1] != "" {
			req.Header.Set(headers[i], headers[i+1])
		}
	}
	resp, err := c.http.Do(req) //nolint:gosec // the same
	if err != nil {
		return c.away(err, "start it with `headroom serve`, or set HEADROOM_URL")
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return refusal(c.base, resp.StatusCode, answer)
	}
	switch out := out.(type) {
	case nil:
		return nil
	case *[]byte:
		*out = answer
		return nil
	default:
		if err := json.Unmarshal(answer, out); err != nil {
			return foreign(c.base, resp.StatusCode, answer)
		}
		return nil
	}
}

// foreign says that what answered is no server of ours.
func foreign(base string, status int, body []byte) error {
	return fault.New(fault.Unavailable, "server_foreign", "what answered at %s is no headroom: status %d, %q", base, status, fault.Shorten(strings.TrimSpace(string(body)))).
		WithMend("set HEADROOM_URL to the address that `headroom serve` printed, https:// when a proxy in front asks for it")
}

// refusal turns a problem document back into a fault.
func refusal(base string, status int, body []byte) error {
	var p struct {
		Code, Detail, Mend string
		Errors             []fault.Field
	}
	if err := json.Unmarshal(body, &p); err != nil || p.Code == "" {
		return foreign(base, status, body)
	}
	return &fault.Error{Kind: fault.Invalid, Code: p.Code, Message: p.Detail, Mend: p.Mend, Fields: p.Errors}
}
