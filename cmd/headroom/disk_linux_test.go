package main_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

func TestAFullDiskLosesNothingThatWasAccepted(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can mount a small disk to fill")
	}
	dir := t.TempDir()
	// The log leaves 128 MiB of its disk free.
	if err := syscall.Mount("headroom-test", dir, "tmpfs", 0, "size=192m"); err != nil {
		t.Skipf("no small disk can be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	ballast := filepath.Join(dir, "ballast")
	fill := func(leave int64) {
		t.Helper()
		var st syscall.Statfs_t
		if err := syscall.Statfs(dir, &st); err != nil {
			t.Fatal(err)
		}
		f, err := os.OpenFile(ballast, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		block := make([]byte, 64<<10)
		for left := int64(st.Bavail)*st.Bsize - leave; left > 0; left -= int64(len(block)) {
			if _, err := f.Write(block[:min(left, int64(len(block)))]); err != nil {
				if errors.Is(err, syscall.ENOSPC) && leave == 0 {
					return
				}
				t.Fatal(err)
			}
		}
	}
	empty := func() {
		t.Helper()
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
	}
	n := newNode(t, filepath.Join(dir, "data"))
	t.Cleanup(n.kill)
	n.start()
	n.ready()
	setUp(t, n.url)

	t.Log("nearly full: refused in words, and taken again by itself")
	n.steps("before", 3)
	fill(100 << 20)
	deadline := time.Now().Add(10 * time.Second)
	taken := 3 // it looks at the disk every 100 ms: the first may still be taken
	for status, code := 0, ""; status != 503; {
		switch status, code = n.problem("one more"); {
		case status == 202:
			taken = 4
		case status != 503 || code != "disk_full" || time.Now().After(deadline):
			t.Fatalf("with a nearly full disk an event was answered %d %s", status, code)
		}
	}
	n.counted(taken) // reading goes on
	empty()
	deadline = time.Now().Add(10 * time.Second)
	for status := 0; status != 202; {
		if status, _ = n.problem("one more"); time.Now().After(deadline) {
			t.Fatalf("with room again an event is answered %d", status)
		}
	}
	n.counted(4)

	t.Log("full to the last byte, while clients send")
	k := &told{events: map[string]int{}, consumes: map[string]map[string]bool{}}
	for i := range killAccounts {
		k.consumes[fmt.Sprintf("account-%d", i)] = map[string]bool{}
	}
	k.events["account-0"] = 4
	var stop atomic.Bool
	var clients sync.WaitGroup
	random := seed(t)
	for id := range 4 {
		clients.Go(func() { k.client(id, random, []string{n.url}, &stop) })
	}
	time.Sleep(500 * time.Millisecond)
	fill(0)
	time.Sleep(2 * time.Second)
	for range 5 {
		if status, code := n.problem("when full"); status != 429 && (status != 503 || code != "disk_full") {
			t.Errorf("with a full disk an event was answered %d %s", status, code)
		}
	}
	empty()
	time.Sleep(time.Second)
	n.kill() // whether it came round by itself or not
	n.start()
	n.ready()
	time.Sleep(500 * time.Millisecond)
	stop.Store(true)
	clients.Wait()
	check(t, []string{n.url}, k)
}

// problem sends an event and returns the status and the code of the problem.
func (n *node) problem(id string) (int, string) {
	n.t.Helper()
	body := fmt.Sprintf(`{"specversion":"1.0","id":%q,"source":"start","type":"step.done","subject":"account-0"}`, id)
	req, err := http.NewRequest("POST", n.url+"/v1/events", strings.NewReader(body))
	if err != nil {
		n.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+killKey)
	req.Header.Set("Content-Type", "application/json")
	resp, err := (&http.Client{Timeout: 20 * time.Second}).Do(req)
	if err != nil {
		n.t.Fatal(err)
	}
	defer resp.Body.Close()
	var p struct{ Code string }
	if err := json.NewDecoder(resp.Body).Decode(&p); err != nil {
		n.t.Fatal(err)
	}
	return resp.StatusCode, p.Code
}
