//go:build !linux

package replay

// beIdle does nothing where threads have no priority of their own.
func beIdle() {}
