package api

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/runner"
)

// The entitlements of accounts as server-sent events: each account's whole set first, then
// what changed. What of an account was sent stands in followed; how it gets into ids, so that
// a reader that comes back hears only what it missed, in stream_set.go; what other nodes own,
// in stream_relay.go. ADR 0028 has the reasons.

const (
	maxFollowed  = 1000                   // accounts of one stream
	streamPause  = 50 * time.Millisecond  // least time between two rounds of changes
	streamRetry  = 250 * time.Millisecond // until an account that could not be read is tried again
	streamBeat   = 15 * time.Second       // between two signs of life
	streamSilent = 45 * time.Second       // after which another node's stream is given up
)

// streaming says which calls stay open as long as somebody listens.
func streaming(path string) bool {
	return path == "/v1/changes" || path == "/v1/entitlements/stream" ||
		strings.HasPrefix(path, "/v1/accounts/") && strings.HasSuffix(path, "/entitlements/stream")
}

func (s *Server) accountStream(w http.ResponseWriter, r *http.Request) error {
	return s.stream(w, r, []string{r.PathValue("account")})
}

func (s *Server) accountsStream(w http.ResponseWriter, r *http.Request) error {
	accounts := slices.Clone(r.URL.Query()["account"])
	if own := principal(r.Context()).Account; len(accounts) == 0 && own != "" {
		accounts = []string{own}
	}
	slices.Sort(accounts)
	accounts = slices.Compact(accounts)
	switch {
	case len(accounts) == 0:
		return fault.New(fault.Invalid, "account_missing", "account is missing").WithField("query.account", "", "is required: the key of an account, once for each")
	case len(accounts) > maxFollowed:
		return fault.New(fault.TooLarge, "accounts_too_many", "%d accounts are more than one stream follows", len(accounts)).
			WithMend("open several streams, of up to %d accounts each", maxFollowed)
	}
	return s.stream(w, r, accounts)
}

// stream answers with the entitlements of the accounts, sorted, until the reader leaves.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, accounts []string) error {
	for _, key := range accounts {
		if err := cmp.Or(event.CheckKey(key), checkName("account", key), principal(r.Context()).ForAccount(key)); err != nil {
			return err
		}
	}
	if err := checkName("lang", r.URL.Query().Get("lang")); err != nil {
		return err
	}
	after, err := s.after(r.Context(), r.Header.Get(positionHeader))
	if err != nil {
		return err
	}
	end, err := s.streams.open(principal(r.Context()))
	if err != nil {
		return err
	}
	defer end()
	ctx, cancel := context.WithCancel(r.Context())
	st := newStream(s, w, r, accounts, after)
	defer st.close()
	defer cancel()
	if err := st.begin(ctx); err != nil {
		return err
	}
	s.meters.streams.Add(1)
	defer s.meters.streams.Add(-1)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no")
	if err := st.comment("open"); err == nil {
		st.run(ctx)
	}
	return nil
}

// stream is one connection.
type stream struct {
	s         *Server
	w         http.ResponseWriter
	conn      *http.ResponseController
	r         *http.Request
	after     uint64 // reads see at least this
	high      uint64 // highest position that was sent
	accounts  map[string]*followed
	keys      []string // of accounts, sorted
	sums      sums     // of what was sent
	resumed   sums     // of what the reader has, from the id it came back with; nil: it has nothing
	watch     *runner.Watch
	below     map[string]map[string]bool // accounts by those above them whose pools they draw from
	language  string                     // of languages, for sums
	languages []string
	dirty     []string // to be read now
	failed    []string // to be read after a pause
	relays    relays
	buf       []byte
}

func newStream(s *Server, w http.ResponseWriter, r *http.Request, accounts []string, after uint64) *stream {
	st := &stream{s: s, w: w, r: r, conn: http.NewResponseController(w), after: after, below: make(map[string]map[string]bool),
		languages: entitlement.ParseLanguages(r.URL.Query().Get("lang"), r.Header.Get("Accept-Language")), accounts: make(map[string]*followed, len(accounts)), keys: accounts, sums: newSums(len(accounts)), watch: s.Runner.Watch(), relays: newRelays()}
	st.language = strings.Join(st.languages, ",")
	for i, key := range accounts {
		st.accounts[key] = &followed{account: key, bucket: bucketOf(i, len(accounts))}
	}
	if position, have, ok := parseStreamID(r.Header.Get("Last-Event-ID"), len(accounts)); ok {
		// Of a log that was restored from a backup since, the reader knows what is no more: it
		// hears everything anew.
		if seen, err := s.after(r.Context(), position); err == nil {
			st.resumed, st.after = have, max(st.after, seen)
		}
	}
	return st
}

// close lets go of everything, once the stream's context has ended.
func (st *stream) close() {
	st.watch.Close()
	st.relays.running.Wait()
}

// begin finds out who owns the accounts and begins to watch. Nothing is written yet: what is
// wrong can still be answered as a problem, or by the node that owns them all.
func (st *stream) begin(whole context.Context) error {
	ctx, cancel := context.WithTimeout(whole, st.s.Timeout)
	defer cancel()
	elsewhere := make(map[string][]string)
	for _, key := range st.keys {
		err := st.watch.Read(ctx, key, st.after, func(runner.View) (clock.Time, error) { return 0, nil })
		if other, ok := errors.AsType[*runner.Elsewhere](err); ok {
			elsewhere[other.Address] = append(elsewhere[other.Address], key)
			if st.forwarded() {
				return err
			}
			continue
		}
		if runner.Moving(err) {
			st.failed = append(st.failed, key) // they are told of when it is there
			continue
		}
		if err != nil {
			return err
		}
		st.dirty = append(st.dirty, key)
	}
	for address, keys := range elsewhere {
		if len(keys) == len(st.keys) {
			return &runner.Elsewhere{Address: address}
		}
		st.relays.open(whole, st, address, keys)
	}
	st.resume(ctx)
	return nil
}

