package contact

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/signal"
)

// State is what one key (a person, an account, the root of a family) remembers of contacts. Its
// zero value was never contacted. JSON that survives a round trip; bounded, see Spend.
type State struct {
	Spends []Spend `json:"spends,omitempty"` // oldest first
	// Dismissed is when the person last dismissed an offer, in whichever account.
	Dismissed clock.Time `json:"dismissed,omitzero"`
	// HeldBack is the last contact by people that was not made because the account is held out.
	// It keeps the account quiet as one that was made does, so that both sides of the comparison
	// live under the same rules; nothing else sees it.
	HeldBack *Mark `json:"held_back,omitempty"`
}

// Mark is when a claim was answered.
type Mark struct {
	Claim string     `json:"claim"`
	At    clock.Time `json:"at"`
}

// Spend is one contact that counts against budgets.
type Spend struct {
	ID      string          `json:"id"` // of the claim, the same at every key that it was made at
	Channel catalog.Channel `json:"channel"`
	At      clock.Time      `json:"at"`
	// Account is who was contacted, where that is not the key itself: at a person's key always, at
	// a root's where it is another account of the family.
	Account string `json:"account,omitempty"`
	User    string `json:"user,omitempty"`  // pseudonym; at an account's key
	About   string `json:"about,omitempty"` // the offer or what else it is about
	// Attempts are the calls for the claim that have it: it is given back when all of them did.
	Attempts []string `json:"attempts,omitempty"`
}

// DefaultInterruptions is the budget that holds where none is given for interruptions of a person.
var DefaultInterruptions = catalog.Budget{Scope: catalog.PerPerson, Channel: catalog.Interruptions, AtMost: 1, Per: 7 * 24 * time.Hour}

// Budgets returns those of a scope that are in force, in the order of the catalog.
func Budgets(p *catalog.ContactPolicy, scope catalog.Scope) []catalog.Budget {
	var out []catalog.Budget
	given := scope != catalog.PerPerson
	for _, b := range p.Budgets {
		if b.Scope == scope && b.AtMost > 0 && b.Per > 0 {
			out = append(out, b)
			given = given || b.Channel == catalog.Interruptions
		}
	}
	if !given {
		out = append(out, DefaultInterruptions)
	}
	return out
}

// Counts says whether a contact over a channel counts against a budget of another: any counts
// all, in_product also what is in the way there.
func Counts(budget, channel catalog.Channel) bool {
	return budget == channel || budget == catalog.AnyChannel || budget == catalog.InProduct && channel == catalog.Interruptions
}

// Counted says whether some budget of the scope counts contacts over the channel.
func Counted(p *catalog.ContactPolicy, scope catalog.Scope, channel catalog.Channel) bool {
	return slices.ContainsFunc(Budgets(p, scope), func(b catalog.Budget) bool { return Counts(b.Channel, channel) })
}

// Channels are those that people are reached by, as a contact names one.
var Channels = []catalog.Channel{catalog.InProduct, catalog.Interruptions, catalog.Email, catalog.ByPeople}

// Has says whether the claim is spent here.
func (st *State) Has(claim string) bool { return st.index(claim) >= 0 }

func (st *State) index(claim string) int {
	return slices.IndexFunc(st.Spends, func(s Spend) bool { return s.ID == claim })
}

// spent returns when the contacts that count against a budget were made, oldest first, but for
// one claim.
func (st *State) spent(b catalog.Budget, but string, now clock.Time) []clock.Time {
	var at []clock.Time
	for i := range st.Spends {
		if s := &st.Spends[i]; s.ID != but && Counts(b.Channel, s.Channel) && s.At.Add(b.Per) > now && (b.Scope != catalog.PerAccount || s.Account == "") {
			at = append(at, s.At)
		}
	}
	return at
}

// Refusals looks at what forbids a contact over the channel in a scope: budgets that are spent,
// and for a person the silence after a dismissal. None: it may be made. A claim that is spent
// already is asked about as if it were made now instead.
func (st *State) Refusals(p *catalog.ContactPolicy, scope catalog.Scope, channel catalog.Channel, claim string, now clock.Time) []Refusal {
	return st.full(p, scope, claim, now, func(b catalog.Channel) bool { return Counts(b, channel) })
}

// InProduct is what forbids contacts in the product in a scope, the budgets of interruptions
// included: those forbid only interruptions.
func (st *State) InProduct(p *catalog.ContactPolicy, scope catalog.Scope, now clock.Time) []Refusal {
	return st.full(p, scope, "", now, func(b catalog.Channel) bool { return Counts(b, catalog.Interruptions) })
}

func (st *State) full(p *catalog.ContactPolicy, scope catalog.Scope, claim string, now clock.Time, counts func(budget catalog.Channel) bool) []Refusal {
	var out []Refusal
	if scope == catalog.PerPerson {
		out = Silence(p, st.Dismissed, now)
	}
	if len(st.Spends) == 0 {
		return out // AtMost is 1 or more
	}
	for _, b := range Budgets(p, scope) {
		if !counts(b.Channel) {
			continue
		}
		at := st.spent(b, claim, now)
		if len(at) < b.AtMost {
			continue
		}
		until := at[len(at)-b.AtMost].Add(b.Per)
		out = append(out, Refusal{Scope: scope, Channel: b.Channel, Code: "contact_budget", Until: until,
			Reason: fmt.Sprintf("%s was asked %s in the last %s%s, which is as often as it may; next %s",
				subject[scope], signal.Times(len(at)), signal.Span(b.Per), over[b.Channel], next(until, now))})
	}
	return out
}

