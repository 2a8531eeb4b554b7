package backup

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"

	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/store"
)

// Tables outside of a database, the same whichever engine they came from:
//
//	file  = "hrtab" version(1) table* 'Z' , packed with zstd, which checks its content
//	table = 'T' text(name) count {text(column)}* row* 'E' count(rows)
//	row   = 'R' value* , one for each column
//	value = 'i' varint | 's' text | 'b' text | 'n'
//
// where text is a length (uvarint) and that many bytes, and count a uvarint.
const (
	tablesMagic = "hrtab\x01"
	// textLimit bounds what a damaged length can ask of memory.
	textLimit = 1 << 30
)

// RowVisitor is called for every row; columns is the same slice for all rows of a table, values belong to it.
type RowVisitor = func(table string, columns []string, values []any) error

// WriteTables writes the named tables of a snapshot, calling progress after every row, and
// returns how many rows each had.
func WriteTables(ctx context.Context, w io.Writer, x *store.Snapshot, tables []string, progress func(rows int64)) (map[string]int64, error) {
	packed, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	defer packed.Close() // once more does nothing
	out := bufio.NewWriterSize(packed, 1<<20)
	if _, err := out.WriteString(tablesMagic); err != nil {
		return nil, err
	}
	counts := make(map[string]int64, len(tables))
	total := int64(0)
	var buf []byte
	for _, table := range tables {
		begun := false
		err := x.Each(ctx, table, func(columns []string, values []any) error {
			buf = buf[:0]
			if !begun {
				begun = true
				buf = appendText(append(buf, 'T'), table)
				buf = binary.AppendUvarint(buf, uint64(len(columns)))
				for _, c := range columns {
					buf = appendText(buf, c)
				}
			}
			buf = append(buf, 'R')
			for i, v := range values {
				var ok bool
				if buf, ok = appendValue(buf, v); !ok {
					return fmt.Errorf("table %s, column %s: a value of type %T", table, columns[i], v)
				}
			}
			counts[table]++
			total++
			progress(total)
			_, err := out.Write(buf)
			return err
		})
		if err != nil {
			return nil, err
		}
		if begun {
			if _, err := out.Write(binary.AppendUvarint([]byte{'E'}, uint64(counts[table]))); err != nil {
				return nil, err
			}
		}
	}
	if err := out.WriteByte('Z'); err != nil {
		return nil, err
	}
	return counts, errors.Join(out.Flush(), packed.Close())
}

func appendText[T string | []byte](b []byte, text T) []byte {
	b = binary.AppendUvarint(b, uint64(len(text)))
	return append(b, text...)
}

func appendValue(b []byte, v any) ([]byte, bool) {
	switch v := v.(type) {
	case nil:
		return append(b, 'n'), true
	case int64:
		return binary.AppendVarint(append(b, 'i'), v), true
	case string:
		return appendText(append(b, 's'), v), true
	case []byte:
		return appendText(append(b, 'b'), v), true
	}
	return b, false
}

// ReadTables calls visit for every row that WriteTables wrote. Fault archive_damaged
// (Invalid) when it is not what was written.
func ReadTables(r io.Reader, visit RowVisitor) error {
	packed, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
	if err != nil {
		return err
	}
	defer packed.Close()
	d := tableReader{in: bufio.NewReaderSize(packed, 1<<20)}
	magic := make([]byte, len(tablesMagic))
	if _, err := io.ReadFull(d.in, magic); err != nil || string(magic) != tablesMagic {
		return damaged("it does not begin as one", err)
	}
	for {
		switch tag := d.byte(); {
		case d.err != nil:
			return damaged("it breaks off", d.err)
		case tag == 'Z':
			return nil
		case tag == 'T':
			if err := d.table(visit); err != nil {
				return err
			}
		default:
			return damaged(fmt.Sprintf("a table begins with %q", tag), nil)
		}
	}
}

func damaged(how string, cause error) error {
	return fault.New(fault.Invalid, "archive_damaged", "an archive of tables is damaged: %s", how).
		WithMend("use another copy of the backup").WithCause(cause)
}

type tableReader struct {
	in  *bufio.Reader
	err error
}

func (d *tableReader) table(visit RowVisitor) error {
	name := string(d.text())
	n := d.uvarint()
	if d.err != nil || n > 1000 {
		return damaged("it breaks off in a table's head", d.err)
	}
	columns := make([]string, n)
	for i := range columns {
		columns[i] = string(d.text())
	}
	for rows := uint64(0); ; rows++ {
		switch tag := d.byte(); {
		case d.err != nil:
			return damaged("it breaks off in table "+name, d.err)
		case tag == 'E':
			if want := d.uvarint(); want != rows {
				return damaged(fmt.Sprintf("table %s has %d rows of %d", name, rows, want), d.err)
			}
			return nil
		case tag != 'R':
			return damaged(fmt.Sprintf("a row of table %s begins with %q", name, tag), nil)
		}
		values := make([]any, n)
		for i := range values {
			values[i] = d.value()
		}
		if d.err != nil {
			return damaged("it breaks off in table "+name, d.err)
		}
		if err := visit(name, columns, values); err != nil {
			return err
		}
	}
}

func (d *tableReader) byte() byte {
	c, err := d.in.ReadByte()
	d.note(err)
	return c
}

func (d *tableReader) uvarint() uint64 {
	v, err := binary.ReadUvarint(d.in)
	d.note(err)
	return v
}

func (d *tableReader) text() []byte {
	n := d.uvarint()
	if n > textLimit {
		d.note(fmt.Errorf("a text of %d bytes", n))
	}
	if d.err != nil {
		return nil
	}
	if n <= 1<<20 {
		b := make([]byte, n)
		_, err := io.ReadFull(d.in, b)
		d.note(err)
		return b
	}
	var b bytes.Buffer // grows with what is there, not with what is promised
	_, err := io.CopyN(&b, d.in, int64(n))
	d.note(err)
	return b.Bytes()
}

func (d *tableReader) value() any {
	switch kind := d.byte(); kind {
	case 'i':
		v, err := binary.ReadVarint(d.in)
		d.note(err)
		return v
	case 's':
		return string(d.text())
	case 'b':
		return d.text()
	case 'n':
		return nil
	default:
		d.note(fmt.Errorf("a value of kind %q", kind))
		return nil
	}
}

func (d *tableReader) note(err error) {
	if d.err == nil {
		d.err = err
	}
}
