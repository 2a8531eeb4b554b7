package meter

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
)

// A set of more than MaxInState members lies outside of the account's state, in rows that
// are added to, so that a checkpoint does not write all members of a large account again.
// The state refers to them by their number and a digest.

// maxRows is how many rows of one set are added before one that holds all replaces them.
const maxRows = 32

// Spilled is a row of members outside of the account's state.
type Spilled struct {
	Window catalog.Period // Lifetime for the members of the account's life
	Start  clock.Time     // of the window, unset for the life
	// Replaces: it takes the place of all earlier rows of this window.
	Replaces bool
	Data     []byte // nothing: the window is over, its rows go away
}

// outsideKey names a window whose members lie outside.
type outsideKey struct {
	window catalog.Period
	start  clock.Time
}

// reference is what the state holds of members that lie outside.
type reference struct {
	stage  byte
	count  int64  // of stageLarge
	digest uint64 // of members, or of the sketch
}

// each calls f for the members of the life and of every open window.
func (u *Usage) each(f func(k outsideKey, s *members)) {
	if m := u.life.more; m != nil && m.members != nil {
		f(outsideKey{}, m.members)
	}
	for i := range u.series {
		s := &u.series[i]
		for j := range s.spans {
			if m := s.spans[j].more; m != nil && m.members != nil {
				f(outsideKey{catalog.PeriodOf(s.kind, s.width), s.spans[j].Start}, m.members)
			}
		}
	}
}

// Spill returns the rows to be written in the same transaction as the state that is
// encoded next, nil for nearly every meter. From then on AppendBinary refers to them.
func (u *Usage) Spill() []Spilled {
	var rows []Spilled
	for _, k := range u.over {
		rows = append(rows, Spilled{Window: k.window, Start: k.start, Replaces: true})
	}
	u.over = nil
	u.each(func(k outsideKey, s *members) {
		row := Spilled{Window: k.window, Start: k.start}
		switch {
		case s.awaiting != nil, s.large == nil && s.sketch == nil:
			return
		case s.sketch != nil:
			if s.outside && !s.sketch.changed {
				return
			}
			row.Replaces, row.Data = true, append([]byte{stageSketch}, s.sketch.packed()...)
			s.sketch.changed = false
		case !s.outside, s.rows >= maxRows && len(s.changed) > 0:
			row.Replaces, row.Data = true, appendMembers([]byte{stageLarge}, s.sorted())
		case len(s.changed) == 0:
			return
		default:
			some := members{large: make(map[uint64]uint32, len(s.changed))}
			for hash := range s.changed {
				some.large[hash] = s.large[hash] // 0: gone
			}
			row.Data = appendMembers([]byte{stageLarge}, some.sorted())
		}
		if s.rows++; row.Replaces {
			s.rows = 1
		}
		s.outside, s.changed = true, nil
		rows = append(rows, row)
	})
	return rows
}

// forget notes that the rows of a window that is over can go.
func (u *Usage) forget(s *series, m *span) {
	if m.more != nil && m.more.members != nil && m.more.members.outside {
		u.over = append(u.over, outsideKey{catalog.PeriodOf(s.kind, s.width), m.Start})
	}
}

// Outside returns about how many bytes of memory the sets take that do not belong into the
// account's state, 0 for nearly every meter.
func (u *Usage) Outside() int {
	bytes := 0
	u.each(func(_ outsideKey, s *members) {
		switch {
		case s.sketch != nil:
			bytes += registers + 512
		case s.large != nil:
			bytes += 40 * len(s.large)
		case s.awaiting != nil:
			bytes++
		}
	})
	return max(bytes, len(u.over))
}

// Incomplete says whether rows have to be loaded before the usage is used.
func (u *Usage) Incomplete() bool {
	waits := false
	u.each(func(_ outsideKey, s *members) { waits = waits || s.awaiting != nil })
	return waits
}

// LoadSpill gives a row that Spill returned; those of one window in the order in which they
// were written, beginning with the last that replaces.
func (u *Usage) LoadSpill(row Spilled) error {
	err := fmt.Errorf("members of the window %q from %s: nothing in the account's state refers to them", row.Window, row.Start)
	u.each(func(k outsideKey, s *members) {
		if k == (outsideKey{row.Window, row.Start}) && s.awaiting != nil {
			err = s.load(row)
		}
	})
	return err
}

func (s *members) load(row Spilled) error {
	wrong := fmt.Errorf("members of the window %q from %s cannot be read", row.Window, row.Start)
	if len(row.Data) == 0 {
		return wrong
	}
	s.rows++
	switch row.Data[0] {
	case stageSketch:
		s.large, s.sketch = nil, &sketch{}
		if !s.sketch.unpack(row.Data[1:]) {
			return wrong
		}
	case stageLarge:
		d := decoder{b: row.Data[1:]}
		list := d.members()
		if d.bad || len(d.b) > 0 {
			return wrong
		}
		if s.large == nil || row.Replaces {
			s.large = make(map[uint64]uint32, len(list))
		}
		for _, m := range list {
			if s.large[m.hash] = m.n; m.n == 0 {
				delete(s.large, m.hash)
			}
		}
	default:
		return wrong
	}
	return nil
}

// Complete is called when all rows are loaded; its error says that some are missing.
func (u *Usage) Complete() error {
	var errs []error
	u.each(func(k outsideKey, s *members) {
		if s.awaiting == nil {
			return
		}
		want, have := *s.awaiting, reference{stage: stageLargeOutside, count: int64(len(s.large))}
		for hash, n := range s.large {
			have.digest ^= mixed(hash, n)
		}
		if s.sketch != nil {
			have = s.sketch.reference()
		}
		if have != want {
			errs = append(errs, fmt.Errorf("members of the window %q from %s: %d are stored, the account's state refers to %d others", k.window, k.start, have.count, want.count))
			return
		}
		s.awaiting, s.digest = nil, have.digest
		if s.sketch != nil {
			s.digest = 0
		}
	})
	return errors.Join(errs...)
}

func (s *sketch) reference() reference {
	h := uint64(14695981039346656037) // FNV-1a
	for _, rank := range s.ranks {
		h = (h ^ uint64(rank)) * 1099511628211
	}
	return reference{stage: stageSketchOutside, digest: h}
}

// appendMembers writes members by hash: 8 bytes each, and the number of events.
func appendMembers(b []byte, list []member) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, m := range list {
		b = binary.BigEndian.AppendUint64(b, m.hash)
		b = binary.AppendUvarint(b, uint64(m.n))
	}
	return b
}
