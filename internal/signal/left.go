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
	rule  uint64     // catalog.Signal.Mark
	first clock.Time // the first beginning that nothing has ended yet; zero when there is none
	ended clock.Time // the newest end
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

// begins notes a beginning for the rules of a stream, and sets the timer. Once all of them have
// one, the next costs a comparison.
func (st *State) begins(se *series, t *catalog.Stream, f *fact) {
	if se.begun == st.ends+1 && f.at >= se.begunAt {
		return
	}
	all, newest := true, clock.Time(0)
	for _, r := range t.Left {
		l := st.leftOf(r.Mark())
		if due := f.at.Add(r.When.Within); (l.first == 0 || f.at < l.first) && st.opens(r, l, due, f) {
			l.first = f.at
			st.wakeBy(due)
		}
		all, newest = all && l.first != 0, max(newest, l.first)
	}
	if all {
		se.begun, se.begunAt = st.ends+1, newest
	}
}

// opens says whether a beginning counts: not when it was left before anybody knew that it was
// begun, nor when it is used up, or ended by what came in before it.
func (st *State) opens(r *catalog.Signal, l *left, due clock.Time, f *fact) bool {
	if due <= f.Now || !f.timely(r, due) || f.at <= l.ended {
		return false
	}
	at, was := st.fired(r)
	return !was || f.at > at
}

// endsAll notes an end for the rules whose beginnings it ends.
func (st *State) endsAll(t *catalog.Stream, f *fact) {
	for i, r := range t.Ends {
		l := st.leftOf(r.Mark())
		if l.ended != 0 && f.at <= l.ended {
			continue
		}
		l.ended = f.at
		if l.first != 0 && l.first <= f.at {
			l.first = 0
			st.ends++
			// Of what began after an end that comes in late, the newest is known.
			if se := st.of(t.Began[i].ID); se != nil && se.last > f.at && se.last.Add(r.When.Within) > f.Now {
				l.first = se.last
				st.wakeBy(l.due(r))
			}
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
	l.first = 0
	st.ends++
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
