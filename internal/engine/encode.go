package engine

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/meter"
	"github.com/headroomhq/headroom/internal/signal"
)

// How an account is stored. What events change all the time (usage, signals) is binary and
// written anew; the rest is JSON that is kept as bytes until a record changes it:
//
//	stored = version(1) text(cold JSON) text(signals) count(uvarint) {text(meter) usage}* people
//
// where text is a length (uvarint) and that many bytes, usage is as package meter writes it, and
// people as package account does: nothing where nobody is known. The same state gives the same bytes.
const storedVersion = 1

// encode returns the account as it is stored.
func (a *Account) encode() []byte {
	if a.cold == nil {
		b, err := json.Marshal(a)
		if err != nil { // every field is a plain value
			panic(err)
		}
		a.cold = b
	}
	if a.signals == nil {
		a.signals = a.Signals.AppendBinary(nil)
	}
	b := make([]byte, 0, len(a.cold)+len(a.signals)+64*len(a.Usage)+16)
	b = append(b, storedVersion)
	b = appendText(b, a.cold)
	b = appendText(b, a.signals)
	b = binary.AppendUvarint(b, uint64(len(a.Usage)))
	if len(a.meters) != len(a.Usage) {
		a.meters = slices.Sorted(maps.Keys(a.Usage))
	}
	for _, key := range a.meters {
		b = appendText(b, []byte(key))
		b = a.Usage[key].AppendBinary(b)
	}
	return a.Members.AppendBinary(b)
}

// decodeAccount reads what encode wrote. The account keeps parts of stored.
func decodeAccount(key string, stored []byte) (*Account, error) {
	wrong := func(err error) error { return fmt.Errorf("stored state of account %q: %w", key, err) }
	d := textReader{b: stored}
	if len(stored) == 0 || stored[0] != storedVersion {
		return nil, wrong(fmt.Errorf("its version is not %d", storedVersion))
	}
	d.b = d.b[1:]
	a := &Account{key: key, stored: stored}
	a.cold, a.signals, a.timed = d.text(), d.text(), true
	if err := json.Unmarshal(a.cold, a); err != nil {
		return nil, wrong(err)
	}
	var err error
	if a.Signals, err = signal.DecodeState(a.signals); err != nil {
		return nil, wrong(err)
	}
	for n := d.uvarint(); n > 0 && !d.bad; n-- {
		m := string(d.text())
		u, rest, err := meter.DecodeUsage(d.b)
		if err != nil {
			return nil, wrong(err)
		}
		d.b = rest
		if a.Usage == nil {
			a.Usage = make(map[string]*meter.Usage)
		}
		a.Usage[m] = u
	}
	if d.bad {
		return nil, wrong(fmt.Errorf("its %d bytes do not add up", len(stored)))
	}
	if a.Members, err = account.DecodeMembers(d.b); err != nil {
		return nil, wrong(err)
	}
	return a, nil
}

func appendText(b, text []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(text)))
	return append(b, text...)
}

// textReader reads what appendText wrote.
type textReader struct {
	b   []byte
	bad bool
}

func (r *textReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.b, r.bad = nil, true
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *textReader) text() []byte {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.b, r.bad = nil, true
		return nil
	}
	t := r.b[:n:n]
	r.b = r.b[n:]
	return t
}
