package runner

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
)

// Lag tells how far an owned partition is behind the log.
type Lag struct {
	Partition   int
	Unstepped   int           // log messages that wait to be stepped
	Uncommitted int           // stepped ones that wait for a checkpoint
	Behind      time.Duration // for how long the oldest unstepped message has waited
}

// Lags returns the lag of every owned partition, by number.
func (r *Runner) Lags(ctx context.Context) ([]Lag, error) {
	_, last, err := r.Log.Bounds(ctx)
	if err != nil {
		return nil, fmt.Errorf("log bounds: %w", err)
	}
	var out []Lag
	for _, p := range r.partitions() {
		// Without waiting for mu: who asks may want to know what a partition waits for.
		at, committed := p.at.Load(), p.metrics.held.Load()
		out = append(out, Lag{p.n, int(last - min(last, at)), int(at - min(committed, at)), r.marks.since(at, time.Now())})
	}
	return out, nil
}

// Admit says whether records for these keys may come in: not while the partition of one of
// them is more than MaxLag behind the log, as far as it is owned here. What is accepted is
// never dropped, so whoever sends faster than we step must wait. Fault: partition_behind (Busy).
func (r *Runner) Admit(records []event.Record) error {
	if !r.marks.any() {
		return nil
	}
	for i := range records {
		n := event.Partition(records[i].Key, r.Partitions)
		r.mu.Lock()
		p := r.owned[n]
		r.mu.Unlock()
		if p != nil && p.late.Load() {
			return fault.New(fault.Busy, "partition_behind", "partition %d is more than %s behind the log", n, r.MaxLag).
				WithMend("send again after the seconds of Retry-After; if it happens often, give the server more cores or a faster database").
				WithRetryAfter(2)
		}
	}
	return nil
}

const (
	markEvery = 100 * time.Millisecond
	marksKept = int(10 * time.Minute / markEvery)
)

// marks remember where the log ended at which time, so that a position tells how old it is.
type marks struct {
	mu   sync.Mutex
	list []mark // rising in both
	late bool
}

type mark struct {
	at   time.Time
	last uint64
}

// since returns for how long the log has gone beyond position; zero when it has not.
func (m *marks) since(position uint64, now time.Time) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	i, _ := slices.BinarySearchFunc(m.list, position+1, func(k mark, want uint64) int {
		switch {
		case k.last < want:
			return -1
		case k.last > want:
			return 1
		}
		return 0
	})
	if i == len(m.list) {
		return 0
	}
	return now.Sub(m.list[i].at)
}

func (m *marks) any() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.late
}

// watch marks the end of the log and finds the partitions that are too far behind.
func (r *Runner) watch(ctx context.Context) {
	for pause(ctx, markEvery) {
		r.mark(time.Now(), r.appended.Load())
	}
}

// mark notes that the log ends at last.
func (r *Runner) mark(now time.Time, last uint64) {
	m := &r.marks
	m.mu.Lock()
	if n := len(m.list); n == 0 || m.list[n-1].last < last {
		m.list = append(m.list, mark{now, last})
	}
	if extra := len(m.list) - marksKept; extra > 0 {
		m.list = slices.Delete(m.list, 0, extra)
	}
	m.mu.Unlock()
	any := false
	for _, p := range r.partitions() {
		behind := m.since(p.at.Load(), now)
		late := behind > r.MaxLag
		if late && !p.late.Swap(true) {
			r.Logger.Warn("a partition is behind; events for it are refused until it has caught up", "partition", p.n, "position", p.at.Load(), "behind", behind)
		} else if !late && p.late.Swap(false) {
			r.Logger.Info("the partition has caught up", "partition", p.n)
		}
		any = any || late
	}
	m.mu.Lock()
	m.late = any
	m.mu.Unlock()
}

// Appended returns how far the log is known to go, by what was appended or read here.
func (r *Runner) Appended() uint64 { return r.appended.Load() }

// NoteAppended remembers how far the log goes.
func (r *Runner) NoteAppended(position uint64) {
	for {
		was := r.appended.Load()
		if was >= position || r.appended.CompareAndSwap(was, position) {
			return
		}
	}
}
