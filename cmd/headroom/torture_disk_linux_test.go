package main_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/db/dbtest"
)

// Disks that are slow, full, or lose what was not synced: test/slowdisk.

// plenty is room enough for the log, which leaves 128 MiB free.
const plenty = 2 << 30

// slowdisk builds the helper once per test run, beside the binary.
var slowdisk = sync.OnceValues(func() (string, error) {
	path, err := binary()
	if err != nil {
		return "", err
	}
	path = filepath.Join(filepath.Dir(path), "slowdisk")
	out, err := exec.Command("go", "build", "-C", filepath.Join("..", "..", "test", "slowdisk"), "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build slowdisk: %w\n%s", err, out)
	}
	return path, nil
})

// disk is a mounted one.
type disk struct {
	t   *testing.T
	dir string
	in  io.WriteCloser
	out *bufio.Reader
}

// newDisk mounts a disk without delays, and without bounds.
func newDisk(t *testing.T, flags ...string) *disk {
	t.Helper()
	path, err := slowdisk()
	if err != nil {
		t.Fatal(err)
	}
	d := &disk{t: t, dir: filepath.Join(t.TempDir(), "disk")}
	cmd := exec.Command(path, append(append([]string{"--delay", "0s", "--commands"}, flags...), d.dir)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var said output
	cmd.Stderr = &said
	if d.in, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	d.out = bufio.NewReader(out)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = d.in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("slowdisk ended with %v: %s", err, &said)
		}
	})
	if line, err := d.out.ReadString('\n'); err != nil || !strings.HasPrefix(line, "mounted ") {
		_ = cmd.Wait()
		t.Fatalf("This test needs a disk that is played through FUSE, and none can be mounted: %s\n"+
			"Run `make setup`, and in a container give it /dev/fuse (docker run --device /dev/fuse --cap-add SYS_ADMIN).", said.String())
	}
	return d
}

// tell has a command carried out and returns what was answered.
func (d *disk) tell(format string, args ...any) string {
	d.t.Helper()
	_, err := fmt.Fprintf(d.in, format+"\n", args...)
	line := ""
	if err == nil {
		line, err = d.out.ReadString('\n')
	}
	answer, ok := strings.CutPrefix(strings.TrimSpace(line), "ok")
	if err != nil || !ok {
		d.t.Fatalf("the disk was told "+format+" and answered %s, %v", append(args, line, err)...)
	}
	return strings.TrimSpace(answer)
}

// at returns a directory of the disk that another place points to.
func (d *disk) at(name, from string) {
	d.t.Helper()
	err := os.MkdirAll(filepath.Join(d.dir, name), 0o700)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(from), 0o700)
	}
	if err == nil {
		err = os.Symlink(filepath.Join(d.dir, name), from)
	}
	if err != nil {
		d.t.Fatal(err)
	}
}

// fill leaves no room, or little, for a while.
func fill(d *disk) fault {
	return fault{"fill the disk", func(s *storm) {
		d.tell("free %d", []int{0, 4096, 100_000, 1 << 20, 64 << 20}[s.rng.IntN(5)])
		time.Sleep(s.between(100*time.Millisecond, 1500*time.Millisecond))
		if s.rng.IntN(4) == 0 {
			s.nodes[0].kill()
			s.nodes[0].start() // on a full disk
			time.Sleep(s.between(0, 300*time.Millisecond))
		}
		d.tell("free %d", plenty)
		s.nodes[0].heal(5 * time.Second)
	}}
}

