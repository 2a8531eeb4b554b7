package store

import (
	"context"
	"database/sql"
	"slices"

	"github.com/headroomhq/headroom/internal/event"
)

// FindSeen returns those of the fingerprints that a partition has counted, with the event
// days under which each is kept, among the days from first to last (days since 1970, UTC;
// both included). It reads what those days hold and keeps nothing of it in memory.
func (s *Store) FindSeen(ctx context.Context, partition int, first, last int32, wanted []event.Fingerprint) (map[event.Fingerprint][]int32, error) {
	found := make(map[event.Fingerprint][]int32)
	among := newAmong(wanted)
	q := ask("SELECT day, fingerprints FROM dedup_segments WHERE partition = ? AND day >= ? AND day <= ? ORDER BY day", partition, first, last)
	err := s.rows(ctx, q, func(r *sql.Rows) error {
		var day int64
		var b sql.RawBytes
		if err := r.Scan(&day, &b); err != nil {
			return err
		}
		for ; len(b) >= fingerprintSize; b = b[fingerprintSize:] {
			if !among.maybe(b) { // nearly always
				continue
			}
			fp := event.Fingerprint(b[:fingerprintSize])
			if among.all[fp] && !slices.Contains(found[fp], int32(day)) {
				found[fp] = append(found[fp], int32(day))
			}
		}
		return nil
	})
	return found, err
}

// among is a set of few fingerprints that many are held against: 35 days of them.
type among struct {
	all  map[event.Fingerprint]bool
	bits [64]uint64 // by the first twelve bits
}

func newAmong(wanted []event.Fingerprint) *among {
	a := &among{all: make(map[event.Fingerprint]bool, len(wanted))}
	for _, fp := range wanted {
		a.all[fp] = true
		a.bits[fp[0]&63] |= 1 << (fp[1] & 63)
	}
	return a
}

// maybe says whether the fingerprint at the head of b may be in the set.
func (a *among) maybe(b []byte) bool { return a.bits[b[0]&63]>>(b[1]&63)&1 != 0 }
