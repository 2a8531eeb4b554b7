package invite

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
)

// Code returns the code of an account in a referral program: who it is of, readable by anybody, with a seal
// of 60 bits of HMAC-SHA256 under the secret, so that nobody makes one up and nothing needs to be kept. The same account and
// program always have the same code.
func Code(secret []byte, account, program string) string {
	body := base64.RawURLEncoding.EncodeToString([]byte(program + "\x00" + account))
	return body + "." + Seal(secret, "referral", body)
}

// ReadCode returns whose code it is.
func ReadCode(secret []byte, code string) (account, program string, err error) {
	body, sealed, found := strings.Cut(code, ".")
	b, bad := base64.RawURLEncoding.DecodeString(body)
	program, account, split := strings.Cut(string(b), "\x00")
	if !found || bad != nil || !split || account == "" || !hmac.Equal([]byte(sealed), []byte(Seal(secret, "referral", body))) {
		return "", "", fault.New(fault.NotFound, "code_unknown", "%q is no code of ours", fault.Shorten(code)).
			WithMend("send the code as POST /v1/accounts/{account}/referrals gave it, unchanged").WithField("code", code, "is not known")
	}
	return account, program, nil
}

// Key returns what proves that somebody was given the link to an invitation.
func Key(secret []byte, id string) string { return Seal(secret, "invite", id) }

// Opens says whether key is the one of an invitation.
func Opens(secret []byte, id, key string) bool {
	return hmac.Equal([]byte(Key(secret, id)), []byte(key))
}

// Seal returns 12 characters, of a to z and 2 to 7, that only who has the secret can make of a text; what tells
// texts of one kind from those of another.
func Seal(secret []byte, what, text string) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(what + "\x00" + text))
	return strings.ToLower(base32.StdEncoding.EncodeToString(mac.Sum(nil)[:10])[:12])
}

// Exposure is that a visitor saw an account's code; kept under the visitor's key.
type Exposure struct {
	Account string     `json:"account"`
	Program string     `json:"program"`
	Place   string     `json:"place,omitempty"`
	At      clock.Time `json:"at"` // the last time
}

// maxExposures bounds what is kept of one visitor: the codes seen last.
const maxExposures = 8

// Expose notes what a visitor saw. counts: it is the first time of this code on this day, in UTC; first: ever, as
// far as is known.
func Expose(list []Exposure, e Exposure) (kept []Exposure, counts, first bool) {
	i := slices.IndexFunc(list, func(x Exposure) bool { return x.Account == e.Account && x.Program == e.Program })
	counts, first = true, i < 0
	if !first {
		counts = list[i].At.Day() != e.At.Day()
		e.At = max(e.At, list[i].At)
		list = slices.Delete(list, i, i+1)
	}
	list = append(list, e)
	slices.SortStableFunc(list, func(a, b Exposure) int { return cmp.Compare(a.At, b.At) })
	if len(list) > maxExposures {
		list = slices.Delete(list, 0, len(list)-maxExposures)
	}
	return list, counts, first
}

// Last returns the newest exposure that a sign-up may be credited to: within its program's window.
func Last(list []Exposure, window func(program string) clock.Time, now clock.Time) (Exposure, bool) {
	for _, e := range slices.Backward(list) {
		if w := window(e.Program); w > 0 && e.At+w >= now {
			return e, true
		}
	}
	return Exposure{}, false
}

// Why a sign-up is credited, or is not.
const (
	Credited    = "credited"
	NotReferred = "not_referred"    // nobody's code was seen within its program's window
	OwnFamily   = "self_referral"   // the code is of an account of the same family
	NotFirst    = "already_here"    // the account has signed up, or paid, before, or is older than what was seen
	NoProgram   = "program_unknown" // the catalog has no such program any more
)

// SignUp is what became of an account's first sign-up; kept by the account for good.
type SignUp struct {
	Account   string     `json:"account"`
	Credited  bool       `json:"credited"`
	Reason    string     `json:"reason"`
	Program   string     `json:"program,omitempty"`
	By        string     `json:"by,omitempty"` // the account that referred it
	ExposedAt clock.Time `json:"exposed_at,omitzero"`
	At        clock.Time `json:"at"`
}

// Referral is how an account does in a program.
type Referral struct {
	Account   string     `json:"account"`
	Program   string     `json:"program"`
	Since     clock.Time `json:"since"`     // when the account asked for its code, or the code was first seen
	Exposures int64      `json:"exposures"` // once a visitor and day
	Visitors  int64      `json:"visitors"`  // different ones
	SignUps   int64      `json:"sign_ups"`
	LastAt    clock.Time `json:"last_at,omitzero"` // of the last sign-up
	Today     int64      `json:"today,omitempty"`  // exposures without a visitor on Day
	Day       int32      `json:"day,omitempty"`
}

// maxUnknown is how many exposures a day are counted of visitors that the product does not tell apart.
const maxUnknown = 10_000

// CountUnknown counts an exposure of nobody in particular, within the bound of a day.
func (r *Referral) CountUnknown(now clock.Time) bool {
	if d := now.Day(); r.Day != d {
		r.Day, r.Today = d, 0
	}
	if r.Today >= maxUnknown {
		return false
	}
	r.Today++
	r.Exposures++
	return true
}
