package meter

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// hashed is the hash of the i-th member of a world.
func hashed(world, i int) uint64 {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], uint64(world))
	binary.BigEndian.PutUint64(b[8:], uint64(i))
	sum := sha256.Sum256(b[:])
	return binary.BigEndian.Uint64(sum[:8])
}

func TestASetIsExactAndThenWithinItsError(t *testing.T) {
	// The estimates of 40 worlds: their root mean square error is the standard error, and
	// one in 16,000 is off by more than four of them.
	const worlds = 40
	sizes := []int{1, 2, MaxInState - 1, MaxInState, MaxInState + 1, 1000, MaxExact - 1, MaxExact, MaxExact + 1, 10_500, 12_000, 20_000, 40_000, 60_000, 100_000}
	if testing.Short() {
		sizes = sizes[:12]
	}
	squares := make([]float64, len(sizes))
	for world := range worlds {
		s := &members{}
		next := 0
		for i := 1; i <= sizes[len(sizes)-1]; i++ {
			s.add(hashed(world, i))
			if i != sizes[next] {
				continue
			}
			off := float64(s.count())/float64(i) - 1
			if i <= MaxExact && off != 0 {
				t.Fatalf("%d members count as %d", i, s.count())
			}
			if math.Abs(off) > 4*StandardError {
				t.Errorf("world %d: %d members count as %d, off by %.2f%%", world, i, s.count(), 100*off)
			}
			squares[next] += off * off
			next++
		}
	}
	for i, n := range sizes {
		rms := math.Sqrt(squares[i] / worlds)
		if n > MaxExact {
			t.Logf("%7d members: error %.3f%% (stated %.3f%%)", n, 100*rms, 100*StandardError)
		}
		// Of 40 samples the root mean square itself varies by an eighth or so.
		if rms > 1.45*StandardError {
			t.Errorf("%d members: error %.2f%%, stated %.2f%%", n, 100*rms, 100*StandardError)
		}
	}
}

func TestTheErrorHoldsForManyMoreMembers(t *testing.T) {
	if testing.Short() {
		t.Skip("ten million members")
	}
	s := &sketch{}
	random := rand.New(rand.NewPCG(1, 2))
	for n := 1; n <= 10_000_000; n++ {
		s.add(random.Uint64())
		if n == 1_000_000 || n == 3_000_000 || n == 10_000_000 {
			if off := float64(s.estimate())/float64(n) - 1; math.Abs(off) > 4*StandardError {
				t.Errorf("%d members count as %d", n, s.estimate())
			}
		}
	}
}

func TestTheOrderOfMembersAndMergesDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SampledFrom([]int{0, 1, 200, 256, 257, 300, 5000, 10_000, 10_001, 15_000}).Draw(t, "members")
		parts := make([]*members, rapid.IntRange(1, 4).Draw(t, "parts"))
		for i := range parts {
			parts[i] = &members{}
		}
		seed := rapid.Uint64().Draw(t, "seed")
		random := rand.New(rand.NewPCG(seed, 1))
		whole := &members{}
		for _, i := range random.Perm(n) {
			h := hashed(0, i)
			whole.add(h)
			parts[random.IntN(len(parts))].add(h)
		}
		for _, i := range random.Perm(n) { // some again, in any part
			if i%3 == 0 {
				parts[random.IntN(len(parts))].add(hashed(0, i))
			}
		}
		var counts []int64
		for range 2 {
			merged := &members{}
			for _, i := range random.Perm(len(parts)) {
				merged.merge(parts[i])
			}
			counts = append(counts, merged.count())
		}
		if counts[0] != whole.count() || counts[1] != whole.count() {
			t.Fatalf("merged %v, at once %d", counts, whole.count())
		}
	})
}

func TestASketchIsTheSamePackedAndUnpacked(t *testing.T) {
	s := &sketch{}
	for i := range 50_000 {
		s.add(hashed(1, i))
	}
	s.add(0) // the highest rank there is
	var again sketch
	if b := s.packed(); len(b) != packedLength || !again.unpack(b) || again.ranks != s.ranks || again.estimate() != s.estimate() {
		t.Error("another sketch")
	}
	if new(sketch).unpack(make([]byte, 3)) {
		t.Error("three bytes are a sketch")
	}
	full := make([]byte, packedLength)
	for i := range full {
		full[i] = 0xFF
	}
	if new(sketch).unpack(full) {
		t.Error("registers above the highest rank are a sketch")
	}
}

func BenchmarkAddMember(b *testing.B) {
	for _, n := range []int{200, 5000, 100_000} {
		b.Run(map[int]string{200: "in state", 5000: "outside", 100_000: "estimated"}[n], func(b *testing.B) {
			s := &members{}
			hashes := make([]uint64, n)
			for i := range hashes {
				hashes[i] = hashed(2, i)
				s.add(hashes[i])
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				s.add(hashes[i%n])
				s.count()
			}
		})
	}
}
