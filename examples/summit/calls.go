package summit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// api calls a server with a secret key.
type api struct {
	base, key string
	http      *http.Client
	attempts  int // a call is made so often until it is answered
	calls     atomic.Int64
}

func newAPI(base, key string) *api {
	t := &http.Transport{MaxIdleConnsPerHost: 2 * workers}
	return &api{base: strings.TrimSuffix(base, "/"), key: key, attempts: 5, http: &http.Client{Transport: t, Timeout: time.Minute}}
}

// refused is a server's no.
type refused struct {
	Status             int
	Code, Detail, Mend string
	call               string
}

func (e *refused) Error() string {
	return fmt.Sprintf("%s: %s (%d %s)", e.call, e.Detail, e.Status, e.Code)
}

// call sends body as JSON, or bytes as YAML, and reads the answer into out, if any. headers
// are names and values. What the server could not answer just now is sent again: every call
// that changes something carries an Idempotency-Key or is harmless twice.
func (a *api) call(ctx context.Context, method, path string, body, out any, headers ...string) error {
	kind := "application/json"
	var text []byte
	switch b := body.(type) {
	case nil:
	case []byte:
		text, kind = b, "application/yaml"
	case []event:
		kind = "application/cloudevents-batch+json"
		var err error
		if text, err = json.Marshal(b); err != nil {
			return err
		}
	default:
		var err error
		if text, err = json.Marshal(b); err != nil {
			return err
		}
	}
	for attempt := 1; ; attempt++ {
		err := a.once(ctx, method, path, kind, text, out, headers)
		var no *refused
		again := err != nil && (!errors.As(err, &no) || no.Status >= 500)
		if !again || attempt == a.attempts || ctx.Err() != nil {
			return err
		}
		select {
		case <-time.After(time.Duration(attempt) * 100 * time.Millisecond):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (a *api) once(ctx context.Context, method, path, kind string, text []byte, out any, headers []string) error {
	a.calls.Add(1)
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+a.key)
	if text != nil {
		req.Header.Set("Content-Type", kind)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i+1] != "" {
			req.Header.Set(headers[i], headers[i+1])
		}
	}
	res, err := a.http.Do(req)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if res.StatusCode >= 300 {
		no := &refused{Status: res.StatusCode, call: method + " " + path}
		if json.Unmarshal(answer, no) != nil || no.Code == "" {
			no.Detail = string(answer)
		}
		no.Status = res.StatusCode
		return no
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}

// event is a CloudEvent.
type event struct {
	Version string         `json:"specversion"`
	ID      string         `json:"id"`
	Source  string         `json:"source"`
	Type    string         `json:"type"`
	Subject string         `json:"subject"`
	Time    string         `json:"time,omitempty"`
	Data    map[string]any `json:"data"`
}

// The parts of answers that a life looks at.
type (
	decision struct {
		ID     string `json:"decision_id"`
		Status string
		Offer  struct {
			Key  string
			Give give
		}
	}
	give struct {
		Plan, Addon, Feature          string
		Interval, Refer, Talk, Invite string
		Trial                         bool
	}

	checked struct {
		Allowed   bool
		Remaining *float64
		Decision  *decision
	}
	bought struct {
		Plan        string
		PlanVersion int `json:"plan_version"`
		Status      string
		Addons      []struct {
			Key      string
			Quantity int
		}
		EndsAt  *time.Time `json:"ends_at"`
		Pending *struct {
			At     time.Time
			Change struct{ Plan string }
		}
	}
	previewed struct{ Token string }
	outcome   struct {
		Subscription *bought
		RequestID    string `json:"request_id"`
		Request      struct {
			Decision string `json:"decision_id"`
		}
	}
)
