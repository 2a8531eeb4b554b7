package runner

import (
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
)

// metrics count what stepping and checkpoints take. Labels are looked up when a partition
// is taken; a message costs a few atomic additions, whatever it holds.
type metrics struct {
	step, checkpoint, accounts, bytes *prometheus.HistogramVec
	duplicates                        atomic.Int64
	records                           [kinds]atomic.Int64 // by event.Kind
}

// kinds is above every event.Kind.
const kinds = 32

func newMetrics() *metrics {
	vec := func(name, help string, buckets []float64) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, []string{"partition"})
	}
	return &metrics{
		step: vec("headroom_step_duration_seconds", "Time to step the records that one log message holds for a partition, loading what they need included.",
			[]float64{.0001, .0005, .001, .005, .01, .05, .1, .5, 1, 5, 30}),
		checkpoint: vec("headroom_checkpoint_duration_seconds", "Time to commit one checkpoint, waiting for a database that is away included.",
			[]float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10, 60}),
		accounts: vec("headroom_checkpoint_accounts", "Accounts that one checkpoint wrote.", prometheus.ExponentialBuckets(1, 4, 9)),
		bytes:    vec("headroom_checkpoint_bytes", "Bytes of account state and fingerprints that one checkpoint wrote.", prometheus.ExponentialBuckets(1<<10, 4, 9)),
	}
}

// partitionMetrics are those of one partition.
type partitionMetrics struct {
	all                               *metrics
	step, checkpoint, accounts, bytes prometheus.Observer
	held                              atomic.Uint64 // position that the last checkpoint holds
	keys, memory                      atomic.Int64  // account keys in memory and about what they take, as of the last checkpoint
}

func (m *metrics) of(partition int) *partitionMetrics {
	label := strconv.Itoa(partition)
	return &partitionMetrics{all: m, step: m.step.WithLabelValues(label), checkpoint: m.checkpoint.WithLabelValues(label),
		accounts: m.accounts.WithLabelValues(label), bytes: m.bytes.WithLabelValues(label)}
}

// stepped counts the records of one message.
func (m *partitionMetrics) stepped(records []event.Record, duplicates int64, took time.Duration) {
	m.step.Observe(took.Seconds())
	if duplicates > 0 {
		m.all.duplicates.Add(duplicates)
	}
	var by [kinds]int64
	for i := range records {
		by[records[i].Kind%kinds]++
	}
	for kind, n := range by {
		if n > 0 {
			m.all.records[kind].Add(n)
		}
	}
}

// committed counts one checkpoint.
func (m *partitionMetrics) committed(c *engine.Checkpoint, took time.Duration) {
	m.checkpoint.Observe(took.Seconds())
	m.accounts.Observe(float64(len(c.Accounts)))
	size := 0
	for i := range c.Accounts {
		size += len(c.Accounts[i].State)
	}
	for i := range c.Segments {
		size += len(c.Segments[i].Fingerprints) * len(event.Fingerprint{})
	}
	m.bytes.Observe(float64(size))
	m.held.Store(c.To)
}

// Repeated returns how many records were stepped at partitions of this process, ticks left out,
// and how many of them had been counted before.
func (r *Runner) Repeated() (repeated, stepped int64) {
	for kind := range r.metrics.records {
		if event.Kind(kind) != event.KindTick {
			stepped += r.metrics.records[kind].Load()
		}
	}
	return r.metrics.duplicates.Load(), stepped
}

// Collectors returns the metrics of stepping and of checkpoints.
func (r *Runner) Collectors() []prometheus.Collector {
	m := r.metrics
	out := []prometheus.Collector{m.step, m.checkpoint, m.accounts, m.bytes, memoryCollector{r},
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "headroom_records_duplicate_total",
			Help: "Records that were found to have been counted before, by their source and id, at partitions of this process."},
			func() float64 { return float64(m.duplicates.Load()) })}
	for kind := range event.Kind(kinds) {
		if kind.String() == "unknown" {
			continue
		}
		out = append(out, prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "headroom_records_stepped_total",
			Help: "Records stepped at partitions of this process, by kind; a tick counts once for each partition.", ConstLabels: prometheus.Labels{"kind": kind.String()}},
			func() float64 { return float64(m.records[kind].Load()) }))
	}
	return out
}

// memoryCollector tells what the owned partitions hold in memory.
type memoryCollector struct{ r *Runner }

var (
	ownedDesc  = prometheus.NewDesc("headroom_partitions_owned", "Partitions that this process owns.", nil, nil)
	keysDesc   = prometheus.NewDesc("headroom_accounts_in_memory", "Account keys that a partition holds in memory, as of its last checkpoint.", []string{"partition"}, nil)
	memoryDesc = prometheus.NewDesc("headroom_accounts_in_memory_bytes", "About what they take.", []string{"partition"}, nil)
)

// Describe sends the descriptions.
func (c memoryCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- ownedDesc
	ch <- keysDesc
	ch <- memoryDesc
}

// Collect sends what there is now, without waiting for any partition.
func (c memoryCollector) Collect(ch chan<- prometheus.Metric) {
	owned := c.r.partitions()
	ch <- prometheus.MustNewConstMetric(ownedDesc, prometheus.GaugeValue, float64(len(owned)))
	for _, p := range owned {
		label := strconv.Itoa(p.n)
		ch <- prometheus.MustNewConstMetric(keysDesc, prometheus.GaugeValue, float64(p.metrics.keys.Load()), label)
		ch <- prometheus.MustNewConstMetric(memoryDesc, prometheus.GaugeValue, float64(p.metrics.memory.Load()), label)
	}
}
