package eventlog

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// writerMetrics measure flushes: a few atomic additions for each, however many callers it serves.
type writerMetrics struct {
	seconds, bytes, records prometheus.Histogram
}

func newWriterMetrics() *writerMetrics {
	return &writerMetrics{
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "headroom_log_flush_duration_seconds",
			Help: "Time from sending one message to the log until it is on disk.", Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 10}}),
		bytes: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "headroom_log_flush_bytes",
			Help: "Bytes of one message.", Buckets: prometheus.ExponentialBuckets(256, 4, 8)}),
		records: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "headroom_log_flush_records",
			Help: "Records in one message.", Buckets: prometheus.ExponentialBuckets(1, 4, 8)}),
	}
}

func (m *writerMetrics) flushed(records, size int, took time.Duration) {
	m.seconds.Observe(took.Seconds())
	m.bytes.Observe(float64(size))
	m.records.Observe(float64(records))
}

// Collectors returns the writer's metrics.
func (w *Writer) Collectors() []prometheus.Collector {
	return []prometheus.Collector{w.metrics.seconds, w.metrics.bytes, w.metrics.records,
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "headroom_log_refused_total",
			Help: "Submissions turned away with log_busy, because too much waited for the disk."}, func() float64 { return float64(w.refused.Load()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "headroom_log_waiting_bytes",
			Help: "Bytes of records that wait for the disk or are on their way to it."}, func() float64 { return float64(w.Stats().Waiting) }),
	}
}
