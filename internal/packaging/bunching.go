package packaging

import (
	"fmt"
	"math"

	"github.com/headroomhq/headroom/internal/quantity"
)

// Bunching is whether accounts gather just below a limit: held back by it, or careful not to
// pass it. Too many there are accounts that would use more.
type Bunching struct {
	Limit quantity.Quantity `json:"limit" doc:"the limit"`
	// Accounts have this limit, or all of the sample's where limits of accounts are not known.
	Accounts int `json:"accounts" doc:"how many have it"`
	// Bunched use from From, excluded, up to the limit.
	Bunched int               `json:"bunched" doc:"how many use just below it: from from, excluded, up to the limit"`
	From    quantity.Quantity `json:"from" doc:"where just below begins"`
	// Expected is how many it would be if usage went on as in the bands below, with one
	// decimal; null when there is too little data.
	Expected *string `json:"expected" nullable:"true" doc:"how many would be there if usage went on as below; null where there is too little data"`
	// Ratio is Bunched to Expected with two decimals; null when there is too little data.
	Ratio *string `json:"ratio" nullable:"true" doc:"bunched to expected; null where there is too little data"`
	// Excess says that chance does not explain the difference.
	Excess bool   `json:"excess" doc:"chance does not explain the difference"`
	Words  string `json:"words" doc:"the same in a sentence"`
}

// bunchedBands is from how many bands below the expectation is taken.
const bunchedBands = 3

// BunchingAt looks for it below a limit in the usage of those who have that limit. The band is
// the last twentieth of the limit, but at least one unit; what is expected in it is the mean
// of the up to three equally wide bands below, without those who use nothing. Usage that
// thins out towards the limit makes it err on the side of too much expected. The difference
// is no chance from three standard deviations on, with counts taken as Poisson.
func BunchingAt(s *Sample, limit quantity.Quantity) Bunching {
	width := max(limit/20, quantity.One)
	b := Bunching{Limit: limit, Accounts: s.Accounts(), From: limit - width}
	b.Bunched = s.AtMost(limit) - s.AtMost(b.From)
	bands := 0
	for bands < bunchedBands && b.From-quantity.Quantity(bands+1)*width >= 0 {
		bands++
	}
	below := s.AtMost(b.From) - s.AtMost(max(b.From-quantity.Quantity(bands)*width, 0))
	if bands == 0 || below < 5 || below+b.Bunched < 20 {
		b.Words = fmt.Sprintf("%s between %s and %s, %d in the bands below: too little to tell bunching from chance.", count(b.Bunched, "account"), b.From, limit, below)
		return b
	}
	expected := float64(below) / float64(bands)
	ratio := float64(b.Bunched) / expected
	b.Expected, b.Ratio = rate(expected, 1), rate(ratio, 2)
	// Of the difference: its own variance and that of a mean of so many bands.
	deviation := math.Sqrt(expected + expected/float64(bands))
	b.Excess = float64(b.Bunched)-expected >= 3*deviation
	if b.Excess {
		b.Words = fmt.Sprintf("%s just below %s, where %s would be expected: they are held back by the limit.", count(b.Bunched, "account"), limit, *b.Expected)
	} else {
		b.Words = fmt.Sprintf("%s just below %s, where %s would be expected: nothing unusual.", count(b.Bunched, "account"), limit, *b.Expected)
	}
	return b
}

// rate writes a number as a decimal string.
func rate(f float64, decimals int) *string {
	s := fmt.Sprintf("%.*f", decimals, f)
	return &s
}
