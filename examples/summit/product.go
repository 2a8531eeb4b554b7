package summit

import (
	"cmp"
	"context"
	"crypto/rand"
	"embed"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// The product page's files. They are served as they are: no build, no framework.
//
//go:embed page
var pageFiles embed.FS

// product is Summitry's own backend for one summit: it keeps the list of speakers, and asks
// Headroom what the account may do and what to propose. The secret key stays here.
type product struct {
	api     *api
	account string // the customer's key in Headroom
	console string // address of the Headroom console, for the link
	team    *host  // who works at the customer; the first is the admin

	mu       sync.Mutex // one summit, few people: a turn at a time keeps list and usage together
	position string     // of what was written last: reads that carry it see it
	speakers []speaker
	names    *names
	made     int               // speakers ever, numbers their ids
	asked    map[string]string // who sent an upgrade request, by its id
}

// speaker is somebody who talks at the summit. Headroom only knows how many there are.
type speaker struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Talk string `json:"talk"`
}

// Handler is the product page of one customer with the backend behind it. headroomURL is
// where Headroom answers, secretKey a key that may send events, check, decide, read and
// change subscriptions, account the customer's key; consoleURL is only linked to.
func Handler(headroomURL, secretKey, account, consoleURL string) http.Handler {
	p := &product{api: newAPI(headroomURL, secretKey), account: account, console: consoleURL,
		team: aurora(0, 0), names: newNames(7), asked: make(map[string]string)}
	p.team.key = account
	files, err := fs.Sub(pageFiles, "page")
	if err != nil {
		panic(err) // only a name that is no valid path fails here, and ours is a constant
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(files))
	for route, act := range map[string]func(*turn) (*answer, error){
		"GET /api/state":                   p.state,
		"POST /api/speakers":               p.addSpeaker,
		"DELETE /api/speakers/{id}":        p.removeSpeaker,
		"POST /api/recordings":             p.openRecordings,
		"POST /api/offer":                  p.offer,
		"POST /api/offer/preview":          p.preview,
		"POST /api/offer/outcome":          p.outcome,
		"POST /api/offer/accept":           p.accept,
		"GET /api/requests":                p.requests,
		"POST /api/requests/{id}/{answer}": p.answerRequest,
		"POST /api/start-over":             p.startOver,
	} {
		mux.Handle(route, p.serve(act))
	}
	// The page acts for whoever opens it, so no other site may: neither from a page of its
	// own nor under a name of its own for this machine.
	return secured(ownName(http.NewCrossOriginProtection().Handler(mux)))
}

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

// secured lets the page run its own files only, in no frame.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "+
			"base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-cache")
		next.ServeHTTP(w, r)
	})
}

// turn is one request of the page: who acts, and the calls to Headroom it took.
type turn struct {
	*product
	ctx    context.Context //nolint:containedctx // a turn is one request
	r      *http.Request
	ask    ask
	user   string
	name   string
	member bool
	calls  []called
}

// ask is what the page sends.
type ask struct {
	Placement string `json:"placement"`
	Feature   string `json:"feature"`
	Requested bool   `json:"requested"` // the person asked to see what there is to buy
	Decision  string `json:"decision"`
	Type      string `json:"type"`
	Reason    string `json:"reason"`
	Token     string `json:"token"`
}

// answer is what the page gets. What Headroom said is handed on as it came.
type answer struct {
	State    *state          `json:"state,omitempty"`
	Added    *speaker        `json:"added,omitempty"`
	Check    json.RawMessage `json:"check,omitempty"`
	Decision json.RawMessage `json:"decision,omitempty"`
	Preview  json.RawMessage `json:"preview,omitempty"`
	Requests []wish          `json:"requests,omitempty"`
	Calls    []called        `json:"calls"` // for the panel that shows what happened
}

// called is a call to Headroom that was made.
type called struct {
	Call   string  `json:"call"`
	Status int     `json:"status"`
	Millis float64 `json:"ms"`
}

// state is what the page shows.
type state struct {
	Person     string          `json:"person"`
	Admin      string          `json:"admin"`
	Member     bool            `json:"member"`
	Plan       string          `json:"plan"`
	Price      json.RawMessage `json:"price,omitempty"` // each interval; not for members
	Interval   string          `json:"interval"`
	Speakers   []speaker       `json:"speakers"`
	Usage      float64         `json:"usage"`
	Limit      *float64        `json:"limit"` // nil: no limit
	Recordings bool            `json:"recordings"`
	Console    string          `json:"console"`
}

// trouble is an error as the page shows it: what is wrong and what to do about it.
type trouble struct {
	Status int      `json:"status"`
	Code   string   `json:"code"`
	Detail string   `json:"detail"`
	Mend   string   `json:"mend,omitempty"`
	Calls  []called `json:"calls"`
}

func (e *trouble) Error() string { return e.Detail }

// serve answers a request of the page with what act returns.
func (p *product) serve(act func(*turn) (*answer, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t := &turn{product: p, ctx: r.Context(), r: r}
		// Stands for the session of a real product, which says who is signed in.
		t.member = r.Header.Get("Summitry-As") == "member"
		who := 0
		if t.member {
			who = 1
		}
		t.user, t.name = p.team.user(who), p.team.people[who]
		status, kind := http.StatusOK, "application/json"
		var body any
		a, err := t.act(w, act)
		if err != nil {
			e := troubleOf(err)
			e.Calls, kind, status, body = t.calls, "application/problem+json", e.Status, e
		} else {
			a.Calls, body = t.calls, a
		}
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body) // a reader who went away is not our error
	})
}

