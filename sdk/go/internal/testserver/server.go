// Package testserver starts the real server for tests of the SDK: `headroom serve`, built
// from this repository once per test run, on a port of its own.
package testserver

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

// TB is what a server needs of a test; *testing.T is one.
type TB interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	TempDir() string
	Cleanup(f func())
	Context() context.Context
}

// Server is a running server, or one that was killed.
type Server struct {
	T   TB
	URL string
	Key string

	data string
	args []string
	cmd  *exec.Cmd
	log  *bytes.Buffer
	done chan struct{}
}

// build returns the path of the binary. HEADROOM_BINARY names one that is built already.
var build = sync.OnceValues(func() (string, error) {
	if path := os.Getenv("HEADROOM_BINARY"); path != "" {
		return path, nil
	}
	_, file, _, _ := runtime.Caller(0)
	root := filepath.Join(filepath.Dir(file), "../../../..")
	path := filepath.Join(os.TempDir(), fmt.Sprintf("headroom-sdk-test-%d", os.Getpid()))
	cmd := exec.Command("go", //nolint:gosec // of this repository
		"build", "-o", path, "./cmd/headroom")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the server: %w\n%s", err, out)
	}
	built = path
	return path, nil
})

// built is the binary that this process built.
var built string

// Remove removes the binary that was built; a TestMain calls it in the end.
func Remove() {
	if built != "" {
		_ = os.Remove(built) // in the folder for temporary files
	}
}

// Start starts a server with the catalog applied; flags are added to those of serve.
func Start(t TB, catalog string, flags ...string) *Server {
	t.Helper()
	s := &Server{T: t, Key: "hr_sk_test_of_the_sdk", data: t.TempDir()}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close() // the server takes it over
	s.URL = "http://" + address
	s.args = append([]string{"serve", "--data", s.data, "--listen", address, "--partitions", "4"}, flags...)
	t.Cleanup(s.Kill)
	s.Run()
	s.Apply(catalog)
	return s
}

// Run starts the server, again when it was killed, and returns when it is ready.
func (s *Server) Run() {
	s.T.Helper()
	path, err := build()
	if err != nil {
		s.T.Fatal(err)
	}
	s.log, s.done = new(bytes.Buffer), make(chan struct{})
	s.cmd = exec.Command(path, s.args...) //nolint:gosec,noctx // what was just built; Kill ends it
	s.cmd.Env = append(os.Environ(), "HEADROOM_SECRET_KEY="+s.Key)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	if err := s.cmd.Start(); err != nil {
		s.T.Fatal(err)
	}
	go func(cmd *exec.Cmd, done chan struct{}) {
		_ = cmd.Wait() // a killed server ends with an error
		close(done)
	}(s.cmd, s.done)
	deadline := time.Now().Add(time.Minute)
	for {
		if s.isReady() {
			return
		}
		select {
		case <-s.done:
			s.T.Fatalf("the server ended:\n%s", s.log)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			s.T.Fatalf("the server is not ready after a minute")
		}
	}
}

func (s *Server) isReady() bool {
	req, err := http.NewRequestWithContext(s.T.Context(), http.MethodGet, s.URL+"/readyz", nil)
	if err != nil {
		s.T.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_ = res.Body.Close() // there is nothing to read
	return res.StatusCode == http.StatusOK
}

// Kill kills the server at once, as a power cut would.
func (s *Server) Kill() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill() // it may have ended by itself
	<-s.done
	s.cmd = nil
}

// Apply makes a catalog the active one.
func (s *Server) Apply(catalog string) {
	s.T.Helper()
	s.Send("PUT", "/v1/catalog", []byte(catalog), "Content-Type", "application/yaml")
}

// Plan subscribes an account to a plan.
func (s *Server) Plan(account, plan string) {
	s.T.Helper()
	s.Send("PUT", "/v1/accounts/"+account+"/subscription", map[string]any{"plan": plan})
}

// Send makes a call that must succeed and returns its answer.
func (s *Server) Send(method, path string, body any, headers ...string) map[string]any {
	s.T.Helper()
	text, raw := body.([]byte)
	if !raw {
		var err error
		if text, err = json.Marshal(body); err != nil {
			s.T.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(s.T.Context(), method, s.URL+path, bytes.NewReader(text))
	if err != nil {
		s.T.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.Key)
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.T.Fatal(err)
	}
	defer res.Body.Close()
	said, err := io.ReadAll(res.Body)
	if err != nil {
		s.T.Fatal(err)
	}
	if res.StatusCode > 299 {
		s.T.Fatalf("%s %s answered %d %s", method, path, res.StatusCode, said)
	}
	var answer map[string]any
	if len(bytes.TrimSpace(said)) > 0 && strings.Contains(res.Header.Get("Content-Type"), "json") {
		if err := json.Unmarshal(said, &answer); err != nil {
			s.T.Fatal(err)
		}
	}
	return answer
}

// Until waits until the condition holds, half a minute at most.
func Until(t TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
		time.Sleep(2 * time.Millisecond) // between two looks at it
	}
}
