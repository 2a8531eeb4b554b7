package summit

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"path"
	"strings"
	"sync"
	"time"
)

// The product's page. Its files are served as they are: no build, no framework.
//
//go:embed page
var pageFiles embed.FS

// product is Summitry's own backend: it keeps what belongs to a summit, signs in who looks at
// the page, and tells Headroom what happened. The secret key stays here. What the page asks of
// Headroom itself goes through proxy.go, with the key for browsers.
type product struct {
	api     *api
	console string // address of the Headroom console, for the links of the overlay

	signing sync.Mutex // of keys: calls that are passed on wait for nothing else
	keys    browserKey

	mu     sync.Mutex      // one product, few people: a turn at a time keeps lists and usage together
	ready  map[string]bool // customers that Headroom was told of
	main   *customer
	trying *customer // on a trial that is about to end
	trials int       // how many of them there were: a plan is tried once
	outbox []event   // what Headroom has not heard yet
	behind string    // position of what was sent last
}

// Handler is the product's page with the backend behind it. headroomURL is where Headroom
// answers, secretKey a key with all scopes, account the customer that the page shows; consoleURL
// is only linked to.
func Handler(headroomURL, secretKey, account, consoleURL string) http.Handler {
	p := &product{api: newAPI(headroomURL, secretKey), console: consoleURL, ready: make(map[string]bool)}
	p.api.attempts, p.api.http.Timeout = 1, 5*time.Second // somebody is waiting for the page
	p.main = mainCustomer(account)
	p.trying = p.nextTrial()
	mux := http.NewServeMux()
	mux.Handle("/", pages())
	mux.Handle("/hr/", p.proxy(headroomURL))
	for route, act := range map[string]func(*turn) (any, error){
		"GET /api/session":          p.session,
		"POST /api/speakers":        p.addSpeaker,
		"DELETE /api/speakers/{id}": p.removeSpeaker,
		"POST /api/guests":          p.checkIn,
		"POST /api/live":            p.goLive,
		"POST /api/emails":          p.sendEmails,
		"POST /api/end-trial":       p.endTrial,
		"POST /api/start-over":      p.startOver,
		"GET /api/developer":        p.explain,
	} {
		mux.Handle(route, p.serve(act))
	}
	// The page acts for whoever opens it, so no other site may: neither from a page of its
	// own nor under a name of its own for this machine.
	return secured(ownName(http.NewCrossOriginProtection().Handler(mux)))
}

// pages serves the page's files, and the page itself at the address of each of its parts.
func pages() http.Handler {
	files, err := fs.Sub(pageFiles, "page")
	if err != nil {
		panic(err) // only a name that is no valid path fails here, and ours is a constant
	}
	serve := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			http.Error(w, "the page is only read", http.StatusMethodNotAllowed)
			return
		}
		if path.Ext(r.URL.Path) == "" && r.URL.Path != "/" {
			if !parts[r.URL.Path] {
				http.NotFound(w, r)
				return
			}
			r = r.Clone(r.Context())
			r.URL.Path = "/"
		}
		serve.ServeHTTP(w, r)
	})
}

// parts are the addresses that page/app.js draws.
var parts = map[string]bool{"/speakers": true, "/recordings": true, "/setup": true, "/team": true, "/plans": true}

// ownName answers under localhost and plain addresses only, which no name server can make up.
func ownName(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		host = strings.Trim(host, "[]")
		if _, err := netip.ParseAddr(host); err != nil && host != "localhost" {
			http.Error(w, "the demo answers at localhost or at an address such as 127.0.0.1", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// secured lets the page run its own files only, in no frame. Headroom's files come from /hr/,
// so they are its own too.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https:; media-src https:; connect-src 'self'; "+
			"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-cache")
		next.ServeHTTP(w, r)
	})
}

// turn is one request of the page: who acts, and for which customer.
type turn struct {
	*product
	ctx    context.Context //nolint:containedctx // a turn is one request
	r      *http.Request
	of     *customer
	member bool
}

// who is the place of the person in the team: 0 is the admin.
func (t *turn) who() int {
	if t.member {
		return 1
	}
	return 0
}

func (t *turn) user() string { return t.of.user(t.who()) }

func (t *turn) role() string { return t.of.role(t.who()) }

// trouble is an error as the page shows it: what is wrong and what to do about it.
type trouble struct {
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
	Mend   string `json:"mend,omitempty"`
}

func (e *trouble) Error() string { return e.Detail }

// serve answers a request of the page with what act returns.
func (p *product) serve(act func(*turn) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		// These headers stand for the session of a real product, which says who is signed in.
		t := &turn{product: p, ctx: r.Context(), r: r, of: p.main, member: r.Header.Get("Summitry-As") == "member"}
		if r.Header.Get("Summitry-For") == "trial" {
			t.of = p.trying
		}
		status, kind := http.StatusOK, "application/json"
		body, err := act(t)
		if err != nil {
			e := troubleOf(err)
			kind, status, body = "application/problem+json", e.Status, e
		}
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body) // a reader who went away is not our error
	})
}

// troubleOf puts Headroom's own words before the person: its problems say what to do.
func troubleOf(err error) *trouble {
	if own, ok := errors.AsType[*trouble](err); ok {
		return own
	}
	if no, ok := errors.AsType[*refused](err); ok {
		e := &trouble{Status: no.Status, Code: no.Code, Detail: no.Detail, Mend: no.Mend}
		if no.Status == http.StatusUnauthorized || no.Status == http.StatusForbidden { // our key, not the visitor
			e.Status = http.StatusBadGateway
		}
		return e
	}
	return &trouble{Status: http.StatusBadGateway, Code: "headroom_unreachable", Detail: "Headroom cannot be reached: " + err.Error(),
		Mend: "see whether it runs, then try again"}
}

// away says whether Headroom did not answer. A no, or a fault of ours, is an answer.
func away(err error) bool {
	no, ok := errors.AsType[*refused](err)
	return err != nil && (!ok || no.Status >= 500)
}

// adminsOnly refuses members what is not theirs to do.
func (t *turn) adminsOnly() error {
	if !t.member {
		return nil
	}
	return &trouble{Status: http.StatusForbidden, Code: "admins_only", Detail: t.of.people[1] + " is a member, and this is for admins",
		Mend: "ask " + t.of.people[0] + ", the admin"}
}
