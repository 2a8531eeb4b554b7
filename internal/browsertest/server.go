package browsertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/access"
)

// Server is the built binary that serves: `headroom serve` with a test clock, in a folder of its own.
type Server struct {
	T   *testing.T
	URL string
	Key string // secret

	publishable, signing string
	args                 []string
	cmd                  *exec.Cmd
	done                 chan struct{}
	said                 *bytes.Buffer
}

// binary builds the server once for all tests of a package. HEADROOM_BINARY names one that is there.
var binary = sync.OnceValues(func() (string, error) {
	if path := os.Getenv("HEADROOM_BINARY"); path != "" {
		return path, nil
	}
	_, file, _, _ := runtime.Caller(0)
	path := filepath.Join(os.TempDir(), fmt.Sprintf("headroom-browsertest-%d", os.Getpid()))
	build := exec.Command("go", "build", "-o", path, "./cmd/headroom")
	build.Dir = filepath.Join(filepath.Dir(file), "..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the server: %w\n%s", err, out)
	}
	built = path
	return path, nil
})

var built string

// Remove removes the binary that Start built; a TestMain calls it in the end.
func Remove() {
	if built != "" {
		_ = os.Remove(built) // in the folder for temporary files
	}
}

// Start starts a server whose clock stands at 2026-03-01T09:00:00Z, with the catalog applied and a publishable key
// that may send events, check and decide. flags are added to those of serve.
func Start(t *testing.T, catalog string, flags ...string) *Server {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close() // the server takes it over
	s := &Server{T: t, URL: "http://" + address, Key: "hr_sk_test_of_browsers"}
	s.args = append([]string{"serve", "--data", t.TempDir(), "--listen", address, "--partitions", "2", "--test-clock", "2026-03-01T09:00:00Z"}, flags...)
	t.Cleanup(s.Kill)
	s.Run()
	s.Must("PUT", "/v1/catalog", []byte(catalog), nil, "Content-Type", "application/yaml")
	var key struct {
		Secret        string
		SigningSecret string `json:"signing_secret"`
	}
	s.Must("POST", "/v1/keys", map[string]any{"kind": "publishable", "name": "page", "scopes": []string{"events:write", "check", "decide"}}, &key)
	s.publishable, s.signing = key.Secret, key.SigningSecret
	return s
}

// Publishable is the key for pages, and Token a user token beside it; role is admin or member.
func (s *Server) Publishable() string { return s.publishable }

// SigningSecret is what a product's backend signs user tokens with.
func (s *Server) SigningSecret() string { return s.signing }

// Binary is the path of the built program, for tests that run its other commands.
func (s *Server) Binary() string {
	s.T.Helper()
	path, err := binary()
	if err != nil {
		s.T.Fatal(err)
	}
	return path
}

// Token signs in a person of an account for a day of the wall's clock.
func (s *Server) Token(account, user, role string) string {
	s.T.Helper()
	token, err := access.SignUserToken(s.signing, access.User{ID: user, Account: account, Role: role}, time.Now().Add(23*time.Hour))
	if err != nil {
		s.T.Fatal(err)
	}
	return token
}

// Run starts the server, again when it was killed, and returns when it is ready.
func (s *Server) Run() {
	s.T.Helper()
	path, err := binary()
	if err != nil {
		s.T.Fatal(err)
	}
	s.said, s.done = new(bytes.Buffer), make(chan struct{})
	s.cmd = exec.Command(path, s.args...) // what was just built; Kill ends it
	s.cmd.Env = append(os.Environ(), "HEADROOM_SECRET_KEY="+s.Key)
	s.cmd.Stdout, s.cmd.Stderr = s.said, s.said
	if err := s.cmd.Start(); err != nil {
		s.T.Fatal(err)
	}
	go func(cmd *exec.Cmd, done chan struct{}) {
		_ = cmd.Wait() // a killed server ends with an error
		close(done)
	}(s.cmd, s.done)
	for began := time.Now(); !s.ready(); {
		select {
		case <-s.done:
			s.T.Fatalf("the server ended:\n%s", s.said)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Since(began) > time.Minute {
			s.T.Fatal("the server is not ready after a minute")
		}
	}
}

func (s *Server) ready() bool {
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

// Kill ends the server at once, as a power cut would.
func (s *Server) Kill() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill() // it may have ended by itself
	<-s.done
	s.cmd = nil
}

// Hang stops the server without ending it: it takes connections and never answers.
func (s *Server) Hang() {
	s.T.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		s.T.Fatal(err)
	}
}

// Send makes a call with the secret key and returns its status and what it answered.
func (s *Server) Send(method, path string, body any, headers ...string) (status int, answer []byte) {
	s.T.Helper()
	text, raw := body.([]byte)
	if !raw && body != nil {
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
	if answer, err = io.ReadAll(res.Body); err != nil {
		s.T.Fatal(err)
	}
	return res.StatusCode, answer
}

// Must makes a call that has to succeed; its JSON answer goes into out unless that is nil.
func (s *Server) Must(method, path string, body, out any, headers ...string) {
	s.T.Helper()
	status, answer := s.Send(method, path, body, headers...)
	if status > 299 {
		s.T.Fatalf("%s %s answered %d %s", method, path, status, answer)
	}
	if out != nil {
		if err := json.Unmarshal(answer, out); err != nil {
			s.T.Fatal(err)
		}
	}
}

// Events sends so many events of a type for an account, and waits until reads see them.
func (s *Server) Events(account, kind string, times int) {
	s.T.Helper()
	batch := make([]map[string]any, times)
	for i := range batch {
		batch[i] = map[string]any{"specversion": "1.0", "id": fmt.Sprintf("%s-%s-%d-%d", account, kind, time.Now().UnixNano(), i),
			"source": "test", "type": kind, "subject": account, "data": map[string]any{}}
	}
	var answer struct{ Position string }
	s.Must("POST", "/v1/events", batch, &answer, "Content-Type", "application/cloudevents-batch+json")
	s.Must("GET", "/v1/accounts/"+account+"/entitlements", nil, nil, "Headroom-Position", answer.Position)
}
