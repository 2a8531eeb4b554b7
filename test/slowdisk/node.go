//go:build linux

package main

import (
	"context"
	"os"
	"path/filepath"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// node is a file or directory: the one below, with the disk's delays, bounds and memory of
// what was not synced.
type node struct {
	fs.LoopbackNode
	disk *disk
}

// handle is an open file.
type handle struct {
	*fs.LoopbackFile
	disk *disk
	fd   int
}

// directory is an open directory.
type directory struct {
	fs.FileHandle
	disk *disk
}

func (n *node) path() string { return filepath.Join(n.RootData.Path, n.Path(n.Root())) }

func (n *node) child(name string) string { return filepath.Join(n.path(), name) }

func (n *node) open(fd int) *handle {
	return &handle{LoopbackFile: fs.NewLoopbackFile(fd).(*fs.LoopbackFile), disk: n.disk, fd: fd}
}

// Open opens the file below, which is always read too: what is overwritten must be kept.
func (n *node) Open(_ context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	mode := int(flags) &^ (syscall.O_APPEND | syscall.O_TRUNC | syscall.O_ACCMODE | syscall.O_SYNC | syscall.O_DSYNC | syscall.O_DIRECT | fuse.FMODE_EXEC)
	access := syscall.O_RDWR
	if flags&syscall.O_ACCMODE == syscall.O_RDONLY {
		access = syscall.O_RDONLY
	}
	fd, err := syscall.Open(n.path(), mode|access|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, 0, fs.ToErrno(err)
	}
	h := n.open(fd)
	if flags&syscall.O_TRUNC != 0 {
		if errno := n.disk.truncate(fd, 0); errno != 0 {
			_ = syscall.Close(fd)
			return nil, 0, errno
		}
	}
	return h, 0, 0
}

// Create makes a file.
func (n *node) Create(ctx context.Context, name string, flags, mode uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	flags &^= syscall.O_ACCMODE | syscall.O_SYNC | syscall.O_DSYNC | syscall.O_DIRECT
	inode, made, fuseFlags, errno := n.LoopbackNode.Create(ctx, name, flags|syscall.O_RDWR, mode, out)
	if errno != 0 {
		return nil, nil, 0, errno
	}
	// The library's handle does not tell its descriptor.
	_ = made.(fs.FileReleaser).Release(ctx)
	path := n.child(name)
	fd, err := syscall.Open(path, syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, nil, 0, fs.ToErrno(err)
	}
	n.disk.named(path)
	return inode, n.open(fd), fuseFlags, 0
}

// named remembers that a name is new.
func (d *disk) named(path string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.note("", func() error { return os.RemoveAll(path) })
}

// Mkdir makes a directory.
func (n *node) Mkdir(ctx context.Context, name string, mode uint32, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	inode, errno := n.LoopbackNode.Mkdir(ctx, name, mode, out)
	if errno == 0 {
		n.disk.named(n.child(name))
	}
	return inode, errno
}

// Symlink makes a symbolic link.
func (n *node) Symlink(ctx context.Context, target, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	inode, errno := n.LoopbackNode.Symlink(ctx, target, name, out)
	if errno == 0 {
		n.disk.named(n.child(name))
	}
	return inode, errno
}

// Link gives a file another name.
func (n *node) Link(ctx context.Context, target fs.InodeEmbedder, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	inode, errno := n.LoopbackNode.Link(ctx, target, name, out)
	if errno == 0 {
		n.disk.named(n.child(name))
	}
	return inode, errno
}

// Unlink takes a name away.
func (n *node) Unlink(_ context.Context, name string) syscall.Errno {
	d, path := n.disk, n.child(name)
	d.mu.Lock()
	defer d.mu.Unlock()
	var st syscall.Stat_t
	if err := syscall.Lstat(path, &st); err != nil {
		return fs.ToErrno(err)
	}
	grave, err := d.keep(path)
	if err == nil {
		err = syscall.Unlink(path)
	}
	if err != nil {
		return fs.ToErrno(err)
	}
	if st.Nlink == 1 && d.free >= 0 {
		d.free += st.Size
	}
	d.note(grave, func() error { return os.Rename(grave, path) })
	return 0
}

// Rmdir removes an empty directory.
func (n *node) Rmdir(ctx context.Context, name string) syscall.Errno {
	path := n.child(name)
	var st syscall.Stat_t
	if err := syscall.Lstat(path, &st); err != nil {
		return fs.ToErrno(err)
	}
	errno := n.LoopbackNode.Rmdir(ctx, name)
	if errno == 0 {
		n.disk.mu.Lock()
		n.disk.note("", func() error {
			if err := os.Mkdir(path, os.FileMode(st.Mode&0o777)); err != nil {
				return err
			}
			return os.Chown(path, int(st.Uid), int(st.Gid))
		})
		n.disk.mu.Unlock()
	}
	return errno
}

// Rename moves a name, also over another one. Exchanges are refused.
func (n *node) Rename(ctx context.Context, name string, parent fs.InodeEmbedder, newName string, flags uint32) syscall.Errno {
	if flags&^1 != 0 { // 1: not over another one
		return syscall.EINVAL
	}
	d := n.disk
	from, to := n.child(name), parent.(*node).child(newName)
	d.mu.Lock()
	defer d.mu.Unlock()
	grave, err := "", error(nil)
	var st syscall.Stat_t
	if syscall.Lstat(to, &st) == nil && st.Mode&syscall.S_IFMT != syscall.S_IFDIR {
		if grave, err = d.keep(to); err != nil {
			return fs.ToErrno(err)
		}
	}
	if errno := n.LoopbackNode.Rename(ctx, name, parent, newName, flags); errno != 0 {
		return errno
	}
	if grave != "" && d.free >= 0 && st.Nlink == 1 {
		d.free += st.Size
	}
	d.note(grave, func() error {
		if err := os.Rename(to, from); err != nil || grave == "" {
			return err
		}
		return os.Rename(grave, to)
	})
	return 0
}

// Setattr changes size, mode, owner and times.
func (n *node) Setattr(ctx context.Context, f fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	if size, ok := in.GetSize(); ok {
		in.Valid &^= fuse.FATTR_SIZE
		h, opened := f.(*handle)
		fd := 0
		if opened {
			fd = h.fd
		} else {
			var err error
			if fd, err = syscall.Open(n.path(), syscall.O_RDWR|syscall.O_CLOEXEC, 0); err != nil {
				return fs.ToErrno(err)
			}
			defer syscall.Close(fd)
		}
		if errno := n.disk.truncate(fd, int64(size)); errno != 0 {
			return errno
		}
	}
	return n.LoopbackNode.Setattr(ctx, f, in, out)
}

// CopyFileRange leaves copying to reads and writes.
func (n *node) CopyFileRange(context.Context, fs.FileHandle, uint64, *fs.Inode, fs.FileHandle, uint64, uint64, uint64) (uint32, syscall.Errno) {
	return 0, syscall.ENOSYS
}

// Statfs tells the room that is left.
func (n *node) Statfs(ctx context.Context, out *fuse.StatfsOut) syscall.Errno {
	errno := n.LoopbackNode.Statfs(ctx, out)
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	if n.disk.free >= 0 && out.Bsize > 0 {
		out.Bavail = uint64(n.disk.free) / uint64(out.Bsize)
		out.Bfree = out.Bavail
	}
	return errno
}

// OpendirHandle opens a directory.
func (n *node) OpendirHandle(ctx context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	h, fuseFlags, errno := n.LoopbackNode.OpendirHandle(ctx, flags)
	if errno != 0 {
		return nil, 0, errno
	}
	return &directory{FileHandle: h, disk: n.disk}, fuseFlags, 0
}

// Readdirent returns the next name.
func (d *directory) Readdirent(ctx context.Context) (*fuse.DirEntry, syscall.Errno) {
	return d.FileHandle.(fs.FileReaddirenter).Readdirent(ctx)
}

// Seekdir goes to a name.
func (d *directory) Seekdir(ctx context.Context, off uint64) syscall.Errno {
	return d.FileHandle.(fs.FileSeekdirer).Seekdir(ctx, off)
}

// Releasedir closes the directory.
func (d *directory) Releasedir(ctx context.Context, flags uint32) {
	d.FileHandle.(fs.FileReleasedirer).Releasedir(ctx, flags)
}

// Fsyncdir makes changes of names stand.
func (d *directory) Fsyncdir(context.Context, uint32) syscall.Errno { return d.disk.sync(-1) }

// PassthroughFd keeps the kernel from going past us.
func (h *handle) PassthroughFd() (int, bool) { return 0, false }

// Write writes, as far as there is room.
func (h *handle) Write(_ context.Context, data []byte, off int64) (uint32, syscall.Errno) {
	d := h.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	size, err := d.preserve(h.fd, off, int64(len(data)))
	if err != nil {
		return 0, fs.ToErrno(err)
	}
	if growth := off + int64(len(data)) - size; growth > 0 {
		if short := growth - d.room(growth); short > 0 {
			if short >= int64(len(data)) {
				return 0, syscall.ENOSPC
			}
			data = data[:int64(len(data))-short]
		}
	}
	n, err := syscall.Pwrite(h.fd, data, off)
	return uint32(max(n, 0)), fs.ToErrno(err)
}

// Allocate makes a file longer.
func (h *handle) Allocate(ctx context.Context, off, length uint64, mode uint32) syscall.Errno {
	d := h.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	size, err := d.preserve(h.fd, int64(off), int64(length))
	if err != nil {
		return fs.ToErrno(err)
	}
	if growth := int64(off+length) - size; growth > 0 && mode&1 == 0 { // 1: the size stays
		if got := d.room(growth); got < growth {
			d.room(-got)
			return syscall.ENOSPC
		}
	}
	return h.LoopbackFile.Allocate(ctx, off, length, mode)
}

// Fsync makes the file's content stand, after a while.
func (h *handle) Fsync(context.Context, uint32) syscall.Errno { return h.disk.sync(h.fd) }

// sync is one sync, of a directory when fd is negative.
func (d *disk) sync(fd int) syscall.Errno {
	d.mu.Lock()
	end := func() {}
	if !d.lies {
		end = d.journal.sync(fd)
	}
	d.mu.Unlock()
	d.wait()
	d.mu.Lock()
	end()
	d.mu.Unlock()
	return 0
}

// truncate sets a file's size.
func (d *disk) truncate(fd int, to int64) syscall.Errno {
	d.mu.Lock()
	defer d.mu.Unlock()
	size, err := d.preserve(fd, to, 1<<62)
	if err != nil {
		return fs.ToErrno(err)
	}
	if to < size {
		d.room(to - size)
		if f, _, err := d.of(fd); err == nil {
			f.shrunk = true
		}
	}
	return fs.ToErrno(syscall.Ftruncate(fd, to))
}
