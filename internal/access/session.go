package access

import (
	"context"
	"net/http"
	"time"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/store"
)

// administrator is the one person of the console so far.
const administrator = "administrator"

// How long a session of the console lasts.
const (
	sessionIdle = 12 * clock.Hour     // without a call
	sessionLife = 7 * 24 * clock.Hour // at most
	// seenEvery keeps each call of a session from writing.
	seenEvery = 5 * clock.Minute
)

// First is what the first start made, to be printed once. A field is empty when it was
// given by the environment.
type First struct {
	SecretKey string // an administrator's key
	Password  string // the administrator's password for the console
}

// FirstStart makes a secret key and the administrator's password at the first start of
// this database, and nothing later: then First is empty. Of several processes starting
// together one makes them. password is HEADROOM_ADMIN_PASSWORD: when set, it is the
// administrator's password from now on, at any start, which is also how a lost one is
// replaced; sessions begun with another end. Fault invalid, code password_unfit.
func (c *Control) FirstStart(ctx context.Context, password string) (First, error) {
	var first First
	if password != "" {
		if err := c.setPassword(ctx, password); err != nil {
			return First{}, err
		}
	}
	mine := newID("")
	claimed, err := c.store.SetMetaOnce(ctx, "access_first_start", []byte(mine))
	if err != nil || string(claimed) != mine {
		return First{}, err
	}
	if password == "" {
		first.Password = newSecret("")[:20] // 119 bits
		if err := c.setPassword(ctx, first.Password); err != nil {
			return First{}, err
		}
	}
	if c.config.EnvironmentKey == "" {
		k, err := c.CreateSecretKey(ctx, "first start", Admin)
		if err != nil {
			return First{}, err
		}
		first.SecretKey = k.Secret
	}
	return first, nil
}

// setPassword makes password the administrator's, unless it is already.
func (c *Control) setPassword(ctx context.Context, password string) error {
	if err := checkPassword(password); err != nil {
		return err
	}
	u, found, err := c.store.ConsoleUser(ctx, administrator)
	if err != nil {
		return err
	}
	if found {
		if same, outdated, err := verifyPassword(u.Password, password); err == nil && same && !outdated {
			return nil
		}
	}
	return c.store.PutConsoleUser(ctx, store.ConsoleUser{Name: administrator,
		Password: hashPassword(password, currentCost), Role: RoleAdmin, CreatedAt: c.now()})
}

// Login checks the administrator's password and returns the value of a new session's
// cookie. remote is the caller's address (http.Request.RemoteAddr): after five wrong
// passwords it has to wait, longer each time. Faults: unauthenticated, code login_failed;
// busy, code login_throttled.
func (c *Control) Login(ctx context.Context, password, remote string) (session string, err error) {
	if wait := c.throttle.wait(remote, c.config.Now()); wait > 0 {
		return "", fault.New(fault.Busy, "login_throttled", "too many wrong passwords from this address").
			WithMend("try again in %s", (wait + time.Second).Truncate(time.Second))
	}
	ok, err := c.passwordIs(ctx, password)
	if err != nil {
		return "", err
	}
	if !ok {
		c.throttle.failed(remote, c.config.Now())
		return "", fault.New(fault.Unauthenticated, "login_failed", "this is not the administrator's password").
			WithMend("the first start printed it; to set another, start with HEADROOM_ADMIN_PASSWORD")
	}
	c.throttle.succeeded(remote)
	u, _, err := c.store.ConsoleUser(ctx, administrator)
	if err != nil {
		return "", err
	}
	session = newSecret("")
	now := c.now()
	return session, c.store.PutSession(ctx, store.Session{Hash: sessionHash(session, u.Password), User: u.Name,
		CreatedAt: now, ExpiresAt: now + sessionIdle})
}

// passwordIs says whether password is the administrator's, one question at a time.
func (c *Control) passwordIs(ctx context.Context, password string) (bool, error) {
	select {
	case c.hashing <- struct{}{}:
		defer func() { <-c.hashing }()
	case <-ctx.Done():
		return false, fault.New(fault.Busy, "login_throttled", "too many logins at once").WithMend("try again in a moment")
	}
	if len(password) > maxPasswordLength {
		return false, nil
	}
	u, found, err := c.store.ConsoleUser(ctx, administrator)
	if err != nil || !found {
		return false, err
	}
	ok, outdated, err := verifyPassword(u.Password, password)
	if ok && outdated {
		return true, c.setPassword(ctx, password)
	}
	return ok, err
}

// Logout ends a session. One that has ended already is no fault.
func (c *Control) Logout(ctx context.Context, session string) error {
	u, _, err := c.store.ConsoleUser(ctx, administrator)
	if err != nil {
		return err
	}
	return c.store.DeleteSession(ctx, sessionHash(session, u.Password))
}

// Cookie returns the cookie that keeps a session in the browser; for an empty session the
// one that takes it away. secure says whether the browser reached us by TLS.
func (c *Control) Cookie(session string, secure bool) *http.Cookie {
	//nolint:gosec // Secure is set where there is TLS; 127.0.0.1 has none
	cookie := &http.Cookie{Name: c.cookieName, Value: session, Path: "/", HttpOnly: true,
		SameSite: http.SameSiteStrictMode, Secure: secure, MaxAge: int(sessionLife / clock.Second)}
	if session == "" {
		cookie.MaxAge = -1
	}
	return cookie
}

func (c *Control) authenticateSession(ctx context.Context, cred Credentials) (Principal, error) {
	ended := fault.New(fault.Unauthenticated, "session_ended", "you are not logged in any more").WithMend("log in again")
	if len(cred.Session) > maxKeyLength {
		return Principal{}, ended
	}
	u, found, err := c.store.ConsoleUser(ctx, administrator)
	if err != nil || !found {
		return Principal{}, errorOr(err, ended)
	}
	s, found, err := c.store.Session(ctx, sessionHash(cred.Session, u.Password))
	now := c.now()
	if err != nil || !found || now >= s.ExpiresAt {
		return Principal{}, errorOr(err, ended)
	}
	// SameSite=Strict keeps other sites out; the header keeps out other ports of this
	// host, which count as the same site.
	if cred.Changes && !cred.FromConsole {
		return Principal{}, fault.New(fault.Denied, "console_header_missing", "a call with a session that changes something needs the header %s: 1", ConsoleHeader).
			WithMend("send it, or use a secret key")
	}
	if expires := min(now+sessionIdle, s.CreatedAt+sessionLife); expires-s.ExpiresAt > seenEvery {
		if err := c.store.ExtendSession(ctx, s.Hash, expires); err != nil {
			return Principal{}, err
		}
	}
	return Principal{Kind: Console, Scopes: Admin, User: u.Name, Role: u.Role}, nil
}

// sessionHash is how a session is stored. The password's hash goes into it, so that
// setting another password ends every session begun with the old one.
func sessionHash(session, password string) []byte {
	d := digestOf(session + "\x00" + password)
	return d[:]
}

func errorOr(err error, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}
