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
		out = append(out, fire(st, r, c, c.Now, evidence, data, trialScore(left))...)
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

const retired = "retired"

// waits says whether a trial rule can still fire for a trial that ends at ends.
func waits(st *State, r *catalog.Signal, ends, now clock.Time) bool {
	return r.State != retired && r.When.TrialEndsIn > 0 && ends > now && st.Trials[r.Key] != ends
}

// fire makes the signal and keeps it as the rule's one live signal, unless the rule asks for more
// that does not hold: then there is none.
func fire(st *State, r *catalog.Signal, c Context, at clock.Time, evidence string, data map[string]string, parts []Part) []Signal {
	if r.When.And != nil && (c.Holds == nil || !c.Holds(r, r.When.And)) {
		return nil
	}
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
	return []Signal{s}
}

// end takes a rule's live signal away: what it told of is over.
func (st *State) end(r *catalog.Signal) {
	for i := range slices.Backward(st.Live) {
		if st.Live[i].Key == r.Key {
			st.Live = slices.Delete(st.Live, i, i+1)
		}
	}
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
