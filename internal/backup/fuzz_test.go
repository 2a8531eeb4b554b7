package backup_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/headroomhq/headroom/internal/backup"
	"github.com/headroomhq/headroom/internal/eventlog"
)

// A folder called a backup may come from anywhere: reading it must end with an error and
// without taking the machine's memory.

func packed(t testing.TB, b []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(b, nil)
}

func FuzzTables(f *testing.F) {
	f.Add([]byte("hrtab\x01Z"))
	f.Add([]byte("hrtab\x01T\x01a\x01\x01cRi\x02E\x01Z"))
	f.Add([]byte("hrtab\x01T\x01a\x02\x01c\x01dRs\x03abcnE\x01Z"))
	f.Add([]byte("hrtab\x01T\xff\xff\xff\xff\x0f"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, in := range [][]byte{b, packed(t, b)} {
			_ = backup.ReadTables(bytes.NewReader(in), func(_ string, columns []string, values []any) error {
				if len(columns) != len(values) {
					t.Errorf("%d values of %d columns", len(values), len(columns))
				}
				return nil
			})
		}
	})
}

func FuzzArchive(f *testing.F) {
	var b bytes.Buffer
	w, err := eventlog.NewArchiveWriter(&b)
	if err != nil {
		f.Fatal(err)
	}
	for i := range uint64(3) {
		if err := w.Add(7+i, time.Unix(1, 2), []byte("message")); err != nil {
			f.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte("hrlog\x01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, in := range [][]byte{b, packed(t, b)} {
			next := uint64(0)
			_ = eventlog.ReadArchive(bytes.NewReader(in), func(position uint64, _ time.Time, _ []byte) error {
				if next != 0 && position != next {
					t.Errorf("position %d in the place of %d", position, next)
				}
				next = position + 1
				return nil
			})
		}
	})
}
