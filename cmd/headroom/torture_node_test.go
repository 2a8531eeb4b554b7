package main_test

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Processes that can be killed: the real binary, or this test binary in a part of its own
// (see TestMain).

// built says that binary made something to remove.
var built bool

// binary builds headroom once per test run.
var binary = sync.OnceValues(func() (string, error) {
	built = true
	dir, err := os.MkdirTemp("", "headroom-kill-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "headroom")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// node is one server process that can be killed and started again on the same data.
type node struct {
	t    *testing.T
	path string // the binary; headroom itself when empty
	args []string
	env  []string
	url  string
	log  *output
	cmd  *exec.Cmd

	ended   chan error // what Wait returned, once
	stdin   *os.File   // of a process that is driven by commands
	starts  int        // how often it was started
	revived int        // how often because it had ended by itself, or did not come round
}

// output keeps what a process prints, to be read while it runs.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write adds to the output.
func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

// String returns what was printed so far.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// lastLines returns the last lines of what a process printed.
func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

func newNode(t *testing.T, data string, more ...string) *node {
	address := freePort(t)
	args := append([]string{"serve", "--data", data, "--listen", address, "--partitions", "4"}, more...)
	return &node{t: t, args: args, url: "http://" + address}
}

// freePort finds a port that a server can be restarted on.
func freePort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (n *node) start() {
	n.t.Helper()
	path := n.path
	if path == "" {
		var err error
		if path, err = binary(); err != nil {
			n.t.Fatal(err)
		}
	}
	n.log = &output{}
	n.cmd = exec.Command(path, n.args...)
	n.cmd.Env = append(append(os.Environ(), "HEADROOM_SECRET_KEY="+killKey), n.env...)
	n.cmd.Stdout, n.cmd.Stderr = n.log, n.log
	// A process whose input ends knows that we are gone.
	theirs, ours, err := os.Pipe()
	if err != nil {
		n.t.Fatal(err)
	}
	n.cmd.Stdin, n.stdin = theirs, ours
	if err := n.cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	_ = theirs.Close()
	n.starts++
	ended, cmd := make(chan error, 1), n.cmd
	n.ended = ended
	go func() { ended <- cmd.Wait() }()
}

// tell sends a command to a process that is driven by them.
func (n *node) tell(format string, args ...any) {
	n.t.Helper()
	if _, err := fmt.Fprintf(n.stdin, format+"\n", args...); err != nil {
		n.t.Fatal(err)
	}
}

// isReady says whether it answers, and is well.
func (n *node) isReady() bool {
	client := http.Client{Timeout: 5 * time.Second}
	resp, err := client.Get(n.url + "/readyz")
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// waitReady waits so long for the process to be ready; false too when it has ended.
func (n *node) waitReady(d time.Duration) bool {
	for deadline := time.Now().Add(d); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if n.isReady() {
			return true
		}
		select {
		case err := <-n.ended:
			n.ended <- err
			return false
		default:
		}
	}
	return false
}

func (n *node) ready() {
	n.t.Helper()
	if n.waitReady(60 * time.Second) {
		return
	}
	n.kill()
	n.t.Fatalf("the server did not become ready:\n%s", n.log)
}

// heal does what a supervisor does: it waits, and starts the process again when it has
// ended or does not get well.
func (n *node) heal(patience time.Duration) {
	n.t.Helper()
	for try := range 20 {
		if n.waitReady(patience) {
			return
		}
		why := "is not ready"
		select {
		case err := <-n.ended:
			n.ended <- err
			why = fmt.Sprint("has ended: ", err)
		default:
		}
		n.t.Logf("%s %s, and is started again; it said last:\n%s", n.url, why, lastLines(n.log.String(), 3))
		n.revived++
		n.kill()
		time.Sleep(min(time.Duration(try)*250*time.Millisecond, 3*time.Second))
		n.start()
	}
	n.kill()
	n.t.Fatalf("the server was started again and again, and is not ready:\n%s", lastLines(n.log.String(), 20))
}

// kill ends the process as a failure of power or memory does.
func (n *node) kill() {
	if n.cmd == nil || n.cmd.Process == nil {
		return
	}
	_ = n.cmd.Process.Signal(syscall.SIGKILL)
	n.wait()
}

func (n *node) wait() error {
	var err error
	if n.ended != nil {
		err = <-n.ended
	} else {
		err = n.cmd.Wait()
	}
	if n.stdin != nil {
		_ = n.stdin.Close()
		n.stdin = nil
	}
	n.cmd = nil
	return err
}

// stop ends a server as an operator does.
func (n *node) stop() {
	n.t.Helper()
	if err := n.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		n.t.Fatal(err)
	}
	if err := n.wait(); err != nil {
		n.t.Fatalf("it did not end well: %v\n%s", err, n.log)
	}
}

// freeze stops the process for d, as a long pause of a virtual machine does.
func (n *node) freeze(d time.Duration) {
	if err := n.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		n.t.Fatal(err)
	}
	time.Sleep(d)
	if err := n.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		n.t.Fatal(err)
	}
}
