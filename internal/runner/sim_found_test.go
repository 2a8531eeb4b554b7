package runner

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/db/dbtest"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/eventlog"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/store"
)

// What the simulation found, each by itself.

// An activation makes the runner ask for the catalog in the middle of a message. A process
// that was told to stop just then wrote a checkpoint that held a part of the message, and a
// catalog that nobody could find.
func TestAProcessThatStopsInTheMiddleOfAMessageWritesNothingOfIt(t *testing.T) {
	var cut, asked atomic.Bool
	server, err := dbtest.NewServer(t.Context(), filepath.Join(t.TempDir(), "headroom.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	d, err := server.Open(t.Context(), func(_ context.Context, _ dbtest.Op, query string, do func() error) error {
		if cut.Load() && strings.Contains(query, "FROM catalogs") {
			asked.Store(true)
			return errors.New("unexpected EOF")
		}
		return do()
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	s := &shop{t: t, db: d, store: store.New(d)}
	if s.log, err = eventlog.Open(t.Context(), eventlog.Options{Dir: t.TempDir(), MinFree: -1, Logger: slog.New(slog.DiscardHandler)}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.log.Close() })
	if _, _, err := s.store.InitPartitions(t.Context(), partitions, s.log.Identity()); err != nil {
		t.Fatal(err)
	}
	first := s.start(func(o *Options) { o.Clock = clock.Test(clock.Day) })
	activate(t, first)
	subscribe(t, first, "acme")
	text := strings.ReplaceAll(catalogText, "speakers: 10", "speakers: 20")
	next, _ := catalog.Parse("next", []byte(text))
	body, err := json.Marshal(engine.Activation{Rules: engine.Rules, Text: text})
	if err != nil {
		t.Fatal(err)
	}
	cut.Store(true)
	submit(t, first, added("acme", ""), event.Record{Kind: event.KindCatalog, Type: next.Version, Body: body})
	until(t, "the catalog to be asked for", asked.Load)
	first.Close()
	cut.Store(false)
	second := s.start(func(o *Options) { o.Clock = clock.Test(clock.Day) })
	_, end, err := s.log.Bounds(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := speakers(t, second, "acme", end); got != quantity.One {
		t.Errorf("acme has %s speakers, want 1", got)
	}
}

// A frozen node woke, loaded what its successor had written, saw that the partition was no
// longer its own, and showed that to a reader who was waiting.
func TestWhatALostPartitionHoldsIsNeitherReadNorSteppedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRunner(Options{Partitions: 1, Logger: slog.New(slog.DiscardHandler)})
		p := newPartition(r, 0, 1)
		p.state = engine.NewState(0, 1, 0, "", engine.Rules, nil)
		p.cat = &catalog.Catalog{}
		if err := p.state.LoadAccount("acme", nil); err != nil {
			t.Fatal(err)
		}
		r.owned[0] = p
		p.mu.Lock()
		var err error
		go func() {
			err = r.Read(t.Context(), "acme", 0, func(View) error { t.Error("it was read"); return nil })
		}()
		synctest.Wait() // the reader waits for the lock
		p.lose()
		p.mu.Unlock()
		synctest.Wait()
		if !errors.Is(err, errLost) {
			t.Errorf("the reader heard %v", err)
		}
		if err := p.apply(t.Context(), item{position: 2}); !errors.Is(err, errLost) || p.state.Position != 1 {
			t.Errorf("the next message was stepped to %d, %v", p.state.Position, err)
		}
	})
}
