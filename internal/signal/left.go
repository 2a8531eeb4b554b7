package signal

import (
	"slices"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
)

// What was begun and left: a beginning (an event, or the touch of a locked feature) that what
// ends it does not follow in time. The first beginning since the last end counts.

// left is what a rule on what is left remembers.
type left struct {
	rule        uint64     // catalog.Signal.Mark
	first, last clock.Time // beginnings that nothing has ended yet; zero when there are none
	ended       clock.Time // the newest end
}

func (l *left) key() uint64 { return l.rule }

// leftOf is what the rule of a mark remembers, made when it is not there. It is valid until the
// next call.
func (st *State) leftOf(mark uint64) *left {
	i, ok := find(st.left, mark, (*left).key)
	if !ok {
		st.left = slices.Insert(st.left, i, left{rule: mark})
	}
	return &st.left[i]
}

// begins notes a beginning for the rules of a stream, and sets the timer.
func (st *State) begins(t *catalog.Stream, f *fact) {
	for _, r := range t.Left {
		due := f.at.Add(r.When.Within)
		if due <= f.Now || !f.timely(r, due) {
			continue // it was left before anybody knew that it was begun
		}
		if at, was := st.fired(r); was && f.at <= at {
			continue // used up
		}
		l := st.leftOf(r.Mark())
		if f.at <= l.ended {
			continue
		}
		if l.first == 0 || f.at < l.first {
			l.first = f.at
			st.wakeBy(due)
		}
		l.last = max(l.last, f.at)
	}
}

// ends notes an end for the rules whose beginnings it ends.
func (st *State) ends(t *catalog.Stream, f *fact) {
	for _, r := range t.Ends {
		l := st.leftOf(r.Mark())
		if l.ended != 0 && f.at <= l.ended {
			continue
		}
		l.ended = f.at
		switch {
		case l.last <= f.at:
			l.first, l.last = 0, 0
		case l.first <= f.at: // an end that comes in late: what began after it stays open
			l.first = l.last
			st.wakeBy(l.first.Add(r.When.Within))
		}
		st.end(r)
	}
}

// due returns when what is open is left; zero when nothing is.
func (l *left) due(r *catalog.Signal) clock.Time {
	if l.first == 0 {
		return 0
	}
	return l.first.Add(r.When.Within)
}

// leave fires a rule on what was begun and left at a time.
func (st *State) leave(r *catalog.Signal, at clock.Time, streams *catalog.Streams, c Context) []Signal {
	l := st.leftOf(r.Mark())
	began := l.first
	if l.first, l.last = 0, max(l.last, at); l.last > at {
		l.first = l.last
	} else {
		l.last = 0
	}
	st.mark(r, at)
	t := streams.BeginOf(r.Mark())
	data := map[string]string{"began_at": began.String(), "without": r.When.Without}
	name := t.Type
	if r.When.Gate != "" {
		data["feature"] = t.Type
		if c.Title != nil {
			name = c.Title(t.Type)
		}
	} else {
		data["event"] = t.Type
	}
	return fire(st, r, c, at, leftEvidence(r, name), data, leftScore(r))
}

// leftEvidence says what was left: "Started an upgrade and then did not complete an upgrade
// within 2 days".
func leftEvidence(r *catalog.Signal, name string) string {
	words := `The event "` + name + `" happened`
	if r.When.Gate != "" {
		words = "Opened " + name + " without having it"
	} else if verb, object, ok := deed(name); ok {
		words = capital(verb) + " " + some(object)
	}
	missing := `"` + r.When.Without + `" did not follow`
	if verb, object, ok := deed(r.When.Without); ok {
		missing = "has not " + verb + " " + some(object)
	}
	return words + ", and " + missing + " for " + Span(r.When.Within)
}

func leftScore(r *catalog.Signal) []Part {
	return []Part{
		{Name: "intent", Points: 50, Why: "began it and did not come to its end"},
		{Name: "how pressing", Points: 15, Why: "left for " + Span(r.When.Within)},
	}
}
