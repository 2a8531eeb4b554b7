package telemetry

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/headroomhq/headroom/internal/fault"
)

// TraceOptions say where traces go and how many.
type TraceOptions struct {
	URL      string // of an OTLP/HTTP receiver; empty: as OTEL_EXPORTER_OTLP_ENDPOINT says
	Every    int    // one request in so many is traced, 1000 when zero; those whose caller traces are always
	Version  string
	Instance string // unique to this process
	Logger   *slog.Logger
}

const (
	// maxCarried is how many traces one log message carries on: a flush may hold a thousand requests.
	maxCarried = 4
	// maxArrived bounds the messages whose traces wait to be stepped here.
	maxArrived = 1024
	// warnEvery is how often it is said that the receiver is away.
	warnEvery = time.Minute
)

// Tracer makes spans of requests that are traced. A nil Tracer makes none, and asks for no
// more than a comparison: every method may be called on it. Safe for concurrent use.
type Tracer struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
	every    uint32

	waiting atomic.Int64 // entries of arrived
	mu      sync.Mutex
	arrived map[uint64][]Carried
	order   []uint64
}

// TracingWanted says whether the environment asks for traces, as OpenTelemetry defines it.
func TracingWanted() bool {
	if off, err := strconv.ParseBool(os.Getenv("OTEL_SDK_DISABLED")); err == nil && off {
		return false
	}
	return os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != ""
}

// NewTracer connects to nothing yet: spans leave in the background and are dropped, with a warning
// a minute, when the receiver is away. Fault traces_url_invalid.
func NewTracer(ctx context.Context, o TraceOptions) (*Tracer, error) {
	var to []otlptracehttp.Option
	if o.URL != "" {
		if !strings.HasPrefix(o.URL, "http://") && !strings.HasPrefix(o.URL, "https://") {
			return nil, fault.New(fault.Invalid, "traces_url_invalid", "--traces %q is no http or https URL", fault.Shorten(o.URL)).
				WithMend("give the address of an OTLP/HTTP receiver, such as http://127.0.0.1:4318")
		}
		url := strings.TrimSuffix(o.URL, "/")
		if !strings.HasSuffix(url, "/v1/traces") {
			url += "/v1/traces"
		}
		to = append(to, otlptracehttp.WithEndpointURL(url))
	}
	exporter, err := otlptracehttp.New(ctx, to...)
	if err != nil {
		return nil, fault.New(fault.Invalid, "traces_url_invalid", "traces cannot be sent: %v", err).
			WithMend("look at --traces and at the OTEL_EXPORTER_OTLP_ variables")
	}
	about := resource.NewSchemaless(attribute.String("service.name", "headroom"),
		attribute.String("service.version", o.Version), attribute.String("service.instance.id", o.Instance))
	if own, err := resource.Merge(about, resource.Environment()); err == nil { // OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES
		about = own
	}
	otel.SetErrorHandler(complaints(o.Logger))
	every := o.Every
	if every <= 0 {
		every = 1000
	}
	// Which requests are traced is decided in Request, before anything is made for them.
	p := sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(about), sdk.WithSampler(sdk.AlwaysSample()))
	return &Tracer{provider: p, tracer: p.Tracer("headroom"), every: uint32(min(every, 1<<31)), arrived: make(map[uint64][]Carried)}, nil
}

// complaints logs what the exporter has to say, at most once a minute.
func complaints(logger *slog.Logger) otel.ErrorHandler {
	var last atomic.Int64
	return otel.ErrorHandlerFunc(func(err error) {
		now := time.Now().UnixNano()
		if said := last.Load(); (said == 0 || now-said > int64(warnEvery)) && last.CompareAndSwap(said, now) {
			logger.Warn("traces are not taken by their receiver; they are dropped", "error", err)
		}
	})
}

// Close sends what was gathered, for as long as ctx allows.
func (t *Tracer) Close(ctx context.Context) {
	if t != nil {
		_ = t.provider.Shutdown(ctx) // what could not be sent was said by the error handler
	}
}

var propagator = propagation.TraceContext{}

// Request begins the span of a request that is to be traced: when its caller traces it
// (traceparent), otherwise one in so many. For the others ctx comes back as it is.
func (t *Tracer) Request(r *http.Request) (context.Context, trace.Span) {
	ctx := r.Context()
	if t == nil {
		return ctx, none
	}
	if r.Header.Get("Traceparent") != "" {
		remote := propagator.Extract(ctx, propagation.HeaderCarrier(r.Header))
		if c := trace.SpanContextFromContext(remote); c.IsValid() {
			if !c.IsSampled() {
				return ctx, none // who began the trace decided against it
			}
			return t.tracer.Start(remote, r.Method, trace.WithSpanKind(trace.SpanKindServer))
		}
	}
	if rand.Uint32N(t.every) != 0 {
		return ctx, none
	}
	return t.tracer.Start(ctx, r.Method, trace.WithSpanKind(trace.SpanKindServer))
}

var none = trace.SpanFromContext(context.Background())

