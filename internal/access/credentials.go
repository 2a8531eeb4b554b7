package access

import (
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/headroomhq/headroom/internal/fault"
)

// Names of headers that callers send beside Authorization.
const (
	// UserTokenHeader carries the user token of a browser, signed by the product's server.
	UserTokenHeader = "Headroom-User-Token"
	// ConsoleHeader must be "1" on calls of the console that change something. A page of
	// another origin cannot send it without a preflight, which is never granted.
	ConsoleHeader = "Headroom-Console"
)

// maxKeyLength bounds what is hashed for a key; ours are 49 bytes, one given by the
// environment may be longer.
const maxKeyLength = 512

// Credentials are what a request shows.
type Credentials struct {
	Authorization string // the header as sent
	UserToken     string // Headroom-User-Token
	Session       string // value of the session cookie
	FromConsole   bool   // Headroom-Console: 1
	Events        bool   // the call only sends events: a publishable key needs no user token for that
	Changes       bool   // the method may change something: not GET, HEAD or OPTIONS
}

// Credentials takes from a request what Authenticate needs.
func (c *Control) Credentials(r *http.Request) Credentials {
	cred := Credentials{
		Authorization: r.Header.Get("Authorization"),
		UserToken:     r.Header.Get(UserTokenHeader),
		FromConsole:   r.Header.Get(ConsoleHeader) == "1",
		Changes:       r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodOptions,
	}
	// Only who sends no key is asked for a cookie: looking through cookies costs more
	// than the whole look-up of a key.
	if cred.Authorization == "" {
		if cookie, err := r.Cookie(c.cookieName); err == nil {
			cred.Session = cookie.Value
		}
	}
	return cred
}

// parseAuthorization returns the key in an Authorization header: the bearer token, or the
// user name of HTTP basic (how Segment's clients send their write key; their password is
// empty and any other is ignored). A header that holds no key is fault unauthenticated,
// code key_malformed, and never repeats the header.
func parseAuthorization(header string) (key string, err error) {
	scheme, rest, ok := strings.Cut(header, " ")
	if strings.EqualFold(scheme, "Bearer") && strings.Trim(rest, " ") == "" { // a server takes off what spaces follow
		return "", fault.New(fault.Unauthenticated, "key_malformed", "the key in the Authorization header is empty").
			WithMend("send \"Authorization: Bearer hr_sk_…\"; look whether the variable that holds the key is set")
	}
	if !ok {
		return "", malformed("has no scheme")
	}
	rest = strings.Trim(rest, " ")
	switch {
	case strings.EqualFold(scheme, "Bearer"):
		key = rest
	case strings.EqualFold(scheme, "Basic"):
		if len(rest) > 2*maxKeyLength {
			return "", malformed("is too long")
		}
		// Some clients leave the padding out.
		plain, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(rest, "="))
		if err != nil {
			return "", malformed("is not base64")
		}
		key, _, _ = strings.Cut(string(plain), ":")
	default:
		return "", malformed("has a scheme other than Bearer and Basic")
	}
	if key == "" || len(key) > maxKeyLength {
		return "", malformed("holds no key")
	}
	for i := range len(key) {
		if key[i] <= ' ' || key[i] > '~' {
			return "", malformed("holds a key with a space or control character")
		}
	}
	return key, nil
}

func malformed(what string) error {
	return fault.New(fault.Unauthenticated, "key_malformed", "the Authorization header %s", what).
		WithMend("send \"Authorization: Bearer hr_sk_…\"")
}
