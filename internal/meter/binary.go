package meter

import (
	"encoding/binary"
	"fmt"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// The stored form of Usage. Numbers are varints of package encoding/binary; times and
// quantities are whole seconds and units where they can be, which most are:
//
//	usage  = version(1) bits [value] [more] series*
//	         bits: 1 value, 2 more, the rest the number of series
//	series = kind and bits [width, hours] count(spans) [since] [until] [closed] [pastDue] span*
//	         since is left out when it is the first span's start, until when it is the last's end
//	span   = start, as the distance from the end of the one before; length; cell
//	cell   = bits(1 late, 2 more) value [late] [more]
//	more   = bits(1 members, 2 extremes, 4 journal, 8 groups) and each of them
const usageVersion = 1

const (
	hasValue, hasMore           = 1, 2
	hasLate                     = 1
	hasMembers, hasExtremes     = 1, 2
	hasJournal, hasGroups       = 4, 8
	ownSince, ownUntil          = 1 << 3, 1 << 4
	hasClosed, hasPastDue       = 1 << 5, 1 << 6
	kindBits                    = 7
	entryMoves                  = 1
	stageSmall, stageLarge      = 1, 2
	stageSketch                 = 3
	stageLargeOutside           = 4
	stageSketchOutside          = 5
	journalIsSet, journalFolded = 1, 2
	journalHole                 = 4
)

// AppendBinary appends u to dst: the same bytes for the same state, about 20 for a total
// and a month. DecodeUsage knows where it ends.
func (u *Usage) AppendBinary(dst []byte) []byte {
	bits := uint64(len(u.series)) << 2
	if u.life.value != 0 {
		bits |= hasValue
	}
	if u.life.more != nil {
		bits |= hasMore
	}
	b := binary.AppendUvarint(append(dst, usageVersion), bits)
	if u.life.value != 0 {
		b = appendQuantity(b, u.life.value)
	}
	if u.life.more != nil {
		b = u.life.more.append(b)
	}
	for i := range u.series {
		b = u.series[i].append(b)
	}
	return b
}

func (s *series) append(b []byte) []byte {
	bits, n := byte(s.kind), len(s.spans)
	if n == 0 && s.since != 0 || n > 0 && s.since != s.spans[0].Start {
		bits |= ownSince
	}
	if n == 0 && s.until != 0 || n > 0 && s.until != s.spans[n-1].End {
		bits |= ownUntil
	}
	if s.closed != 0 {
		bits |= hasClosed
	}
	if s.pastDue != 0 {
		bits |= hasPastDue
	}
	b = append(b, bits)
	if s.kind == catalog.Rolling {
		b = binary.AppendUvarint(b, uint64(s.width/clock.Hour))
	}
	b = binary.AppendUvarint(b, uint64(n))
	for _, t := range []struct {
		bit byte
		t   clock.Time
	}{{ownSince, s.since}, {ownUntil, s.until}, {hasClosed, s.closed}, {hasPastDue, s.pastDue}} {
		if bits&t.bit != 0 {
			b = appendTime(b, t.t)
		}
	}
	end := clock.Time(0)
	for i := range s.spans {
		m := &s.spans[i]
		b = appendTime(b, m.Start-end)
		b = appendTime(b, m.End-m.Start)
		end = m.End
		bits = 0
		if m.late != 0 {
			bits |= hasLate
		}
		if m.more != nil {
			bits |= hasMore
		}
		b = appendQuantity(append(b, bits), m.value)
		if m.late != 0 {
			b = appendQuantity(b, m.late)
		}
		if m.more != nil {
			b = m.more.append(b)
		}
	}
	return b
}

func (m *more) append(b []byte) []byte {
	bits := byte(0)
	for _, part := range []struct {
		bit   byte
		there bool
	}{{hasMembers, m.members != nil}, {hasExtremes, m.extremes != nil}, {hasJournal, m.journal != nil}, {hasGroups, m.groups != nil}} {
		if part.there {
			bits |= part.bit
		}
	}
	b = append(b, bits)
	if m.members != nil {
		b = m.members.append(b)
	}
	if x := m.extremes; x != nil {
		b = binary.AppendUvarint(b, uint64(len(x.values)))
		for _, v := range x.values {
			b = appendQuantity(b, v)
		}
		if b = binary.AppendUvarint(b, uint64(x.lost)); x.lost > 0 {
			b = appendQuantity(b, x.bound)
		}
	}
	if m.journal != nil {
		b = m.journal.append(b)
	}
	if g := m.groups; g != nil {
		b = appendQuantity(b, g.others)
		b = binary.AppendUvarint(b, uint64(len(g.list)))
		for _, part := range g.list {
			b = binary.AppendUvarint(b, uint64(len(part.key)))
			b = append(b, part.key...)
			b = appendQuantity(b, part.value)
		}
	}
	return b
}

func (j *journal) append(b []byte) []byte {
	bits := byte(0)
	if j.isSet {
		bits |= journalIsSet
	}
	if j.folded > 0 {
		bits |= journalFolded
	}
	if j.hole {
		bits |= journalHole
	}
	b = append(b, bits)
	if j.folded > 0 {
		b = appendQuantity(b, j.base)
		b = binary.AppendUvarint(b, uint64(j.folded))
		b = appendTime(b, j.until)
	}
	if j.isSet {
		b = appendTime(b, j.set)
	}
	b = binary.AppendUvarint(b, uint64(len(j.entries)))
	at := clock.Time(0)
	for _, e := range j.entries {
		b = appendTime(b, e.at-at)
		at = e.at
		bits = 0
		if e.moves {
			bits = entryMoves
		}
		b = appendQuantity(append(b, bits), e.value)
	}
	return b
}

func (s *members) append(b []byte) []byte {
	ref := s.awaiting
	switch {
	case ref != nil:
	case s.large == nil && s.sketch == nil:
		return appendMembers(append(b, stageSmall), s.small)
	case s.large != nil && !s.outside:
		return appendMembers(append(b, stageLarge), s.sorted())
	case s.large != nil:
		ref = &reference{stageLargeOutside, int64(len(s.large)), s.digest}
	case !s.outside:
		return append(append(b, stageSketch), s.sketch.packed()...)
	default:
		r := s.sketch.reference()
		ref = &r
	}
	b = append(b, ref.stage)
	if ref.stage == stageLargeOutside {
		b = binary.AppendUvarint(b, uint64(ref.count))
	}
	return binary.BigEndian.AppendUint64(b, ref.digest)
}

// appendQuantity writes whole units in one number, others in two.
func appendQuantity(b []byte, q quantity.Quantity) []byte {
	return appendPair(b, int64(q), int64(quantity.One))
}

// appendTime writes whole seconds in one number, others in two.
func appendTime(b []byte, t clock.Time) []byte { return appendPair(b, int64(t), int64(clock.Second)) }

func appendPair(b []byte, n, unit int64) []byte {
	whole, rest := n/unit, n%unit
	if rest < 0 {
		whole, rest = whole-1, rest+unit
	}
	z := uint64(whole<<1) ^ uint64(whole>>63)
	if rest == 0 {
		return binary.AppendUvarint(b, z<<1)
	}
	return binary.AppendUvarint(binary.AppendUvarint(b, z<<1|1), uint64(rest))
}

// DecodeUsage reads what AppendBinary wrote and returns what follows it. It refuses what
// cannot be a usage; it keeps nothing of b.
func DecodeUsage(b []byte) (*Usage, []byte, error) {
	if len(b) == 0 || b[0] != usageVersion {
		return nil, nil, fmt.Errorf("stored usage: its version is not %d", usageVersion)
	}
	d := decoder{b: b[1:]}
	u := &Usage{}
	bits := d.uvarint()
	if bits&hasValue != 0 {
		u.life.value = d.quantity()
	}
	if bits&hasMore != 0 {
		u.life.more = d.more()
	}
	if n := d.limited(bits>>2, 2); n > 0 {
		u.series = make([]series, n)
		for i := range u.series {
			d.series(&u.series[i])
		}
	}
	if d.bad {
		return nil, nil, fmt.Errorf("stored usage: its bytes do not add up")
	}
	return u, d.b, nil
}

// decoder reads the stored form; bad once something was wrong.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.b, d.bad = nil, true
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) byte() byte {
	if len(d.b) == 0 {
		d.bad = true
		return 0
	}
	c := d.b[0]
	d.b = d.b[1:]
	return c
}

