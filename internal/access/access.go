// Package access says who is calling and what they may do: secret keys of servers,
// publishable keys of browsers with a signed user token, and the administrator's session
// in the console. Keys, passwords and sessions live in SQL, not in the log: they change
// no account's state (design section 4, rule 1).
package access

import (
	"strconv"
	"strings"

	"github.com/headroomhq/headroom/internal/fault"
)

// Kind says what a caller showed to be let in.
type Kind string

// The kinds of caller.
const (
	Server  Kind = "server"  // a secret key
	Browser Kind = "browser" // a publishable key with a user token; without one only to send events
	Console Kind = "console" // the administrator, by session cookie
)

// Scopes is a set of things a caller may do.
type Scopes uint8

// The scopes. Admin implies all others.
const (
	EventsWrite Scopes = 1 << iota // send events and Segment calls
	Check                          // check and consume, entitlements
	Decide                         // decide offers, report outcomes
	Read                           // read accounts, signals, opportunities, revenue
	Admin                          // everything, keys and catalog included
)

const (
	// browserScopes is all that a publishable key may ever do: check and decide only for
	// the account of its user token, events also without one.
	browserScopes = EventsWrite | Check | Decide
	// browserDefault is what it may do unless somebody says otherwise. Sending events is
	// not part of it: whoever holds a browser can then make up usage.
	browserDefault = Check | Decide
)

// ForBrowsers says whether publishable keys can be given the scope.
func (s Scopes) ForBrowsers() bool { return s != 0 && s&^browserScopes == 0 }

var scopeNames = []struct {
	scope Scopes
	name  string
}{{EventsWrite, "events:write"}, {Check, "check"}, {Decide, "decide"}, {Read, "read"}, {Admin, "admin"}}

// Has says whether all of want is in s. Admin has everything.
func (s Scopes) Has(want Scopes) bool { return s&Admin != 0 || s&want == want }

// Names returns the scopes by name, in the order of the constants; never nil.
func (s Scopes) Names() []string {
	names := make([]string, 0, len(scopeNames))
	for _, n := range scopeNames {
		if s&n.scope != 0 {
			names = append(names, n.name)
		}
	}
	return names
}

// String returns the names joined by commas: how scopes are stored and logged.
func (s Scopes) String() string { return strings.Join(s.Names(), ",") }

// ParseScopes reads names such as "events:write". An unknown name, or no name at all, is
// fault invalid, code scope_unknown.
func ParseScopes(names []string) (Scopes, error) {
	var s Scopes
	for i, name := range names {
		scope := scopeNamed(name)
		if scope == 0 {
			return 0, fault.New(fault.Invalid, "scope_unknown", "scope %q does not exist", fault.Shorten(name)).
				WithMend("use events:write, check, decide, read or admin").
				WithField("/scopes/"+strconv.Itoa(i), name, "is not a scope")
		}
		s |= scope
	}
	if s == 0 {
		return 0, fault.New(fault.Invalid, "scope_unknown", "a key needs at least one scope").
			WithMend("give events:write, check, decide, read or admin").
			WithField("/scopes", "[]", "is empty")
	}
	return s, nil
}

func scopeNamed(name string) Scopes {
	for _, n := range scopeNames {
		if n.name == name {
			return n.scope
		}
	}
	return 0
}

// Roles a user of the product can have in a user token.
const (
	RoleMember = "member" // sees and asks
	RoleAdmin  = "admin"  // may also buy and answer requests
)

// Principal is an authenticated caller.
type Principal struct {
	Kind   Kind
	KeyID  string // empty for the console; "environment" for HEADROOM_SECRET_KEY
	Scopes Scopes
	// Account, User and Role are what a browser's user token says: the account as it is
	// keyed, the user id as the product knows it (not a pseudonym), and RoleMember or
	// RoleAdmin. A Server speaks for any account and has none of them. The console's
	// administrator has the Role RoleAdmin and no Account.
	Account string
	User    string
	Role    string
	// Name is what the user token says that colleagues call the person, empty where it does not.
	Name string
}

// Require returns nil when the caller has the scope, else fault denied, code scope_missing.
func (p Principal) Require(want Scopes) error {
	if p.Scopes.Has(want) {
		return nil
	}
	if p.Kind == Browser {
		if want.ForBrowsers() {
			return fault.New(fault.Denied, "scope_missing", "this publishable key has the scopes %s, this call needs %s", p.Scopes, want).
				WithMend("make a publishable key with the scope %s: POST /v1/keys", want)
		}
		return fault.New(fault.Denied, "scope_missing", "a publishable key may send events, check and decide at most, this call needs %s", want).
			WithMend("make this call from your server with a secret key")
	}
	return fault.New(fault.Denied, "scope_missing", "this key has the scopes %s, this call needs %s", p.Scopes, want).
		WithMend("use a key with the scope %s", want)
}

// ForAccount returns nil when the caller may speak for the account, else fault denied,
// code account_denied: a browser may only speak for the account of its user token.
// A publishable key that sends events without a user token speaks for any account.
func (p Principal) ForAccount(account string) error {
	if p.Kind != Browser || p.Account == account || p.Account == "" && p.Scopes == EventsWrite {
		return nil
	}
	return fault.New(fault.Denied, "account_denied", "the user token is for account %q, the call is for %q", p.Account, fault.Shorten(account)).
		WithMend("sign the token for the account the user is looking at")
}

// ForUser returns the user the call is for: what a Server names, what a browser's token
// says. A browser that names somebody else gets fault denied, code user_denied.
func (p Principal) ForUser(named string) (string, error) {
	if p.Kind != Browser {
		return named, nil
	}
	if named != "" && named != p.User {
		return "", fault.New(fault.Denied, "user_denied", "the user token is for user %q, the call names %q", p.User, fault.Shorten(named)).
			WithMend("leave user out, the token says who it is")
	}
	return p.User, nil
}
