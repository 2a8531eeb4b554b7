package access

import (
	"errors"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/headroomhq/headroom/internal/fault"
)

// Bounds of user tokens.
const (
	maxTokenLength = 4096
	maxTokenLife   = 24 * time.Hour   // a stolen token is of no use tomorrow
	tokenLeeway    = 30 * time.Second // for clocks that differ
	maxNameLength  = 200              // of sub, account and name, in bytes
)

// User is who a user token speaks for.
type User struct {
	ID      string // sub: the user's id in the product
	Account string // the account's key
	Role    string // RoleMember or RoleAdmin
	Name    string // as colleagues know them; may be empty
}

// claims are the claims of a user token.
type claims struct {
	jwt.RegisteredClaims
	Account string `json:"account"`
	Role    string `json:"role"`
	Name    string `json:"name,omitempty"`
}

// SignUserToken returns a user token (JWT, HS256) that ends at expires, at most 24 hours
// from now. Products sign theirs with any JWT library; this one is for the demo and tests.
func SignUserToken(signingSecret string, u User, expires time.Time) (string, error) {
	return jwt.NewWithClaims(jwt.SigningMethodHS256, claims{
		RegisteredClaims: jwt.RegisteredClaims{Subject: u.ID, ExpiresAt: jwt.NewNumericDate(expires)},
		Account:          u.Account, Role: u.Role, Name: u.Name,
	}).SignedString([]byte(signingSecret))
}

// VerifyUserToken returns who a user token speaks for. now is real time. The algorithm is
// pinned to HS256: a token does not choose how it is checked. Anything wrong is fault
// unauthenticated, code user_token_invalid or user_token_expired, and never repeats the token.
func VerifyUserToken(token, signingSecret string, now time.Time) (User, error) {
	if len(token) > maxTokenLength {
		return User{}, badToken("is longer than %d bytes", maxTokenLength)
	}
	var c claims
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithExpirationRequired(),
		jwt.WithLeeway(tokenLeeway),
		jwt.WithTimeFunc(func() time.Time { return now }),
	)
	_, err := parser.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return []byte(signingSecret), nil })
	switch {
	case errors.Is(err, jwt.ErrTokenMalformed):
		return User{}, badToken("is not a JWT with sub, account, role and exp").WithCause(err)
	case errors.Is(err, jwt.ErrTokenSignatureInvalid), errors.Is(err, jwt.ErrTokenUnverifiable):
		return User{}, badToken("is not signed with HS256 and the signing secret of this publishable key").WithCause(err)
	case errors.Is(err, jwt.ErrTokenRequiredClaimMissing):
		return User{}, badToken("has no exp").WithCause(err)
	case errors.Is(err, jwt.ErrTokenExpired):
		return User{}, fault.New(fault.Unauthenticated, "user_token_expired", "the user token ended at %s", c.ExpiresAt.UTC().Format(time.RFC3339)).
			WithMend("have your server sign a new one").WithCause(err)
	case err != nil:
		return User{}, badToken("is not valid yet or not at all").WithCause(err)
	case c.ExpiresAt.Sub(now) > maxTokenLife+tokenLeeway:
		return User{}, badToken("ends more than 24 hours from now")
	case c.IssuedAt != nil && c.ExpiresAt.Sub(c.IssuedAt.Time) > maxTokenLife:
		return User{}, badToken("lives longer than 24 hours")
	case c.Subject == "" || len(c.Subject) > maxNameLength:
		return User{}, badToken("needs sub, the user's id, of 1 to %d bytes", maxNameLength)
	case c.Account == "" || len(c.Account) > maxNameLength:
		return User{}, badToken("needs account, the account's key, of 1 to %d bytes", maxNameLength)
	case c.Role != RoleMember && c.Role != RoleAdmin:
		return User{}, badToken("has role %q instead of member or admin", fault.Shorten(c.Role))
	case len(c.Name) > maxNameLength:
		return User{}, badToken("has a name of more than %d bytes", maxNameLength)
	}
	return User{ID: c.Subject, Account: c.Account, Role: c.Role, Name: c.Name}, nil
}

func badToken(format string, args ...any) *fault.Error {
	return fault.New(fault.Unauthenticated, "user_token_invalid", "the user token "+format, args...).
		WithMend("sign sub, account, role (member or admin) and exp (at most 24 hours away) with HS256 and the signing secret of the publishable key")
}
