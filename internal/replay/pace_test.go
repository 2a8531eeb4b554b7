package replay

import (
	"slices"
	"testing"
)

func TestProgressIsThatOfTheSlowestWorkerAndEndsWithTheLastStep(t *testing.T) {
	var told []uint64
	p := &pace{from: 11, to: 110, stepped: make([]uint64, 2), tell: func(done, total uint64) {
		if total != 100 {
			t.Errorf("of %d positions, want 100", total)
		}
		told = append(told, done)
	}}
	p.passed(0, 110) // one worker is through, the other has not begun
	if len(told) != 0 {
		t.Fatalf("told %v while a worker had stepped nothing", told)
	}
	p.passed(1, 50)
	p.passed(1, 110)
	if want := []uint64{40, 100}; !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
}
