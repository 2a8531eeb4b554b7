package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"math/big"
	"strings"

	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/store"
)

// Beginnings of what we give out, so that people and secret scanners recognise it.
const (
	secretPrefix      = "hr_sk_" // a secret key: servers only
	publishablePrefix = "hr_pk_" // a publishable key: may be seen by anybody
	signingPrefix     = "hr_ts_" // signs user tokens: servers only
)

// Kinds of a stored key.
const (
	kindSecret      = "secret"
	kindPublishable = "publishable"
)

// EnvironmentKeyID is the KeyID of a Principal that showed HEADROOM_SECRET_KEY.
const EnvironmentKeyID = "environment"

const maxKeyName = 100 // bytes

// NewKey is a key just made: the one moment its secrets can be read.
type NewKey struct {
	store.Key
	// Secret is the key itself, hr_sk_… or hr_pk_….
	Secret string `json:"secret"`
	// SigningSecret signs user tokens (HS256, the bytes of the whole string); only with
	// publishable keys.
	SigningSecret string `json:"signing_secret,omitempty"`
}

// CreateSecretKey makes a secret key. It works in this process when this returns, in
// others at once too: they look again before they refuse. Fault invalid, code
// key_name_unfit, when the name is longer than 100 bytes.
func (c *Control) CreateSecretKey(ctx context.Context, name string, scopes Scopes) (NewKey, error) {
	return c.create(ctx, c.newKey(kindSecret, name, scopes))
}

// CreatePublishableKey makes a publishable key with its signing secret, for scopes among
// events:write, check and decide; for check and decide when scopes is 0. It may check and
// decide only for the account of a user token, and send events without one. Faults as
// CreateSecretKey, and invalid, code scope_not_for_browsers.
func (c *Control) CreatePublishableKey(ctx context.Context, name string, scopes Scopes) (NewKey, error) {
	if scopes == 0 {
		scopes = browserDefault
	}
	if !scopes.ForBrowsers() {
		return NewKey{}, fault.New(fault.Invalid, "scope_not_for_browsers", "a publishable key cannot have the scopes %s", scopes&^browserScopes).
			WithField("scopes", scopes.String(), "holds what only a secret key may do").
			WithMend("give it events:write, check or decide; anybody can read the key in a page")
	}
	return c.create(ctx, c.newKey(kindPublishable, name, scopes))
}

// newKey draws a key of the kind. The signing secret of a publishable key is kept as it
// is, because checking HS256 takes the secret itself: who can read the database can sign
// as a user, though not call as a server.
func (c *Control) newKey(kind, name string, scopes Scopes) NewKey {
	k := NewKey{Key: store.Key{ID: newID("key_"), Kind: kind, Name: name, Scopes: scopes.Names(), CreatedAt: c.now()}}
	k.Secret = newSecret(secretPrefix)
	if kind == kindPublishable {
		k.Secret, k.SigningSecret = newSecret(publishablePrefix), newSecret(signingPrefix)
		k.TokenKey = []byte(k.SigningSecret)
	}
	d := digestOf(k.Secret)
	k.Hash = d[:]
	k.Hint = k.Secret[:10] + "…" + k.Secret[len(k.Secret)-4:]
	return k
}

func (c *Control) create(ctx context.Context, k NewKey) (NewKey, error) {
	if len(k.Name) > maxKeyName {
		return NewKey{}, fault.New(fault.Invalid, "key_name_unfit", "the name of the key has %d bytes", len(k.Name)).
			WithMend("use %d at most", maxKeyName).WithField("/name", k.Name, "is too long")
	}
	if err := c.store.PutKey(ctx, k.Key); err != nil {
		return NewKey{}, err
	}
	return k, c.refresh(ctx)
}

// Keys returns all keys, revoked ones too, newest first. HEADROOM_SECRET_KEY is not among them.
func (c *Control) Keys(ctx context.Context) ([]store.Key, error) { return c.store.Keys(ctx) }

// Revoke ends a key, in this process before it returns and in others within a second.
// Revoking it again changes nothing. Faults: not found, code key_not_found; conflict, code
// key_of_environment.
func (c *Control) Revoke(ctx context.Context, id string) error {
	if id == EnvironmentKeyID {
		return fault.New(fault.Conflict, "key_of_environment", "this key comes from HEADROOM_SECRET_KEY").
			WithMend("take it out of the environment and start again")
	}
	if err := c.store.RevokeKey(ctx, id, c.now()); err != nil {
		return err
	}
	return c.refresh(ctx)
}

// digest is how a key is stored and looked up. A plain SHA-256 is right here, and a slow
// password hash would not be: the secret is 256 random bits, so that nobody can guess
// through the hash however fast it is, and every call has to compute it. Looking up by
// digest also leaks nothing through timing: who does not know a key cannot steer its digest.
type digest [sha256.Size]byte

func digestOf(secret string) digest {
	var buf [64]byte // our keys fit, so that hashing one allocates nothing
	return sha256.Sum256(append(buf[:0], secret...))
}

// newSecret returns prefix and 256 random bits in base62, 43 characters: none that a
// shell, an address or a double click would split at.
func newSecret(prefix string) string {
	var b [32]byte
	rand.Read(b[:]) // never fails: the program ends when the system has no randomness
	return prefix + base62(b[:], 43)
}

// newID returns an id with 80 random bits. Ids are not secret.
func newID(prefix string) string {
	var b [10]byte
	rand.Read(b[:])
	return prefix + base62(b[:], 14)
}

func base62(b []byte, length int) string {
	text := new(big.Int).SetBytes(b).Text(62)
	return strings.Repeat("0", length-len(text)) + text
}
