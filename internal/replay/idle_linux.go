package replay

import (
	"runtime"
	"syscall"
)

// beIdle gives the calling goroutine a thread of its own that runs when no other wants to: on Linux
// priorities are the threads'. The thread ends with the goroutine.
func beIdle() {
	runtime.LockOSThread()
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, 19) // as it was where it is not allowed
}
