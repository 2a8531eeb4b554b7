package main_test

import (
	"os"
	"path/filepath"
	"testing"
)

// TestMain removes the binary that kill and start tests share.
func TestMain(m *testing.M) {
	code := m.Run()
	if built {
		if path, err := binary(); err == nil {
			_ = os.RemoveAll(filepath.Dir(path))
		}
	}
	os.Exit(code)
}
