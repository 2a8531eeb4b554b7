package signal

import (
	"fmt"
	"strconv"
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
)

// What an account's people do and where they have come to: milestones, people outside of its plan,
// champions.

// Reached is a milestone that an account has just reached.
type Reached struct {
	Milestone string
	Title     string
	At        clock.Time
	Took      time.Duration // since the account began; 0: not known
}

// OnMilestone fires the rules on a milestone, once, and ends those on not reaching it.
func OnMilestone(st *State, rules []*catalog.Signal, in Reached, c Context) []Signal {
	var out []Signal
	for _, r := range rules {
		if r.State == retired || r.When.Milestone != in.Milestone || st.knows(r, 0) != nil {
			continue
		}
		st.remember(r, 0).at = in.At
		at := moment(in.At, c.Now)
		if at.Add(life(r)) <= c.Now {
			continue
		}
		evidence := "Reached the milestone " + quoted(in.Title)
		if in.Took > 0 {
			evidence += ", " + Span(in.Took) + " after it began"
		}
		data := map[string]string{"milestone": in.Milestone, "reached_at": in.At.String()}
		out = append(out, fire(st, r, c, at, evidence, data, []Part{
			{Name: "journey", Points: 50, Why: "has come so far"},
			{Name: "how pressing", Points: 5, Why: "it is no obstacle"},
		})...)
	}
	return out
}

// Stuck is where an account stands with a milestone that it was to reach by a time.
type Stuck struct {
	Milestone string
	Title     string
	Began     clock.Time // the account's start
	By        clock.Time // when it was to be reached; unset: it is not to reach it, or no time is said
	Reached   bool
}

// OnStuck fires a rule on a milestone that was not reached for a time after it should have been,
// once; reaching it ends the signal.
func OnStuck(st *State, r *catalog.Signal, in Stuck, c Context) []Signal {
	if r.State == retired || r.When.Stuck != in.Milestone {
		return nil
	}
	so := !in.Reached && in.By != 0 && in.By.Add(r.When.For) <= c.Now
	return st.whileSo(r, 0, so, c, func() (string, map[string]string, []Part) {
		late := c.Now.Sub(in.By)
		evidence := fmt.Sprintf("Has not reached the milestone %s in %s; it was to take %s", quoted(in.Title), Span(c.Now.Sub(in.Began)), Span(in.By.Sub(in.Began)))
		data := map[string]string{"milestone": in.Milestone, "due_at": in.By.String()}
		return evidence, data, []Part{
			{Name: "journey", Points: 50, Why: "did not come further for " + Span(late)},
			{Name: "how pressing", Points: 15, Why: "who is stuck gives up"},
		}
	})
}

// Outside is how many people of an account's domains use the product outside of its plan.
type Outside struct {
	People int64
	Domain string // empty: several, or not known
}

// OnOutside fires a rule on people outside of the plan, once until there are fewer again.
func OnOutside(st *State, r *catalog.Signal, in Outside, c Context) []Signal {
	if r.State == retired || r.When.Outside <= 0 {
		return nil
	}
	return st.whileSo(r, 0, in.People >= r.When.Outside, c, func() (string, map[string]string, []Part) {
		n := strconv.FormatInt(in.People, 10)
		of := "of the same company use"
		if in.Domain != "" {
			of = "of " + in.Domain + " use"
		}
		if in.People == 1 {
			of += "s"
		}
		data := map[string]string{"people": n}
		if in.Domain != "" {
			data["domain"] = in.Domain
		}
		return peopleWords(in.People) + " " + of + " this outside its plan", data, []Part{
			{Name: "reach", Points: 40 + int(min(in.People, 20)), Why: peopleWords(in.People) + " could be in the plan"},
			{Name: "how pressing", Points: 10, Why: "they use it already"},
		}
	})
}

func peopleWords(n int64) string {
	if n == 1 {
		return "1 person"
	}
	return Grouped(strconv.FormatInt(n, 10)) + " people"
}

// Champion is a person who spoke for the product at an account and is gone.
type Champion struct {
	User string // pseudonym
	Left bool   // somebody said so; else they are just not seen any more
	On   clock.Time
}

// OnChampionLeft fires a rule for each champion who is gone, once until they are back.
func OnChampionLeft(st *State, r *catalog.Signal, gone []Champion, c Context) []Signal {
	if r.State == retired || !r.When.ChampionLeft {
		return nil
	}
	var out []Signal
	there := make(map[uint64]bool, len(gone))
	for _, p := range gone {
		there[hashed64(p.User)] = true
	}
	st.forgetBut(r, there)
	// A rule has one live signal, of who was noticed last. When they are back, the next who is still
	// gone is told of anew.
	again := st.endBut(r, c.Now, func(s *Signal) bool { return there[hashed64(s.Data["user"])] })
	for _, p := range gone {
		id := hashed64(p.User)
		if again && st.knows(r, id) != nil {
			st.forget(r, id)
			again = false
		}
		who := c
		who.User = p.User
		out = append(out, st.whileSo(r, id, true, who, func() (string, map[string]string, []Part) {
			evidence, why := "A champion left on "+p.On.Std().Format("2 January"), "somebody said so"
			if !p.Left {
				silent := Span(c.Now.Sub(p.On))
				evidence, why = "A champion has not been seen for "+silent, "not seen for "+silent
			}
			return evidence, map[string]string{"user": p.User}, []Part{
				{Name: "relation", Points: 50, Why: why},
				{Name: "how pressing", Points: 20, Why: "nobody else may speak for the product there"},
			}
		})...)
	}
	return out
}

// quoted puts a title in quotation marks.
func quoted(title string) string { return `"` + title + `"` }
