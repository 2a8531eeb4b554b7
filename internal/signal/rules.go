package signal

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
)

// OnGate fires the gate rules of a feature: Times touches that lie at most Within apart,
// and not again before Within has passed. Touches may come in any order; one so late that
// its signal would have decayed counts and does not fire.
func OnGate(st *State, in GateTouch, rules []*catalog.Signal, c Context) []Signal {
	var out []Signal
	at := moment(in.At, c.Now)
	for _, r := range rules {
		if r.State == retired || r.When.Gate != in.Feature {
			continue
		}
		g := st.Gates[r.Key]
		if g == nil {
			if st.Gates == nil {
				st.Gates = make(map[string]*GateTouches)
			}
			g = &GateTouches{}
			st.Gates[r.Key] = g
		}
		times := max(r.When.Times, 1)
		if g.Fired != 0 && at <= g.Fired {
			continue // before or at the last firing: used up with it
		}
		i, _ := slices.BinarySearch(g.At, at)
		g.At = slices.Insert(g.At, i, at)
		if extra := len(g.At) - times; extra > 0 {
			g.At = slices.Delete(g.At, 0, extra)
		}
		if len(g.At) < times {
			continue
		}
		first, last := g.At[0], g.At[len(g.At)-1]
		quiet := g.Fired != 0 && last < g.Fired.Add(r.When.Within)
		if quiet || (times > 1 && last.Sub(first) > r.When.Within) || last.Add(life(r)) <= c.Now {
			continue
		}
		*g = GateTouches{Fired: last}
		evidence := gateEvidence(in, times, last.Sub(first))
		data := map[string]string{
			"feature": in.Feature, "times": strconv.Itoa(times),
			"first_at": first.String(), "last_at": last.String(),
		}
		out = append(out, fire(st, r, c, last, evidence, data, gateScore(r, times, first, last)))
	}
	return out
}

// OnEvent counts an occurrence and fires the rules whose Nth it is. Types without rules
// are not counted.
func OnEvent(st *State, in Occurrence, rules []*catalog.Signal, c Context) []Signal {
	live := false
	for _, r := range rules {
		live = live || (r.State != retired && r.When.Event == in.Type)
	}
	if !live {
		return nil
	}
	if st.Events == nil {
		st.Events = make(map[string]int64)
	}
	st.Events[in.Type]++
	n, at := st.Events[in.Type], moment(in.At, c.Now)
	var out []Signal
	for _, r := range rules {
		if r.State == retired || r.When.Event != in.Type || r.When.Nth != n || in.Late || at.Add(life(r)) <= c.Now {
			continue
		}
		data := map[string]string{"event": in.Type, "nth": strconv.FormatInt(n, 10)}
		out = append(out, fire(st, r, c, at, Milestone(in.Type, n), data, eventScore(n)))
	}
	return out
}

// OnTrial fires the trial rules that are due now and have not fired for this end of the
// trial. After the end none fires.
func OnTrial(st *State, in Trial, rules []*catalog.Signal, c Context) []Signal {
	var out []Signal
	for _, r := range rules {
		if !waits(st, r, in.EndsAt, c.Now) || in.EndsAt.Add(-r.When.TrialEndsIn) > c.Now {
			continue
		}
		if st.Trials == nil {
			st.Trials = make(map[string]clock.Time)
		}
		st.Trials[r.Key] = in.EndsAt
		data := map[string]string{"plan": in.Plan, "trial_ends_at": in.EndsAt.String()}
		left := in.EndsAt.Sub(c.Now)
		evidence := fmt.Sprintf("Trial of %s ends in %s", in.Title, Span(left))
		out = append(out, fire(st, r, c, c.Now, evidence, data, trialScore(left)))
	}
	return out
}

// NextDue returns when OnTrial is to be called next, for the timer: possibly a time
// already past, then at once; unset when no rule waits for this trial.
func NextDue(st *State, trialEndsAt clock.Time, rules []*catalog.Signal, now clock.Time) clock.Time {
	var next clock.Time
	for _, r := range rules {
		if !waits(st, r, trialEndsAt, now) {
			continue
		}
		if due := trialEndsAt.Add(-r.When.TrialEndsIn); next == 0 || due < next {
			next = due
		}
	}
	return next
}

// Alive returns the signals that have not decayed at now, newest first.
func (st *State) Alive(now clock.Time) []Signal {
	var out []Signal
	for _, s := range slices.Backward(st.Live) {
		if s.DecaysAt > now {
			out = append(out, s)
		}
	}
	return out
}

// Prune forgets rules that are no longer in the catalog. Call it when an account is first
// stepped under another catalog version.
func (st *State) Prune(rules map[string]*catalog.Signal) {
	types := make(map[string]bool)
	for _, r := range rules {
		types[r.When.Event] = true
	}
	for key := range st.Limits {
		if rules[key] == nil {
			delete(st.Limits, key)
		}
	}
	for key := range st.Gates {
		if rules[key] == nil {
			delete(st.Gates, key)
		}
	}
	for key := range st.Trials {
		if rules[key] == nil {
			delete(st.Trials, key)
		}
	}
	for eventType := range st.Events {
		if !types[eventType] {
			delete(st.Events, eventType)
		}
	}
	st.Live = slices.DeleteFunc(st.Live, func(s Signal) bool { return rules[s.Key] == nil })
}

func gateEvidence(in GateTouch, times int, span time.Duration) string {
	often := Times(times)
	if times > 1 {
		often += " in " + Span(span)
	}
	switch {
	case in.Limit > 0:
		return fmt.Sprintf("Wanted more than %s %s %s", Grouped(in.Limit.String()), Inside(in.Title), often)
	case in.Plan != "":
		return fmt.Sprintf("Opened %s %s, which %s does not include", in.Title, often, in.Plan)
	}
	return fmt.Sprintf("Opened %s %s without having it", in.Title, often)
}

const retired = "retired"

// waits says whether a trial rule can still fire for a trial that ends at ends.
func waits(st *State, r *catalog.Signal, ends, now clock.Time) bool {
	return r.State != retired && r.When.TrialEndsIn > 0 && ends > now && st.Trials[r.Key] != ends
}

// fire makes the signal and keeps it as the rule's one live signal.
func fire(st *State, r *catalog.Signal, c Context, at clock.Time, evidence string, data map[string]string, parts []Part) Signal {
	st.Fired++
	parts = append(parts, standing(r))
	s := Signal{
		ID: c.ID("signal", strconv.FormatInt(st.Fired, 10)), Key: r.Key, Type: r.Type,
		Account: c.Account, User: strings.Clone(c.User), At: at, Evidence: evidence,
		DecaysAt: at.Add(life(r)), Data: data, ScoreParts: parts,
	}
	for _, p := range parts {
		s.Score += p.Points
	}
	st.Live = slices.DeleteFunc(st.Live, func(old Signal) bool { return old.Key == r.Key || old.DecaysAt <= c.Now })
	st.Live = append(st.Live, s)
	slices.SortStableFunc(st.Live, func(a, b Signal) int { return cmp.Compare(a.At, b.At) })
	if extra := len(st.Live) - maxLive; extra > 0 {
		st.Live = slices.Delete(st.Live, 0, extra)
	}
	return s
}

// life is how long a rule's signals stay worth acting on.
func life(r *catalog.Signal) time.Duration {
	if r.Decays > 0 {
		return r.Decays
	}
	return 30 * 24 * time.Hour
}

// moment is when a fact happened: never later than now, whatever the sender's clock says.
func moment(at, now clock.Time) clock.Time {
	if at == 0 || at > now {
		return now
	}
	return at
}
