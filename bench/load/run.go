package load

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Source makes requests; a Stream is one. Nil ends it.
type Source interface{ Next() []byte }

// Some is the first n requests of a source.
func Some(s Source, n int) Source {
	return Each(func() []byte {
		if n--; n < 0 {
			return nil
		}
		return s.Next()
	})
}

// Each calls itself for every request.
type Each func() []byte

// Next returns the next request.
func (e Each) Next() []byte { return e() }

// Result says how a server answered.
type Result struct {
	// Took is how long each answered request took, from its sending to its answer; with Pace
	// from when it was due.
	Took []time.Duration
	// Spent is the time from the first request to the last answer.
	Spent time.Duration
	// CPU is the processor time this process took meanwhile, user and system.
	CPU time.Duration
	// Busy counts answers of 429; each was sent again after its Retry-After.
	Busy int
}

// Add adds what another slice measured.
func (r *Result) Add(o Result) {
	r.Took = append(r.Took, o.Took...)
	r.Spent += o.Spent
	r.CPU += o.CPU
	r.Busy += o.Busy
}

// Quantile returns the q-th quantile of Took in milliseconds, 0 when there is none.
func (r *Result) Quantile(q float64) float64 { return Quantile(r.Took, q) }

// Quantile returns the q-th quantile in milliseconds, 0 when there is none. It sorts took.
func Quantile(took []time.Duration, q float64) float64 {
	if len(took) == 0 {
		return 0
	}
	if !slices.IsSorted(took) {
		slices.Sort(took)
	}
	return float64(took[int(q*float64(len(took)-1))].Nanoseconds()) / 1e6
}

// Run sends the sources' requests, each on a connection of its own and one at a time, until
// the duration is over, and returns when the last is answered. An answer of another status
// than want, 429 apart, ends the run with an error.
func Run(ctx context.Context, address string, sources []Source, duration time.Duration, want int) (Result, error) {
	return run(ctx, address, sources, duration, want, 0)
}

// Pace is Run at that many requests a second over all sources, however long the answers
// take: what is late is sent at once, and its time counts from when it was due.
func Pace(ctx context.Context, address string, sources []Source, duration time.Duration, want int, rate float64) (Result, error) {
	return run(ctx, address, sources, duration, want, time.Duration(float64(len(sources))/rate*float64(time.Second)))
}

func run(ctx context.Context, address string, sources []Source, duration time.Duration, want int, every time.Duration) (Result, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	conns := make([]*Conn, len(sources))
	for i := range conns {
		c, err := Dial(ctx, address)
		if err != nil {
			return Result{}, err
		}
		defer c.Close() //nolint:revive // all of them, when all is done
		conns[i] = c
	}
	var mu sync.Mutex
	var all Result
	var busy atomic.Int64
	began, cpu := time.Now(), CPU()
	until := began.Add(duration)
	var wg sync.WaitGroup
	for i, source := range sources {
		wg.Go(func() {
			took := make([]time.Duration, 0, 1<<12)
			due := began.Add(every * time.Duration(i) / time.Duration(len(sources)))
			for at := time.Now(); at.Before(until) && ctx.Err() == nil; {
				if every > 0 {
					if !sleep(ctx, due.Sub(at)) || !due.Before(until) {
						break
					}
					at, due = due, due.Add(every)
				}
				request := source.Next()
				if request == nil {
					break
				}
				again, err := send(ctx, conns[i], request, want, until)
				if err != nil {
					cancel(err)
					break
				}
				busy.Add(int64(again.busy))
				if again.dropped {
					break
				}
				if every == 0 && again.busy > 0 {
					at = again.at // the wait that was asked for is not the answer's time
				}
				now := time.Now()
				took = append(took, now.Sub(at))
				at = now
			}
			mu.Lock()
			all.Took = append(all.Took, took...)
			mu.Unlock()
		})
	}
	wg.Wait()
	all.Spent, all.CPU, all.Busy = time.Since(began), CPU()-cpu, int(busy.Load())
	if err := context.Cause(ctx); err != nil {
		return Result{}, err
	}
	return all, nil
}

// CPU returns the processor time this process has taken, user and system.
func CPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// sent says what sending a request took besides its answer.
type sent struct {
	busy    int
	at      time.Time // of the last attempt
	dropped bool      // still refused at the end of the run
}

// send sends a request until it is taken.
func send(ctx context.Context, c *Conn, request []byte, want int, until time.Time) (s sent, err error) {
	for {
		a, err := c.Do(request)
		switch {
		case err != nil:
			return s, err
		case a.Status == want:
			return s, nil
		case a.Status != 429:
			return s, fmt.Errorf("the server answered %d: %.300s", a.Status, a.Body)
		}
		s.busy++
		if !sleep(ctx, max(a.RetryAfter, time.Millisecond)) || !time.Now().Before(until) {
			s.dropped = true
			return s, nil
		}
		s.at = time.Now()
	}
}

// sleep returns false when ctx ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
