package subscription

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
)

// Binding is what a confirmation token holds: exactly what was shown, to whom, and for
// which state of things. Whoever accepts with it is charged what Quote says, nothing else.
type Binding struct {
	Account        string     `json:"account"`
	Version        int64      `json:"version"` // of the subscription it was made for
	Change         Change     `json:"change"`
	Quote          Quote      `json:"quote"`
	CatalogVersion string     `json:"catalog"`
	Decision       string     `json:"decision,omitempty"`
	ExpiresAt      clock.Time `json:"expires_at"` // by real time
}

// maxToken bounds what Verify reads, in bytes.
const maxToken = 64 << 10

// Sign returns the token: base64url of the binding as JSON, a dot, and base64url of its
// HMAC-SHA256. It can be read by whoever holds it, and changed by nobody without the secret.
func (b Binding) Sign(secret []byte) string {
	b.Change = b.Change.clone()
	payload, err := json.Marshal(b)
	if err != nil {
		panic("subscription: a binding holds only values that become JSON: " + err.Error())
	}
	encode := base64.RawURLEncoding.EncodeToString
	return encode(payload) + "." + encode(mac(secret, payload))
}

// Verify returns what token binds. Faults, of kind Stale: token_invalid when it is not one
// of ours or was changed, token_expired from ExpiresAt on.
func Verify(secret []byte, token string, now clock.Time) (Binding, error) {
	var b Binding
	first, second, dotted := strings.Cut(token, ".")
	payload, err1 := base64.RawURLEncoding.Strict().DecodeString(first)
	sum, err2 := base64.RawURLEncoding.Strict().DecodeString(second)
	if len(token) > maxToken || !dotted || err1 != nil || err2 != nil || !hmac.Equal(sum, mac(secret, payload)) {
		return b, invalidToken("the confirmation token is not one this server made")
	}
	if err := json.Unmarshal(payload, &b); err != nil {
		return Binding{}, invalidToken("the confirmation token is of another release").WithCause(err)
	}
	if now >= b.ExpiresAt {
		return Binding{}, fault.New(fault.Stale, "token_expired", "the confirmation token expired at %s", b.ExpiresAt).
			WithMend("preview the change again and confirm what it shows")
	}
	return b, nil
}

// Fits says whether what was shown still holds: same account, same version of the
// subscription, same catalog. Faults, of kind Stale: token_invalid, token_outdated.
func (b Binding) Fits(account string, cur *Subscription, catalogVersion string) error {
	if b.Account != account {
		return invalidToken("the confirmation token is for another account")
	}
	var what string
	switch {
	case b.Version != cur.Version:
		what = "subscription"
	case b.CatalogVersion != catalogVersion:
		what = "catalog"
	default:
		return nil
	}
	return fault.New(fault.Stale, "token_outdated", "the %s has changed since the price was shown", what).
		WithMend("preview the change again and confirm what it shows")
}

func invalidToken(message string) *fault.Error {
	return fault.New(fault.Stale, "token_invalid", "%s", message).WithMend("preview the change again and send the token it returns unchanged")
}

// mac is keyed for this use alone, so that no other signature of the same secret fits.
func mac(secret, payload []byte) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte("headroom confirmation 1\n"))
	h.Write(payload)
	return h.Sum(nil)
}
