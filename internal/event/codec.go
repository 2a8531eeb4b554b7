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
// not refer to b afterwards; its texts share one copy of b, so that whoever decodes many
// calls DecodeRecords.
func DecodeRecord(b []byte) (Record, []byte, error) {
	d := decoder{s: string(b)}
	r, _ := d.record(nil)
	return r, b[len(b)-len(d.s):], d.err
}

// Records are the decoded records of a section. Their texts are parts of the section's
// text, and Props is memory that is used again after Reset: who keeps a text beyond the
// section's life clones it (strings.Clone), who keeps Props copies them.
type Records struct {
	List  []Record
	props []Prop
}

// Reset forgets the records, for the next ones.
func (rs *Records) Reset() {
	clear(rs.List)
	clear(rs.props)
	rs.List, rs.props = rs.List[:0], rs.props[:0]
}

// Decode appends all records of a section to the List. It returns ErrCorrupt when section
// is not one.
func (rs *Records) Decode(section string) error {
	d := decoder{s: section}
	for len(d.s) > 0 {
		var r Record
		r, rs.props = d.record(rs.props)
		if d.err != nil {
			return d.err
		}
		rs.List = append(rs.List, r)
	}
	return nil
}

// record reads one record; its properties go to the end of props.
func (d *decoder) record(props []Prop) (Record, []Prop) {
	r := Record{Kind: Kind(d.byte())}
	if d.err == nil && (r.Kind == 0 || int(r.Kind) >= len(kindNames)) {
		d.fail(fmt.Errorf("%w: record kind %d is from a newer version", ErrCorrupt, r.Kind))
	}
	r.Source, r.ID, r.Key, r.User, r.Type = d.text(), d.text(), d.text(), d.text(), d.text()
	r.At, r.ReceivedAt = clock.Time(d.varint()), clock.Time(d.varint())
	n := d.uvarint()
	if n > uint64(len(d.s))/3 { // a property takes three bytes or more
		d.fail(ErrCorrupt)
		return Record{}, props
	}
	if n > 0 {
		from := len(props)
		for range n {
			p := Prop{Name: d.text(), Value: Value{Kind: ValueKind(d.byte()), Text: d.text()}}
			if p.Value.Kind > String {
				d.fail(fmt.Errorf("%w: value kind %d is from a newer version", ErrCorrupt, p.Value.Kind))
			}
			props = append(props, p)
		}
		r.Props = props[from:len(props):len(props)]
	}
	if body := d.text(); body != "" {
		r.Body = []byte(body)
	}
	if sealed := d.text(); sealed != "" {
		r.Sealed = []byte(sealed)
	}
	if d.err != nil {
		return Record{}, props
	}
	return r, props
}

// Message collects records for the log, in a section for each partition. The zero value is
// an empty one.
type Message struct {
	at       []int32 // by partition: its place in sections, plus one
	all      int32   // the same for AllPartitions
	sections []section
	used     int
	size     int
}

type section struct {
	partition int
	records   []byte
}

// Add appends a record to its partition's section (AllPartitions for broadcasts).
func (m *Message) Add(partition int, r *Record) {
	at := &m.all
	if partition != AllPartitions {
		for len(m.at) <= partition {
			m.at = append(m.at, 0)
		}
		at = &m.at[partition]
	}
	if *at == 0 {
		if m.used == len(m.sections) {
			m.sections = append(m.sections, section{})
		}
		m.used++
		*at = int32(m.used)
		m.sections[m.used-1].partition = partition
	}
	s := &m.sections[*at-1]
	before := len(s.records)
	s.records = AppendRecord(s.records, r)
	m.size += len(s.records) - before
}

// Size returns the bytes of all records added so far.
func (m *Message) Size() int { return m.size }

// Reset empties m, which keeps its memory for the next records.
func (m *Message) Reset() {
	for i := range m.sections[:m.used] {
		s := &m.sections[i]
		if s.partition != AllPartitions {
			m.at[s.partition] = 0
		}
		s.records = s.records[:0]
	}
	m.all, m.used, m.size = 0, 0, 0
}

// Bytes returns the encoded message.
func (m *Message) Bytes() []byte {
	return m.AppendSections(append(make([]byte, 0, m.size+m.used*8+1), messageVersion))
}

// AppendSections appends the encoded sections to dst, which begins with AppendStart: so one
// message can be put together from several.
func (m *Message) AppendSections(dst []byte) []byte {
	for i := range m.sections[:m.used] {
		dst = binary.AppendUvarint(dst, uint64(m.sections[i].partition))
		dst = binary.AppendUvarint(dst, uint64(len(m.sections[i].records)))
		dst = append(dst, m.sections[i].records...)
	}
	return dst
}

// AppendStart appends what every message begins with.
func AppendStart(dst []byte) []byte { return append(dst, messageVersion) }

// Sections calls f for every section of an encoded message, in order. What f is given is
// part of message.
func Sections(message string, f func(partition int, records string) error) error {
	if message == "" || message[0] != messageVersion {
		return fmt.Errorf("%w: message version is not %d", ErrCorrupt, messageVersion)
	}
	d := decoder{s: message[1:]}
	for len(d.s) > 0 {
		p := d.uvarint()
		records := d.text()
		if d.err != nil {
			return d.err
		}
		if p > AllPartitions {
			return ErrCorrupt
		}
		if err := f(int(p), records); err != nil {
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
	s   string
	err error
}

func (d *decoder) fail(err error) {
	d.s = ""
	if d.err == nil {
		d.err = err
	}
}

func (d *decoder) byte() byte {
	if d.s == "" {
		d.fail(ErrCorrupt)
		return 0
	}
	v := d.s[0]
	d.s = d.s[1:]
	return v
}

func (d *decoder) uvarint() uint64 {
	if len(d.s) > 0 && d.s[0] < 0x80 { // nearly all lengths
		v := uint64(d.s[0])
		d.s = d.s[1:]
		return v
	}
	var v uint64
	for i := 0; i < len(d.s) && i < binary.MaxVarintLen64; i++ {
		c := d.s[i]
		if i == binary.MaxVarintLen64-1 && c > 1 {
			break // beyond 64 bits
		}
		v |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			d.s = d.s[i+1:]
			return v
		}
	}
	d.fail(ErrCorrupt)
	return 0
}

func (d *decoder) varint() int64 {
	v := d.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

func (d *decoder) text() string {
	n := d.uvarint()
	if n > uint64(len(d.s)) {
		d.fail(ErrCorrupt)
		return ""
	}
	v := d.s[:n]
	d.s = d.s[n:]
	return v
}
