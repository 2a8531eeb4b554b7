package subscription

import "github.com/headroomhq/headroom/internal/clock"

// Binding is what a confirmation token holds: exactly what was shown, to whom, and for
// which state of things.
type Binding struct {
	Account        string     `json:"account"`
	Version        int64      `json:"version"` // of the subscription it was made for
	Change         Change     `json:"change"`
	Quote          Quote      `json:"quote"`
	CatalogVersion string     `json:"catalog"`
	Decision       string     `json:"decision,omitempty"`
	ExpiresAt      clock.Time `json:"expires_at"`
}

// Sign returns the token.
func (b Binding) Sign(secret []byte) string { return "" }

// Verify returns what token binds. Faults: token_invalid, token_expired.
func Verify(secret []byte, token string, now clock.Time) (Binding, error) { return Binding{}, nil }

// Fits says whether the token may still be used: same account, same version of the
// subscription, same catalog. Faults: token_invalid, token_outdated.
func (b Binding) Fits(account string, cur *Subscription, catalogVersion string) error { return nil }
