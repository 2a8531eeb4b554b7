package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Segment's own clients, from npm, against a real server. This one runs in Node.

const segmentCatalog = `
version: 1
currency: USD
meters:
  speakers: {aggregate: level, add: speaker.added, remove: speaker.removed}
  summits:  {event: summit.published, aggregate: count}
  pages:    {event: page, aggregate: count}
  screens:  {event: screen, aggregate: count}
  clicks:   {event: clicked, aggregate: count}
features:
  speakers: {title: Speakers, kind: metered, meter: speakers}
  summits:  {title: Summits, kind: metered, meter: summits}
  pages:    {title: Pages, kind: metered, meter: pages}
  screens:  {title: Screens, kind: metered, meter: screens}
  clicks:   {title: Clicks, kind: metered, meter: clicks}
plans:
  starter: {title: Starter, family: core, price: {month: "49"}, entitlements: {speakers: 10, summits: 10, pages: 10, screens: 10, clicks: 100}}
`

// segmentClients installs Segment's clients for Node and for the browser, as the lock file
// pins them, and returns where.
func segmentClients(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	from := "../../internal/event/testdata/segment"
	for _, name := range []string{"package.json", "package-lock.json", "send.mjs"} {
		text, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	runIn(t, dir, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
	return dir
}

// runIn runs a program that Segment's clients need.
func runIn(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is needed to run Segment's own clients: install Node 20 or newer, with npm (%v)", name, err)
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// uses waits until the account has used so much of each feature: what a person did reaches
// the account by way of the log.
func (c *company) uses(account string, want map[string]float64) {
	c.t.Helper()
	got := map[string]float64{}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		same := true
		for feature, n := range want {
			got[feature] = *c.check(account, feature, "").Usage
			same = same && got[feature] == n
		}
		if same {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("%s has used %v, want %v", account, got, want)
		}
	}
}

// tape passes requests on to a server and keeps them, to send them again.
type tape struct {
	*httptest.Server
	mu   sync.Mutex
	sent []taped
}

type taped struct {
	path   string
	header http.Header
	body   []byte
}

func record(t *testing.T, to string) *tape {
	target, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	tp := &tape{}
	tp.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		tp.mu.Lock()
		tp.sent = append(tp.sent, taped{r.URL.Path, r.Header.Clone(), body})
		tp.mu.Unlock()
		r.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(tp.Close)
	return tp
}

// again sends all requests anew, as a client does that did not hear the answers.
func (tp *tape) again(t *testing.T, to string) {
	t.Helper()
	for _, s := range tp.sent {
		req, err := http.NewRequest("POST", to+s.path, bytes.NewReader(s.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header = s.header.Clone()
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("%s answered %d: %s", s.path, resp.StatusCode, text)
		}
	}
}

func TestSegmentsOwnClientIsUnderstood(t *testing.T) {
	clients := segmentClients(t)
	send := func(url, key string) { t.Helper(); runIn(t, clients, "node", "send.mjs", url, key) }
	c := newCompany(t, "")
	c.must("PUT", "/v1/catalog", []byte(segmentCatalog), nil)
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter"}, nil)
	client := record(t, c.base)
	uses := func(want map[string]float64) { t.Helper(); c.uses("acme", want) }

	once := map[string]float64{
		"speakers": 2, // the account in context.groupId, and in the properties
		"summits":  1, // no account: that of the user's group call
		"pages":    1,
		"screens":  1, // before anybody knew who it was; alias says
	}
	send(client.URL, c.opts.secretKey)
	uses(once)

	var account struct {
		Name, Domain string
		Unknown      bool
		Traits       map[string]any
	}
	c.must("GET", "/v1/accounts/acme", nil, &account)
	if account.Name != "Acme Summits" || account.Domain != "acme.example" || account.Unknown || account.Traits["employees"] != 42.0 {
		t.Fatalf("the group call made the account %+v", account)
	}
	people, err := c.server.store.AccountsOf(t.Context(), pseudonym(t, c, "usr_ada"))
	if err != nil || len(people) != 1 || people[0] != "acme" {
		t.Fatalf("the identify call made her a member of %v, %v", people, err)
	}

	client.again(t, c.base)
	c.restart()
	client.again(t, c.base)
	time.Sleep(time.Second) // so that what would be counted twice has come through
	uses(once)

	// The same program again is new messages, but for the one with a messageId of its own.
	send(c.base, c.opts.secretKey)
	uses(map[string]float64{"speakers": 3, "summits": 2, "pages": 2, "screens": 2})
}
