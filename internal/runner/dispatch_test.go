package runner

import (
	"errors"
	"testing"

	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
)

func TestAPartitionJustTakenIsNeverHandedAMessageAfterAGap(t *testing.T) {
	r := newRunner(Options{Partitions: 2})
	for n, at := range map[int]uint64{0: 100, 1: 50} {
		p := newPartition(r, n, 1)
		p.queued.Store(at)
		p.state = engine.NewState(n, at, 0, "", engine.Rules, nil)
		r.owned[n] = p
	}
	var m event.Message
	m.Add(1, &event.Record{Kind: event.KindEvent, Key: "acme"})
	if err := r.dispatch(t.Context(), 101, string(m.Bytes())); !errors.Is(err, errBehind) {
		t.Fatalf("message 101 to a partition at 50: %v", err)
	}
	if at := r.owned[1].queued.Load(); at != 50 || len(r.owned[1].in) != 0 {
		t.Fatalf("the partition at 50 was handed message %d", at)
	}
	if at, _ := r.lowest(); at != 50 {
		t.Fatalf("the reader would begin again from %d, not from 50", at)
	}
	if err := r.dispatch(t.Context(), 51, string(m.Bytes())); err != nil || len(r.owned[1].in) != 1 {
		t.Fatalf("message 51 was not handed on: %v", err)
	}
}
