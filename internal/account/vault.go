package account

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/event"
)

// What names a person is sealed name by name, so that a later change of one of them can be
// put in its place without the key:
//
//	sealed = version(1) entry*
//	entry  = id(8) length(uvarint) box
//	box    = nonce(12) ciphertext of {"n":name,"v":value}; empty: the name was taken back
//
// The id is the first 8 bytes of HMAC-SHA256(key, name), so that not even the names can be
// read; the cipher is AES-256-GCM with the version and id as additional data. Deleting the
// key erases everything sealed under it, in the log and its archives too.
const (
	sealVersion = 1
	idSize      = 8
	nonceSize   = 12
)

// KeySize is the number of bytes of a person's key.
const KeySize = 32

// maxSealedNames bounds what is kept of one person; the latest names stay.
const maxSealedNames = 200

// ErrUnsealed is returned when sealed bytes cannot be opened: they were made under another
// key, or are damaged.
var ErrUnsealed = errors.New("personal data cannot be opened with this key")

// Seal encrypts plain (scalars by name; nil takes a name back) under a person's key of
// KeySize bytes. Nonces are read from random, which must be crypto/rand.Reader but in tests.
func Seal(key []byte, plain map[string]any, random io.Reader) ([]byte, error) {
	props := make([]event.Prop, 0, len(plain))
	for name, v := range plain {
		value, ok := event.ValueOf(v)
		if !ok {
			return nil, fmt.Errorf("seal %s: %T is not a string, number, boolean or nil", name, v)
		}
		props = append(props, event.Prop{Name: name, Value: value})
	}
	slices.SortFunc(props, func(a, b event.Prop) int { return strings.Compare(a.Name, b.Name) })
	return SealProps(key, props, random)
}

// SealProps is Seal for properties as the doors hand them out.
func SealProps(key []byte, props []event.Prop, random io.Reader) ([]byte, error) {
	if len(props) == 0 {
		return nil, nil
	}
	aead, err := cipherOf(key)
	if err != nil {
		return nil, err
	}
	out := []byte{sealVersion}
	var plain []byte
	for i := range props {
		at := len(out)
		out = append(out, entryID(key, props[i].Name)...)
		if props[i].Value.Kind == event.Null {
			out = append(out, 0)
			continue
		}
		plain = props[i].AppendJSON(plain[:0])
		box := make([]byte, nonceSize, nonceSize+len(plain)+aead.Overhead())
		if _, err := io.ReadFull(random, box); err != nil {
			return nil, fmt.Errorf("no randomness for a nonce: %w", err)
		}
		box = aead.Seal(box, box, plain, additional(out[at:at+idSize]))
		out = binary.AppendUvarint(out, uint64(len(box)))
		out = append(out, box...)
	}
	return out, nil
}

// Open decrypts what Seal made, or several of it merged. Numbers come back as json.Number,
// with every digit that was sent. It returns ErrUnsealed when the key does not fit.
func Open(key, sealed []byte) (map[string]any, error) {
	if len(sealed) == 0 {
		return nil, nil
	}
	aead, err := cipherOf(key)
	if err != nil {
		return nil, err
	}
	plain := make(map[string]any)
	err = entries(sealed, func(entry, box []byte) error {
		if len(box) == 0 {
			return nil
		}
		if len(box) < nonceSize {
			return ErrUnsealed
		}
		text, err := aead.Open(nil, box[:nonceSize], box[nonceSize:], additional(entry[:idSize]))
		if err != nil {
			return ErrUnsealed
		}
		p, ok := event.PropOf(text)
		if !ok {
			return ErrUnsealed
		}
		switch p.Value.Kind {
		case event.String:
			plain[p.Name] = p.Value.Text
		case event.Number:
			plain[p.Name] = json.Number(p.Value.Text)
		case event.Bool:
			plain[p.Name] = p.Value.Text == "true"
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return plain, nil
}

// MergeSealed puts the entries of change in the place of those of the same name in old. It
// needs no key. Damaged bytes are taken as empty.
func MergeSealed(old, change []byte) []byte {
	if len(change) == 0 {
		return old
	}
	var kept [][]byte
	collect := func(entry, box []byte) error {
		kept = slices.DeleteFunc(kept, func(e []byte) bool { return sameID(e, entry) })
		if len(box) > 0 {
			kept = append(kept, entry)
		}
		return nil
	}
	if entries(old, collect) != nil {
		kept = nil
	}
	before := slices.Clone(kept)
	if entries(change, collect) != nil {
		kept = before
	}
	if len(kept) == 0 {
		return nil
	}
	if len(kept) > maxSealedNames {
		kept = kept[len(kept)-maxSealedNames:]
	}
	out := []byte{sealVersion}
	for _, e := range kept {
		out = append(out, e...)
	}
	return out
}

// SealPersonal seals the personal part of every record of d under the keys that
// Pseudonymize asked for, by pseudonym. A person without a key there has been erased, and
// stays so: what would name them is left out. Nonces come from random, as in Seal.
func SealPersonal(d *event.Decoded, keys map[string][]byte, random io.Reader) error {
	for i := range d.Pending {
		p := &d.Pending[i]
		if len(p.Personal) == 0 {
			continue
		}
		if key, ok := keys[p.Record.User]; ok && p.Record.User != "" {
			sealed, err := SealProps(key, p.Personal, random)
			if err != nil {
				return err
			}
			p.Record.Sealed = sealed
		}
		p.Personal = nil
	}
	return nil
}

func cipherOf(key []byte) (cipher.AEAD, error) {
	if len(key) != KeySize {
		return nil, fmt.Errorf("a person's key has %d bytes, want %d", len(key), KeySize)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func entryID(key []byte, name string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(name))
	return mac.Sum(nil)[:idSize]
}

func additional(id []byte) []byte { return append([]byte{sealVersion}, id...) }

// entries calls f with every entry and its box.
func entries(sealed []byte, f func(entry, box []byte) error) error {
	if len(sealed) == 0 {
		return nil
	}
	if sealed[0] != sealVersion {
		return ErrUnsealed
	}
	for b := sealed[1:]; len(b) > 0; {
		if len(b) < idSize {
			return ErrUnsealed
		}
		n, used := binary.Uvarint(b[idSize:])
		if used <= 0 || n > uint64(len(b)-idSize-used) {
			return ErrUnsealed
		}
		end := idSize + used + int(n)
		if err := f(b[:end:end], b[idSize+used:end]); err != nil {
			return err
		}
		b = b[end:]
	}
	return nil
}
