//go:build linux

package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// disk is one mounted directory. Its content lies in store/tree; what was removed and may
// come back at a power cut lies in store/removed.
type disk struct {
	store string
	at    string // where it is mounted
	fuse  *fuse.Server
	lies  bool // a sync does nothing, as on disks that answer before they have written

	head  sync.Mutex // held while a sync takes its time: one after the other, as on one disk
	syncs atomic.Int64

	mu         sync.Mutex
	rng        *rand.Rand
	delay, to  time.Duration
	stall      time.Duration
	stallOneIn int
	free       int64 // bytes; negative: no bound
	journal
}

func newDisk(store string, seed uint64) *disk {
	return &disk{store: store, rng: rand.New(rand.NewPCG(seed, 1)), free: -1,
		journal: journal{removed: filepath.Join(store, "removed"), files: make(map[inode]*dirty)}}
}

func (d *disk) tree() string { return filepath.Join(d.store, "tree") }

func (d *disk) setDelay(from, to time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.delay, d.to = from, max(from, to)
}

func (d *disk) setStall(length time.Duration, oneIn int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stall, d.stallOneIn = length, max(oneIn, 1)
}

func (d *disk) setFree(bytes int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.free = bytes
}

// mount shows the content at a directory, which is made when missing.
func (d *disk) mount(at string) error {
	for _, dir := range []string{at, d.tree(), d.removed} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	var st syscall.Stat_t
	if err := syscall.Stat(d.tree(), &st); err != nil {
		return err
	}
	root := &fs.LoopbackRoot{Path: d.tree(), Dev: st.Dev}
	root.NewNode = func(data *fs.LoopbackRoot, _ *fs.Inode, _ string, _ *syscall.Stat_t) fs.InodeEmbedder {
		return &node{LoopbackNode: fs.LoopbackNode{RootData: data}, disk: d}
	}
	top := root.NewNode(root, nil, "", &st)
	root.RootNode = top
	second := time.Second
	server, err := fs.Mount(at, top, &fs.Options{EntryTimeout: &second, AttrTimeout: &second,
		MountOptions: fuse.MountOptions{
			FsName: "slowdisk", Name: "slowdisk", DirectMount: true, MaxWrite: 1 << 20, DisableXAttrs: true,
			// PostgreSQL does not run as root, and so is another user than we may be.
			AllowOther: os.Geteuid() == 0, Options: []string{"default_permissions"},
		}})
	if err != nil {
		return fmt.Errorf("no file system can be mounted at %s through FUSE: %w (it needs /dev/fuse, and either root or the program fusermount3 of the package fuse3)", at, err)
	}
	d.at, d.fuse = at, server
	return nil
}

// unmount waits a little for files that are still open.
func (d *disk) unmount() error {
	var err error
	for range 100 {
		if err = d.fuse.Unmount(); err == nil {
			d.fuse.Wait()
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	_ = syscall.Unmount(d.at, syscall.MNT_DETACH)
	return fmt.Errorf("%s is still in use: %w", d.at, err)
}

// lost says what a power cut took.
type lost struct{ files, pages, names int }

// cut is a power cut: whoever used the disk must be dead already. What was not synced is
// gone, or parts of it, in whatever order the disk liked.
func (d *disk) cut(rng *rand.Rand) (lost, error) {
	if err := d.unmount(); err != nil {
		return lost{}, err
	}
	d.mu.Lock()
	l, err := d.rollback(rng)
	d.mu.Unlock()
	return l, errors.Join(err, d.mount(d.at))
}

// settle makes all that was written stand.
func (d *disk) settle() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for key, f := range d.files {
		d.drop(key, f)
	}
	d.keepNames(d.serial)
}

// wait takes as long as a sync takes.
func (d *disk) wait() {
	d.head.Lock()
	defer d.head.Unlock()
	d.mu.Lock()
	length := d.delay
	if d.to > d.delay {
		length += time.Duration(d.rng.Int64N(int64(d.to - d.delay)))
	}
	if d.stall > 0 && d.rng.IntN(d.stallOneIn) == 0 {
		length = d.stall
	}
	d.mu.Unlock()
	d.syncs.Add(1)
	time.Sleep(length)
}

// room takes what a file grows by, as far as there is room, and returns how much it got.
// A file that shrinks gives it back. The caller holds mu.
func (d *disk) room(growth int64) int64 {
	if d.free < 0 {
		return growth
	}
	if growth > d.free {
		growth = d.free
	}
	d.free -= growth
	return growth
}