// forwarded says whether another node asks for its reader.
func (st *stream) forwarded() bool { return st.r.Header.Get(forwardedHeader) != "" }

// run sends until somebody leaves.
func (st *stream) run(ctx context.Context) {
	beat := time.NewTicker(streamBeat)
	defer beat.Stop()
	pause, retry := time.NewTimer(0), time.NewTimer(0) // both are over at once
	defer pause.Stop()
	defer retry.Stop()
	told, resting := st.watch.Changed(), false
	for {
		if !resting && len(st.dirty) > 0 {
			if err := st.round(ctx); err != nil {
				return
			}
			pause.Reset(streamPause)
			resting = true
			if len(st.failed) > 0 {
				retry.Reset(streamRetry)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-st.s.leaving:
			return
		case <-pause.C:
			resting = false
		case <-retry.C:
			st.dirty, st.failed = merge(st.dirty, st.failed), nil
		case <-told:
			st.dirty = merge(st.dirty, st.changed())
		case m := <-st.relays.out:
			if err := st.relayed(m); err != nil {
				return
			}
			if len(st.failed) > 0 {
				retry.Reset(streamRetry)
			}
		case <-beat.C:
			if _, err := st.s.authenticate(st.r); err != nil {
				return // the key was revoked, the user token ran out
			}
			// While a lease may have run out nobody here knows whether the sets still hold, and the
			// reader hears nothing.
			if len(st.failed) == 0 && st.watch.Fresh() && st.comment("here") != nil {
				return
			}
		}
	}
}

// round reads the accounts that may have changed and sends what did.
func (st *stream) round(ctx context.Context) error {
	keys, patience := st.dirty, time.Second
	st.dirty = nil
	elsewhere := make(map[string][]string)
	for _, key := range keys {
		f := st.accounts[key]
		timed, cancel := context.WithTimeout(ctx, patience)
		u, err := st.read(timed, f)
		cancel()
		if other, ok := errors.AsType[*runner.Elsewhere](err); ok {
			if st.forwarded() {
				return err // who asked finds the account anew
			}
			st.watch.Forget(key)
			elsewhere[other.Address] = append(elsewhere[other.Address], key)
			continue
		}
		if err != nil {
			patience = 50 * time.Millisecond // the others must not wait as long
			if !runner.Moving(err) && timed.Err() == nil {
				st.s.Logger.Warn("an account's entitlements could not be read for a stream; trying again", "error", err)
			}
			st.failed = append(st.failed, key)
			continue
		}
		if err := st.emit(f, u); err != nil {
			return err
		}
	}
	for address, keys := range elsewhere {
		st.relays.open(ctx, st, address, keys)
	}
	return st.flush()
}

// emit sends what is new in a set to the reader, if anything is.
func (st *stream) emit(f *followed, u *accountUpdate) error {
	was := f.sum(st.language)
	name := f.take(u)
	st.high = max(st.high, u.at)
	now := f.sum(st.language)
	st.sums[f.bucket] ^= was ^ now
	if name == "" || st.has(f, u, was, now) {
		return nil
	}
	st.buf = append(st.buf[:0], "id: "...)
	st.buf = st.sums.appendID(st.buf, st.s.Runner.Position(st.high))
	st.buf = append(st.buf, "\nevent: "...)
	st.buf = append(st.buf, name...)
	st.buf = append(st.buf, "\ndata: "...)
	st.buf = u.appendJSON(st.buf)
	st.buf = append(st.buf, "\n\n"...)
	return st.write(st.buf)
}

func (st *stream) comment(text string) error {
	if err := st.write([]byte(": " + text + "\n\n")); err != nil {
		return err
	}
	return st.flush()
}

// write sends some bytes. It stays open as long as somebody reads them: a reader that takes
// nothing for so long is cut off, and hears the latest when it comes back.
func (st *stream) write(b []byte) error {
	_ = st.conn.SetWriteDeadline(time.Now().Add(slack))
	_, err := st.w.Write(b) //nolint:gosec // server-sent events of JSON texts, no page
	return err
}

func (st *stream) flush() error { return st.conn.Flush() }

// merge returns the keys of both, sorted, each once.
func merge(a, b []string) []string {
	a = append(a, b...)
	slices.Sort(a)
	return slices.Compact(a)
}

func accountStreamOperation(s *Server, op *huma.Operation) {
	op.Parameters = append(op.Parameters, &huma.Param{Name: "account", In: "path", Required: true, Schema: &huma.Schema{Type: "string"}})
	streamOperation(s, op)
}

func accountsStreamOperation(s *Server, op *huma.Operation) {
	op.Parameters = append(op.Parameters, &huma.Param{Name: "account", In: "query", Schema: &huma.Schema{Type: "array", Items: &huma.Schema{Type: "string"}, MaxItems: new(maxFollowed)},
		Description: "key of an account, once for each, up to 1,000; for a publishable key that of its user token when left out"})
	streamOperation(s, op)
}

func streamOperation(s *Server, op *huma.Operation) {
	changesOperation(s, op)
	op.Parameters = append(op.Parameters, &huma.Param{Name: "lang", In: "query", Schema: &huma.Schema{Type: "string"}, Description: "language of what is said of features, such as `de`; where the catalog has none, its own"})
	header(op, "Last-Event-ID", false)
	header(op, positionHeader, false)
}