// limited returns n when that many things of at least size bytes each can follow.
func (d *decoder) limited(n uint64, size int) int {
	if n > uint64(len(d.b)/size) {
		d.b, d.bad = nil, true
		return 0
	}
	return int(n)
}

func (d *decoder) pair(unit int64) int64 {
	v := d.uvarint()
	z := v >> 1
	whole := int64(z>>1) ^ -int64(z&1)
	rest := int64(0)
	if v&1 != 0 {
		rest = int64(d.uvarint())
	}
	n := whole*unit + rest
	if floor := n / unit; rest < 0 || rest >= unit || v&1 != 0 && rest == 0 || floor != whole && (floor-1 != whole || n%unit >= 0) {
		d.bad = true // beyond the range, or written in another way
	}
	return n
}

func (d *decoder) quantity() quantity.Quantity { return quantity.Quantity(d.pair(int64(quantity.One))) }
func (d *decoder) time() clock.Time            { return clock.Time(d.pair(int64(clock.Second))) }

func (d *decoder) series(s *series) {
	bits := d.byte()
	s.kind = catalog.WindowKind(bits & kindBits)
	if s.kind < catalog.Hourly || s.kind > catalog.Rolling {
		d.bad = true
		return
	}
	if s.kind == catalog.Rolling {
		hours := d.uvarint()
		if hours == 0 || hours > 366*24 {
			d.bad = true
			return
		}
		s.width = clock.Time(hours) * clock.Hour
	}
	n := d.limited(d.uvarint(), 4)
	for _, t := range []struct {
		bit byte
		t   *clock.Time
	}{{ownSince, &s.since}, {ownUntil, &s.until}, {hasClosed, &s.closed}, {hasPastDue, &s.pastDue}} {
		if bits&t.bit != 0 {
			*t.t = d.time()
		}
	}
	if n == 0 {
		d.bad = d.bad || s.pastDue != 0
		return
	}
	s.spans = make([]span, n)
	end := clock.Time(0)
	for i := range s.spans {
		m := &s.spans[i]
		gap, length := d.time(), d.time()
		m.Period = subscription.Period{Start: end + gap, End: end + gap + length}
		if d.bad || m.End <= m.Start || i > 0 && m.Start < end {
			d.bad = true // the rest of the package counts on their order
			return
		}
		end = m.End
		bits := d.byte()
		m.value = d.quantity()
		if bits&hasLate != 0 {
			m.late = d.quantity()
		}
		if bits&hasMore != 0 {
			m.more = d.more()
		}
	}
	if bits&ownSince == 0 {
		s.since = s.spans[0].Start
	}
	if bits&ownUntil == 0 {
		s.until = s.spans[n-1].End
	}
	if s.pastDue != 0 && s.spans[0].Start >= s.since {
		d.bad = true
	}
}

