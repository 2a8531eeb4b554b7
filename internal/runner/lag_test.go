package runner

import (
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
)

func TestEventsForAPartitionTooFarBehindWaitOutside(t *testing.T) {
	r := newRunner(Options{Partitions: 2, MaxLag: 10 * time.Second})
	for n := range 2 {
		p := newPartition(r, n, 1)
		p.state = engine.NewState(n, 0, 0, "", engine.Rules, nil)
		r.owned[n] = p
	}
	keys := map[int]string{}
	for _, k := range []string{"acme", "bolt", "core", "dune", "ecco"} {
		keys[event.Partition(k, 2)] = k
	}
	admitted := func(n int) bool {
		err := r.Admit([]event.Record{{Kind: event.KindEvent, Key: keys[n]}})
		if err != nil && fault.CodeOf(err) != "partition_behind" {
			t.Fatal(err)
		}
		return err == nil
	}
	start := time.Now()
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	for _, c := range []struct {
		given    string
		second   int
		last     uint64
		one, two uint64 // positions of the partitions
		want     [2]bool
	}{
		{"an empty log", 0, 0, 0, 0, [2]bool{true, true}},
		{"a message just came", 1, 5, 0, 0, [2]bool{true, true}},
		{"one partition took it, the other has for a while not", 10, 5, 5, 0, [2]bool{true, true}},
		{"it has not for too long", 12, 9, 9, 0, [2]bool{true, false}},
		{"it stepped on, but not far enough", 25, 20, 20, 8, [2]bool{true, false}},
		{"it is as far as the log was a moment ago", 26, 30, 30, 20, [2]bool{true, true}},
		{"nothing happens for a long time", 500, 30, 30, 30, [2]bool{true, true}},
		{"then comes a message", 501, 31, 31, 30, [2]bool{true, true}},
	} {
		r.owned[0].reached(c.one)
		r.owned[1].reached(c.two)
		r.mark(at(c.second), c.last)
		if got := [2]bool{admitted(0), admitted(1)}; got != c.want {
			t.Errorf("%s: admitted %v, want %v", c.given, got, c.want)
		}
	}
}

func TestTheAgeOfAPositionIsThatOfTheFirstMessageAfterIt(t *testing.T) {
	var m marks
	start := time.Now()
	for i := range 10 {
		m.list = append(m.list, mark{start.Add(time.Duration(i) * time.Second), uint64(10 * (i + 1))})
	}
	now := start.Add(20 * time.Second)
	for position, want := range map[uint64]time.Duration{0: 20, 9: 20, 10: 19, 55: 15, 99: 11, 100: 0, 500: 0} {
		if got := m.since(position, now); got != want*time.Second {
			t.Errorf("position %d is %s behind, want %s", position, got, want*time.Second)
		}
	}
}
