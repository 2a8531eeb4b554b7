// Package load makes varied events and sends them over HTTP at little cost, for
// measurements in which the load generator shares the machine with the server.
package load

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// Traffic says what the requests hold.
type Traffic struct {
	// Accounts is the number of accounts, named by AccountKey; events spread evenly over them.
	Accounts int
	// Walk, when above 0, makes that many streams visit the accounts one after the other
	// instead, each account once before any comes again.
	Walk int
	// Batch is the number of CloudEvents in a request: 1 sends an object, more an array.
	Batch int
	// Key is the secret key to send.
	Key string
	// Path is where to send to, /v1/events when empty.
	Path string
	// Seed makes the streams differ from those of another seed.
	Seed uint64
	// At is the time the events carry, in UTC; some of them carry none.
	At time.Time
}

// AccountKey names account i, from 0 to 9,999,999.
func AccountKey(i int) string { return fmt.Sprintf("account-%07d", i) }

const (
	idPlace      = "00000000-0000-4000-8000-000000000000"
	accountPlace = "account-0000000"
	userPlace    = "user-00000000"
	usersEach    = 8 // users of an account
	distinct     = 400
)

// shapes are the events products send: types, nesting, kinds and lengths of values differ.
// In data, %d, %s and %f are filled in ahead of time; a shape comes as often as it is listed.
var shapes = []func(r *rand.Rand) (typ, data string){
	apiCall, apiCall, apiCall, apiCall, apiCall, apiCall, apiCall,
	mailSent, mailSent, mailSent,
	seatAdded, seatAdded, seatRemoved,
	buildDone, buildDone,
	pageViewed, pageViewed, fileUploaded, reportFailed, invoiceViewed,
}

func pick(r *rand.Rand, of ...string) string { return of[r.IntN(len(of))] }

func apiCall(r *rand.Rand) (string, string) {
	return "api.call", fmt.Sprintf(`{"user":%q,"method":%q,"path":"/v1/things/%d","status":%s,"bytes":%d,"ms":%.2f,"cached":%t}`,
		userPlace, pick(r, "GET", "POST", "PUT"), r.IntN(5000), pick(r, "200", "201", "204", "404"), r.IntN(1<<r.IntN(16)+1), r.ExpFloat64()*40, r.IntN(3) == 0)
}

func mailSent(r *rand.Rand) (string, string) {
	return "mail.sent", fmt.Sprintf(`{"user":{"id":%q,"role":%q},"count":%d,"campaign":"invite-%d","list":{"key":%q,"size":%.1f},"segments":["a","b","c"],"scheduled":%t}`,
		userPlace, pick(r, "admin", "member"), 1+r.IntN(5), r.IntN(40), pick(r, "all-attendees", "speakers", "vips"), r.Float64()*5000, r.IntN(2) == 0)
}

func seatAdded(r *rand.Rand) (string, string) {
	return "seat.added", fmt.Sprintf(`{"user":%q,"team":{"key":"team-%d","region":%q},"invited":%t}`, userPlace, r.IntN(12), pick(r, "eu-1", "us-2"), r.IntN(2) == 0)
}

func seatRemoved(r *rand.Rand) (string, string) {
	return "seat.removed", fmt.Sprintf(`{"user":%q,"team":{"key":"team-%d"},"reason":%q}`, userPlace, r.IntN(12), pick(r, "left", "idle", "moved to another team"))
}

func buildDone(r *rand.Rand) (string, string) {
	return "build.done", fmt.Sprintf(`{"user":%q,"repo":"repo-%d","branch":"%s","seconds":%.3f,"ok":%t,"machine":{"cpus":%d,"memory":{"gib":%d},"spot":null},"tests":{"run":%d,"failed":%d}}`,
		userPlace, r.IntN(300), pick(r, "main", "release/2.4", `fix-\u00fcbersicht`), r.ExpFloat64()*200, r.IntN(5) > 0, 2<<r.IntN(5), 4<<r.IntN(5), r.IntN(4000), r.IntN(9))
}

func pageViewed(r *rand.Rand) (string, string) {
	return "page.viewed", fmt.Sprintf(`{"user":%q,"page":%q,"path":"/settings/%s","duration_ms":%d,"viewport":{"w":%d,"h":900},"locale":%q,"experiment":null}`,
		userPlace, pick(r, "pricing", "billing", "Übersicht", "team"), pick(r, "plans", "members", "security"), r.IntN(60_000), 320+r.IntN(2200), pick(r, "en-GB", "de-DE", "pt-BR"))
}

func fileUploaded(r *rand.Rand) (string, string) {
	return "file.uploaded", fmt.Sprintf(`{"user":%q,"size":%d,"kind":%q,"folder":{"depth":%d,"shared":%t},"took":%.4e}`,
		userPlace, r.IntN(1<<24), pick(r, "image/png", "application/pdf", "text/csv"), r.IntN(7), r.IntN(2) == 0, r.Float64())
}

