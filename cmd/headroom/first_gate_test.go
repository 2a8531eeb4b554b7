package main_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// TestTheGuideToTheFirstGateDoesWhatItSays does what a new user does with the guide, in one
// shell: writes its files, runs its commands in their order, and compares what they print
// with what it shows. Only ports and the number of partitions are put in.
func TestTheGuideToTheFirstGateDoesWhatItSays(t *testing.T) {
	text, err := os.ReadFile("../../docs/guides/first-gate.md")
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	server, product := freePort(t), freePort(t)
	guide := strings.NewReplacer("127.0.0.1:8080", server, "127.0.0.1:8090", product,
		"headroom serve --data ./data", "headroom serve --data ./data --partitions 4 --listen "+server).Replace(string(text))
	shell := openShell(t, "HEADROOM="+root, "HEADROOM_URL=http://"+server, "HEADROOM_SECRET_KEY=", "GOPROXY=off")
	dir := filepath.Join(shell.dir, "first-gate")
	printed := ""
	ran := map[string]int{}
	for _, block := range regexp.MustCompile("(?s)```(\\w+)\n(.*?)```").FindAllStringSubmatch(guide, -1) {
		kind, shown := block[1], block[2]
		ran[kind]++
		switch kind {
		case "sh":
			printed = shell.run(shown)
		case "yaml":
			writeFile(t, filepath.Join(dir, "catalog.yaml"), shown)
		case "go":
			writeFile(t, filepath.Join(dir, "main.go"), shown)
		case "text":
			if !strings.HasSuffix(printed, shown) {
				t.Fatalf("the guide shows\n%s\nthe commands print\n%s", shown, printed)
			}
		case "json":
			lines := strings.Split(strings.TrimSpace(printed), "\n")
			var want, got any
			if err := json.Unmarshal([]byte(shown), &want); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(lines[len(lines)-1]), &got); err != nil {
				t.Fatalf("%v: %s", err, printed)
			}
			if where := missing("", want, got); where != "" {
				t.Errorf("the guide shows %s, the server says\n%s", where, printed)
			}
		}
	}
	if ran["sh"] != 8 || ran["json"] != 3 || ran["text"] != 2 || ran["yaml"] != 1 || ran["go"] != 1 {
		t.Errorf("of the guide's examples were run %v", ran)
	}
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// missing returns what of want is not in got, "" when all is there: got may have more fields.
func missing(path string, want, got any) string {
	switch want := want.(type) {
	case map[string]any:
		have, _ := got.(map[string]any)
		for name, v := range want {
			if where := missing(path+"."+name, v, have[name]); where != "" {
				return where
			}
		}
		return ""
	case []any:
		have, _ := got.([]any)
		if len(have) != len(want) {
			return fmt.Sprintf("%d of %s", len(want), path)
		}
		for i, v := range want {
			if where := missing(fmt.Sprintf("%s[%d]", path, i), v, have[i]); where != "" {
				return where
			}
		}
		return ""
	}
	if want != got {
		return fmt.Sprintf("%s is %v", path, want)
	}
	return ""
}

// guideShell is one bash in which a guide's commands run one after the other, with what they
// set and start.
type guideShell struct {
	t    *testing.T
	dir  string
	in   *os.File
	out  *bufio.Reader
	said *strings.Builder
}

func openShell(t *testing.T, env ...string) *guideShell {
	t.Helper()
	s := &guideShell{t: t, dir: t.TempDir(), said: new(strings.Builder)}
	cmd := exec.Command("bash", "--norc", "--noprofile", "-s")
	cmd.Dir, cmd.Env, cmd.Stderr = s.dir, append(os.Environ(), env...), s.said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // with what it starts
	in, input, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdin = in
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = in.Close() // bash has it
	s.in, s.out = input, bufio.NewReader(out)
	t.Cleanup(func() {
		_ = input.Close()
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
	})
	return s
}

// run runs commands, each of which must succeed, and returns what they print.
func (s *guideShell) run(commands string) string {
	s.t.Helper()
	const end = "=== end of block"
	if _, err := fmt.Fprintf(s.in, "set -e\n%s\nset +e\necho '%s'\n", commands, end); err != nil {
		s.t.Fatal(err)
	}
	var printed strings.Builder
	for {
		line, err := s.out.ReadString('\n')
		if strings.TrimSpace(line) == end {
			return printed.String()
		}
		printed.WriteString(line)
		if err != nil {
			logs := ""
			for _, name := range []string{"server.log", "product.log"} {
				text, _ := os.ReadFile(filepath.Join(s.dir, "first-gate", name))
				logs += string(text)
			}
			s.t.Fatalf("%s\nfailed: %s\n%s\n%s", commands, printed.String(), s.said, logs)
		}
	}
}
