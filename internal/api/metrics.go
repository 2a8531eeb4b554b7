package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/runner"
)

// meters are what the API counts. What happens with every request costs it an atomic
// addition or two: labels are looked up beforehand, or where something went wrong.
type meters struct {
	requests *prometheus.HistogramVec
	byRoute  sync.Map // reply → prometheus.Observer
	refusals *prometheus.CounterVec
	streams  atomic.Int64               // of entitlements, open now
	checked  func() prometheus.Observer // of checks that were answered
}

// reply is a kind of answer.
type reply struct {
	route  string
	status int
}

func newMeters() *meters {
	m := &meters{
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "headroom_http_request_duration_seconds",
			Help: "Time from a request's head to its answer, by route and status.", Buckets: buckets}, []string{"route", "status"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "headroom_http_refusals_total",
			Help: "Calls that were answered with a problem, by its code and status. Status 429 is back-pressure: log_busy is the disk, partition_behind the stepping."}, []string{"code", "status"}),
	}
	m.checked = sync.OnceValue(func() prometheus.Observer { return m.requests.WithLabelValues(checkRoute, strconv.Itoa(http.StatusOK)) })
	return m
}

// buckets run from what a check takes to the longest a call may take.
var buckets = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

// ingest counts events since the process started.
type ingest struct {
	accepted, rejected, undeduplicated atomic.Int64
	lastAt                             atomic.Int64             // clock.Time, by the machine
	byCode                             map[string]*atomic.Int64 // rejected; never written after newIngest
	minutes                            [60]struct{ minute, events atomic.Int64 }
}

// otherCode counts what has a code that the doors do not list.
const otherCode = "other"

func newIngest() *ingest {
	c := &ingest{byCode: map[string]*atomic.Int64{otherCode: {}}}
	for _, code := range event.Codes {
		c.byCode[code.Code] = new(atomic.Int64)
	}
	return c
}

// took counts what became of a request's events.
func (c *ingest) took(accepted, undeduplicated int, rejected []event.Rejected) {
	for i := range rejected {
		n, ok := c.byCode[rejected[i].Code]
		if !ok {
			n = c.byCode[otherCode]
		}
		n.Add(1)
	}
	c.rejected.Add(int64(len(rejected)))
	if accepted == 0 {
		return
	}
	c.accepted.Add(int64(accepted))
	c.undeduplicated.Add(int64(undeduplicated))
	now := time.Now()
	c.lastAt.Store(int64(clock.At(now)))
	minute := now.Unix() / 60
	slot := &c.minutes[minute%int64(len(c.minutes))]
	// Whoever comes first in a minute begins it anew. What is counted in between may get lost, a
	// few events of an hour.
	if old := slot.minute.Load(); old != minute && slot.minute.CompareAndSwap(old, minute) {
		slot.events.Store(0)
	}
	slot.events.Add(int64(accepted))
}

// lastHour returns how many events came in the last 60 minutes.
func (c *ingest) lastHour(now time.Time) (events int64) {
	minute := now.Unix() / 60
	for i := range c.minutes {
		if slot := &c.minutes[i]; slot.minute.Load() > minute-int64(len(c.minutes)) {
			events += slot.events.Load()
		}
	}
	return events
}

// rejections returns the rejected events by code.
func (c *ingest) rejections() map[string]int64 {
	out := make(map[string]int64)
	for code, n := range c.byCode {
		if n := n.Load(); n > 0 {
			out[code] = n
		}
	}
	return out
}

