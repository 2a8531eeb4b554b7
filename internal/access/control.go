package access

import (
	"context"
	"encoding/hex"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/store"
)

const (
	// refreshEvery is how often keys are read again, so that one revoked by another
	// process stops within a second.
	refreshEvery = 500 * time.Millisecond
	// missEvery is the least time between readings that unknown keys cause, so that
	// guessing keys costs us nothing.
	missEvery = 100 * time.Millisecond
)

// Config is what Open needs beside the store.
type Config struct {
	// EnvironmentKey is HEADROOM_SECRET_KEY: accepted as an administrator's key while the
	// process runs. Empty: none.
	EnvironmentKey string
	// Now is real time, never the test clock: keys, tokens and sessions belong to the
	// people who hold them. time.Now when nil.
	Now func() time.Time
	// BrowserEvents is how many events a second one address may send with one publishable
	// key in the long run, 100 when zero; see Control.Pace.
	BrowserEvents int
	// Proxies are the addresses of the proxies in front of this server. What they say in
	// X-Forwarded-For about who calls is believed, and nobody else.
	Proxies []netip.Prefix
}

// Control authenticates callers and keeps keys, the administrator's password and sessions.
// Instances may be safely shared by multiple goroutines.
type Control struct {
	store      *store.Store
	config     Config
	cookieName string
	reading    sync.Mutex // held while keys are read again
	keys       atomic.Pointer[snapshot]
	throttle   *throttle
	pace       *pace
	hashing    chan struct{} // one password hash at a time, so that logins cannot take all memory
}

// Open returns a Control that has read all keys. Let Run run beside it.
func Open(ctx context.Context, st *store.Store, config Config) (*Control, error) {
	if config.Now == nil {
		config.Now = time.Now
	}
	// Cookies do not tell ports apart: with one name for all, logging in to one server of
	// this host would log out of another.
	id, err := st.EnsureSecret(ctx, "console_cookie", 4)
	if err != nil {
		return nil, err
	}
	c := &Control{store: st, config: config, cookieName: "headroom_" + hex.EncodeToString(id),
		throttle: newThrottle(), pace: newPace(config.BrowserEvents), hashing: make(chan struct{}, 1)}
	return c, c.refresh(ctx)
}

// Authenticate says who shows these credentials. A known key costs a hash and a map
// look-up. An Authorization header goes before a session. All faults are unauthenticated,
// with code key_missing, key_malformed, key_unknown, key_revoked, user_token_missing,
// user_token_invalid, user_token_expired or session_ended; but console_header_missing is
// denied, and so is scope_missing, for a publishable key that may not send events.
func (c *Control) Authenticate(ctx context.Context, cred Credentials) (Principal, error) {
	if cred.Authorization != "" {
		return c.authenticateKey(ctx, cred)
	}
	if cred.Session != "" {
		return c.authenticateSession(ctx, cred)
	}
	return Principal{}, fault.New(fault.Unauthenticated, "key_missing", "this call needs a key").
		WithMend("send \"Authorization: Bearer hr_sk_…\"; the first start printed one")
}

func (c *Control) authenticateKey(ctx context.Context, cred Credentials) (Principal, error) {
	secret, err := parseAuthorization(cred.Authorization)
	if err != nil {
		return Principal{}, err
	}
	k, err := c.lookUp(ctx, digestOf(secret))
	switch {
	case err != nil:
		return Principal{}, err
	case k == nil:
		return Principal{}, fault.New(fault.Unauthenticated, "key_unknown", "this key is not known here").
			WithMend("check that it was copied whole and is a key of this server")
	case k.RevokedAt != 0:
		return Principal{}, fault.New(fault.Unauthenticated, "key_revoked", "key %s was revoked at %s", k.ID, k.RevokedAt).
			WithMend("make a new key")
	case k.Kind == kindSecret:
		return k.principal, nil
	case cred.UserToken == "" && cred.Events && k.principal.Scopes.Has(EventsWrite):
		p := k.principal
		p.Scopes = EventsWrite
		return p, nil
	case cred.UserToken == "" && cred.Events: // a token would not help
		return Principal{}, k.principal.Require(EventsWrite)
	case cred.UserToken == "":
		return Principal{}, fault.New(fault.Unauthenticated, "user_token_missing", "a publishable key needs a user token").
			WithMend("send the header %s with a JWT that your server signed", UserTokenHeader)
	}
	user, err := VerifyUserToken(cred.UserToken, string(k.TokenKey), c.config.Now())
	if err != nil {
		return Principal{}, err
	}
	p := k.principal
	p.Account, p.User, p.Role, p.Name = user.Account, user.ID, user.Role, user.Name
	return p, nil
}

// Run reads the keys again twice a second until ctx ends. When the database cannot be
// reached, report hears of it and the keys last read go on to work: checks must not stop
// because a database does.
func (c *Control) Run(ctx context.Context, report func(error)) {
	tick := time.NewTicker(refreshEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := c.refresh(ctx); err != nil && ctx.Err() == nil {
				report(err)
			}
		}
	}
}

// snapshot is all keys as they were at one time. It is replaced, never changed.
type snapshot struct {
	byDigest map[digest]*heldKey
	at       time.Time // just before it was read
}

// heldKey is a key with who shows it, apart from the user of a publishable one.
type heldKey struct {
	store.Key
	principal Principal
}

// lookUp finds a key by its digest. When it is not there the keys are read once more, since
// another process may just have made it; those who miss together share one reading. Nil
// when there is no such key.
func (c *Control) lookUp(ctx context.Context, d digest) (*heldKey, error) {
	if k := c.keys.Load().byDigest[d]; k != nil {
		return k, nil
	}
	missed := time.Now()
	c.reading.Lock()
	defer c.reading.Unlock()
	if at := c.keys.Load().at; at.Before(missed) {
		select {
		case <-time.After(time.Until(at.Add(missEvery))):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if err := c.read(ctx); err != nil {
			return nil, err
		}
	}
	return c.keys.Load().byDigest[d], nil
}

func (c *Control) refresh(ctx context.Context) error {
	c.reading.Lock()
	defer c.reading.Unlock()
	return c.read(ctx)
}

// read replaces the snapshot. The caller holds c.reading.
func (c *Control) read(ctx context.Context) error {
	s := &snapshot{byDigest: make(map[digest]*heldKey), at: time.Now()}
	keys, err := c.store.Keys(ctx)
	if err != nil {
		return err
	}
	for _, k := range keys {
		// A scope that only a newer version knows is left out: it grants nothing here.
		p := Principal{Kind: Server, KeyID: k.ID}
		for _, name := range k.Scopes {
			p.Scopes |= scopeNamed(name)
		}
		if k.Kind == kindPublishable {
			p.Kind, p.Scopes = Browser, p.Scopes&browserScopes
		}
		s.byDigest[digest(k.Hash)] = &heldKey{Key: k, principal: p}
	}
	if c.config.EnvironmentKey != "" {
		s.byDigest[digestOf(c.config.EnvironmentKey)] = &heldKey{
			Key:       store.Key{ID: EnvironmentKeyID, Kind: kindSecret},
			principal: Principal{Kind: Server, KeyID: EnvironmentKeyID, Scopes: Admin},
		}
	}
	c.keys.Store(s)
	return nil
}

func (c *Control) now() clock.Time { return clock.At(c.config.Now()) }
