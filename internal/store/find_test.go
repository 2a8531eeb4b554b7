package store_test

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/headroomhq/headroom/internal/db"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/store"
)

func TestFingerprintsAreFoundWithTheirDays(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, _ func() *db.DB) {
		print := func(id string) event.Fingerprint { return event.FingerprintOf("app", id) }
		c, day := next(0, 10), noon.Day()
		var many []event.Fingerprint
		for i := range 1000 {
			many = append(many, print(fmt.Sprint("other", i)))
		}
		// The end of one and the beginning of the next look like a third.
		a, b := print("a"), print("b")
		var across event.Fingerprint
		copy(across[:8], a[8:])
		copy(across[8:], b[:8])
		c.Segments = []engine.Segment{
			{Day: day, Fingerprints: append(many, a, b)},
			{Day: day + 1, Fingerprints: []event.Fingerprint{b, print("c")}},
			{Day: day + 9, Fingerprints: []event.Fingerprint{print("late")}},
			{Day: engine.ImportDay, Fingerprints: []event.Fingerprint{print("imported")}},
		}
		must(t, s.Commit(ctx, c))
		wanted := []event.Fingerprint{a, b, across, print("c"), print("late"), print("imported"), print("nothing")}
		got, err := s.FindSeen(ctx, 0, day-1, day+8, wanted)
		want := map[event.Fingerprint][]int32{a: {day}, b: {day, day + 1}, print("c"): {day + 1}}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("found %v, want %v, %v", got, want, err)
		}
		if got, err := s.FindSeen(ctx, 1, day-1, day+8, wanted); err != nil || len(got) != 0 {
			t.Errorf("another partition has %v, %v", got, err)
		}
	})
}
