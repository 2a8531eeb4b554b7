package api

import (
	"context"
	"crypto/rand"
	"sync"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/store"
)

// people turns user ids into pseudonyms and seals what names a person under the person's
// key.
type people struct {
	store  *store.Store
	secret []byte

	mu   sync.Mutex
	keys map[string][]byte // by pseudonym; cleared when it has grown large
}

func newPeople(st *store.Store, secret []byte) *people {
	return &people{store: st, secret: secret, keys: make(map[string][]byte)}
}

// name returns the pseudonym of a user id, empty for none.
func (p *people) name(userID string) string {
	if userID == "" {
		return ""
	}
	return account.Pseudonym(p.secret, userID)
}

// maxKeys bounds the keys kept in memory, about 100 bytes each.
const maxKeys = 100_000

// finish completes the records that a door made: pseudonyms in place, personal values sealed.
func (p *people) finish(ctx context.Context, d *event.Decoded, now clock.Time) ([]event.Record, error) {
	var keys map[string][]byte
	if need := account.Pseudonymize(p.secret, d); len(need) > 0 {
		var err error
		if keys, err = p.keysOf(ctx, need, now); err != nil {
			return nil, err
		}
	}
	if err := account.SealPersonal(d, keys, rand.Reader); err != nil {
		return nil, err
	}
	records := make([]event.Record, len(d.Pending))
	for i := range d.Pending {
		records[i] = d.Pending[i].Record
	}
	return records, nil
}

// keysOf returns the keys of people, made where there is none yet. Keys that were erased
// are looked up anew after at most one clearing of the cache; see ErasePerson.
func (p *people) keysOf(ctx context.Context, pseudonyms []string, now clock.Time) (map[string][]byte, error) {
	out := make(map[string][]byte, len(pseudonyms))
	var missing []string
	p.mu.Lock()
	for _, id := range pseudonyms {
		if k, ok := p.keys[id]; ok {
			out[id] = k
		} else {
			missing = append(missing, id)
		}
	}
	p.mu.Unlock()
	if len(missing) == 0 {
		return out, nil
	}
	made, err := p.store.PersonKeys(ctx, missing, now)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.keys)+len(made) > maxKeys {
		clear(p.keys)
	}
	for id, k := range made {
		out[id], p.keys[id] = k, k
	}
	return out, nil
}
