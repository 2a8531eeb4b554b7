package access

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/headroomhq/headroom/internal/fault"
)

// cost is how hard a password is to guess. It is stored beside each hash, so that raising
// it here leaves old hashes good; they are made again at the next login.
type cost struct {
	time    uint32 // passes
	memory  uint32 // KiB
	threads uint8
}

// currentCost is the second recommended choice of RFC 9106 (section 4): 64 MiB, three passes.
var currentCost = cost{time: 3, memory: 64 << 10, threads: 4}

const (
	saltLength        = 16
	hashLength        = 32
	minPasswordLength = 12
	maxPasswordLength = 1024 // bounds the work of a hostile login
)

// checkPassword says whether a password may be set: 12 characters or more, as NIST
// SP 800-63B asks for length and nothing else. Fault invalid, code password_unfit.
func checkPassword(password string) error {
	switch n := utf8.RuneCountInString(password); {
	case n < minPasswordLength:
		return fault.New(fault.Invalid, "password_unfit", "the password has %d characters", n).
			WithMend("use %d or more", minPasswordLength)
	case len(password) > maxPasswordLength:
		return fault.New(fault.Invalid, "password_unfit", "the password has %d bytes", len(password)).
			WithMend("use %d at most", maxPasswordLength)
	}
	return nil
}

// hashPassword returns the argon2id hash in the usual text form,
// $argon2id$v=19$m=65536,t=3,p=4$salt$hash.
func hashPassword(password string, c cost) string {
	salt := make([]byte, saltLength)
	rand.Read(salt)
	hash := argon2.IDKey([]byte(password), salt, c.time, c.memory, c.threads, hashLength)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.memory, c.time, c.threads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(hash))
}

// verifyPassword says whether password made the stored hash, and whether the hash should
// be made again at the current cost. A stored text that is not a hash of ours is an error.
func verifyPassword(stored, password string) (ok, outdated bool, err error) {
	c, salt, want, err := parseHash(stored)
	if err != nil {
		return false, false, err
	}
	got := argon2.IDKey([]byte(password), salt, c.time, c.memory, c.threads, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1, c != currentCost, nil
}

func parseHash(stored string) (c cost, salt, hash []byte, err error) {
	bad := fault.New(fault.Internal, "password_hash_corrupt", "the stored password hash is not one of ours").
		WithMend("set HEADROOM_ADMIN_PASSWORD and start again")
	parts := strings.Split(stored, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return c, nil, nil, bad
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.memory, &c.time, &c.threads); err != nil {
		return c, nil, nil, bad.WithCause(err)
	}
	salt, err = base64.RawStdEncoding.DecodeString(parts[4])
	if err == nil {
		hash, err = base64.RawStdEncoding.DecodeString(parts[5])
	}
	// The upper bounds keep a spoilt row from taking all memory.
	if err != nil || len(salt) < 8 || len(hash) < 16 || len(hash) > 64 || c.threads == 0 || c.time == 0 || c.time > 100 || c.memory > 1<<20 {
		return c, nil, nil, bad.WithCause(err)
	}
	return c, salt, hash, nil
}
