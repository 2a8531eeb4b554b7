package engine

import (
	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
)

// FactCall is the body of a fact record: Fact sets one, Delete takes the one of that name (and
// Ref) away or closes it.
type FactCall struct {
	Fact   account.Fact `json:"fact"`
	Delete bool         `json:"delete,omitempty"`
}

// FactAnswer is what the sender of a fact is told.
type FactAnswer struct {
	Deleted bool          `json:"deleted,omitempty"`
	Items   account.Facts `json:"items"`
}

// fact sets what another system knows of the account.
func (s *State) fact(a *Account, r *event.Record) Answer {
	call, err := decode[FactCall](r)
	if err != nil {
		return refused(err)
	}
	var out FactAnswer
	if call.Delete {
		if out.Deleted = a.Known.Delete(call.Fact.Name, call.Fact.Ref, s.Now); out.Deleted {
			s.factChanged(a, call.Fact, true)
		}
	} else if err := s.known(a, call.Fact); err != nil {
		return refused(err)
	}
	out.Items = a.Known
	if out.Items == nil {
		out.Items = account.Facts{}
	}
	return ok(out)
}

// known keeps a fact.
func (s *State) known(a *Account, f account.Fact) error {
	if f.At == 0 {
		f.At = s.Now
	}
	if err := a.Known.Put(f, s.Now); err != nil {
		return err
	}
	s.factChanged(a, f, false)
	return nil
}

// FactRow is a change of a fact as timelines show it.
type FactRow struct {
	Account string
	Seq     int64
	At      clock.Time // when it was said
	Ended   bool       // it was taken away or closed
	Fact    account.Fact
}

func (s *State) factChanged(a *Account, f account.Fact, ended bool) {
	a.Told++
	f.Note = ""
	s.effects.Facts = append(s.effects.Facts, FactRow{a.key, a.Told, s.Now, ended, f})
}
