package dbtest

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Cluster is a PostgreSQL server of a test's own, which it may kill. Unlike the one that
// PostgresURL gives, it syncs.
type Cluster struct {
	t          testing.TB
	bin        string
	data       string // may lie on a disk of special qualities
	dir        string // socket and output
	credential *syscall.Credential

	shell *exec.Cmd
	pipe  io.Closer // the shell ends the server when this is closed, or we are gone
}

// NewCluster makes a server whose files are in a directory, which is made and must be
// empty, and starts it.
func NewCluster(t testing.TB, data string) *Cluster {
	t.Helper()
	c := &Cluster{t: t, data: data}
	var err error
	if c.bin, err = binaries(); err != nil {
		t.Fatalf("PostgreSQL is needed for this test: %v\nRun `make setup`, which installs it.", err)
	}
	if c.dir, err = os.MkdirTemp("", "headroom-cluster-"); err != nil { //nolint:usetesting // the path of a socket may have 107 bytes
		t.Fatal(err)
	}
	if c.credential, err = serverUser(c.dir); err == nil {
		err = c.reachable()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Kill()
		_ = os.RemoveAll(c.dir)
	})
	initdb := exec.Command(filepath.Join(c.bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
	initdb.Dir, initdb.SysProcAttr = c.dir, &syscall.SysProcAttr{Credential: c.credential}
	if out, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	c.Start()
	return c
}

// reachable makes the data directory and hands it to whom the server runs as; the
// directories of tests are closed to others.
func (c *Cluster) reachable() error {
	if err := os.MkdirAll(c.data, 0o700); err != nil || c.credential == nil {
		return err
	}
	if err := os.Chown(c.data, int(c.credential.Uid), int(c.credential.Gid)); err != nil {
		return err
	}
	for dir := filepath.Dir(c.data); strings.HasPrefix(dir, os.TempDir()+"/"); dir = filepath.Dir(dir) {
		st, err := os.Stat(dir)
		if err == nil {
			err = os.Chmod(dir, st.Mode()|0o011)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// URL is of its database postgres.
func (c *Cluster) URL() string {
	return (&url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/postgres",
		RawQuery: url.Values{"host": {c.dir}}.Encode()}).String()
}

// Start starts the server and waits until it answers.
func (c *Cluster) Start() {
	c.t.Helper()
	var err error
	for range 20 { // what a killed server left may keep the next one from starting for a moment
		if err = c.try(); err == nil {
			return
		}
		c.Kill()
		time.Sleep(100 * time.Millisecond)
	}
	c.t.Fatalf("PostgreSQL does not start: %v\n%s", err, c.Output())
}

func (c *Cluster) try() error {
	c.shell = exec.Command("/bin/sh", "-c", `
		"$1/postgres" -D "$2" -k "$3" -c listen_addresses= -c shared_buffers=16MB -c max_connections=100 \
			-c restart_after_crash=on >>"$3/log" 2>&1 &
		server=$!
		cat >/dev/null
		kill -INT $server; wait $server`, "sh", c.bin, c.data, c.dir)
	c.shell.Dir = c.dir
	c.shell.SysProcAttr = &syscall.SysProcAttr{Credential: c.credential, Setpgid: true} // ^C is for us
	pipe, err := c.shell.StdinPipe()
	if err != nil {
		return err
	}
	c.pipe = pipe
	if err := c.shell.Start(); err != nil {
		return err
	}
	missing := 0
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if c.server() == 0 {
			missing++
		} else if c.answers() {
			return nil
		}
		if missing > 50 || time.Now().After(deadline) {
			return errors.New("it has ended, or recovers for more than a minute")
		}
	}
}

// server returns the process that listens, 0 when there is none.
func (c *Cluster) server() int {
	if c.shell == nil {
		return 0
	}
	for _, pid := range children(c.shell.Process.Pid) {
		if name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)); err == nil && strings.HasPrefix(string(name), "postgres") {
			return pid
		}
	}
	return 0
}

// children returns the processes that a process started.
func children(pid int) (found []int) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	for word := range strings.FieldsSeq(string(text)) {
		if n, err := strconv.Atoi(word); err == nil {
			found = append(found, n)
		}
	}
	return found
}

// Kill is kill -9 of the server, and waits until all its processes are gone.
func (c *Cluster) Kill() {
	if c.shell == nil {
		return
	}
	var all []int
	if pid := c.server(); pid != 0 {
		all = append(children(pid), pid)
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	_ = c.pipe.Close()
	_ = c.shell.Wait()
	c.shell = nil
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if !slices.ContainsFunc(all, func(pid int) bool { return exists(fmt.Sprintf("/proc/%d", pid)) }) {
			return
		}
	}
}

// KillBackend is kill -9 of one of the server's processes, chosen by n; the server then ends
// all others and recovers by itself.
func (c *Cluster) KillBackend(n int) {
	if all := children(c.server()); len(all) > 0 {
		_ = syscall.Kill(all[n%len(all)], syscall.SIGKILL)
	}
}

// Heal waits until the server answers, and starts it again when it has ended: it does when
// it cannot write its log, or when the process that recovers is killed.
func (c *Cluster) Heal() {
	c.t.Helper()
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if c.server() == 0 {
			c.Kill()
			c.Start()
		}
		if c.answers() {
			return
		}
	}
	c.t.Fatalf("PostgreSQL does not answer again:\n%s", c.Output())
}

func (c *Cluster) answers() bool {
	return exec.Command(filepath.Join(c.bin, "pg_isready"), "-q", "-h", c.dir, "-U", "postgres").Run() == nil
}

// Said returns how often the server said something.
func (c *Cluster) Said(words string) int {
	text, _ := os.ReadFile(filepath.Join(c.dir, "log"))
	return strings.Count(string(text), words)
}

// Output returns the end of what the server said.
func (c *Cluster) Output() string {
	text, _ := os.ReadFile(filepath.Join(c.dir, "log"))
	return string(text[max(0, len(text)-4000):])
}
