package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/eventlog"
	"github.com/headroomhq/headroom/internal/fault"
)

// ManifestName is the file that makes a folder a backup. It is written last.
const ManifestName = "manifest.json"

// format is the version of the folder's layout.
const format = 1

// Manifest says what a backup holds.
type Manifest struct {
	Format     int        `json:"format"`
	Headroom   string     `json:"headroom"` // version that made it
	Number     int        `json:"number"`   // rises with each backup into the same folder
	TakenAt    clock.Time `json:"taken_at"` // of the tables; real time
	Stream     string     `json:"stream"`   // identity of the log
	Schema     int        `json:"schema"`   // version of the tables
	Rules      int        `json:"rules"`    // highest of any partition
	Partitions int        `json:"partitions"`
	First      uint64     `json:"first"`  // first position of the log in it
	Last       uint64     `json:"last"`   // last one; first-1 when the log is empty
	Oldest     uint64     `json:"oldest"` // lowest checkpoint of the tables
	Newest     uint64     `json:"newest"` // highest checkpoint of the tables
	// LastSum is the SHA-256 of the message at Last, by which a log that took another turn is
	// known; empty when the log is empty.
	LastSum string           `json:"last_sum"`
	Tables  File             `json:"tables"`
	Rows    map[string]int64 `json:"rows"` // by table
	Log     []LogFile        `json:"log"`  // in the order of positions
	// Checksum is the SHA-256 of this document with an empty checksum.
	Checksum string `json:"checksum"`
}

// File is a file of a backup.
type File struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// LogFile holds the positions First to Last.
type LogFile struct {
	File
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
}

// Bytes returns the size of all files.
func (m *Manifest) Bytes() int64 {
	n := m.Tables.Bytes
	for _, f := range m.Log {
		n += f.Bytes
	}
	return n
}

func (m *Manifest) encode() ([]byte, error) {
	m.Checksum = ""
	bare, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(bare)
	m.Checksum = hex.EncodeToString(sum[:])
	b, err := json.MarshalIndent(m, "", "  ")
	return append(b, '\n'), err
}

// ReadManifest reads a folder's manifest. Faults: backup_missing (NotFound) when there is
// none, backup_damaged and backup_newer (Invalid).
func ReadManifest(dir string) (*Manifest, error) {
	b, err := os.ReadFile(filepath.Join(dir, ManifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "backup_missing", "there is no whole backup in %s: it has no %s", dir, ManifestName).
			WithMend("name the folder that `headroom backup` wrote to; a backup that was interrupted has no manifest and must be taken again")
	}
	if err != nil {
		return nil, unreadable(err)
	}
	m := &Manifest{}
	if err := json.Unmarshal(b, m); err != nil {
		return nil, damagedFile(ManifestName, "is no manifest")
	}
	if m.Format > format {
		return nil, fault.New(fault.Invalid, "backup_newer", "the backup in %s was made by a newer headroom (%s)", dir, m.Headroom).
			WithMend("use that version")
	}
	sum := m.Checksum
	again, err := m.encode()
	if err != nil {
		return nil, err
	}
	if sum != m.Checksum || !bytes.Equal(b, again) {
		return nil, damagedFile(ManifestName, "is not as it was written")
	}
	for _, f := range m.files() {
		if f.Name != filepath.Base(f.Name) || !ours(f.Name) {
			return nil, damagedFile(ManifestName, "names a file that is none of a backup's")
		}
	}
	return m, nil
}

func (m *Manifest) files() []File {
	out := []File{m.Tables}
	for _, f := range m.Log {
		out = append(out, f.File)
	}
	return out
}

// ours says whether a name is one that backups give their files.
func ours(name string) bool {
	return strings.HasSuffix(name, ".zst") && (strings.HasPrefix(name, "tables-") || strings.HasPrefix(name, "log-"))
}

