// Package telemetrytest takes traces as a real OTLP/HTTP receiver does, for tests.
package telemetrytest

import (
	"compress/gzip"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	"google.golang.org/protobuf/proto"
)

// Span is one that was received.
type Span struct {
	Name, Trace, ID, Parent string // ids in hex; Parent is empty at the head of a trace
	Links                   []string
	Instance                string            // of the process that sent it
	About                   map[string]string // its attributes
}

// Receiver is an OTLP/HTTP receiver on a port of its own.
type Receiver struct {
	URL string

	t     testing.TB
	mu    sync.Mutex
	spans []Span
}

// NewReceiver starts one; it ends with the test.
func NewReceiver(tb testing.TB) *Receiver {
	tb.Helper()
	r := &Receiver{t: tb}
	s := httptest.NewServer(http.HandlerFunc(r.take))
	tb.Cleanup(s.Close)
	r.URL = s.URL
	return r
}

func (r *Receiver) take(w http.ResponseWriter, req *http.Request) {
	var body io.Reader = req.Body
	if req.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(req.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body = z
	}
	text, err := io.ReadAll(body)
	var in collector.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(text, &in)
	}
	if err != nil || req.URL.Path != "/v1/traces" || !strings.HasPrefix(req.Header.Get("Content-Type"), "application/x-protobuf") {
		r.t.Errorf("%s with %s: %v", req.URL.Path, req.Header.Get("Content-Type"), err)
		http.Error(w, "not OTLP", http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, from := range in.GetResourceSpans() {
		instance := texts(from.GetResource().GetAttributes())["service.instance.id"]
		for _, scope := range from.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				span := Span{Name: s.GetName(), Trace: hex.EncodeToString(s.GetTraceId()), ID: hex.EncodeToString(s.GetSpanId()),
					Parent: hex.EncodeToString(s.GetParentSpanId()), Instance: instance, About: texts(s.GetAttributes())}
				for _, l := range s.GetLinks() {
					span.Links = append(span.Links, hex.EncodeToString(l.GetTraceId()))
				}
				r.spans = append(r.spans, span)
			}
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// texts returns attributes as texts; ours are strings and integers.
func texts(list []*common.KeyValue) map[string]string {
	out := make(map[string]string, len(list))
	for _, kv := range list {
		switch v := kv.GetValue().GetValue().(type) {
		case *common.AnyValue_StringValue:
			out[kv.GetKey()] = v.StringValue
		case *common.AnyValue_IntValue:
			out[kv.GetKey()] = strconv.FormatInt(v.IntValue, 10)
		}
	}
	return out
}

// Spans returns what came in so far.
func (r *Receiver) Spans() []Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Span(nil), r.spans...)
}

// Of returns the spans of one trace.
func (r *Receiver) Of(trace string) (out []Span) {
	for _, s := range r.Spans() {
		if s.Trace == trace {
			out = append(out, s)
		}
	}
	return out
}
