package headroom_test

import (
	"bufio"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	headroom "github.com/headroomhq/headroom/sdk/go"
	"github.com/headroomhq/headroom/sdk/go/internal/testserver"
)

// between does something before the second question of a check.
type between struct {
	asked atomic.Int64
	do    func()
}

// RoundTrip makes the call.
func (b *between) RoundTrip(req *http.Request) (*http.Response, error) {
	if strings.HasSuffix(req.URL.Path, "/v1/check") && b.asked.Add(1) == 2 {
		b.do()
	}
	return http.DefaultTransport.RoundTrip(req)
}

func TestWhatTheServerHearsBetweenTwoQuestionsCountsOnce(t *testing.T) {
	s := testserver.Start(t, packaged)
	s.Plan("acme", "starter")
	late := &between{do: func() {
		s.Send("POST", "/v1/consume", map[string]any{"account": "acme", "feature": "exports", "quantity": 4}, "Idempotency-Key", "late")
	}}
	c := connect(t, s, func(c *headroom.Config) { c.HTTP = &http.Client{Transport: late} })
	here := headroom.Answer{Reason: headroom.LimitReached, Usage: 4, Limit: 5, Remaining: 1, Shortfall: 1}
	got := c.Explain(t.Context(), headroom.CheckRequest{Account: "acme", Feature: "exports", Quantity: new(2.0)}, here)
	if got.Allowed || got.Usage != 4 || got.Shortfall != 1 {
		t.Errorf("4 of 5 used and 2 wanted: allowed %t, usage %g, shortfall %g", got.Allowed, got.Usage, got.Shortfall)
	}
}

// noSigns takes out of a stream the signs of life that are said of all accounts.
type noSigns struct{}

// RoundTrip makes the call.
func (noSigns) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil || !strings.HasSuffix(req.URL.Path, "/stream") {
		return res, err
	}
	from, to := io.Pipe()
	body := res.Body
	go func() {
		lines := bufio.NewReader(body)
		for {
			line, err := lines.ReadString('\n')
			if !strings.HasPrefix(line, ":") {
				if _, gone := to.Write([]byte(line)); gone != nil {
					return
				}
			}
			if err != nil {
				to.CloseWithError(err)
				return
			}
		}
	}()
	res.Body = both{from, body}
	return res, nil
}

type both struct {
	*io.PipeReader
	body io.Closer
}

func (b both) Close() error {
	_ = b.PipeReader.Close()
	return b.body.Close()
}

func TestNewsOfOneAccountVouchForNoOther(t *testing.T) {
	s := testserver.Start(t, packaged)
	s.Plan("acme", "pro")
	s.Plan("globex", "pro")
	c := connect(t, s, func(c *headroom.Config) {
		c.Fresh, c.HTTP = 2*time.Second, &http.Client{Transport: noSigns{}}
	})
	acme, globex := account(t, c, "acme"), account(t, c, "globex")
	n := 0
	testserver.Until(t, "the silent account is stale, and the other one is not", func() bool {
		n++
		s.Send("POST", "/v1/consume", map[string]any{"account": "globex", "feature": "exports", "quantity": 0.001}, "Idempotency-Key", strconv.Itoa(n))
		return acme.Check("exports", 1).Stale && !globex.Check("exports", 1).Stale
	})
}
