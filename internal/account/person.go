package account

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"maps"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
)

// PseudonymLength is the number of characters of a pseudonym.
const PseudonymLength = 26

// Pseudonym returns the name under which a person stands in the log: HMAC-SHA256 of the
// user id under the installation's secret, its first 130 bits in lower-case base32 (RFC
// 4648, 26 characters). The same person has the same pseudonym for ever; without the
// secret nobody can tell whose it is.
func Pseudonym(secret []byte, userID string) string {
	// HMAC written out (RFC 2104) over buffers on the stack: crypto/hmac allocates, and this
	// runs for every event.
	var block [sha256.BlockSize]byte
	if len(secret) > len(block) {
		sum := sha256.Sum256(secret)
		copy(block[:], sum[:])
	} else {
		copy(block[:], secret)
	}
	var buf [sha256.BlockSize + 256]byte
	for i, c := range block {
		buf[i] = c ^ 0x36
	}
	inner := sha256.Sum256(append(buf[:len(block)], userID...))
	for i, c := range block {
		buf[i] = c ^ 0x5c
	}
	sum := sha256.Sum256(append(buf[:len(block)], inner[:]...))

	const alphabet = "abcdefghijklmnopqrstuvwxyz234567"
	var out [PseudonymLength]byte
	bits, n, at := uint32(0), 0, 0
	for i := range out {
		if n < 5 {
			bits = bits<<8 | uint32(sum[at])
			n += 8
			at++
		}
		n -= 5
		out[i] = alphabet[bits>>n&31]
	}
	return string(out[:])
}

// Pseudonymize puts the pseudonyms into all records of d, and returns the pseudonyms of
// those persons whose keys SealPersonal will ask for, each once.
func Pseudonymize(secret []byte, d *event.Decoded) (keys []string) {
	name := func(userID string) string { return Pseudonym(secret, userID) }
	for i := range d.Pending {
		p := &d.Pending[i]
		r := p.Finish(name)
		if len(p.Personal) > 0 && r.User != "" && !contains(keys, r.User) {
			keys = append(keys, r.User)
		}
	}
	return keys
}

// contains looks from the end: the records of one person tend to stand together.
func contains(list []string, s string) bool {
	for i := len(list) - 1; i >= 0 && i >= len(list)-8; i-- {
		if list[i] == s {
			return true
		}
	}
	return false
}

// SplitPersonal parts a person's traits, or an event's properties, into what may stand in
// the log in clear and what must be sealed. The rules are event.Personal's. Nested objects
// become dotted names, lists their length as "<name>.count"; either map may be nil.
func SplitPersonal(traits map[string]any) (clearPart, personal map[string]any) {
	flatten("", traits, func(name string, v any) {
		value, ok := event.ValueOf(v)
		if !ok {
			return
		}
		part := &clearPart
		if event.Personal(name, value) {
			part = &personal
		}
		if *part == nil {
			*part = make(map[string]any)
		}
		(*part)[name] = v
	})
	return clearPart, personal
}

func flatten(prefix string, m map[string]any, add func(name string, v any)) {
	for name, v := range m {
		if prefix != "" {
			name = prefix + "." + name
		}
		switch v := v.(type) {
		case map[string]any:
			flatten(name, v, add)
		case []any:
			add(name+".count", float64(len(v)))
		default:
			add(name, v)
		}
	}
}

// Apply changes a to what c says: present fields replace, traits, external ids and billing
// merge name by name, null (for name, parent and domain also "") deletes. at is the
// record's ReceivedAt. The last change in the order of the log wins, whatever its own time.
func (a *Account) Apply(c *event.AccountChange, at clock.Time) {
	a.Unknown = false
	a.touch(at)
	set(&a.Name, c.Name)
	set(&a.Domain, c.Domain)
	if c.Parent == nil || *c.Parent != a.Key {
		set(&a.Parent, c.Parent)
	}
	a.Traits = merge(a.Traits, c.Traits)
	a.ExternalIDs = mergeTexts(a.ExternalIDs, c.ExternalIDs)
	a.Billing = mergeTexts(a.Billing, c.Billing)
}

func (a *Account) touch(at clock.Time) {
	if a.CreatedAt == 0 {
		a.CreatedAt = at
	}
	a.UpdatedAt = max(a.UpdatedAt, at)
}

// Apply changes p to what c says, with the same meaning as for accounts; sealed is the
// record's Sealed and merges name by name without being opened. A role other than admin
// or member is left out. at is the record's ReceivedAt.
func (p *Person) Apply(c *event.PersonChange, sealed []byte, at clock.Time) {
	if c.Account != nil {
		p.enter(*c.Account)
	}
	if c.Role == nil || *c.Role == "" || *c.Role == "admin" || *c.Role == "member" {
		set(&p.Role, c.Role)
	}
	set(&p.Profile, c.Profile)
	set(&p.Domain, c.Domain)
	p.Traits = merge(p.Traits, c.Traits)
	p.Sealed = MergeSealed(p.Sealed, sealed)
	p.SeenAt = max(p.SeenAt, at)
}

// Absorb takes over what is known of q, the same person under an earlier pseudonym: what p
// has itself stays. What is sealed under q's key cannot be read with p's and stays with q.
func (p *Person) Absorb(q *Person) {
	if p.Account == "" && q.Account != "" {
		p.enter(q.Account)
	}
	if p.Account == q.Account || q.Account == "" {
		p.Role, p.Profile = cmp.Or(p.Role, q.Role), cmp.Or(p.Profile, q.Profile)
	}
	for _, m := range append([]Membership{{q.Account, q.Role, q.Profile}}, q.Elsewhere...) {
		if m.Account != "" && m.Account != p.Account && len(p.Elsewhere) < MaxAccounts-1 {
			p.remember(m)
		}
	}
	if p.Domain == "" {
		p.Domain = q.Domain
	}
	traits := maps.Clone(q.Traits)
	if p.Traits = merge(traits, p.Traits); len(p.Traits) == 0 {
		p.Traits = nil
	}
	p.SeenAt = max(p.SeenAt, q.SeenAt)
}

func set(dst, v *string) {
	if v != nil {
		*dst = *v
	}
}

// merge changes old to what change says, in a new map: the old one may be shared with
// what has been given out.
func merge(old, change map[string]any) map[string]any {
	if len(change) == 0 {
		return old
	}
	out := make(map[string]any, len(old)+len(change))
	maps.Copy(out, old)
	for name, v := range change {
		if v == nil {
			delete(out, name)
		} else {
			out[name] = v
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func mergeTexts(old map[string]string, change map[string]*string) map[string]string {
	if len(change) == 0 {
		return old
	}
	out := make(map[string]string, len(old)+len(change))
	maps.Copy(out, old)
	for name, v := range change {
		if v == nil {
			delete(out, name)
		} else {
			out[name] = *v
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// sameID says whether two entries of a sealed text are about the same name.
func sameID(a, b []byte) bool { return bytes.Equal(a[:idSize], b[:idSize]) }
