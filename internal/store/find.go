package store

import (
	"bytes"
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
	q := ask("SELECT day, fingerprints FROM dedup_segments WHERE partition = ? AND day >= ? AND day <= ? ORDER BY day", partition, first, last)
	err := s.rows(ctx, q, func(r *sql.Rows) error {
		var day int64
		var b sql.RawBytes
		if err := r.Scan(&day, &b); err != nil {
			return err
		}
		for _, fp := range wanted {
			if holds(b, fp) && !slices.Contains(found[fp], int32(day)) {
				found[fp] = append(found[fp], int32(day))
			}
		}
		return nil
	})
	return found, err
}

// holds says whether a segment has the fingerprint.
func holds(segment []byte, fp event.Fingerprint) bool {
	for from := 0; ; {
		i := bytes.Index(segment[from:], fp[:])
		if i < 0 {
			return false
		}
		if from += i; from%fingerprintSize == 0 {
			return true
		}
		from++ // the end of one and the beginning of the next
	}
}
