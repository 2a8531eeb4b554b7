package subscription

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
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
	Request        string     `json:"request,omitempty"`
	At             clock.Time `json:"at,omitempty"` // of the preview, by state time
	ExpiresAt      clock.Time `json:"expires_at"`   // by real time
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

// Holds says whether the change, which would now cost what quote says, is still the one that
// was shown: about the same paid period, to the same price and invoice, with the same add-ons
// left behind; and giving back the same when it undoes. What is due at once was shown for the
// moment of the preview and stands: the seconds since are not charged. Fault token_outdated.
func (b Binding) Holds(cur *Subscription, quote Quote, now clock.Time) error {
	shown := &b.Quote
	turned := b.At != 0 && cur.Status == Active && PeriodOf(cur.Interval, cur.Anchor, b.At) != PeriodOf(cur.Interval, cur.Anchor, now)
	if !turned && shown.Recurring == quote.Recurring && shown.NextInvoice.Total == quote.NextInvoice.Total &&
		slices.Equal(shown.Dropped, quote.Dropped) && (!b.Change.Undo || shown.Now == quote.Now) {
		return nil
	}
	return fault.New(fault.Stale, "token_outdated", "the change would no longer cost what was shown: a new period has begun, or something else has moved").
		WithMend("preview the change again and confirm what it shows")
}

// Charged returns s with what was charged for the change that led to it: what was shown.
func (s Subscription) Charged(q Quote) Subscription {
	if s.Undo != nil {
		u := *s.Undo
		u.Now, u.Lines = q.Now, q.Lines
		s.Undo = &u
	}
	return s
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
