package main_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	_ "modernc.org/sqlite" // to look at the checkpoints beside the server
)

func decode(text []byte, out any) error { return json.Unmarshal(text, out) }

// child is this test binary in another part; see Child.
func child(t *testing.T, args ...string) *node {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return &node{t: t, path: path, args: args, env: []string{childPart + "=1"}}
}

// newNATS starts a NATS server that can be killed.
func newNATS(t *testing.T) *node {
	t.Helper()
	address := freePort(t)
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	n := child(t, "nats", port, t.TempDir())
	n.url = "nats://" + address
	n.start()
	t.Cleanup(n.kill)
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", address); err == nil {
			_ = c.Close()
			return n
		}
		if time.Now().After(deadline) {
			t.Fatalf("the NATS server did not start:\n%s", n.log)
		}
	}
}

// checkpoints are what SQL holds of the partitions.
type checkpoints struct {
	path string
	now  map[int]int64 // state time
}

// look reads state times, which never go back, and how often the partitions were taken.
func (c *checkpoints) look(s *storm) {
	s.t.Helper()
	d, err := sql.Open("sqlite", "file:"+c.path+"?mode=ro&_pragma=busy_timeout(10000)")
	if err != nil {
		s.t.Fatal(err)
	}
	defer d.Close()
	rows, err := d.Query("SELECT partition, now, epoch FROM partitions")
	if err != nil {
		s.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var partition int
		var now, epoch int64
		if err := rows.Scan(&partition, &now, &epoch); err != nil {
			s.t.Fatal(err)
		}
		if now < c.now[partition] {
			s.t.Errorf("partition %d: the time of its state went back from %s to %s", partition, time.UnixMicro(c.now[partition]), time.UnixMicro(now))
		}
		c.now[partition] = now
		if starts := int64(s.nodes[0].starts); epoch > starts {
			s.t.Errorf("partition %d was taken %d times, and the server started %d times: a jump of the clock cost it its lease", partition, epoch, starts)
		}
	}
	if err := rows.Err(); err != nil || len(c.now) != 4 {
		s.t.Errorf("%d partitions, %v", len(c.now), err)
	}
}

func TestAClockThatJumpsLosesAndDoublesNothing(t *testing.T) {
	data, address := t.TempDir(), freePort(t)
	n := child(t, "skewed", "0s", data, address)
	n.url = "http://" + address
	c := &checkpoints{path: filepath.Join(data, "headroom.db"), now: make(map[int]int64)}
	skew := time.Duration(0)
	another := func(s *storm) string {
		const most = 20 * time.Hour
		if s.rng.IntN(3) == 0 { // a little
			skew += s.between(-2*time.Second, 2*time.Second)
		} else {
			skew = s.between(-most, most)
		}
		return fmt.Sprint(max(-most, min(most, skew)))
	}
	running := fault{"jump", func(s *storm) {
		s.nodes[0].tell("%s", another(s))
		c.look(s)
	}}
	restart := fault{"jump across a restart", func(s *storm) {
		n := s.nodes[0]
		n.kill()
		n.args[1] = another(s)
		n.start()
		n.heal(patience)
		c.look(s)
	}}
	torture(t, []*node{n}, running, running, running, running, running, restart, restart, restart)
}
