package eventlog_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/eventlog"
)

// one is an event as products send them, about 150 bytes.
func one(i int64) event.Record {
	return event.Record{
		Kind: event.KindEvent, Source: "app/production", ID: fmt.Sprintf("evt-%012d", i),
		Key: fmt.Sprintf("account-%05d", i%5000), User: "MZXW6YTBOI2DCMRTGQ2TMNZYHE", Type: "email.sent",
		At: 1_700_000_000_000_000 + clock.Time(i), ReceivedAt: 1_700_000_000_000_000 + clock.Time(i),
		Props: []event.Prop{{Name: "count", Value: event.Value{Kind: event.Number, Text: "12"}}},
	}
}

// BenchmarkSubmit measures acknowledged, synced records from many goroutines.
func BenchmarkSubmit(b *testing.B) {
	for _, c := range []struct {
		name              string
		goroutines, batch int
	}{
		{"one caller, single records", 1, 1},
		{"64 callers, single records", 64, 1},
		{"256 callers, single records", 256, 1},
		{"64 callers, batches of 100", 64, 100},
		{"256 callers, batches of 100", 256, 100},
	} {
		b.Run(c.name, func(b *testing.B) {
			l, err := eventlog.Open(context.Background(), eventlog.Options{Dir: b.TempDir(), Logger: quiet})
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			w := eventlog.NewWriter(l, 16)
			defer w.Close()
			var n atomic.Int64
			b.SetParallelism((c.goroutines + 1) / 2)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				batch := make([]event.Record, c.batch)
				for pb.Next() {
					for i := range batch {
						batch[i] = one(n.Add(1))
					}
					if _, err := w.Submit(context.Background(), batch...); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.StopTimer()
			s := w.Stats()
			b.ReportMetric(float64(s.Records)/b.Elapsed().Seconds(), "records/s")
			b.ReportMetric(float64(s.Records)/float64(s.Messages), "records/sync")
		})
	}
}

// BenchmarkRead measures reading the log from the beginning, without decoding.
func BenchmarkRead(b *testing.B) {
	l, err := eventlog.Open(context.Background(), eventlog.Options{Dir: b.TempDir(), Logger: quiet})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	w := eventlog.NewWriter(l, 16)
	const batch, messages = 1000, 300
	for m := range int64(messages) {
		records := make([]event.Record, batch)
		for i := range records {
			records[i] = one(m*batch + int64(i))
		}
		if _, err := w.Submit(context.Background(), records...); err != nil {
			b.Fatal(err)
		}
	}
	w.Close()
	_, last, err := l.Bounds(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for b.Loop() {
		ctx, cancel := context.WithCancel(context.Background())
		err := l.Read(ctx, 1, func(position uint64, _ time.Time, _ []byte) error {
			if position == last {
				cancel()
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*batch*messages/b.Elapsed().Seconds(), "records/s")
}
