package revenue

import (
	"math/big"

	"github.com/headroomhq/headroom/internal/money"
)

// rateDecimals is how many decimals a rate is shown with: hundredths of a percent.
const rateDecimals = 10_000

// Rate returns part/whole with four decimals, halves away from zero, computed from exact
// integers: Rate(10432, 10000) is "1.0432". whole must be positive.
func Rate(part, whole money.Twelfths) string {
	n := big.NewInt(int64(part))
	neg := n.Sign() < 0
	n.Abs(n).Mul(n, big.NewInt(2*rateDecimals)).Add(n, big.NewInt(int64(whole)))
	n.Quo(n, new(big.Int).Mul(big.NewInt(int64(whole)), big.NewInt(2)))
	s := n.String()
	for len(s) < 5 {
		s = "0" + s
	}
	s = s[:len(s)-4] + "." + s[len(s)-4:]
	if neg && n.Sign() != 0 {
		s = "-" + s
	}
	return s
}
