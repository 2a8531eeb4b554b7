package store

import (
	"context"
	"database/sql"
	"slices"

	"github.com/headroomhq/headroom/internal/db"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
)

const (
	fingerprintSize = len(event.Fingerprint{})
	// segmentsPerDay is how many small segments a partition's day may have before some are merged.
	segmentsPerDay = 32
	// segmentFull is the size from which a segment is left alone: half a million fingerprints.
	segmentFull = 8 << 20
)

// putSegment appends a segment and, when the day has too many, merges the smallest of
// them. Merging segments of like size writes each fingerprint only a few times over in a
// day, however many checkpoints the day has.
func (s *Store) putSegment(ctx context.Context, tx *sql.Tx, partition int, g *engine.Segment) error {
	if len(g.Fingerprints) == 0 {
		return nil
	}
	have, err := s.segmentSizes(ctx, tx, partition, g.Day)
	if err != nil {
		return err
	}
	next := int64(0)
	small := have[:0:0]
	for _, x := range have {
		next = max(next, x.number+1)
		if x.bytes < segmentFull {
			small = append(small, x)
		}
	}
	joined := make([]byte, 0, len(g.Fingerprints)*fingerprintSize)
	for i := range g.Fingerprints {
		joined = append(joined, g.Fingerprints[i][:]...)
	}
	if len(small) >= segmentsPerDay {
		if joined, err = s.merge(ctx, tx, partition, g.Day, small, joined); err != nil {
			return err
		}
	}
	_, err = s.db.Prepared(ctx, tx, "INSERT INTO dedup_segments (partition, day, segment, fingerprints) VALUES ($1, $2, $3, $4)",
		partition, int64(g.Day), next, joined)
	return err
}

type segmentSize struct{ number, bytes int64 }

func (s *Store) segmentSizes(ctx context.Context, on db.Querier, partition int, day int32) ([]segmentSize, error) {
	var have []segmentSize
	q := ask("SELECT segment, length(fingerprints) FROM dedup_segments WHERE partition = ? AND day = ?", partition, day)
	err := s.rowsOn(ctx, on, q, func(r *sql.Rows) error {
		var x segmentSize
		err := r.Scan(&x.number, &x.bytes)
		have = append(have, x)
		return err
	})
	return have, err
}

// merge takes the smaller half of the segments, and every next one that is not much larger
// than all before it together, appends them to joined and deletes their rows.
func (s *Store) merge(ctx context.Context, tx *sql.Tx, partition int, day int32, small []segmentSize, joined []byte) ([]byte, error) {
	slices.SortFunc(small, func(a, b segmentSize) int { return int(a.bytes - b.bytes) })
	total := int64(len(joined))
	n := 0
	for n < len(small) && (n < segmentsPerDay/2 || small[n].bytes <= 2*total) {
		total += small[n].bytes
		n++
	}
	out := make([]byte, 0, total)
	out = append(out, joined...)
	for _, x := range small[:n] {
		var b []byte
		err := tx.QueryRowContext(ctx, "DELETE FROM dedup_segments WHERE partition = $1 AND day = $2 AND segment = $3 RETURNING fingerprints",
			partition, int64(day), x.number).Scan(&b)
		if err != nil {
			return nil, err
		}
		out = append(out, b...)
	}
	return out, nil
}

// Segments returns all fingerprints of a partition and event day (days since 1970, UTC), in no order.
func (s *Store) Segments(ctx context.Context, partition int, day int32) ([]event.Fingerprint, error) {
	var out []event.Fingerprint
	q := ask("SELECT fingerprints FROM dedup_segments WHERE partition = ? AND day = ?", partition, day)
	err := s.rows(ctx, q, func(r *sql.Rows) error {
		var b sql.RawBytes
		if err := r.Scan(&b); err != nil {
			return err
		}
		out = slices.Grow(out, len(b)/fingerprintSize)
		for ; len(b) >= fingerprintSize; b = b[fingerprintSize:] {
			out = append(out, event.Fingerprint(b[:fingerprintSize]))
		}
		return nil
	})
	return out, err
}
