package main_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTheGuideToBackupsDoesWhatItSays runs the guide's commands in their order and compares
// what they print with what it shows, save for numbers, times and the folder.
func TestTheGuideToBackupsDoesWhatItSays(t *testing.T) {
	text, err := os.ReadFile("../../docs/guides/backup.md")
	if err != nil {
		t.Fatal(err)
	}
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	number := regexp.MustCompile(`\d[\d.:TZ-]*`)
	after := regexp.MustCompile(`(?m)^positions .* lie after the last checkpoint: .*\n`) // as the server happened to stand
	shape := func(s string) string {
		s = after.ReplaceAllString(s, "")
		s = strings.ReplaceAll(s, dir, "/srv")
		s = number.ReplaceAllString(strings.TrimSpace(s), "#")
		return strings.ReplaceAll(s, ", # a second", "") // of a replay that took long enough to say
	}
	var server *node
	stop := func() {
		if server != nil && server.cmd != nil {
			server.stop()
		}
	}
	t.Cleanup(func() {
		if server != nil {
			server.kill()
		}
	})
	printed, ran, compared := "", 0, 0
	for _, block := range regexp.MustCompile("(?s)```(\\w+)\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		if block[1] == "text" {
			compared++
			if shape(printed) != shape(block[2]) {
				t.Errorf("the guide says\n%s\nthe command says\n%s", block[2], printed)
			}
			continue
		}
		for line := range strings.Lines(block[2]) {
			words := strings.Fields(line)
			ran++
			if words[1] == "serve" {
				server = &node{t: t, path: path, args: []string{"serve", "--listen", freePort(t), "--partitions", "4", "--data", words[3]}}
				server.url = "http://" + server.args[2]
				server.start()
				server.ready()
				setUp(t, server.url)
				server.steps("a", 5)
				server.counted(5)
				continue
			}
			if strings.Contains(line, "--data ./headroom-data") {
				stop()
			}
			printed = done(t, server.environment(), words[1:]...)
			if words[1] == "backup" && len(words) == 3 {
				server.steps("b", 5)
			}
		}
	}
	if ran != 7 || compared != 5 {
		t.Errorf("%d commands ran and %d outputs were compared", ran, compared)
	}
	restored := newNode(t, "./restored")
	t.Cleanup(restored.kill)
	restored.start()
	restored.ready()
	restored.counted(10)
	restored.stop()
}