// Silence is the refusal that follows a dismissal, as long as it lasts.
func Silence(p *catalog.ContactPolicy, dismissed, now clock.Time) []Refusal {
	until := dismissed.Add(p.AfterDismissal)
	if dismissed == 0 || p.AfterDismissal <= 0 || until <= now {
		return nil
	}
	return []Refusal{{Scope: catalog.PerPerson, Channel: catalog.AnyChannel, Code: "after_dismissal", Until: until,
		Reason: fmt.Sprintf("This person dismissed an offer %s ago and is left alone for %s; next %s",
			signal.Span(now.Sub(dismissed)), signal.Span(p.AfterDismissal), next(until, now))}}
}

var (
	subject = map[catalog.Scope]string{catalog.PerPerson: "This person", catalog.PerAccount: "This account", catalog.PerFamily: "This family of accounts"}
	over    = map[catalog.Channel]string{catalog.InProduct: " in the product", catalog.Interruptions: " by something in the way", catalog.Email: " by email", catalog.ByPeople: " by people"}
)

// next writes when something becomes possible again, in UTC.
func next(until, now clock.Time) string {
	if until.Sub(now) < 24*time.Hour {
		return "in " + signal.Span(until.Sub(now))
	}
	return "on " + until.Std().UTC().Format("2 January")
}

// Spend counts a contact, once for each claim, at the time of the last attempt at it. What no budget of the scopes that this key is
// asked for needs any more is forgotten: at most maxSpent newest for each budget are kept.
func (st *State) Spend(p *catalog.ContactPolicy, s Spend, scopes ...catalog.Scope) {
	if i := st.index(s.ID); i >= 0 {
		old := st.Spends[i]
		old.join(s.Attempts)
		s.Attempts = old.Attempts
		st.Spends = slices.Delete(st.Spends, i, i+1)
	}
	st.Spends = append(st.Spends, s)
	st.forget(p, s.At, scopes)
}

// maxSpent is the highest AtMost of a budget.
const maxSpent = 100

func (st *State) forget(p *catalog.ContactPolicy, now clock.Time, scopes []catalog.Scope) {
	needed := make([]bool, len(st.Spends))
	for _, scope := range scopes {
		for _, b := range Budgets(p, scope) {
			n := 0
			for i, s := range slices.Backward(st.Spends) {
				if n < maxSpent && Counts(b.Channel, s.Channel) && s.At.Add(b.Per) > now && (scope != catalog.PerAccount || s.Account == "") {
					needed[i] = true
					n++
				}
			}
		}
	}
	kept := st.Spends[:0]
	for i, s := range st.Spends {
		if needed[i] {
			kept = append(kept, s)
		}
	}
	clear(st.Spends[len(kept):])
	if st.Spends = kept; len(kept) == 0 {
		st.Spends = nil
	}
}

// join adds attempts. Beyond maxAttempts nobody can tell any more who has it: it stays spent.
func (s *Spend) join(attempts []string) {
	for _, a := range attempts {
		if !slices.Contains(s.Attempts, a) && len(s.Attempts) <= maxAttempts {
			s.Attempts = append(s.Attempts, a)
		}
	}
}

const maxAttempts = 8

// Release gives a contact back that an attempt has not made, and says whether it is no longer
// spent: while another attempt has it, it stays.
func (st *State) Release(claim, attempt string) bool {
	i := st.index(claim)
	if i < 0 {
		return false
	}
	if s := &st.Spends[i]; len(s.Attempts) > 0 {
		if len(s.Attempts) <= maxAttempts {
			s.Attempts = slices.DeleteFunc(s.Attempts, func(a string) bool { return a == attempt })
		}
		if len(s.Attempts) > 0 {
			return false
		}
	}
	if st.Spends = slices.Delete(st.Spends, i, i+1); len(st.Spends) == 0 {
		st.Spends = nil
	}
	return true
}

// Absorb takes over what the same person spent under an earlier pseudonym. The next contact
// forgets what is not needed of it.
func (st *State) Absorb(from State) {
	for _, s := range from.Spends {
		if i := st.index(s.ID); i >= 0 {
			st.Spends[i].join(s.Attempts)
			st.Spends[i].At = max(st.Spends[i].At, s.At)
		} else {
			st.Spends = append(st.Spends, s)
		}
	}
	slices.SortStableFunc(st.Spends, func(a, b Spend) int {
		return cmp.Or(cmp.Compare(a.At, b.At), strings.Compare(a.ID, b.ID))
	})
	if more := len(st.Spends) - maxAbsorbed; more > 0 {
		st.Spends = slices.Delete(st.Spends, 0, more)
	}
	st.Dismissed = max(st.Dismissed, from.Dismissed)
}

// maxAbsorbed bounds what a person spent under all their pseudonyms: what the five channels'
// budgets of a scope can need.
const maxAbsorbed = 5 * maxSpent

// Standing is a budget and what is left of it.
type Standing struct {
	Scope   catalog.Scope   `json:"scope"`
	Channel catalog.Channel `json:"channel"`
	AtMost  int             `json:"at_most"`
	Per     string          `json:"per"` // "7 days"
	Spent   int             `json:"spent"`
	Left    int             `json:"left"`
	// FreesAt is when one more becomes possible, unset while there is one left.
	FreesAt clock.Time `json:"frees_at,omitzero"`
}

// Standings says how each budget of a scope stands.
func (st *State) Standings(p *catalog.ContactPolicy, scope catalog.Scope, now clock.Time) []Standing {
	var out []Standing
	for _, b := range Budgets(p, scope) {
		at := st.spent(b, "", now)
		s := Standing{Scope: scope, Channel: b.Channel, AtMost: b.AtMost, Per: signal.Span(b.Per), Spent: len(at), Left: max(0, b.AtMost-len(at))}
		if s.Left == 0 {
			s.FreesAt = at[len(at)-b.AtMost].Add(b.Per)
		}
		out = append(out, s)
	}
	return out
}
