package meter

import (
	"math"
	"math/bits"
)

const (
	// precision is how many bits of a hash choose a register.
	precision = 14
	registers = 1 << precision
	// top is the highest value of a register.
	top = 64 - precision + 1
	// StandardError is the relative standard error of an estimate, 1.04/sqrt(registers).
	StandardError = 0.008125
)

// sketch is a HyperLogLog: it estimates how many different members it was given, in 12 KiB
// however many there are. Its registers, and so its estimate, are the same in whatever order
// members come in and sketches are merged.
type sketch struct {
	ranks     [registers]uint8
	histogram [top + 1]uint32 // registers by value, but for those that are 0
	changed   bool            // since it was written outside of the state
	known     int64           // the estimate, 0 when it has to be computed
}

// add takes a member's hash.
func (s *sketch) add(hash uint64) {
	s.raise(hash>>(64-precision), uint8(bits.LeadingZeros64(hash<<precision|1<<(precision-1))+1))
}

func (s *sketch) raise(i uint64, rank uint8) {
	was := s.ranks[i]
	if rank <= was {
		return
	}
	if was > 0 {
		s.histogram[was]--
	}
	s.histogram[rank]++
	s.ranks[i] = rank
	s.changed, s.known = true, 0
}

// merge takes all members of other.
func (s *sketch) merge(other *sketch) {
	for i, rank := range other.ranks {
		s.raise(uint64(i), rank)
	}
}

// estimate returns the number of members by the improved raw estimator of O. Ertl, "New
// cardinality estimation algorithms for HyperLogLog sketches" (arXiv:1702.01284), section
// 2.4, which needs no table of corrections. The conversions keep a compiler from fusing
// a product and a sum, so that every machine gets the same.
func (s *sketch) estimate() int64 {
	if s.known != 0 {
		return s.known
	}
	const m = float64(registers)
	zero := registers
	for _, n := range s.histogram {
		zero -= int(n)
	}
	z := float64(m * tau(1-float64(s.histogram[top])/m))
	for k := top - 1; k >= 1; k-- {
		z = float64(0.5 * (z + float64(s.histogram[k])))
	}
	z += float64(m * sigma(float64(zero)/m))
	s.known = int64(math.Round(float64(m*m) / z / (2 * math.Ln2)))
	return s.known
}

// sigma and tau are the series of the same paper for registers that are still 0 and for
// those that can rise no further.
func sigma(x float64) float64 {
	if x == 1 {
		return math.Inf(1)
	}
	y, z := 1.0, x
	for {
		x = float64(x * x)
		next := z + float64(x*y)
		y += y
		if next == z {
			return z
		}
		z = next
	}
}

func tau(x float64) float64 {
	if x == 0 || x == 1 {
		return 0
	}
	y, z := 1.0, 1-x
	for {
		x = math.Sqrt(x)
		y *= 0.5
		next := z - float64(float64((1-x)*(1-x))*y)
		if next == z {
			return z / 3
		}
		z = next
	}
}

// packed returns the registers in 6 bits each.
func (s *sketch) packed() []byte {
	b := make([]byte, 0, registers*6/8)
	for i := 0; i < registers; i += 4 {
		v := uint32(s.ranks[i])<<18 | uint32(s.ranks[i+1])<<12 | uint32(s.ranks[i+2])<<6 | uint32(s.ranks[i+3])
		b = append(b, byte(v>>16), byte(v>>8), byte(v))
	}
	return b
}

// packedLength is the length of packed.
const packedLength = registers * 6 / 8

// unpack reads what packed wrote; false when it is something else.
func (s *sketch) unpack(b []byte) bool {
	if len(b) != packedLength {
		return false
	}
	for i := 0; i < registers; i, b = i+4, b[3:] {
		v := uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2])
		for j := range 4 {
			rank := uint8(v >> (18 - 6*j) & 63)
			if rank > top {
				return false
			}
			s.raise(uint64(i+j), rank)
		}
	}
	s.changed = false
	return true
}