// Start begins a span within the one of ctx, if that is traced; otherwise nothing is made.
func (t *Tracer) Start(ctx context.Context, name string, about ...attribute.KeyValue) (context.Context, trace.Span) {
	if t == nil || !trace.SpanContextFromContext(ctx).IsSampled() {
		return ctx, none
	}
	return t.tracer.Start(ctx, name, trace.WithAttributes(about...))
}

// Carried is a trace that a log message carries on to whoever steps it.
type Carried struct {
	Span       trace.SpanContext // within which the steps are
	Partitions []int             // that hold records of it; nil: all may
}

// Concerns says whether the partition holds records of the trace.
func (c Carried) Concerns(partition int) bool {
	return c.Partitions == nil || slices.Contains(c.Partitions, partition)
}

// maxNamed bounds the partitions that are named with a trace.
const maxNamed = 64

// Carry returns what a message has to carry so that the trace of ctx goes on where it is
// stepped; empty when ctx is not traced.
func (t *Tracer) Carry(ctx context.Context, partitions []int) string {
	if t == nil {
		return ""
	}
	c := trace.SpanContextFromContext(ctx)
	if !c.IsSampled() {
		return ""
	}
	var b strings.Builder
	b.WriteString(c.TraceID().String() + "-" + c.SpanID().String())
	if len(partitions) <= maxNamed {
		for _, p := range partitions {
			b.WriteString("," + strconv.Itoa(p))
		}
	}
	return b.String()
}

// MaxCarried returns how many traces a message may carry.
func MaxCarried() int { return maxCarried }

// Arrive notes what the message at position carries. What nobody asks for is forgotten.
func (t *Tracer) Arrive(position uint64, carried []string) {
	if t == nil || len(carried) == 0 {
		return
	}
	var list []Carried
	for _, text := range carried[:min(len(carried), maxCarried)] {
		if c, ok := parseCarried(text); ok {
			list = append(list, c)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, known := t.arrived[position]; !known {
		t.order = append(t.order, position)
	}
	t.arrived[position] = list
	if len(t.order) > maxArrived {
		delete(t.arrived, t.order[0])
		t.order = t.order[1:]
	}
	t.waiting.Store(int64(len(t.arrived)))
}

// Carried returns the traces that the message at position carries; nil for nearly all.
func (t *Tracer) Carried(position uint64) []Carried {
	if t == nil || t.waiting.Load() == 0 {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.arrived[position]
}

func parseCarried(text string) (Carried, bool) {
	head, rest, named := strings.Cut(text, ",")
	traceText, spanText, _ := strings.Cut(head, "-")
	traceID, err := trace.TraceIDFromHex(traceText)
	if err != nil {
		return Carried{}, false
	}
	spanID, err := trace.SpanIDFromHex(spanText)
	if err != nil {
		return Carried{}, false
	}
	c := Carried{Span: trace.NewSpanContext(trace.SpanContextConfig{TraceID: traceID, SpanID: spanID, TraceFlags: trace.FlagsSampled, Remote: true})}
	for p := range strings.SplitSeq(rest, ",") {
		if n, err := strconv.Atoi(p); named && err == nil {
			c.Partitions = append(c.Partitions, n)
		}
	}
	return c, true
}

// Shared is work that belongs to several traces at once: a step, a checkpoint. It shows as
// a span in each of them, each linked to the others.
type Shared struct{ spans []trace.Span }

// Share begins shared work under its parents. With none, nothing is made.
func (t *Tracer) Share(name string, parents []trace.SpanContext, about ...attribute.KeyValue) Shared {
	if t == nil || len(parents) == 0 {
		return Shared{}
	}
	began := time.Now()
	var s Shared
	for i, parent := range parents {
		var others []trace.Link
		for j, other := range parents {
			if j != i && other.TraceID() != parent.TraceID() {
				others = append(others, trace.Link{SpanContext: other})
			}
		}
		_, span := t.tracer.Start(trace.ContextWithRemoteSpanContext(context.Background(), parent), name,
			trace.WithTimestamp(began), trace.WithAttributes(about...), trace.WithLinks(others...))
		s.spans = append(s.spans, span)
	}
	return s
}

// End ends the work, with what became of it.
func (s Shared) End(about ...attribute.KeyValue) {
	for _, span := range s.spans {
		span.SetAttributes(about...)
		span.End()
	}
}

// Contexts returns the spans, as parents of what follows from the work: one of each trace.
func (s Shared) Contexts() []trace.SpanContext {
	var out []trace.SpanContext
	for _, span := range s.spans {
		c := span.SpanContext()
		if !slices.ContainsFunc(out, func(o trace.SpanContext) bool { return o.TraceID() == c.TraceID() }) {
			out = append(out, c)
		}
	}
	return out
}

// Within returns ctx inside the work's first span, for calls that carry one trace.
func (s Shared) Within(ctx context.Context) context.Context {
	if len(s.spans) == 0 {
		return ctx
	}
	return trace.ContextWithSpan(ctx, s.spans[0])
}
