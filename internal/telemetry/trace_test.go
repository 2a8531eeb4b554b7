package telemetry_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/trace"
	"pgregory.net/rapid"

	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/telemetry"
	"github.com/headroomhq/headroom/internal/telemetry/telemetrytest"
)

func newTracer(t testing.TB, url string, every int) *telemetry.Tracer {
	t.Helper()
	tracer, err := telemetry.NewTracer(context.Background(), telemetry.TraceOptions{URL: url, Every: every, Version: "1", Instance: "one", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return tracer
}

const (
	theirTrace = "0af7651916cd43dd8448eb211c80319c"
	theirSpan  = "b7ad6b7169203331"
)

func request(traceparent string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/v1/events", nil)
	if traceparent != "" {
		r.Header.Set("Traceparent", traceparent)
	}
	return r
}

func TestARequestIsTracedWhenItsCallerTracesItOrChanceSaysSo(t *testing.T) {
	for _, c := range []struct {
		name, traceparent string
		every             int
		traced, theirs    bool
	}{
		{"its caller traces it", "00-" + theirTrace + "-" + theirSpan + "-01", 1 << 30, true, true},
		{"its caller decided against it", "00-" + theirTrace + "-" + theirSpan + "-00", 1, false, false},
		{"its caller does not trace, and every request is", "", 1, true, false},
		{"its caller does not trace, and hardly any request is", "", 1 << 30, false, false},
		{"its caller says nonsense", "00-0-0-01", 1 << 30, false, false},
		{"its caller says nonsense, and every request is", "zz", 1, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			receiver := telemetrytest.NewReceiver(t)
			tracer := newTracer(t, receiver.URL, c.every)
			ctx, span := tracer.Request(request(c.traceparent))
			_, inner := tracer.Start(ctx, "inner")
			inner.End()
			span.End()
			tracer.Close(t.Context())
			spans := receiver.Spans()
			if traced := len(spans) == 2; traced != c.traced || !traced && len(spans) > 0 {
				t.Fatalf("spans: %+v", spans)
			}
			if c.traced && (spans[0].Parent != spans[1].ID || spans[0].Instance != "one" || (spans[1].Trace == theirTrace && spans[1].Parent == theirSpan) != c.theirs) {
				t.Errorf("spans: %+v", spans)
			}
		})
	}
}

func TestATraceIsCarriedByAMessageToThePartitionsItConcerns(t *testing.T) {
	tracer := newTracer(t, telemetrytest.NewReceiver(t).URL, 1)
	defer tracer.Close(t.Context())
	rapid.Check(t, func(rt *rapid.T) {
		ctx, span := tracer.Request(request(""))
		defer span.End()
		partitions := rapid.SliceOfNDistinct(rapid.IntRange(0, 31999), 1, 80, rapid.ID[int]).Draw(rt, "partitions")
		position := rapid.Uint64Range(1, 1<<40).Draw(rt, "position")
		tracer.Arrive(position, []string{tracer.Carry(ctx, partitions)})
		got := tracer.Carried(position)
		if len(got) != 1 || got[0].Span.TraceID() != span.SpanContext().TraceID() || got[0].Span.SpanID() != span.SpanContext().SpanID() || !got[0].Span.IsSampled() {
			rt.Fatalf("carried %+v", got)
		}
		for _, p := range partitions {
			if !got[0].Concerns(p) {
				rt.Fatalf("it does not concern %d", p)
			}
		}
		if other := rapid.IntRange(0, 31999).Draw(rt, "other"); len(partitions) <= 64 && got[0].Concerns(other) != slices.Contains(partitions, other) {
			rt.Fatalf("it concerns %d", other)
		}
	})
	if text := tracer.Carry(t.Context(), []int{1}); text != "" {
		t.Errorf("a call that is not traced carries %q", text)
	}
}

func TestWhatAMessageSaysOfTracesIsReadWithCare(t *testing.T) {
	tracer := newTracer(t, "http://127.0.0.1:1", 1)
	good := theirTrace + "-" + theirSpan
	for i, c := range []struct {
		name    string
		carried []string
		want    int
	}{
		{"nothing", nil, 0},
		{"one", []string{good}, 1},
		{"nonsense", []string{"", "x", "0-0", good[:40], good + "0", strings.Repeat("f", 1<<16)}, 0},
		{"partitions that are none", []string{good + ",a,,9"}, 1},
		{"more than a message may carry", []string{good, good, good, good, good, good}, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			tracer.Arrive(uint64(i+1), c.carried)
			if got := tracer.Carried(uint64(i + 1)); len(got) != c.want {
				t.Errorf("it carries %+v", got)
			}
		})
	}
	t.Run("messages that nobody steps are forgotten", func(t *testing.T) {
		for position := range uint64(5000) {
			tracer.Arrive(position+10, []string{good})
		}
		if tracer.Carried(10) != nil || tracer.Carried(5009) == nil {
			t.Error("the first is kept, or the last is not")
		}
	})
}

