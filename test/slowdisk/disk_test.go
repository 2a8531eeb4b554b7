//go:build linux

package main

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// mounted returns a disk without delays and where it is.
func mounted(t *testing.T) (*disk, string) {
	t.Helper()
	d, at := newDisk(t.TempDir(), 1), filepath.Join(t.TempDir(), "disk")
	if err := d.mount(at); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.unmount(); err != nil {
			t.Error(err)
		}
	})
	return d, at
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestASyncedFileSurvivesEveryPowerCut(t *testing.T) {
	d, at := mounted(t)
	path := filepath.Join(at, "log")
	var synced []byte
	gone := 0
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 0))
		f := must(os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600))(t)
		now := bytes.Clone(synced)
		change := func() {
			from := rng.IntN(len(now) + 1)
			piece := bytes.Repeat([]byte{byte(rng.IntN(255) + 1)}, 1+rng.IntN(3*page))
			now = append(now[:from:from], append(piece, now[min(len(now), from+len(piece)):]...)...)
			if _, err := f.WriteAt(piece, int64(from)); err != nil {
				t.Fatal(err)
			}
		}
		for range rng.IntN(5) {
			change()
		}
		if err := f.Sync(); err != nil {
			t.Fatal(err)
		}
		synced = bytes.Clone(now)
		for range rng.IntN(5) { // of these nobody knows what stays
			change()
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		l := must(d.cut(rng))(t)
		gone += l.pages
		got := must(os.ReadFile(path))(t)
		if len(got) < len(synced) {
			t.Fatalf("seed %d: %d bytes are left of %d that were synced", seed, len(got), len(synced))
		}
		for i := 0; i < len(got); i += page {
			end := min(i+page, len(got))
			is := func(state []byte) bool {
				want := make([]byte, end-i)
				if i < len(state) {
					copy(want, state[i:min(end, len(state))])
				}
				return bytes.Equal(got[i:end], want)
			}
			if !is(synced) && !is(now) {
				t.Fatalf("seed %d: the page at %d is neither what was synced nor what was written", seed, i)
			}
		}
		synced = got
	}
	if gone == 0 {
		t.Error("in forty power cuts nothing was ever lost")
	}
}

func TestNamesComeBackInTheOrderTheyWent(t *testing.T) {
	d, at := mounted(t)
	write := func(name, text string, sync bool) {
		f := must(os.Create(filepath.Join(at, name)))(t)
		_, err := f.WriteString(text)
		if sync {
			err = errors.Join(err, f.Sync())
		}
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	seen := make(map[string]bool)
	for seed := range uint64(60) {
		if err := errors.Join(os.RemoveAll(filepath.Join(at, "new")), os.RemoveAll(filepath.Join(at, "dir")), os.RemoveAll(filepath.Join(at, "old"))); err != nil {
			t.Fatal(err)
		}
		write("old", "first", true)
		write("new", "second", true)
		write("anything", "that is synced keeps the names before it", true)
		if err := os.Rename(filepath.Join(at, "new"), filepath.Join(at, "old")); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(filepath.Join(at, "dir"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(at, "old")); err != nil {
			t.Fatal(err)
		}
		must(d.cut(rand.New(rand.NewPCG(seed, 0))))(t)
		var state []string
		for _, name := range []string{"old", "new"} {
			text, err := os.ReadFile(filepath.Join(at, name))
			if err == nil {
				state = append(state, name+"="+string(text))
			}
		}
		if _, err := os.Stat(filepath.Join(at, "dir")); err == nil {
			state = append(state, "dir")
		}
		seen[strings.Join(state, " ")] = true
	}
	for _, want := range []string{"old=first new=second", "old=second", "old=second dir", "dir"} {
		if !seen[want] {
			t.Errorf("the state %q never came", want)
		}
		delete(seen, want)
	}
	for state := range seen {
		t.Errorf("the state %q cannot be", state)
	}
}

func TestWhenTheRoomEndsWritesFailUntilThereIsSomeAgain(t *testing.T) {
	d, at := mounted(t)
	d.setFree(3 * page)
	path := filepath.Join(at, "f")
	if err := os.WriteFile(path, make([]byte, 5*page), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("writing more than there is room for: %v", err)
	}
	var st syscall.Statfs_t
	if err := syscall.Statfs(at, &st); err != nil || st.Bavail != 0 {
		t.Errorf("%d blocks are free, %v", st.Bavail, err)
	}
	f := must(os.OpenFile(path, os.O_RDWR, 0))(t)
	if _, err := f.WriteAt([]byte("what is there can be written over"), 0); err != nil {
		t.Error(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, make([]byte, 3*page), 0o600); err != nil {
		t.Errorf("with the room of the removed file: %v", err)
	}
}

func TestWhatWasThereLongEnoughStands(t *testing.T) {
	d, at := mounted(t)
	path := filepath.Join(at, "f")
	for seed := range uint64(10) {
		if err := os.WriteFile(path, []byte("never synced"), 0o600); err != nil {
			t.Fatal(err)
		}
		d.settle()
		must(d.cut(rand.New(rand.NewPCG(seed, 0))))(t)
		if text, err := os.ReadFile(path); err != nil || string(text) != "never synced" {
			t.Fatalf("%q, %v", text, err)
		}
	}
}

func TestEverySyncIsWaitedFor(t *testing.T) {
	d, at := mounted(t)
	d.setDelay(time.Microsecond, time.Millisecond)
	f := must(os.OpenFile(filepath.Join(at, "f"), os.O_RDWR|os.O_CREATE|os.O_SYNC, 0o600))(t)
	defer f.Close()
	if _, err := f.WriteString("opened to be synced at each write"); err != nil {
		t.Fatal(err)
	}
	if n := d.syncs.Load(); n != 1 {
		t.Errorf("%d syncs after the write", n)
	}
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	dir := must(os.Open(at))(t)
	if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
		t.Fatal(err)
	}
	if n := d.syncs.Load(); n != 3 {
		t.Errorf("%d syncs in all", n)
	}
}

func TestItIsDrivenByCommands(t *testing.T) {
	at := filepath.Join(t.TempDir(), "disk")
	var out strings.Builder
	in := strings.NewReader("delay 1ms 2ms\nstall 0s 1\nfree 1000000\ncut 7\nsyncs\ncut\nhalt\n")
	if err := run([]string{"--commands", "--store", t.TempDir(), at}, in, &out); err != nil {
		t.Fatal(err)
	}
	want := "mounted " + at + "\nok\nok\nok\nok 0 pages of 0 files, 0 names\nok 0\nerror cannot read the command \"cut\"\nerror cannot read the command \"halt\"\n"
	if out.String() != want {
		t.Errorf("it answered\n%s\nwant\n%s", &out, want)
	}
}
