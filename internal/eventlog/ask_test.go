package eventlog_test

import (
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/eventlog"
)

func TestAnAskIsHeardByEveryNode(t *testing.T) {
	url, _ := external(t, t.TempDir(), -1)
	nodes := []*eventlog.Log{open(t, eventlog.Options{URL: url}), open(t, eventlog.Options{URL: url})}
	heard := make(chan uint64, 10)
	for _, n := range nodes {
		stop, err := n.Asked(func(position uint64) { heard <- position })
		if err != nil {
			t.Fatal(err)
		}
		defer stop()
	}
	// It may get lost, as one that comes before the server knows of a listener.
	for got := 0; got < 2; {
		if err := nodes[0].Ask(17); err != nil {
			t.Fatal(err)
		}
		got = 0
		for range nodes {
			select {
			case position := <-heard:
				if position != 17 {
					t.Fatalf("asked for 17, heard %d", position)
				}
				got++
			case <-time.After(time.Second):
			}
		}
	}
	if first, last, err := nodes[0].Bounds(ctx); err != nil || last >= first {
		t.Errorf("it became part of the log: %d to %d, %v", first, last, err)
	}
}