func TestSharedWorkIsASpanInEachTraceLinkedToTheOthers(t *testing.T) {
	receiver := telemetrytest.NewReceiver(t)
	tracer := newTracer(t, receiver.URL, 1)
	var parents []trace.SpanContext
	for range 3 {
		_, span := tracer.Request(request(""))
		parents = append(parents, span.SpanContext())
		span.End()
	}
	parents = append(parents, parents[0]) // twice from one trace, which is not linked to itself
	tracer.Share("step", parents).End()
	tracer.Close(t.Context())
	steps := 0
	for _, s := range receiver.Spans() {
		if s.Name != "step" {
			continue
		}
		i := slices.IndexFunc(parents, func(p trace.SpanContext) bool { return p.TraceID().String() == s.Trace })
		want := 2
		if i == 0 {
			steps-- // there are two of it
			want = 2
		}
		if s.Parent != parents[i].SpanID().String() || len(s.Links) < want || slices.Contains(s.Links, s.Trace) {
			t.Errorf("span %+v", s)
		}
		steps++
	}
	if all := len(receiver.Of(parents[0].TraceID().String())); all != 3 || steps != 2 {
		t.Errorf("%d spans in the first trace, %d steps in the others", all, steps)
	}
}

func TestAnAddressThatIsNoneIsRefused(t *testing.T) {
	for _, url := range []string{"127.0.0.1:4318", "grpc://127.0.0.1:4317", "nonsense"} {
		if _, err := telemetry.NewTracer(t.Context(), telemetry.TraceOptions{URL: url}); fault.CodeOf(err) != "traces_url_invalid" {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestTheMetricsAddressIsThisMachinesOwnUnlessAHostIsGiven(t *testing.T) {
	for given, want := range map[string]string{"9090": "127.0.0.1:9090", ":9090": "127.0.0.1:9090", "0.0.0.0:9090": "0.0.0.0:9090",
		"[::1]:9090": "[::1]:9090", "10.0.0.7:1": "10.0.0.7:1"} {
		if got := telemetry.Address(given); got != want {
			t.Errorf("%s becomes %s, want %s", given, got, want)
		}
	}
}

func TestWhatIsNotTracedCostsNoAllocation(t *testing.T) {
	on := newTracer(t, "http://127.0.0.1:1", 1<<30)
	r := request("")
	for name, tracer := range map[string]*telemetry.Tracer{"off": nil, "on": on} {
		if n := testing.AllocsPerRun(1000, func() { all(tracer, r) }); n != 0 {
			t.Errorf("with tracing %s a request that is not traced makes %v allocations", name, n)
		}
	}
}

// all is what a request that is not traced asks of a tracer on its way.
func all(tracer *telemetry.Tracer, r *http.Request) {
	ctx, span := tracer.Request(r)
	if span.IsRecording() {
		panic("traced")
	}
	ctx, inner := tracer.Start(ctx, "ingest")
	inner.End()
	_ = tracer.Carry(ctx, nil)
	_ = tracer.Carried(1)
	tracer.Share("step", nil).End()
}

func BenchmarkARequest(b *testing.B) {
	receiver := telemetrytest.NewReceiver(b)
	for _, c := range []struct {
		name   string
		tracer *telemetry.Tracer
	}{{"off", nil}, {"on, not traced", newTracer(b, receiver.URL, 1<<30)}, {"on, 1 in 1000", newTracer(b, receiver.URL, 1000)}} {
		b.Run(fmt.Sprintf("tracing %s", c.name), func(b *testing.B) {
			r := request("")
			b.ReportAllocs()
			for b.Loop() {
				ctx, span := c.tracer.Request(r)
				ctx, inner := c.tracer.Start(ctx, "ingest")
				_ = c.tracer.Carry(ctx, nil)
				inner.End()
				span.End()
				_ = c.tracer.Carried(1)
			}
		})
	}
}
