// Package dbtest runs tests on every SQL engine that ships: SQLite in a temporary
// directory and a database of its own on a real PostgreSQL. A machine without PostgreSQL
// fails the tests, because half of what they promise would go unproved.
package dbtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/headroomhq/headroom/internal/db"
)

// Each runs f as a subtest on SQLite and on PostgreSQL. open opens the subtest's own empty
// database; called again it opens the same one a second time, as another process would
// (on SQLite close the first before, because the directory is locked). What is left open
// is closed at the end.
func Each(t *testing.T, f func(t *testing.T, open func() *db.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		dir := t.TempDir()
		f(t, func() *db.DB { return opened(t, dir) })
	})
	t.Run("postgres", func(t *testing.T) {
		target := PostgresURL(t)
		f(t, func() *db.DB { return opened(t, target) })
	})
}

func opened(t *testing.T, target string) *db.DB {
	t.Helper()
	d, err := db.Open(context.Background(), target)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// PostgresURL returns the URL of a fresh, empty PostgreSQL database, gone after the test.
// The server is the one of HEADROOM_TEST_POSTGRES (a URL whose user may create
// databases), or one that is started for this test process alone.
func PostgresURL(t testing.TB) string {
	t.Helper()
	base, err := server()
	if err != nil {
		t.Fatalf("PostgreSQL is needed for this test: %v\n"+
			"Run `make setup`, which installs it, or set HEADROOM_TEST_POSTGRES to the URL of a server to use.", err)
	}
	admin, err := sql.Open("pgx", base)
	if err != nil {
		t.Fatal(err)
	}
	name := "headroom_test_" + suffix()
	if _, err := admin.Exec("CREATE DATABASE " + name + " TEMPLATE template0"); err != nil {
		admin.Close()
		t.Fatalf("create a test database: %v", err)
	}
	t.Cleanup(func() {
		defer admin.Close()
		if os.Getenv("HEADROOM_TEST_POSTGRES") == "" {
			return // it goes with our server; dropping it would wait for the disk
		}
		if _, err := admin.Exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Errorf("drop the test database: %v", err)
		}
	})
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

func suffix() string {
	var b [6]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// server returns the URL of the server, starting one at the first call.
var server = sync.OnceValues(func() (string, error) {
	if u := os.Getenv("HEADROOM_TEST_POSTGRES"); u != "" {
		return u, nil
	}
	return start()
})

// start makes a cluster in a temporary directory and runs it for as long as this process
// lives: a shell waits for the end of our side of a pipe, which comes however we end, then
// stops the server and deletes the directory.
func start() (string, error) {
	bin, err := binaries()
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "headroom-postgres-")
	if err != nil {
		return "", err
	}
	credential, err := serverUser(dir)
	if err != nil {
		os.RemoveAll(dir)
		return "", err
	}
	data := filepath.Join(dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
	initdb.Dir, initdb.SysProcAttr = dir, &syscall.SysProcAttr{Credential: credential}
	if out, err := initdb.CombinedOutput(); err != nil {
		os.RemoveAll(dir)
		return "", fmt.Errorf("initdb: %w\n%s", err, out)
	}
	// Only a socket in our own directory: no port to clash over, nobody else can connect.
	serve := exec.Command("/bin/sh", "-c", `
		"$1/postgres" -D "$2" -k "$3" -c listen_addresses= -c fsync=off -c full_page_writes=off \
			-c shared_buffers=32MB -c max_connections=200 -c autovacuum=off >"$3/log" 2>&1 &
		server=$!
		cat >/dev/null
		kill -INT $server; wait $server
		rm -rf "$2" "$3"/log; rmdir "$3" 2>/dev/null`, "sh", bin, data, dir)
	serve.Dir = dir
	serve.SysProcAttr = &syscall.SysProcAttr{Credential: credential, Setpgid: true} // ^C is for us
	pipe, err := serve.StdinPipe()
	if err != nil {
		return "", err
	}
	if err := serve.Start(); err != nil {
		return "", fmt.Errorf("start postgres: %w", err)
	}
	keep = pipe
	u := (&url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/postgres",
		RawQuery: url.Values{"host": {dir}}.Encode()}).String()
	return u, await(u, dir)
}

// keep is our side of the pipe; it must live as long as the process.
var keep any //nolint:unused // held, never read

func await(u, dir string) error {
	d, err := sql.Open("pgx", u)
	if err != nil {
		return err
	}
	defer d.Close()
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if err = d.Ping(); err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(filepath.Join(dir, "log"))
			return fmt.Errorf("postgres did not come up within a minute: %w\n%s", err, bytes.TrimSpace(log))
		}
	}
}

// binaries returns the directory of the newest installed server.
func binaries() (string, error) {
	best, version := "", -1
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin"} {
		found, _ := filepath.Glob(pattern)
		for _, dir := range found {
			digits := strings.TrimLeft(filepath.Base(filepath.Dir(dir)), "pgsqlotre-@")
			if v, err := strconv.Atoi(digits); err == nil && v > version && exists(filepath.Join(dir, "initdb")) {
				best, version = dir, v
			}
		}
	}
	if best == "" {
		if path, err := exec.LookPath("initdb"); err == nil {
			return filepath.Dir(path), nil
		}
		return "", errors.New("no PostgreSQL server is installed (looked in /usr/lib/postgresql/*/bin and in PATH)")
	}
	return best, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// serverUser returns whom to run the server as: PostgreSQL refuses root, so that root
// hands the directory to postgres or nobody. Nil is the user we are.
func serverUser(dir string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		if err := os.Chown(dir, int(uid), int(gid)); err != nil {
			return nil, err
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("we run as root, which PostgreSQL refuses, and there is no user postgres or nobody to run it as")
}
