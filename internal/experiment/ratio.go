package experiment

import "math"

// Ratio is Pearson's chi-square test of whether units fell to the variants as their shares say.
// A small P says that something other than the draw decides who is counted: no comparison of the
// variants can be trusted then.
type Ratio struct {
	Chi2 float64 `json:"chi2"`
	P    float64 `json:"p"` // 0 to 1
}

// SampleRatio tests counts against shares, in the same order; nil where a variant with a share is
// expected to have fewer than 5, below which the test says nothing.
func SampleRatio(counts, shares []int64) *Ratio {
	var total, sum float64
	for i := range counts {
		if shares[i] > 0 {
			total += float64(counts[i])
			sum += float64(shares[i])
		}
	}
	chi2, sides := 0.0, 0
	for i := range counts {
		if shares[i] <= 0 {
			continue
		}
		expected := total * float64(shares[i]) / sum
		if expected < 5 {
			return nil
		}
		d := float64(counts[i]) - expected
		chi2 += d * d / expected
		sides++
	}
	if sides < 2 {
		return nil
	}
	return &Ratio{Chi2: chi2, P: upper(float64(sides-1)/2, chi2/2)}
}

// upper is the regularised upper incomplete gamma function Q(a, x): for a chi-square of k degrees
// of freedom, P(X > c) = Q(k/2, c/2). By its series below a+1, by its continued fraction (Lentz's
// method) above: DLMF 8.7.1 and 8.9.2.
func upper(a, x float64) float64 {
	if x <= 0 {
		return 1
	}
	lg, _ := math.Lgamma(a)
	front := math.Exp(a*math.Log(x) - x - lg)
	if x < a+1 {
		term := 1 / a
		sum := term
		for n := 1.0; n < 1000 && term > sum*1e-16; n++ {
			term *= x / (a + n)
			sum += term
		}
		return max(0, 1-front*sum)
	}
	const tiny = 1e-300
	b := x + 1 - a
	c, d := 1/tiny, 1/b
	h := d
	for n := 1.0; n < 1000; n++ {
		an := -n * (n - a)
		b += 2
		if d = an*d + b; math.Abs(d) < tiny {
			d = tiny
		}
		if c = b + an/c; math.Abs(c) < tiny {
			c = tiny
		}
		d = 1 / d
		step := d * c
		h *= step
		if math.Abs(step-1) < 1e-15 {
			break
		}
	}
	return front * h
}
