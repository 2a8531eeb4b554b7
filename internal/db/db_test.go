package db_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/db"
	"github.com/headroomhq/headroom/internal/db/dbtest"
	"github.com/headroomhq/headroom/internal/fault"
)

var ctx = context.Background()

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if fault.CodeOf(err) != code {
		t.Fatalf("want fault %s, got %v", code, err)
	}
	var f *fault.Error
	if !errors.As(err, &f) || f.Mend == "" {
		t.Errorf("fault %s says no mend", code)
	}
}

func TestAnEmptyDatabaseIsBroughtUpToDateAndAgainChangesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		for range 2 {
			d := open()
			var version, tables int
			if err := d.Read().QueryRow("SELECT MAX(version) FROM schema_version").Scan(&version); err != nil || version < 1 {
				t.Fatalf("schema version %d, %v", version, err)
			}
			if err := d.Read().QueryRow("SELECT COUNT(*) FROM ledger").Scan(&tables); err != nil {
				t.Fatal(err)
			}
			d.Close()
		}
	})
}

func TestDataFromANewerVersionIsRefused(t *testing.T) {
	dir, url := t.TempDir(), dbtest.PostgresURL(t)
	for _, target := range []string{dir, url} {
		d, err := db.Open(ctx, target)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Exec(ctx, "INSERT INTO schema_version VALUES (9999, 0)"); err != nil {
			t.Fatal(err)
		}
		d.Close()
		_, err = db.Open(ctx, target)
		wantCode(t, err, "data_newer_version")
		if !strings.Contains(err.Error(), "9999") {
			t.Errorf("the message does not name the version: %v", err)
		}
	}
}

func TestProcessesThatMigrateOnePostgresAtOnceAllSucceed(t *testing.T) {
	url := dbtest.PostgresURL(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			d, err := db.Open(ctx, url)
			if err != nil {
				t.Error(err)
				return
			}
			d.Close()
		})
	}
	wg.Wait()
}

func TestATransactionIsAllOrNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		d := open()
		stop := errors.New("stop")
		err := d.InTx(ctx, func(tx *sql.Tx) error {
			if _, err := tx.ExecContext(ctx, "INSERT INTO meta (name, value) VALUES ($1, $2)", "a", []byte("1")); err != nil {
				return err
			}
			return stop
		})
		if err != stop {
			t.Fatalf("want the function's own error, got %v", err)
		}
		var n int
		if err := d.Read().QueryRow("SELECT COUNT(*) FROM meta").Scan(&n); err != nil || n != 0 {
			t.Fatalf("%d rows, %v", n, err)
		}
	})
}