func (t *turn) act(w http.ResponseWriter, act func(*turn) (*answer, error)) (*answer, error) {
	if t.r.Method == http.MethodPost && t.r.ContentLength != 0 {
		d := json.NewDecoder(http.MaxBytesReader(w, t.r.Body, 1<<16))
		d.DisallowUnknownFields()
		if err := d.Decode(&t.ask); err != nil {
			return nil, &trouble{Status: http.StatusBadRequest, Code: "malformed_json", Detail: "the request could not be read: " + err.Error()}
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return act(t)
}

// troubleOf puts Headroom's own words before the person: its problems say what to do.
func troubleOf(err error) *trouble {
	var own *trouble
	var no *refused
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &no):
		e := &trouble{Status: no.Status, Code: no.Code, Detail: no.Detail, Mend: no.Mend}
		if no.Status == http.StatusUnauthorized { // our key, not the visitor
			e.Status = http.StatusBadGateway
		}
		return e
	}
	return &trouble{Status: http.StatusBadGateway, Code: "headroom_unreachable", Detail: "Headroom cannot be reached: " + err.Error(),
		Mend: "see whether it runs, then try again"}
}

// call asks Headroom, as of what was written last, and notes the position of its answer.
func (t *turn) call(method, path string, body, out any, headers ...string) error {
	var raw json.RawMessage
	began := time.Now()
	err := t.api.call(t.ctx, method, path, body, &raw, append(headers, "Headroom-Position", t.position)...)
	c := called{Call: method + " " + path, Status: http.StatusOK, Millis: math.Round(float64(time.Since(began).Microseconds())/100) / 10}
	var no *refused
	switch {
	case errors.As(err, &no):
		c.Status = no.Status
	case err != nil:
		c.Status = 0
	case path == "/v1/events":
		c.Status = http.StatusAccepted
	}
	t.calls = append(t.calls, c)
	if err != nil {
		return err
	}
	var at struct{ Position string }
	if err := json.Unmarshal(raw, &at); err != nil {
		return err
	}
	t.position = cmp.Or(at.Position, t.position)
	if out == nil {
		return nil
	}
	return json.Unmarshal(raw, out)
}

// once makes repeating the next call harmless.
func once() []string { return []string{"Idempotency-Key", rand.Text()} }

// send reports what happened in the product. Headroom stamps the time of receipt: the
// demo's clock is not the wall's.
func (t *turn) send(kind string, times int) error {
	batch := make([]event, times)
	for i := range batch {
		batch[i] = event{Version: "1.0", ID: rand.Text(), Source: "summitry", Type: kind, Subject: t.account, Data: map[string]any{"user": t.user}}
	}
	if times == 0 {
		return nil
	}
	return t.call("POST", "/v1/events", batch, nil)
}

func (p *product) state(t *turn) (*answer, error) {
	s, err := t.read()
	return &answer{State: s}, err
}

// read asks Headroom for what the page shows.
func (t *turn) read() (*state, error) {
	var has struct {
		Items []struct {
			Feature string
			Allowed bool
			Usage   float64
			Limit   *float64
		}
	}
	if err := t.call("GET", "/v1/accounts/"+t.account+"/entitlements", nil, &has); err != nil {
		return nil, err
	}
	var sub struct {
		Plan, Interval string
		Recurring      json.RawMessage
	}
	if err := t.call("GET", "/v1/accounts/"+t.account+"/subscription", nil, &sub); err != nil {
		return nil, err
	}
	s := &state{Person: t.name, Admin: t.team.people[0], Member: t.member, Plan: titled(sub.Plan),
		Interval: sub.Interval, Console: t.console}
	if !t.member {
		s.Price = sub.Recurring
	}
	for _, f := range has.Items {
		switch f.Feature {
		case "speakers":
			s.Usage, s.Limit = f.Usage, f.Limit
		case "recordings":
			s.Recordings = f.Allowed
		}
	}
	t.fit(int(s.Usage))
	s.Speakers = t.speakers
	return s, nil
}

// fit makes the list as long as Headroom says it is. The demo has no database of its own;
// a real product has, and only sends what happened.
func (p *product) fit(n int) {
	for len(p.speakers) > max(n, 0) {
		p.speakers = p.speakers[:len(p.speakers)-1]
	}
	for len(p.speakers) < min(n, 500) {
		p.book()
	}
}

// titled is what Summitry calls a plan.
func titled(plan string) string {
	if plan == "" {
		return "no plan"
	}
	return strings.ToUpper(plan[:1]) + plan[1:]
}

// adminsOnly refuses members what costs money.
func (t *turn) adminsOnly() error {
	if !t.member {
		return nil
	}
	return &trouble{Status: http.StatusForbidden, Code: "not_allowed_to_buy", Detail: t.name + " is a member, and only an admin buys",
		Mend: "ask " + t.team.people[0] + ", the admin"}
}
