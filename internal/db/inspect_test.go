package db_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/db"
	"github.com/headroomhq/headroom/internal/db/dbtest"
	"github.com/headroomhq/headroom/internal/fault"
)

func TestInspectingTellsTheVersionOfTheTablesAndFindsThemSound(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		d := open()
		have, known, err := d.SchemaVersion(t.Context())
		if err != nil || have != known || have == 0 {
			t.Errorf("version %d of %d, %v", have, known, err)
		}
		if damage, err := d.Check(t.Context()); err != nil || len(damage) > 0 {
			t.Errorf("damage %v, %v", damage, err)
		}
	})
}

func TestInspectingMakesAndMigratesNothing(t *testing.T) {
	target := dbtest.PostgresURL(t)
	d, err := db.Inspect(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if have, known, err := d.SchemaVersion(t.Context()); err != nil || have != 0 || known == 0 {
		t.Errorf("an empty PostgreSQL has version %d of %d, %v", have, known, err)
	}
	if _, err := d.Exec(t.Context(), "CREATE TABLE x (y BIGINT)"); err == nil {
		t.Error("it wrote")
	}
	dir := t.TempDir()
	if _, err := db.Inspect(t.Context(), dir); fault.CodeOf(err) != "database_missing" {
		t.Errorf("an empty directory: %v", err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) > 0 {
		t.Errorf("it made %v, %v", files, err)
	}
}

func TestInspectingRefusesToWriteAndKeepsOthersOut(t *testing.T) {
	dir := t.TempDir()
	whole, err := db.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Inspect(t.Context(), dir); fault.CodeOf(err) != "data_in_use" {
		t.Errorf("while it is open elsewhere: %v", err)
	}
	if err := whole.Close(); err != nil {
		t.Fatal(err)
	}
	d, err := db.Inspect(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := d.Exec(t.Context(), "INSERT INTO meta (name, value) VALUES ('x', 'y')"); err == nil {
		t.Error("it wrote")
	}
	if _, err := db.Open(t.Context(), dir); fault.CodeOf(err) != "data_in_use" {
		t.Errorf("opened beside it: %v", err)
	}
}

func TestDamageIsFound(t *testing.T) {
	dir := t.TempDir()
	d, err := db.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Exec(t.Context(), "INSERT INTO meta (name, value) VALUES ('x', $1)", bytes.Repeat([]byte("x"), 100_000)); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, db.FileName)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text = append(text[:len(text)-8192], bytes.Repeat([]byte{0xff}, 8192)...) // the last page
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if d, err = db.Inspect(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	damage, err := d.Check(t.Context())
	if fault.CodeOf(err) != "data_unreadable" && (err != nil || len(damage) == 0) {
		t.Errorf("damage %q, %v", strings.Join(damage, "; "), err)
	}
}
