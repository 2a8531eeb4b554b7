package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
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
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, from) //nolint:gosec // the address is the user's own
	if err != nil {
		return fault.New(fault.Invalid, "url_invalid", "HEADROOM_URL %q is no address: %v", c.base, err)
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
		return fault.New(fault.Unavailable, "server_unreachable", "the server at %s does not answer: %v", c.base, err).
			WithMend("start it with `headroom serve`, or set HEADROOM_URL")
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return refusal(resp.StatusCode, answer)
	}
	switch out := out.(type) {
	case nil:
		return nil
	case *[]byte:
		*out = answer
		return nil
	default:
		return json.Unmarshal(answer, out)
	}
}

// refusal turns a problem document back into a fault.
func refusal(status int, body []byte) error {
	var p struct {
		Code, Detail, Mend string
		Errors             []fault.Field
	}
	if err := json.Unmarshal(body, &p); err != nil || p.Code == "" {
		return fmt.Errorf("the server answered %d: %s", status, fault.Shorten(string(body)))
	}
	return &fault.Error{Kind: fault.Invalid, Code: p.Code, Message: p.Detail, Mend: p.Mend, Fields: p.Errors}
}