// measured notes how long each route's answers take.
func (s *Server) measured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		ctx, span := s.Tracer.Request(r)
		if span.IsRecording() {
			r = r.WithContext(ctx)
		}
		noted := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(noted, r)
		if span.IsRecording() {
			span.SetName(r.Pattern)
			span.SetAttributes(attribute.String("http.request.method", r.Method), attribute.String("http.route", r.Pattern[strings.IndexByte(r.Pattern, ' ')+1:]),
				attribute.Int("http.response.status_code", noted.status))
			if noted.status >= http.StatusInternalServerError {
				span.SetStatus(codes.Error, http.StatusText(noted.status))
			}
			span.End()
		}
		if streaming(r.URL.Path) {
			return // it stays open as long as somebody looks
		}
		if where, ok := r.Context().Value(elsewhereKey).(*runner.Elsewhere); ok && where.Address != "" {
			return // another node answers, and measures
		}
		s.meters.observe(reply{r.Pattern, noted.status}, time.Since(began))
	})
}

func (m *meters) observe(a reply, d time.Duration) {
	o, ok := m.byRoute.Load(a)
	if !ok {
		o, _ = m.byRoute.LoadOrStore(a, m.requests.WithLabelValues(a.route, strconv.Itoa(a.status)))
	}
	o.(prometheus.Observer).Observe(d.Seconds())
}

// refused counts an answer that is a problem.
func (m *meters) refused(code string, status int) {
	m.refusals.WithLabelValues(code, strconv.Itoa(status)).Inc()
}

// statusWriter notes the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader sends the status.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach what lies below.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Collectors returns the API's metrics.
func (s *Server) Collectors() []prometheus.Collector {
	out := []prometheus.Collector{s.meters.requests, s.meters.refusals, lagCollector{s}}
	counter := func(name, help string, read func() int64, labels prometheus.Labels) {
		out = append(out, prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: labels},
			func() float64 { return float64(read()) }))
	}
	out = append(out, prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "headroom_entitlement_streams",
		Help: "Streams of entitlements that are open at this process, those of other nodes' readers included."}, func() float64 { return float64(s.meters.streams.Load()) }))
	counter("headroom_events_accepted_total", "Events made durable by this process.", s.ingest.accepted.Load, nil)
	counter("headroom_events_undeduplicated_total", "Accepted events without an id: sent again, they count again.", s.ingest.undeduplicated.Load, nil)
	for code, n := range s.ingest.byCode {
		counter("headroom_events_rejected_total", "Events refused by this process, by code; the other events of their requests went in.", n.Load, prometheus.Labels{"code": code})
	}
	return out
}

// lagCollector tells how far behind each owned partition is.
type lagCollector struct{ s *Server }

var (
	unstepped   = prometheus.NewDesc("headroom_partition_unstepped_messages", "Log messages a partition of this process has not stepped yet.", []string{"partition"}, nil)
	uncommitted = prometheus.NewDesc("headroom_partition_uncommitted_messages", "Stepped log messages that no checkpoint holds yet.", []string{"partition"}, nil)
	behind      = prometheus.NewDesc("headroom_partition_behind_seconds", "Age of the oldest log message a partition of this process has not stepped yet; 0 when it has stepped all.", []string{"partition"}, nil)
)

// Describe sends the descriptions.
func (c lagCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- unstepped
	ch <- uncommitted
	ch <- behind
}

// Collect sends the lags as they are now; nothing when the log does not answer.
func (c lagCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	lags, err := c.s.Runner.Lags(ctx)
	if err != nil {
		c.s.Logger.Warn("lag could not be measured", "error", err)
		return
	}
	_, last, err := c.s.Log.Bounds(ctx)
	if err != nil {
		c.s.Logger.Warn("lag could not be measured", "error", err)
		return
	}
	ages := c.s.ages()
	for _, l := range lags {
		p := strconv.Itoa(l.Partition)
		age := 0.0
		if l.Unstepped > 0 {
			age = ages(ctx, last-min(uint64(l.Unstepped), last)+1).Seconds()
		}
		ch <- prometheus.MustNewConstMetric(unstepped, prometheus.GaugeValue, float64(l.Unstepped), p)
		ch <- prometheus.MustNewConstMetric(uncommitted, prometheus.GaugeValue, float64(l.Uncommitted), p)
		ch <- prometheus.MustNewConstMetric(behind, prometheus.GaugeValue, age, p)
	}
}
