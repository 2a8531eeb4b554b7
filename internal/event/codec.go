package event

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/headroomhq/headroom/internal/clock"
)

// The log holds messages; a message holds the records of one flush, grouped by partition
// so that a reader skips what it does not own without decoding it:
//
//	message  = version(1) section*
//	section  = partition(uvarint; AllPartitions for broadcasts) length(uvarint) record*
//	record   = kind(1) field* , fields in the order of the struct; strings and times
//	           carry their length, so that every byte is accounted for
const messageVersion = 1

// AllPartitions is the partition number of a broadcast section.
const AllPartitions = 1<<16 - 1

// ErrCorrupt is returned when bytes are not a message or a record of ours.
var ErrCorrupt = errors.New("corrupt log message")

// AppendRecord appends the encoding of r to dst.
func AppendRecord(dst []byte, r *Record) []byte {
	dst = append(dst, byte(r.Kind))
	dst = appendString(dst, r.Source)
	dst = appendString(dst, r.ID)
	dst = appendString(dst, r.Key)
	dst = appendString(dst, r.User)
	dst = appendString(dst, r.Type)
	dst = binary.AppendVarint(dst, int64(r.At))
	dst = binary.AppendVarint(dst, int64(r.ReceivedAt))
	dst = binary.AppendUvarint(dst, uint64(len(r.Props)))
	for i := range r.Props {
		dst = appendString(dst, r.Props[i].Name)
		dst = append(dst, byte(r.Props[i].Value.Kind))
		dst = appendString(dst, r.Props[i].Value.Text)
	}
	dst = binary.AppendUvarint(dst, uint64(len(r.Body)))
	dst = append(dst, r.Body...)
	dst = binary.AppendUvarint(dst, uint64(len(r.Sealed)))
	return append(dst, r.Sealed...)
}

// DecodeRecord decodes the record at the head of b and returns the rest. The record does
// not refer to b afterwards; its texts share one copy of the record's bytes, so that
// whoever keeps one of them for long should clone it (strings.Clone).
func DecodeRecord(b []byte) (Record, []byte, error) {
	// One pass to find the end of the texts, then one copy for all of them.
	end := decoder{b: b}
	end.byte()
	for range 5 {
		end.view()
	}
	end.varint()
	end.varint()
	n := end.uvarint()
	if n > uint64(len(end.b))/3 { // a property takes three bytes or more
		return Record{}, nil, ErrCorrupt
	}
	for range n {
		end.view()
		end.byte()
		end.view()
	}
	if end.err != nil {
		return Record{}, nil, end.err
	}
	d := textDecoder{string(b[:len(b)-len(end.b)])}

	r := Record{Kind: Kind(d.byte())}
	if r.Kind == 0 || int(r.Kind) >= len(kindNames) {
		return Record{}, nil, fmt.Errorf("%w: record kind %d is from a newer version", ErrCorrupt, r.Kind)
	}
	r.Source, r.ID, r.Key, r.User, r.Type = d.string(), d.string(), d.string(), d.string(), d.string()
	r.At, r.ReceivedAt = clock.Time(d.varint()), clock.Time(d.varint())
	if d.uvarint(); n > 0 {
		r.Props = make([]Prop, n)
		for i := range r.Props {
			p := &r.Props[i]
			p.Name, p.Value.Kind, p.Value.Text = d.string(), ValueKind(d.byte()), d.string()
			if p.Value.Kind > String {
				return Record{}, nil, fmt.Errorf("%w: value kind %d is from a newer version", ErrCorrupt, p.Value.Kind)
			}
		}
	}
	r.Body, r.Sealed = end.bytes(), end.bytes()
	if end.err != nil {
		return Record{}, nil, end.err
	}
	return r, end.b, nil
}

// textDecoder reads the fields of bytes that were checked already.
type textDecoder struct{ s string }

func (d *textDecoder) byte() byte {
	c := d.s[0]
	d.s = d.s[1:]
	return c
}

func (d *textDecoder) uvarint() uint64 {
	var v uint64
	for i := 0; ; i++ {
		c := d.s[i]
		v |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			d.s = d.s[i+1:]
			return v
		}
	}
}

func (d *textDecoder) varint() int64 {
	v := d.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

func (d *textDecoder) string() string {
	n := d.uvarint()
	s := d.s[:n]
	d.s = d.s[n:]
	return s
}

// Message collects the records of one flush.
type Message struct {
	sections map[int][]byte
	order    []int
	size     int
}

// Add appends a record to its partition's section (AllPartitions for broadcasts).
func (m *Message) Add(partition int, r *Record) {
	if m.sections == nil {
		m.sections = make(map[int][]byte)
	}
	s, ok := m.sections[partition]
	if !ok {
		m.order = append(m.order, partition)
	}
	before := len(s)
	s = AppendRecord(s, r)
	m.size += len(s) - before
	m.sections[partition] = s
}

// Size returns the bytes of all records added so far.
func (m *Message) Size() int { return m.size }

// Bytes returns the encoded message.
func (m *Message) Bytes() []byte {
	out := make([]byte, 0, m.size+len(m.order)*8+1)
	out = append(out, messageVersion)
	for _, p := range m.order {
		out = binary.AppendUvarint(out, uint64(p))
		out = binary.AppendUvarint(out, uint64(len(m.sections[p])))
		out = append(out, m.sections[p]...)
	}
	return out
}

// Sections calls f for every section of an encoded message, in order. The slice given to
// f is part of message.
func Sections(message []byte, f func(partition int, records []byte) error) error {
	if len(message) == 0 || message[0] != messageVersion {
		return fmt.Errorf("%w: message version is not %d", ErrCorrupt, messageVersion)
	}
	d := decoder{b: message[1:]}
	for len(d.b) > 0 {
		p := d.uvarint()
		body := d.view()
		if d.err != nil {
			return d.err
		}
		if p > AllPartitions {
			return ErrCorrupt
		}
		if err := f(int(p), body); err != nil {
			return err
		}
	}
	return nil
}

func appendString(dst []byte, s string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s)))
	return append(dst, s...)
}

// decoder reads fields and remembers the first error.
type decoder struct {
	b   []byte
	err error
}

func (d *decoder) fail() {
	d.b = nil
	if d.err == nil {
		d.err = ErrCorrupt
	}
}

func (d *decoder) byte() byte { //nolint:unparam // the first pass only skips
	if len(d.b) == 0 {
		d.fail()
		return 0
	}
	v := d.b[0]
	d.b = d.b[1:]
	return v
}

func (d *decoder) uvarint() uint64 {
	if len(d.b) > 0 && d.b[0] < 0x80 { // nearly all lengths
		v := uint64(d.b[0])
		d.b = d.b[1:]
		return v
	}
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) varint() int64 { //nolint:unparam // the first pass only skips
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) view() []byte {
	n := d.uvarint()
	if d.err != nil || n > uint64(len(d.b)) {
		d.fail()
		return nil
	}
	v := d.b[:n:n]
	d.b = d.b[n:]
	return v
}

func (d *decoder) bytes() []byte {
	v := d.view()
	if len(v) == 0 {
		return nil
	}
	return append([]byte(nil), v...)
}
