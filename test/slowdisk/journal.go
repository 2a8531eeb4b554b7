//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// page is what a disk writes at once.
const page = 4096

type inode struct{ dev, ino uint64 }

// journal knows how to undo what was not synced. Content is kept for each file; names (made,
// removed, renamed) are one sequence, and a sync of anything keeps those before it, as the
// journals of Linux's file systems do. The disk's mu guards it.
type journal struct {
	removed string // directory for what may come back
	files   map[inode]*dirty
	names   []undo
	serial  int64
}

// undo takes back one change of a name.
type undo struct {
	serial int64
	back   func() error
	grave  string // what to delete once the change stands
}

// dirty is a file with content that was not synced: the newest layer last.
type dirty struct {
	file   *os.File // a handle of our own, so that the inode's number is not used again
	layers []layer
	shrunk bool // it was cut off, which a disk does in one step or not at all
}

// layer is what a file was when the layer began, as far as it was changed since.
type layer struct {
	serial int64
	size   int64
	pages  map[int64][]byte
}

func (j *journal) next() int64 {
	j.serial++
	return j.serial
}

// of returns the file's entry, made when it is clean.
func (j *journal) of(fd int) (*dirty, int64, error) {
	var st syscall.Stat_t
	if err := syscall.Fstat(fd, &st); err != nil {
		return nil, 0, err
	}
	key := inode{st.Dev, st.Ino}
	f := j.files[key]
	if f == nil {
		own, err := os.OpenFile("/proc/self/fd/"+strconv.Itoa(fd), os.O_RDWR, 0)
		if err != nil {
			return nil, 0, err
		}
		f = &dirty{file: own, layers: []layer{{serial: j.next(), size: st.Size, pages: make(map[int64][]byte)}}}
		j.files[key] = f
	}
	return f, st.Size, nil
}

// preserve keeps what stands in a range that is about to be overwritten or cut off, and
// returns the file's size.
func (j *journal) preserve(fd int, from, length int64) (size int64, err error) {
	f, size, err := j.of(fd)
	if err != nil {
		return 0, err
	}
	top := &f.layers[len(f.layers)-1]
	for at := from / page * page; at < from+length && at < top.size; at += page {
		if _, kept := top.pages[at]; kept {
			continue
		}
		old := make([]byte, min(page, top.size-at))
		n, err := f.file.ReadAt(old, at)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		top.pages[at] = old[:n]
	}
	return size, nil
}

// sync begins a sync of a file, or of a directory when fd is negative; the returned function
// ends it. What is written in between is not in it.
func (j *journal) sync(fd int) (end func()) {
	names := j.serial
	if fd < 0 {
		return func() { j.keepNames(names) }
	}
	var st syscall.Stat_t
	key := inode{}
	if err := syscall.Fstat(fd, &st); err == nil {
		key = inode{st.Dev, st.Ino}
	}
	f := j.files[key]
	if f == nil {
		return func() { j.keepNames(names) }
	}
	last := f.layers[len(f.layers)-1].serial
	f.layers = append(f.layers, layer{serial: j.next(), size: st.Size, pages: make(map[int64][]byte)})
	return func() {
		for len(f.layers) > 1 && f.layers[0].serial <= last {
			f.layers = f.layers[1:]
		}
		if now, err := f.file.Stat(); len(f.layers) == 1 && len(f.layers[0].pages) == 0 && err == nil && now.Size() == f.layers[0].size {
			j.drop(key, f)
		}
		f.shrunk = f.shrunk && len(f.layers) > 1
		j.keepNames(names)
	}
}

func (j *journal) drop(key inode, f *dirty) {
	if j.files[key] == f {
		delete(j.files, key)
		_ = f.file.Close()
	}
}

// keepNames makes the changes of names up to a serial stand.
func (j *journal) keepNames(upTo int64) {
	for len(j.names) > 0 && j.names[0].serial <= upTo {
		j.bury(j.names[0].grave)
		j.names = j.names[1:]
	}
}

// bury deletes what no power cut brings back any more.
func (j *journal) bury(grave string) {
	var st syscall.Stat_t
	if grave == "" || syscall.Lstat(grave, &st) != nil {
		return
	}
	_ = os.Remove(grave)
	if key := (inode{st.Dev, st.Ino}); st.Nlink <= 1 && j.files[key] != nil {
		j.drop(key, j.files[key])
	}
}

// note remembers how to take back a change of a name.
func (j *journal) note(grave string, back func() error) {
	j.names = append(j.names, undo{serial: j.next(), back: back, grave: grave})
}

// keep links what is about to lose its name into the directory of the removed.
func (j *journal) keep(path string) (grave string, err error) {
	grave = filepath.Join(j.removed, strconv.FormatInt(j.next(), 10))
	return grave, os.Link(path, grave)
}

// rollback takes back what was not synced: of the names the last ones, of each file either
// everything or some pages, as rng has it.
func (j *journal) rollback(rng *rand.Rand) (l lost, err error) {
	var errs []error
	for _, f := range j.files {
		n, err := f.rollback(rng)
		if n > 0 {
			l.files++
			l.pages += n
		}
		errs = append(errs, err, f.file.Close())
	}
	clear(j.files)
	for keep := rng.IntN(len(j.names) + 1); len(j.names) > keep; l.names++ {
		last := j.names[len(j.names)-1]
		if err := last.back(); err != nil {
			errs = append(errs, fmt.Errorf("take back a name: %w", err))
		}
		j.names = j.names[:len(j.names)-1]
	}
	for _, n := range j.names {
		_ = os.Remove(n.grave)
	}
	j.names = nil
	return l, errors.Join(errs...)
}

// rollback takes back a file's content and returns how many pages that were.
func (f *dirty) rollback(rng *rand.Rand) (pages int, err error) {
	st, err := f.file.Stat()
	if err != nil {
		return 0, err
	}
	// The oldest layer's word on a page is what was synced last.
	first := f.layers[0]
	synced := make(map[int64][]byte)
	for i := len(f.layers) - 1; i >= 0; i-- {
		for at, content := range f.layers[i].pages {
			synced[at] = content
		}
		if f.layers[i].size < st.Size() { // what came after that size was not there
			for at := f.layers[i].size / page * page; at < st.Size(); at += page {
				if _, known := f.layers[i].pages[at]; !known && at >= f.layers[i].size {
					synced[at] = nil
				}
			}
		}
	}
	all := rng.IntN(2) == 0
	if f.shrunk && !all {
		return 0, nil
	}
	for at := int64(0); at < max(st.Size(), first.size); at += page {
		content, changed := synced[at]
		if !changed || !all && rng.IntN(2) == 0 {
			continue
		}
		pages++
		whole := make([]byte, page)
		copy(whole, content)
		if end := max(st.Size(), first.size) - at; end < page {
			whole = whole[:end]
		}
		if _, err := f.file.WriteAt(whole, at); err != nil {
			return pages, err
		}
	}
	if all {
		return pages, f.file.Truncate(first.size)
	}
	return pages, nil
}
