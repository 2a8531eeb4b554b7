package api

import (
	"context"
	"strconv"
	"sync"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
)

// gates turns checks that said no into events, one per account, user, feature and minute.
// The derived id makes that hold across processes; the memory of the last minute only
// saves the append.
type gates struct {
	mu     sync.Mutex
	minute int64
	seen   map[string]uint64 // id → position
}

func newGates() *gates { return &gates{seen: make(map[string]uint64)} }

// maxGates bounds the memory of one minute; beyond it the log's own counting once serves.
const maxGates = 50_000

// touched records that a check said no and returns the position of the record.
func (s *Server) touched(ctx context.Context, account, user, feature, placement string) (uint64, error) {
	now := s.Clock.Now()
	minute := int64(now / clock.Minute)
	id := account + "\x00" + user + "\x00" + feature + "\x00" + strconv.FormatInt(minute, 36)
	g := s.gates
	g.mu.Lock()
	if g.minute != minute {
		g.minute = minute
		clear(g.seen)
	}
	position, known := g.seen[id]
	g.mu.Unlock()
	if known {
		return position, nil
	}
	rec := event.Record{Kind: event.KindGate, Source: "headroom:gate", ID: id, Key: account, User: user, Type: feature, ReceivedAt: now}
	if placement != "" {
		rec.Props = []event.Prop{{Name: event.PropPlacement, Value: event.Value{Kind: event.String, Text: placement}}}
	}
	position, err := s.Runner.Submit(ctx, rec)
	if err != nil {
		return 0, err
	}
	g.mu.Lock()
	if g.minute == minute && len(g.seen) < maxGates {
		g.seen[id] = position
	}
	g.mu.Unlock()
	return position, nil
}
