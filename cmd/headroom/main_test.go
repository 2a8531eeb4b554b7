package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	program "github.com/headroomhq/headroom/cmd/headroom"
)

// childPart in the environment makes this test binary a process that tests kill.
const childPart = "HEADROOM_TEST_CHILD"

// TestMain plays a child's part, or runs the tests and removes the binary that they share.
func TestMain(m *testing.M) {
	if os.Getenv(childPart) != "" {
		if err := program.Child(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	program.Cleanup()
	if built {
		if path, err := binary(); err == nil {
			_ = os.RemoveAll(filepath.Dir(path))
		}
	}
	os.Exit(code)
}