func TestWritersWaitForEachOtherAndReadersDoNotWait(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		d := open()
		if _, err := d.Exec(ctx, "INSERT INTO partitions (partition, stream, epoch) VALUES (0, 's', 0)"); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 20 {
					err := d.InTx(ctx, func(tx *sql.Tx) error {
						var n int64
						if err := tx.QueryRowContext(ctx, "UPDATE partitions SET epoch = epoch + 1 WHERE partition = 0 RETURNING epoch").Scan(&n); err != nil {
							return err
						}
						return d.Read().QueryRowContext(ctx, "SELECT epoch FROM partitions WHERE partition = 0").Scan(&n)
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		var n int64
		if err := d.Read().QueryRow("SELECT epoch FROM partitions").Scan(&n); err != nil || n != 160 {
			t.Fatalf("epoch %d, %v", n, err)
		}
	})
}

func TestADeadlockIsRepeatedUntilItSucceeds(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		d := open()
		for _, name := range []string{"a", "b"} {
			if _, err := d.Exec(ctx, "INSERT INTO meta (name, value) VALUES ($1, $2)", name, []byte("0")); err != nil {
				t.Fatal(err)
			}
		}
		var wg sync.WaitGroup
		for _, order := range [][2]string{{"a", "b"}, {"b", "a"}} {
			wg.Go(func() {
				for range 3 {
					err := d.InTx(ctx, func(tx *sql.Tx) error {
						for _, name := range order {
							if _, err := tx.ExecContext(ctx, "UPDATE meta SET value = $1 WHERE name = $2", []byte("1"), name); err != nil {
								return err
							}
							time.Sleep(5 * time.Millisecond)
						}
						return nil
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
	})
}

func TestViolationsOfConstraintsAreToldApart(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		d := open()
		insert := "INSERT INTO console_users (name, password, role, created_at) VALUES ('ada', '', '', 0)"
		if _, err := d.Exec(ctx, insert); err != nil {
			t.Fatal(err)
		}
		_, err := d.Exec(ctx, insert)
		if !db.IsUnique(err) || db.IsForeignKey(err) || db.IsRefused(err) {
			t.Errorf("second user of a name: %v", err)
		}
		_, err = d.Exec(ctx, "INSERT INTO sessions (hash, name, created_at, expires) VALUES ($1, 'bob', 0, 0)", []byte{1})
		if !db.IsForeignKey(err) || db.IsUnique(err) || db.IsRefused(err) {
			t.Errorf("session of nobody: %v", err)
		}
	})
}

func TestTheLedgerRefusesEveryChangeOfALine(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		d := open()
		insert := `INSERT INTO ledger (account, seq, effective_at, recorded_at, delta, mrr, currency, movement, type, motion, source, ref, note)
			VALUES ('acme', 1, 0, 0, 0, 0, 'USD', 'new', '', '', '', '', '')`
		if _, err := d.Exec(ctx, insert); err != nil {
			t.Fatal(err)
		}
		forbidden := []string{
			"UPDATE ledger SET delta = 1",
			"DELETE FROM ledger",
			"DELETE FROM ledger WHERE account = 'acme'",
		}
		if d.Engine() == db.Postgres {
			forbidden = append(forbidden, "TRUNCATE ledger",
				strings.Replace(insert, "INSERT", "INSERT", 1)+" ON CONFLICT (account, seq) DO UPDATE SET delta = 1")
		} else {
			forbidden = append(forbidden, strings.Replace(insert, "INSERT", "INSERT OR REPLACE", 1))
		}
		for _, q := range forbidden {
			if _, err := d.Exec(ctx, q); !db.IsRefused(err) {
				t.Errorf("%.40s: %v", q, err)
			}
		}
	})
}

func TestTheDatabaseClockRunsOnWithinATransaction(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		d := open()
		err := d.InTx(ctx, func(tx *sql.Tx) error {
			a, err := d.Now(ctx, tx)
			if err != nil {
				return err
			}
			time.Sleep(2 * time.Millisecond)
			b, err := d.Now(ctx, tx)
			if err != nil {
				return err
			}
			if b.Sub(a) < time.Millisecond {
				t.Errorf("from %v to %v", a, b)
			}
			if off := time.Since(a.Std()).Abs(); off > time.Minute {
				t.Errorf("the clock is %v off", off)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestStatementsStayPreparedAcrossTransactions(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		d := open()
		for i := range 5 {
			err := d.InTx(ctx, func(tx *sql.Tx) error {
				_, err := d.Prepared(ctx, tx, "INSERT INTO meta (name, value) VALUES ($1, $2)", string(rune('a'+i)), []byte("x"))
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		var n int
		if err := d.Read().QueryRow("SELECT COUNT(*) FROM meta").Scan(&n); err != nil || n != 5 {
			t.Fatalf("%d rows, %v", n, err)
		}
	})
}

func TestADataDirectoryBelongsToOneProcess(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a b?c#d%20e", "data")
	d, err := db.Open(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Open(ctx, dir)
	wantCode(t, err, "data_in_use")
	d.Close()
	d, err = db.Open(ctx, dir)
	if err != nil {
		t.Fatalf("after the first was closed: %v", err)
	}
	d.Close()
	if _, err := os.Stat(filepath.Join(dir, db.FileName)); err != nil {
		t.Errorf("the database is not in the directory named: %v", err)
	}
}

func TestADirectoryThatCannotHoldADatabaseIsRefusedWithTheReason(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(dir string) string
		code string
	}{
		{"a file where the directory should be", func(dir string) string {
			path := filepath.Join(dir, "file")
			os.WriteFile(path, nil, 0o600)
			return filepath.Join(path, "data")
		}, "data_not_writable"},
		{"a directory where the file should be", func(dir string) string {
			os.Mkdir(filepath.Join(dir, db.FileName), 0o700)
			return dir
		}, "data_not_writable"},
		{"something else in the file", func(dir string) string {
			os.WriteFile(filepath.Join(dir, db.FileName), []byte(strings.Repeat("not a database ", 1000)), 0o600)
			return dir
		}, "data_unreadable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := db.Open(ctx, c.make(t.TempDir()))
			wantCode(t, err, c.code)
		})
	}
}

func TestAPostgresThatIsNotThereIsNamedWithoutItsPassword(t *testing.T) {
	_, err := db.Open(ctx, "postgres://ada:secret@127.0.0.1:1/headroom")
	wantCode(t, err, "database_unavailable")
	if strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("message: %v", err)
	}
	_, err = db.Open(ctx, "postgres://ada:secret@127.0.0.1:port/headroom")
	wantCode(t, err, "database_url_invalid")
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("message: %v", err)
	}
}

func TestTextHoldsOnlyWhatBothEnginesTake(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		d := open()
		for _, s := range []string{"plain", "é", "a\x00b", "\xff\xfe", ""} {
			if _, err := d.Exec(ctx, "INSERT INTO meta (name, value) VALUES ($1, $2)", db.Text(s), []byte{}); err != nil {
				t.Errorf("%q: %v", s, err)
			}
		}
	})
}

func TestAFullDiskIsCalledSoAndPassesWhenThereIsRoom(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("mounting a small file system takes root")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=8m"); err != nil {
		t.Skipf("this machine does not let root mount a file system: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	d, err := db.Open(ctx, filepath.Join(dir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	filler := filepath.Join(dir, "filler")
	f, err := os.Create(filler)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	f.Close()
	write := func(name string) error {
		_, err := d.Exec(ctx, "INSERT INTO meta (name, value) VALUES ($1, $2)", name, make([]byte, 1<<20))
		return err
	}
	wantCode(t, write("a"), "disk_full")
	_, err = db.Open(ctx, filepath.Join(dir, "other"))
	wantCode(t, err, "disk_full")
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if err := write("a"); err != nil {
		t.Errorf("with room again: %v", err)
	}
}