func TestNothingIsLostOrDoubledWhenTheDiskFills(t *testing.T) {
	t.Run("the disk of the log", func(t *testing.T) {
		d, data := newDisk(t), filepath.Join(t.TempDir(), "data")
		d.at("log", filepath.Join(data, "log"))
		torture(t, []*node{newNode(t, data)}, fill(d), fill(d), fill(d))
	})
	t.Run("the disk of the database", func(t *testing.T) {
		d := newDisk(t)
		data := filepath.Join(d.dir, "data")
		if err := os.MkdirAll(data, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(t.TempDir(), filepath.Join(data, "log")); err != nil {
			t.Fatal(err)
		}
		torture(t, []*node{newNode(t, data)}, fill(d), fill(d), fill(d))
	})
	t.Run("the disk of both", func(t *testing.T) {
		d := newDisk(t)
		torture(t, []*node{newNode(t, filepath.Join(d.dir, "data"))}, fill(d), fill(d), fill(d))
	})
	t.Run("the disk of PostgreSQL", func(t *testing.T) {
		d := newDisk(t)
		postgres := dbtest.NewCluster(t, filepath.Join(d.dir, "postgres"))
		full := fault{"fill the disk", func(s *storm) {
			d.tell("free %d", []int{0, 4096, 100_000, 1 << 20}[s.rng.IntN(4)])
			time.Sleep(s.between(100*time.Millisecond, 1500*time.Millisecond))
			d.tell("free %d", plenty)
			postgres.Heal() // it ends when it cannot write its log
			s.nodes[0].heal(patience)
		}}
		torture(t, []*node{newNode(t, t.TempDir(), "--database", postgres.URL())}, full, full, full)
		t.Logf("PostgreSQL met the full disk %d times", postgres.Said("No space left on device"))
	})
}

func TestANearlyFullDiskIsToldInWordsAndHealsByItself(t *testing.T) {
	d := newDisk(t)
	n := newNode(t, filepath.Join(d.dir, "data"))
	t.Cleanup(n.kill)
	n.start()
	n.ready()
	setUp(t, n.url)
	n.steps("before", 3)
	d.tell("free %d", 100<<20)
	taken := 3 // it looks at the disk every 100 ms: the first may still be taken
	for status, code := 0, ""; status != http.StatusServiceUnavailable; {
		switch status, code = n.problem("one more"); {
		case status == http.StatusAccepted:
			taken = 4
		case code != "disk_full":
			t.Fatalf("with a nearly full disk an event was answered %d %s", status, code)
		}
	}
	n.counted(taken) // reading goes on
	d.tell("free %d", plenty)
	deadline := time.Now().Add(10 * time.Second)
	for status := 0; status != http.StatusAccepted; {
		if status, _ = n.problem("one more"); time.Now().After(deadline) {
			t.Fatalf("with room again an event is answered %d", status)
		}
	}
	n.counted(4)
}

// problem sends an event and returns the status and the code of the problem.
func (n *node) problem(id string) (status int, code string) {
	n.t.Helper()
	c := newCaller()
	defer c.http.CloseIdleConnections()
	e := sent{id: id, weight: 1}
	a := c.send("POST", n.url+"/v1/events", e.cloudEvent("account-0"))
	var p struct{ Code string }
	if err := decode(a.body, &p); err != nil {
		n.t.Fatalf("an event was answered %d %s", a.status, a.body)
	}
	return a.status, p.Code
}

func TestNothingIsLostOrDoubledOnASlowDisk(t *testing.T) {
	d := newDisk(t, "--seed", fmt.Sprint(seed(t)))
	d.tell("delay 2ms 50ms")
	d.tell("stall 2s 100")
	stall := fault{"every sync takes two seconds", func(s *storm) {
		d.tell("stall 2s 1")
		time.Sleep(s.between(100*time.Millisecond, time.Second))
		d.tell("stall 2s 100")
	}}
	torture(t, []*node{newNode(t, filepath.Join(d.dir, "data"))}, stall, stall, killNode)
}

func TestWhatWasAcknowledgedIsOnDiskWhenThePowerFails(t *testing.T) {
	t.Run("log and SQLite", func(t *testing.T) {
		d := newDisk(t)
		cut := fault{"power cut", func(s *storm) {
			s.nodes[0].kill()
			s.t.Logf("the power cut took %s", d.tell("cut %d", s.rng.Uint64()))
			s.nodes[0].start()
			s.nodes[0].heal(patience)
		}}
		torture(t, []*node{newNode(t, filepath.Join(d.dir, "data"))}, cut, cut, cut, cut, cut)
	})
	t.Run("log and PostgreSQL", func(t *testing.T) {
		d := newDisk(t)
		postgres := dbtest.NewCluster(t, filepath.Join(d.dir, "postgres"))
		d.tell("sync") // it was made in a hurry
		data := filepath.Join(d.dir, "data")
		cut := fault{"power cut", func(s *storm) {
			// A moment lies between the two deaths: whichever lives on cannot acknowledge alone.
			s.nodes[0].kill()
			postgres.Kill()
			s.t.Logf("the power cut took %s", d.tell("cut %d", s.rng.Uint64()))
			postgres.Start()
			s.nodes[0].start()
			s.nodes[0].heal(patience)
		}}
		torture(t, []*node{newNode(t, data, "--database", postgres.URL())}, cut, cut)
	})
}
