package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"

	"github.com/headroomhq/headroom/internal/db/dbtest"
	"github.com/headroomhq/headroom/internal/telemetry/telemetrytest"
)

// Traces of a started server, taken by a real OTLP/HTTP receiver.

// paths writes each span of a trace under its parents, sorted: "ingest > log append".
func paths(spans []telemetrytest.Span, head string) []string {
	byID := make(map[string]telemetrytest.Span)
	for _, s := range spans {
		byID[s.ID] = s
	}
	var out []string
	for _, s := range spans {
		names := []string{s.Name}
		at := s
		for at.Parent != head {
			above, ok := byID[at.Parent]
			if !ok {
				names = append(names, "(nobody)")
				break
			}
			names = append(names, above.Name)
			at = above
		}
		slices.Reverse(names)
		out = append(out, strings.Join(names, " > "))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

const callersSpan = "b7ad6b7169203331"

func traceparent(trace string) []string {
	return []string{"Traceparent", "00-" + trace + "-" + callersSpan + "-01", "Content-Type", "application/json"}
}

func TestATraceFollowsARequestThroughLogStepCheckpointAndEffect(t *testing.T) {
	receiver := telemetrytest.NewReceiver(t)
	c := newCompany(t, "", func(o *serverOptions) { o.traces, o.every = receiver.URL, 1<<30 })
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter"}, nil)
	var at struct{ Position string }
	settled := func() { // what came before is in a checkpoint, and its effects are out
		t.Helper()
		c.must("GET", "/v1/accounts", nil, nil, "Headroom-Position", at.Position)
	}

	const nearlyFull = "0af7651916cd43dd8448eb211c80319c"
	var batch []string
	for i := range 8 { // of 10 speakers: a signal fires
		batch = append(batch, ce(fmt.Sprint("t", i), "speaker.added", "acme", `{}`))
	}
	c.must("POST", "/v1/events", []byte("["+strings.Join(batch, ",")+"]"), &at, traceparent(nearlyFull)...)
	settled()

	const found = "1af7651916cd43dd8448eb211c80319c"
	c.must("POST", "/v1/group", []byte(`{"userId":"u1","groupId":"acme","messageId":"g1"}`), &at, "Content-Type", "application/json")
	settled()
	c.must("POST", "/v1/track", []byte(`{"userId":"u1","event":"speaker.added","messageId":"m1"}`), nil, traceparent(found)...)
	for deadline := time.Now().Add(20 * time.Second); ; { // it arrives at its account by way of its person
		var answer struct{ Usage float64 }
		c.must("POST", "/v1/check", map[string]any{"account": "acme", "feature": "speakers"}, &answer)
		if answer.Usage == 9 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%v speakers are counted", answer.Usage)
		}
	}

	const asked = "2af7651916cd43dd8448eb211c80319c"
	c.must("POST", "/v1/consume", []byte(`{"account":"acme","feature":"exports","quantity":1}`), nil, append(traceparent(asked), "Idempotency-Key", "x1")...)
	c.server.close() // sends what was gathered

	if got, want := paths(receiver.Of(nearlyFull), callersSpan), []string{
		"POST /v1/events",
		"POST /v1/events > ingest",
		"POST /v1/events > ingest > log append",
		"POST /v1/events > ingest > log append > step",
		"POST /v1/events > ingest > log append > step > checkpoint",
		"POST /v1/events > ingest > log append > step > checkpoint > effect",
	}; !slices.Equal(got, want) {
		t.Errorf("of events that fire a signal:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, s := range receiver.Of(nearlyFull) {
		if s.Name == "effect" && s.About["headroom.signals"] != "1" {
			t.Errorf("the effect is %v", s.About)
		}
	}
	track := "POST /v1/track > ingest > log append > step > checkpoint > effect > log append > step > checkpoint"
	if got := paths(receiver.Of(found), callersSpan); !slices.Contains(got, track) {
		t.Errorf("of an event whose account is found later:\n%s\nwant also\n%s", strings.Join(got, "\n"), track)
	}
	consume := "POST /v1/consume > log append > step > checkpoint"
	if got := paths(receiver.Of(asked), callersSpan); !slices.Contains(got, consume) {
		t.Errorf("of a call:\n%s\nwant also\n%s", strings.Join(got, "\n"), consume)
	}
	for _, s := range receiver.Spans() {
		if s.Trace != nearlyFull && s.Trace != found && s.Trace != asked {
			t.Errorf("a request that nobody traces was traced: %+v", s)
		}
		for name, value := range s.About {
			for _, personal := range []string{"acme", "u1", c.opts.secretKey} {
				if strings.Contains(value, personal) {
					t.Errorf("%s of %s is %q", name, s.Name, value)
				}
			}
		}
	}
}

func TestATraceGoesOnInAnotherProcess(t *testing.T) {
	nats, err := natsserver.NewServer(&natsserver.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), MaxPayload: 8 << 20, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	nats.Start()
	t.Cleanup(func() { nats.Shutdown(); nats.WaitForShutdown() })
	if !nats.ReadyForConnections(30 * time.Second) {
		t.Fatal("NATS does not come up")
	}
	receiver, target := telemetrytest.NewReceiver(t), dbtest.PostgresURL(t)
	node := func() *company {
		return newCompany(t, "", func(o *serverOptions) {
			o.database, o.nats, o.traces, o.every = target, nats.ClientURL(), receiver.URL, 1<<30
		})
	}
	owner := node() // of all partitions, as it comes first
	door := node()
	const trace = "3af7651916cd43dd8448eb211c80319c"
	var at struct{ Position string }
	door.must("POST", "/v1/events", []byte(ce("n1", "speaker.added", "acme", `{}`)), &at, traceparent(trace)...)
	owner.must("GET", "/v1/accounts", nil, nil, "Headroom-Position", at.Position)
	examined := func() (f findings) {
		examineData(t.Context(), patient{database: target, nats: nats.ClientURL()}, &f)
		return f
	}
	if f := examined(); f.count(statusBroken) > 0 || !slices.ContainsFunc(f.Checks, func(c finding) bool {
		return c.Check == "leases" && strings.HasPrefix(c.Found, "a running server holds partition 0 (http://127.0.0.1:")
	}) {
		t.Errorf("while nodes run, the doctor says of PostgreSQL and NATS %+v", f.Checks)
	}
	door.server.close()
	owner.server.close()
	if f := examined(); f.count(statusBroken) > 0 || !slices.ContainsFunc(f.Checks, func(c finding) bool {
		return c.Check == "leases" && c.Found == "none is held: the server ended in order"
	}) {
		t.Errorf("of PostgreSQL and NATS without a node the doctor says %+v", f.Checks)
	}
	instances := make(map[string]string)
	for _, s := range receiver.Of(trace) {
		instances[s.Name] = s.Instance
	}
	want := "POST /v1/events > ingest > log append > step > checkpoint"
	if got := paths(receiver.Of(trace), callersSpan); !slices.Contains(got, want) {
		t.Errorf("the trace is\n%s\nwant also\n%s", strings.Join(got, "\n"), want)
	}
	if instances["log append"] == "" || instances["step"] == "" || instances["log append"] == instances["step"] || instances["step"] != instances["checkpoint"] {
		t.Errorf("the spans are of %v", instances)
	}
}

func TestAReceiverThatIsAwayHoldsNothingUp(t *testing.T) {
	c := newCompany(t, "", func(o *serverOptions) { o.traces, o.every = "http://127.0.0.1:1", 1 })
	var got ingested
	for i := range 20 {
		c.must("POST", "/v1/events", []byte(ce(fmt.Sprint("a", i), "email.sent", "acme", `{"count":1}`)), &got, "Content-Type", "application/json")
	}
	c.must("GET", "/v1/accounts", nil, nil, "Headroom-Position", got.Position)
}
