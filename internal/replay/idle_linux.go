package replay

import (
	"runtime"
	"syscall"
)

// nice leaves a thread about a tenth of what a busy one beside it gets, so that an analysis goes on
// while a machine is busy for long: at the lowest priority of 19 it would be a seventieth.
const nice = 10

// beIdle gives the calling goroutine a thread of its own that lets others go first: on Linux
// priorities are the threads'. The thread ends with the goroutine.
func beIdle() {
	runtime.LockOSThread()
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, nice) // as it was where it is not allowed
}
