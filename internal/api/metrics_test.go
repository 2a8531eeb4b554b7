package api

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/event"
)

func TestTheLastHourForgetsWhatIsOlder(t *testing.T) {
	c := newIngest()
	now := time.Now()
	c.took(5, 1, []event.Rejected{{Code: "missing_subject"}, {Code: "never heard of"}})
	c.took(3, 0, nil)
	for _, tc := range []struct {
		name string
		at   time.Time
		want int64
	}{
		{"now", now, 8},
		{"in half an hour", now.Add(30 * time.Minute), 8},
		{"in two hours", now.Add(2 * time.Hour), 0},
	} {
		if got := c.lastHour(tc.at); got != tc.want {
			t.Errorf("%s: %d events in the last hour, want %d", tc.name, got, tc.want)
		}
	}
	if by := c.rejections(); len(by) != 2 || by["missing_subject"] != 1 || by[otherCode] != 1 {
		t.Errorf("rejected by code: %v", by)
	}
}

// BenchmarkMeasuring is what metrics and tracing (off) add to a call.
func BenchmarkMeasuring(b *testing.B) {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/check", func(http.ResponseWriter, *http.Request) {})
	s := &Server{meters: newMeters()}
	for name, h := range map[string]http.Handler{"without": mux, "with": s.measured(mux)} {
		b.Run(name, func(b *testing.B) {
			r := httptest.NewRequest(http.MethodPost, "/v1/check", nil)
			w := httptest.NewRecorder()
			b.ReportAllocs()
			for b.Loop() {
				h.ServeHTTP(w, r)
			}
		})
	}
}