func reportFailed(r *rand.Rand) (string, string) {
	return "report.failed", fmt.Sprintf(`{"user":%q,"code":"E%03d","at":"line %d: \"%s\"\n\tmissing","retries":%d,"fatal":false}`,
		userPlace, r.IntN(1000), r.IntN(900), pick(r, "total", "rate"), r.IntN(4))
}

func invoiceViewed(r *rand.Rand) (string, string) {
	return "invoice.viewed", fmt.Sprintf(`{"user":%q,"invoice":"in_%06d","total":{"amount":"%d.%02d","currency":%q},"lines":[{"n":1,"v":2.5},{"n":2,"v":-7}],"paid":true}`,
		userPlace, r.IntN(1_000_000), r.IntN(900), r.IntN(100), pick(r, "USD", "EUR"))
}

// Event returns a varied CloudEvent whose id, account and user are placeholders.
func (t Traffic) Event(r *rand.Rand) string {
	typ, data := shapes[r.IntN(len(shapes))](r)
	at := ""
	if r.IntN(3) > 0 {
		at = fmt.Sprintf(`"time":%q,`, t.At.UTC().Add(-time.Duration(r.IntN(60_000))*time.Millisecond).Format(time.RFC3339Nano))
	}
	return fmt.Sprintf(`{"specversion":"1.0","id":%q,"source":"shop/%s",%s"type":%q,"subject":%q,"data":%s}`,
		idPlace, pick(r, "eu-1", "us-2", "worker"), at, typ, accountPlace, data)
}

// Stream is one client's requests. Not safe for several goroutines.
type Stream struct {
	requests []request
	chacha   *rand.ChaCha8
	accounts uint64
	walk, at uint64 // step from account to account, and where the stream is
	n        int
}

// request is a whole HTTP request and where in it the changing texts are.
type request struct {
	text                []byte
	body                int // where it begins
	ids, accounts, user []int
}

// Stream returns the requests of the client of that number.
func (t Traffic) Stream(client int) *Stream {
	var seed [32]byte
	copy(seed[:], "headroom bench")
	binary.LittleEndian.PutUint64(seed[16:], t.Seed)
	binary.LittleEndian.PutUint64(seed[24:], uint64(client))
	s := &Stream{chacha: rand.NewChaCha8(seed), accounts: uint64(max(t.Accounts, 1)), walk: uint64(t.Walk), at: uint64(client)}
	r := rand.New(rand.NewPCG(t.Seed, uint64(client)))
	path := t.Path
	if path == "" {
		path = "/v1/events"
	}
	for range max(distinct/t.Batch, 1) {
		events := make([]string, t.Batch)
		for i := range events {
			events[i] = t.Event(r)
		}
		body := events[0]
		if t.Batch > 1 {
			body = "[" + strings.Join(events, ",") + "]"
		}
		req := request{text: Request(path, t.Key, body)}
		req.body = len(req.text) - len(body)
		req.ids, req.accounts, req.user = places(req.text, idPlace), places(req.text, "account-0"), places(req.text, "user-0")
		s.requests = append(s.requests, req)
	}
	return s
}

// places returns where in text the placeholder begins.
func places(text []byte, placeholder string) (at []int) {
	for from, s := 0, string(text); ; {
		i := strings.Index(s[from:], placeholder)
		if i < 0 {
			return at
		}
		at = append(at, from+i)
		from += i + len(placeholder)
	}
}

// Next returns the next request with new ids. It is valid until the call after it.
func (s *Stream) Next() []byte {
	r := &s.requests[s.n%len(s.requests)]
	s.n++
	for i, at := range r.ids {
		writeUUID(r.text[at:at+36], s.chacha.Uint64(), s.chacha.Uint64())
		x := s.chacha.Uint64()
		account := (x >> 32) * s.accounts >> 32
		if s.walk > 0 {
			account, s.at = s.at%s.accounts, s.at+s.walk
		}
		digits(r.text[r.accounts[i]+len("account-"):][:7], account)
		digits(r.text[r.user[i]+len("user-"):][:8], account*usersEach+x%usersEach)
	}
	return r.text
}

// Body returns the next request's body, for what decodes without HTTP.
func (s *Stream) Body() []byte {
	at := s.requests[s.n%len(s.requests)].body
	return s.Next()[at:]
}

func writeUUID(out []byte, a, b uint64) {
	var raw [16]byte
	binary.LittleEndian.PutUint64(raw[:], a)
	binary.LittleEndian.PutUint64(raw[8:], b)
	raw[6], raw[8] = raw[6]&0x0f|0x40, raw[8]&0x3f|0x80
	hex.Encode(out, raw[:4])
	hex.Encode(out[9:], raw[4:6])
	hex.Encode(out[14:], raw[6:8])
	hex.Encode(out[19:], raw[8:10])
	hex.Encode(out[24:], raw[10:])
}

func digits(out []byte, n uint64) {
	for i := len(out) - 1; i >= 0; i-- {
		out[i] = byte('0' + n%10)
		n /= 10
	}
}
