package api

import (
	"context"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Collect registers the server's metrics.
func (s *Server) Collect(reg *prometheus.Registry) {
	counter := func(name, help string, read func() int64) {
		reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help},
			func() float64 { return float64(read()) }))
	}
	counter("headroom_events_accepted_total", "Events made durable by this process.", s.ingest.accepted.Load)
	counter("headroom_events_rejected_total", "Events refused by this process.", s.ingest.rejected.Load)
	counter("headroom_events_undeduplicated_total", "Accepted events without an id.", s.ingest.undeduplicated.Load)
	reg.MustRegister(lagCollector{s})
}

// lagCollector tells how far behind each owned partition is.
type lagCollector struct{ s *Server }

var (
	unstepped   = prometheus.NewDesc("headroom_partition_unstepped_messages", "Log messages a partition has not stepped yet.", []string{"partition"}, nil)
	uncommitted = prometheus.NewDesc("headroom_partition_uncommitted_messages", "Stepped log messages that no checkpoint holds yet.", []string{"partition"}, nil)
)

// Describe sends the descriptions.
func (c lagCollector) Describe(ch chan<- *prometheus.Desc) { ch <- unstepped; ch <- uncommitted }

// Collect sends the lags as they are now; nothing when the log does not answer.
func (c lagCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	lags, err := c.s.Runner.Lags(ctx)
	if err != nil {
		c.s.Logger.Warn("lag could not be measured", "error", err)
		return
	}
	for _, l := range lags {
		p := strconv.Itoa(l.Partition)
		ch <- prometheus.MustNewConstMetric(unstepped, prometheus.GaugeValue, float64(l.Unstepped), p)
		ch <- prometheus.MustNewConstMetric(uncommitted, prometheus.GaugeValue, float64(l.Uncommitted), p)
	}
}
