package db

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/headroomhq/headroom/internal/fault"
)

var errNotDir error = syscall.ENOTDIR

// LockDir takes the lock of a directory (made when missing) until release is called or
// the process ends, however it ends. Faults: data_in_use when another process, or this one,
// has it; data_not_writable when nothing can be written there.
func LockDir(dir string) (release func(), err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, notWritable(dir, err)
	}
	path := filepath.Join(dir, "lock")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, notWritable(dir, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, notWritable(path, err)
		}
		who := ""
		var buf [20]byte
		if n, _ := f.Read(buf[:]); n > 0 {
			if pid, err := strconv.Atoi(strings.TrimSpace(string(buf[:n]))); err == nil {
				who = " (process " + strconv.Itoa(pid) + ")"
			}
		}
		return nil, fault.New(fault.Unavailable, "data_in_use", "the data directory %s is in use by another headroom%s", dir, who).
			WithMend("stop the other one, or choose another directory with --data; several servers share one company only on PostgreSQL")
	}
	// The number is for the message above only; the lock is the open file's.
	if err := f.Truncate(0); err == nil {
		_, err = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
		if err != nil && isNoSpace(err) {
			err = nil // a full disk is for whoever needs more than this
		}
		if err != nil {
			f.Close()
			return nil, notWritable(path, err)
		}
	}
	return func() { f.Close() }, nil
}

func isNoSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