func (d *decoder) more() *more {
	m, bits := &more{}, d.byte()
	if bits&hasMembers != 0 {
		m.members = d.set()
	}
	if bits&hasExtremes != 0 {
		x := &extremes{values: make([]quantity.Quantity, 0, kept+1)}
		for n := d.limited(d.uvarint(), 1); n > 0; n-- {
			x.values = append(x.values, d.quantity())
		}
		if x.lost = int64(d.uvarint()); x.lost > 0 {
			x.bound = d.quantity()
		}
		d.bad = d.bad || len(x.values) > kept || x.lost < 0
		m.extremes = x
	}
	if bits&hasJournal != 0 {
		m.journal = d.journal()
	}
	if bits&hasGroups != 0 {
		g := &groups{others: d.quantity()}
		n := d.limited(d.uvarint(), 2)
		if n > MaxGroups {
			d.bad, n = true, 0
		}
		for ; n > 0; n-- {
			length := d.limited(d.uvarint(), 1)
			key := string(d.b[:length])
			d.b = d.b[length:]
			g.list = append(g.list, group{key, d.quantity()})
			if i := len(g.list) - 1; i > 0 && g.list[i-1].key >= key {
				d.bad = true
			}
		}
		m.groups = g
	}
	return m
}

func (d *decoder) journal() *journal {
	bits := d.byte()
	j := &journal{hole: bits&journalHole != 0}
	if bits&journalFolded != 0 {
		j.base, j.folded, j.until = d.quantity(), int64(d.uvarint()), d.time()
	}
	if bits&journalIsSet != 0 {
		j.isSet, j.set = true, d.time()
	}
	at := clock.Time(0)
	for n := d.limited(d.uvarint(), 3); n > 0; n-- {
		at += d.time()
		moves := d.byte() == entryMoves
		j.entries = append(j.entries, entry{at, d.quantity(), moves})
	}
	d.bad = d.bad || len(j.entries) > kept || j.folded < 0 || j.hole && j.sets() == 0
	return j
}

func (d *decoder) set() *members {
	s := &members{}
	switch stage := d.byte(); stage {
	case stageSmall, stageLarge:
		list := d.members()
		if stage == stageSmall {
			s.small = list
			d.bad = d.bad || len(list) > MaxInState
			return s
		}
		s.large = make(map[uint64]uint32, len(list))
		for _, m := range list {
			s.put(m.hash, m.n)
		}
	case stageSketch:
		s.sketch = &sketch{}
		if n := d.limited(packedLength, 1); n == 0 || !s.sketch.unpack(d.b[:n]) {
			d.bad = true
			return s
		}
		d.b = d.b[packedLength:]
		s.sketch.changed = true
	case stageLargeOutside, stageSketchOutside:
		ref := &reference{stage: stage}
		if stage == stageLargeOutside {
			ref.count = int64(d.uvarint())
		}
		if d.limited(8, 1) == 8 {
			ref.digest = binary.BigEndian.Uint64(d.b)
			d.b = d.b[8:]
		}
		s.outside, s.awaiting = true, ref
	default:
		d.bad = true
	}
	return s
}

// members reads what appendMembers wrote.
func (d *decoder) members() []member {
	var list []member
	n := d.limited(d.uvarint(), 9)
	if n > 0 {
		list = make([]member, 0, n)
	}
	for ; n > 0 && len(d.b) >= 9; n-- {
		m := member{hash: binary.BigEndian.Uint64(d.b)}
		d.b = d.b[8:]
		m.n = uint32(d.uvarint())
		if len(list) > 0 && list[len(list)-1].hash >= m.hash {
			d.bad = true
		}
		list = append(list, m)
	}
	d.bad = d.bad || n > 0
	return list
}