// write puts the manifest into dir, whole or not at all.
func (m *Manifest) write(dir string) error {
	b, err := m.encode()
	if err != nil {
		return err
	}
	_, err = writeFile(dir, ManifestName, func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
	return err
}

// writeFile writes a file under a temporary name, makes sure that it is on disk, and gives
// it its name.
func writeFile(dir, name string, f func(w io.Writer) error) (File, error) {
	path := filepath.Join(dir, name)
	file, err := os.OpenFile(path+".part", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return File{}, unwritable(dir, err)
	}
	defer file.Close()
	sum := sha256.New()
	counted := &counter{}
	if err := f(io.MultiWriter(file, sum, counted)); err != nil {
		return File{}, unwritable(dir, err)
	}
	err = errors.Join(file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		return File{}, unwritable(dir, err)
	}
	return File{Name: name, Bytes: counted.n, SHA256: hex.EncodeToString(sum.Sum(nil))}, nil
}

type counter struct{ n int64 }

// Write counts.
func (c *counter) Write(b []byte) (int, error) {
	c.n += int64(len(b))
	return len(b), nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Verify reads a whole backup and compares it with its manifest, which it returns. Faults as
// ReadManifest, and backup_damaged naming the file.
func Verify(ctx context.Context, dir string, progress Progress) (*Manifest, error) {
	m, err := ReadManifest(dir)
	if err != nil {
		return nil, err
	}
	meter := &reading{ended: ctx.Err, progress: progress.every(), total: m.Bytes()}
	rows := make(map[string]int64)
	err = meter.file(dir, m.Tables, func(r io.Reader) error {
		return ReadTables(r, func(table string, _ []string, _ []any) error { rows[table]++; return nil })
	})
	if err != nil {
		return nil, err
	}
	for table, n := range m.Rows {
		if rows[table] != n {
			return nil, damagedFile(m.Tables.Name, fmt.Sprintf("has %d rows of table %s, not %d", rows[table], table, n))
		}
	}
	next := m.First
	for _, f := range m.Log {
		if f.First != next {
			return nil, damagedFile(f.Name, fmt.Sprintf("begins at position %d, not %d", f.First, next))
		}
		err := meter.file(dir, f.File, func(r io.Reader) error {
			return eventlog.ReadArchive(r, func(position uint64, _ time.Time, _ []byte) error {
				if position != next {
					return damagedFile(f.Name, fmt.Sprintf("holds position %d in the place of %d", position, next))
				}
				next++
				return nil
			})
		})
		if err != nil {
			return nil, err
		}
	}
	if next != m.Last+1 {
		return nil, damagedFile(ManifestName, fmt.Sprintf("promises the log up to position %d, which ends at %d", m.Last, next-1))
	}
	return m, nil
}

// reading checks files and tells how far it has come.
type reading struct {
	ended       func() error // why reading must not go on, nil while it may
	progress    Progress
	done, total int64
}

// file gives f the file's content and then holds its checksum.
func (x *reading) file(dir string, f File, use func(r io.Reader) error) error {
	in, err := os.Open(filepath.Join(dir, f.Name))
	if errors.Is(err, fs.ErrNotExist) {
		return damagedFile(f.Name, "is not there")
	}
	if err != nil {
		return unreadable(err)
	}
	defer in.Close()
	sum := sha256.New()
	from := io.TeeReader(in, io.MultiWriter(sum, x))
	err = use(from)
	if ended := x.ended(); ended != nil {
		return ended
	}
	if err != nil {
		if fault.CodeOf(err) == "backup_damaged" {
			return err
		}
		why := err.Error()
		if inside, ok := errors.AsType[*fault.Error](err); ok {
			why = inside.Message // what to do is the same for any damage, and is said once
		}
		return damagedFile(f.Name, "is not as it was written: "+why)
	}
	if _, err := io.Copy(io.Discard, from); err != nil { // what the packing does not need
		return unreadable(err)
	}
	if hex.EncodeToString(sum.Sum(nil)) != f.SHA256 {
		return damagedFile(f.Name, "is not as it was written")
	}
	return nil
}

// Write counts what was read.
func (x *reading) Write(b []byte) (int, error) {
	x.done += int64(len(b))
	x.progress("verify", x.done, x.total)
	return len(b), x.ended()
}

func damagedFile(name, how string) error {
	return fault.New(fault.Invalid, "backup_damaged", "%s of the backup %s", name, how).
		WithMend("use another copy of this backup, or another backup")
}

func unreadable(err error) error {
	return fault.New(fault.Unavailable, "backup_unreadable", "the backup cannot be read: %v", err).
		WithMend("give the user that runs headroom the right to read the folder").WithCause(err)
}

func unwritable(dir string, err error) error {
	var f *fault.Error
	if errors.As(err, &f) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fault.New(fault.Unavailable, "backup_not_written", "the backup cannot be written to %s: %v", dir, err).
		WithMend("free space there, or give the user that runs headroom the right to write, or choose another folder").WithCause(err)
}
