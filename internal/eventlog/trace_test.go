package eventlog

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/telemetry"
	"github.com/headroomhq/headroom/internal/telemetry/telemetrytest"
)

func TestAMessageCarriesTheTracesOfItsCallersToTheReader(t *testing.T) {
	tracer, err := telemetry.NewTracer(t.Context(), telemetry.TraceOptions{URL: telemetrytest.NewReceiver(t).URL, Every: 1, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer tracer.Close(context.Background())
	l, err := Open(t.Context(), Options{Dir: t.TempDir(), MinFree: -1, Logger: slog.New(slog.DiscardHandler), Tracer: tracer})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	w := NewWriter(l, 4)
	defer w.Close()
	record := func(i int) event.Record {
		return event.Record{Kind: event.KindEvent, Source: "s", ID: fmt.Sprint(i), Key: fmt.Sprint("account-", i), Type: "x", ReceivedAt: 1}
	}
	ctx, span := tracer.Request(httptest.NewRequest(http.MethodPost, "/", nil))
	traced, err := w.Submit(ctx, record(1))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := w.Submit(t.Context(), record(2))
	if err != nil {
		t.Fatal(err)
	}
	reading, stop := context.WithCancel(t.Context())
	err = l.Read(reading, 1, func(position uint64, _ time.Time, _ []byte) error {
		switch position {
		case traced:
			got := tracer.Carried(position)
			partition := event.Partition("account-1", 4)
			if len(got) != 1 || got[0].Span.TraceID() != span.SpanContext().TraceID() || !got[0].Concerns(partition) || got[0].Concerns((partition+1)%4) {
				t.Errorf("position %d carries %+v", position, got)
			}
		case plain:
			if got := tracer.Carried(position); got != nil {
				t.Errorf("position %d carries %+v", position, got)
			}
			stop()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAMessageCarriesFourTracesAtTheMost(t *testing.T) {
	l := &Log{limit: messageLimit}
	w := &Writer{log: l, partitions: 4, open: newGroup(), metrics: newWriterMetrics()}
	w.changed.L = &w.mu
	for i := range 7 {
		text := ""
		if i != 2 {
			text = fmt.Sprint("trace-", i)
		}
		if _, err := w.take([]part{{sections: []byte{1}, records: 1, trace: text}}); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{"trace-0", "trace-1", "trace-3", "trace-4"}; !slices.Equal(w.open.traces, want) {
		t.Errorf("it carries %v, want %v", w.open.traces, want)
	}
}
