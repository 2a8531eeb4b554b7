package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/headroomhq/headroom/internal/clock"
)

// Accounts of one stream may be owned by several nodes. Whoever the reader asked reads the
// streams of the others and passes on what they say. Nothing is kept on the way: where the
// reader is slow, the other node waits too, and then says how things are by then.

// relays are the streams of other nodes that one stream is made of.
type relays struct {
	out     chan relayed
	running *sync.WaitGroup
}

// relayed is what came from another node: an update, or the end.
type relayed struct {
	update *accountUpdate // nil: the stream ended
	keys   []string       // of the stream
}

func newRelays() relays {
	return relays{out: make(chan relayed), running: new(sync.WaitGroup)}
}

// open begins to read the accounts' stream at another node, until ctx ends.
func (r *relays) open(ctx context.Context, st *stream, address string, keys []string) {
	query := url.Values{"account": keys}
	if lang := st.r.URL.Query().Get("lang"); lang != "" {
		query.Set("lang", lang)
	}
	header := st.r.Header.Clone() // with the key of whoever asks
	header.Del("Last-Event-ID")
	header.Del("Accept-Encoding")
	header.Set(forwardedHeader, "1")
	if after := max(st.after, st.high); after > 0 { // never back to before what was sent
		header.Set(positionHeader, st.s.Runner.Position(after))
	}
	r.running.Go(func() {
		reading, cancel := context.WithCancel(ctx)
		defer cancel()
		if err := st.s.follow(reading, cancel, address+"/v1/entitlements/stream?"+query.Encode(), header, func(u *accountUpdate) { r.send(ctx, relayed{u, keys}) }); err != nil && ctx.Err() == nil {
			st.s.Logger.Info("another node's stream of entitlements ended; looking for who owns the accounts now", "node", address, "accounts", len(keys), "error", err)
		}
		r.send(ctx, relayed{nil, keys})
	})
}

func (r *relays) send(ctx context.Context, m relayed) {
	select {
	case r.out <- m:
	case <-ctx.Done():
	}
}

// relayed passes on what came from another node.
func (st *stream) relayed(m relayed) error {
	if m.update == nil {
		st.failed = merge(st.failed, m.keys)
		return nil
	}
	f := st.accounts[m.update.account]
	if f == nil {
		return nil
	}
	position, err := st.s.Runner.ParsePosition(m.update.position)
	if err != nil {
		return nil //nolint:nilerr // of another log: not a node of ours
	}
	m.update.at = position
	if err := st.emit(f, m.update); err != nil {
		return err
	}
	return st.flush()
}

// follow reads the stream at an address until it ends, or says nothing for too long.
func (s *Server) follow(ctx context.Context, cancel context.CancelFunc, address string, header http.Header, f func(*accountUpdate)) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	req.Header = header
	silence := time.AfterFunc(streamSilent, cancel)
	defer silence.Stop()
	resp, err := s.nodes.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("it answers %s", resp.Status)
	}
	in := bufio.NewReader(resp.Body)
	var name, data []byte
	for {
		line, err := in.ReadBytes('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		silence.Reset(streamSilent)
		line = bytes.TrimSuffix(line, []byte("\n"))
		switch {
		case bytes.HasPrefix(line, []byte("event: ")):
			name = line[len("event: "):]
		case bytes.HasPrefix(line, []byte("data: ")):
			data = line[len("data: "):]
		case len(line) == 0 && data != nil:
			u, err := parseUpdate(string(name), data)
			if err != nil {
				return err
			}
			name, data = nil, nil
			f(u)
		}
	}
}

// parseUpdate reads the data of an event.
func parseUpdate(name string, data []byte) (*accountUpdate, error) {
	var in struct {
		Account, Catalog, Position string
		Items                      []json.RawMessage
		Removed                    []string
		Now                        clock.Time
		Stale                      bool
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, err
	}
	u := &accountUpdate{account: in.Account, whole: name == "entitlements", catalog: in.Catalog, position: in.Position, removed: in.Removed, now: in.Now, stale: in.Stale}
	for _, raw := range in.Items {
		var item struct{ Feature string }
		if err := json.Unmarshal(raw, &item); err != nil {
			return nil, err
		}
		u.items = append(u.items, streamItem{item.Feature, raw})
	}
	return u, nil
}
