package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/headroomhq/headroom/internal/fault"
)

func TestPullWritesYAMLFilesInTheFolderAndNothingElse(t *testing.T) {
	for _, name := range []string{".git/hooks/x", "Makefile", ".envrc", ".github/workflows/a.yaml", "a/.b.yml", "../a.yaml", "/a.yaml"} {
		dir := t.TempDir()
		text := []byte("--- # file: a.yaml\nversion: 1\n--- # file: " + name + "\ncurrency: USD\n")
		if _, err := pullInto(dir, text, true); fault.CodeOf(err) != "file_name_invalid" {
			t.Errorf("%s gives %v", name, err)
		}
		if there, _ := os.ReadDir(dir); len(there) > 0 {
			t.Errorf("with %s it wrote %v", name, there)
		}
	}
}

func TestPullFollowsNoLinkOutOfTheFolder(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	if err := os.Symlink(outside, filepath.Join(dir, "plans")); err != nil {
		t.Skip(err)
	}
	_, err := pullInto(dir, []byte("--- # file: plans/a.yaml\nversion: 1\n--- # file: b.yaml\ncurrency: USD\n"), true)
	if there, _ := os.ReadDir(outside); err == nil || len(there) > 0 {
		t.Errorf("it wrote %v (%v)", there, err)
	}
}

func TestPullIntoANewFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	n, err := pullInto(dir, []byte("--- # file: plans/a.yaml\nversion: 1\n--- # file: b.yaml\ncurrency: USD\n"), false)
	text, _ := os.ReadFile(filepath.Join(dir, "plans", "a.yaml"))
	if err != nil || n != 2 || string(text) != "version: 1\n" {
		t.Errorf("%d files are written, one is %q (%v)", n, text, err)
	}
}

func TestAFolderOfOneFileIsPulledBackAsThatFile(t *testing.T) {
	dir := t.TempDir()
	text := []byte("version: 1\ncurrency: USD\nplans: {basic: {price: {month: \"1\"}}}\n")
	if err := os.WriteFile(filepath.Join(dir, "plans.yaml"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	c, _, err := readCatalog(dir)
	if err != nil || c == nil {
		t.Fatal(err)
	}
	if n, err := pullInto(dir, c.Text(), false); n != 0 || err != nil {
		t.Errorf("%d files are written (%v)", n, err)
	}
}
