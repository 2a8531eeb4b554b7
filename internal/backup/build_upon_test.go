package backup_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/backup"
	"github.com/headroomhq/headroom/internal/eventlog"
	"github.com/headroomhq/headroom/internal/fault"
)

func TestANewBackupBuildsOnlyUponWhatIsWhole(t *testing.T) {
	s := newShop(t, t.TempDir())
	whole := t.TempDir()
	for range 2 {
		s.run(func(w *eventlog.Writer) { s.send(w, 10) })
		s.take(whole)
	}
	m, err := backup.ReadManifest(whole)
	if err != nil || len(m.Log) != 2 {
		t.Fatal(m, err)
	}
	for _, c := range []struct {
		name  string
		file  string
		spoil func(path string, was []byte) error
		says  string
	}{
		{"the newest file of the log is gone", m.Log[1].Name, func(path string, _ []byte) error { return os.Remove(path) }, "is not there"},
		{"an older one is gone", m.Log[0].Name, func(path string, _ []byte) error { return os.Remove(path) }, "is not there"},
		{"one was cut", m.Log[0].Name, func(path string, was []byte) error { return os.WriteFile(path, was[:len(was)-1], 0o600) }, "bytes, not"},
		{"four bytes of an older one were written over", m.Log[0].Name, func(path string, was []byte) error {
			for i := range 4 {
				was[len(was)/2+i] ^= 0xff
			}
			return os.WriteFile(path, was, 0o600)
		}, "is not as it was written"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "copy")
			if err := os.CopyFS(dir, os.DirFS(whole)); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, c.file)
			was, err := os.ReadFile(path)
			if err == nil {
				err = c.spoil(path, was)
			}
			if err != nil {
				t.Fatal(err)
			}
			before := files(t, dir)
			_, err = backup.Take(t.Context(), backup.Source{Store: s.store, Log: s.log}, dir, nil)
			if fault.CodeOf(err) != "backup_damaged" || !strings.Contains(err.Error(), c.file) || !strings.Contains(err.Error(), c.says) ||
				!strings.Contains(err.Error(), "into an empty folder") {
				t.Fatalf("it says %v", err)
			}
			if after := files(t, dir); len(after) != len(before) || after[backup.ManifestName] != before[backup.ManifestName] {
				t.Error("the folder was changed all the same")
			}
		})
	}
	if m := s.take(whole); m.Number != 3 || m.Last != s.take(t.TempDir()).Last {
		t.Errorf("the whole one went on as %+v", m)
	}
}
