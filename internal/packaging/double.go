package packaging

import "math"

// double is a number as the unevaluated sum of two floats, of which lo is at most half a
// unit in the last place of hi: about 106 bits. Sums of squares need them: a narrow group of
// large amounts is the small difference of two huge sums. The operations are those of Dekker
// (1971) and Knuth (The Art of Computer Programming, vol. 2, 4.2.2).
type double struct{ hi, lo float64 }

func twoSum(a, b float64) double {
	s := a + b
	bb := s - a
	return double{s, (a - (s - bb)) + (b - bb)}
}

// fast is twoSum for |a| >= |b|.
func fast(a, b float64) double {
	s := a + b
	return double{s, b - (s - a)}
}

func (a double) plus(b double) double {
	s := twoSum(a.hi, b.hi)
	return fast(s.hi, s.lo+(a.lo+b.lo))
}

func (a double) minus(b double) double { return a.plus(double{-b.hi, -b.lo}) }

func (a double) square() double {
	p := a.hi * a.hi
	return fast(p, math.FMA(a.hi, a.hi, -p)+2*a.hi*a.lo)
}

func (a double) times(b float64) double {
	p := a.hi * b
	return fast(p, math.FMA(a.hi, b, -p)+a.lo*b)
}

func (a double) over(b float64) double {
	q := a.hi / b
	return fast(q, (math.FMA(-q, b, a.hi)+a.lo)/b)
}
