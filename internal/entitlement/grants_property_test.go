package entitlement

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

var counted = []string{"exports", "seats", "calls", "emails", "renders"}

// aStory draws what happens to an account. What is used was allowed before, as consume does;
// check, when set, looks at the state after every sentence.
func aStory(t *rapid.T, check func(s *story)) *story {
	s := newStory(t)
	day := 0
	for range rapid.IntRange(1, 25).Draw(t, "sentences") {
		f := rapid.SampledFrom(counted).Draw(t, "feature")
		n := rapid.Int64Range(1, 60).Draw(t, "number")
		sentence := ""
		switch rapid.IntRange(0, 13).Draw(t, "what") {
		case 0, 1:
			sentence = "subscribe " + rapid.SampledFrom([]string{"starter", "pro"}).Draw(t, "plan")
		case 2:
			if s.in.Subscription.Live() {
				sentence = "add " + rapid.SampledFrom([]string{"pack", "phone"}).Draw(t, "add-on")
			}
		case 3, 4:
			sentence = fmt.Sprintf("grant g%d %d of %s priority %d", s.in.State.Granted, n, f, rapid.IntRange(0, 3).Draw(t, "priority"))
			if rapid.Bool().Draw(t, "expires") {
				sentence += " until " + (s.in.Now + clock.Time(n)*clock.Day/2).String()
			}
		case 5:
			sentence = "buy topup"
		case 6, 7, 8, 9:
			if Check(s.in, f, quantity.Of(n)).Allowed {
				sentence = fmt.Sprintf("use %d of %s", n, f)
			}
		case 10:
			sentence = fmt.Sprintf("give back %d of %s", n, f)
		case 11:
			if Check(s.in, f, quantity.Of(n)).Allowed {
				sentence = fmt.Sprintf("reserve %d of %s", n, f)
			}
		case 12:
			if open := s.in.State.Reservations; len(open) > 0 {
				r := open[len(open)-1]
				s.last, sentence = r.ID, "abandon of "+r.Feature
				if rapid.Bool().Draw(t, "finalize") {
					sentence = fmt.Sprintf("finalize %d of %s", rapid.Int64Range(0, int64(r.Quantity/quantity.One)).Draw(t, "of it"), r.Feature)
				}
			}
		default:
			day += rapid.IntRange(0, 20).Draw(t, "days")
			sentence = "on " + (at(t, "2026-03-01") + clock.Time(day)*clock.Day + clock.Time(rapid.IntRange(0, 23).Draw(t, "hour"))*clock.Hour).String()
			if at(t, sentence[3:]) < s.in.Now {
				sentence = ""
			}
		}
		if sentence != "" {
			s.happen(sentence)
			if check != nil {
				check(s)
			}
		}
	}
	return s
}

func TestWhatIsUsedAndWhatIsLeftAddUpOverAllSources(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		aStory(t, func(s *story) {
			for _, f := range counted {
				a := Check(s.in, f, 0)
				if a.Limit == nil {
					continue
				}
				if taken := a.Usage.Add(a.Reserved); *a.Remaining != max(*a.Limit-taken, 0) {
					t.Fatalf("%s: %s used, %s reserved, %s left of %s", f, a.Usage, a.Reserved, a.Remaining, a.Limit)
				}
				var sum quantity.Quantity
				for _, src := range a.Sources {
					switch {
					case src.Limit != nil:
						sum += *src.Limit
					case src.Balance != nil:
						sum += *src.Balance
					}
				}
				var live, dead quantity.Quantity // drawn in this period
				d, any := s.in.State.Drawn[f]
				allowance := slices.ContainsFunc(a.Sources, func(src Source) bool { return src.Limit != nil })
				for i := range s.in.State.Grants {
					g := &s.in.State.Grants[i]
					if g.Open < 0 || g.Burned < 0 || g.Open+g.Burned > g.Used || g.Used > g.Amount {
						t.Fatalf("%+v", g)
					}
					switch {
					case g.Feature != f || !any || d.Based == allowance: // when nothing but grants gave it, or something did
					case g.live(s.in.Now, allowance):
						live += g.Open + g.Burned
					default:
						dead += g.Open + g.Burned
					}
				}
				// What is over covers what it was drawn for, and nothing else.
				gave := live + min(dead, max(a.Usage.Add(a.Reserved)-(sum-balanceOf(&a))-live, 0))
				if a.Kind != "seats" && *a.Limit != sum+gave {
					t.Fatalf("%s: limit %s, the sources give %s and %s was drawn in this period: %+v", f, a.Limit, sum, gave, a.Sources)
				}
			}
		})
	})
}

func balanceOf(a *Answer) quantity.Quantity {
	var sum quantity.Quantity
	for _, src := range a.Sources {
		if src.Balance != nil {
			sum += *src.Balance
		}
	}
	return sum
}

func TestUsageAndReservationsNeverPassAHardLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newStory(t)
		s.happen("subscribe starter") // and that is all: no limit falls but by what expires
		goOn(t, s, func(s *story) {
			for _, f := range []string{"exports", "emails"} {
				a := Check(s.in, f, 0)
				highest := a.Limit.Add(percentOf(*a.Sources[0].Limit, map[string]int64{"emails": 10}[f]))
				if taken := a.Usage.Add(a.Reserved); taken > highest {
					t.Fatalf("%s: %s used and %s reserved of %s", f, a.Usage, a.Reserved, a.Limit)
				}
			}
		})
	})
}

// goOn goes on with a story by consuming, reserving and time alone, and grants that last.
func goOn(t *rapid.T, s *story, check func(*story)) {
	for range rapid.IntRange(1, 40).Draw(t, "sentences") {
		f := rapid.SampledFrom([]string{"exports", "emails"}).Draw(t, "feature")
		n := rapid.Int64Range(1, 30).Draw(t, "number")
		sentence := ""
		switch rapid.IntRange(0, 8).Draw(t, "what") {
		case 0, 1, 2:
			if Check(s.in, f, quantity.Of(n)).Allowed {
				sentence = fmt.Sprintf("use %d of %s", n, f)
			}
		case 3, 4:
			if Check(s.in, f, quantity.Of(n)).Allowed {
				sentence = fmt.Sprintf("reserve %d of %s", n, f)
			}
		case 5:
			if open := s.in.State.Reservations; len(open) > 0 {
				r := open[rapid.IntRange(0, len(open)-1).Draw(t, "which")]
				s.last, sentence = r.ID, fmt.Sprintf("finalize %d of %s", rapid.Int64Range(1, int64(r.Quantity/quantity.One)).Draw(t, "of it"), r.Feature)
			}
		case 6:
			sentence = fmt.Sprintf("grant g%d %d of %s", s.in.State.Granted, n, f)
		case 7:
			sentence = fmt.Sprintf("give back %d of %s", n, f)
		default:
			sentence = "on " + (s.in.Now + clock.Time(rapid.Int64Range(0, int64(20*clock.Day)).Draw(t, "later"))).String()
		}
		if sentence != "" {
			s.happen(sentence)
			check(s)
		}
	}
}

// copied is a story of its own that has gone the same way.
func (s *story) copied() *story {
	c, st, sub := *s, *s.in.State, *s.in.Subscription
	st.Grants, st.Past = slices.Clone(st.Grants), slices.Clone(st.Past)
	st.Over, st.Base, st.RollsAt = maps.Clone(st.Over), maps.Clone(st.Base), maps.Clone(st.RollsAt)
	c.names = maps.Clone(c.names)
	st.Drawn, st.Within = maps.Clone(st.Drawn), maps.Clone(st.Within)
	c.in.State, c.in.Subscription, c.in.Trials = &st, &sub, slices.Clone(s.in.Trials)
	return &c
}

func TestMoreGrantsAndTrialsNeverTurnYesIntoNoNorLeaveLess(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := aStory(t, nil)
		f := rapid.SampledFrom(append([]string{"recordings", "captions", "chapters", "support"}, counted...)).Draw(t, "asked of")
		q := quantity.Of(rapid.Int64Range(0, 60).Draw(t, "asked"))
		before := Check(s.in, f, q)
		more := s.copied()
		sentence := rapid.SampledFrom([]string{"grant x 7 of " + f, "buy topup", "try pack", "try captions", "try recordings", "add pack", "add phone", "add captions"}).Draw(t, "more")
		kind := s.in.Catalog.Features[f]
		switch {
		case sentence[0] == 'g' && kind.Kind == "value", sentence[0] == 'a' && !s.in.Subscription.Live():
			return
		case sentence[0] == 'g' && !kind.Counted():
			sentence = "grant x of " + f
		}
		more.happen(sentence)
		after := Check(more.in, f, q)
		if before.Allowed && !after.Allowed {
			t.Fatalf("%s: yes (%s) became no (%s)", sentence, before.Message, after.Message)
		}
		if before.Remaining != nil && after.Remaining != nil && *after.Remaining < *before.Remaining {
			t.Fatalf("%s: %s were left, now %s: %s; %s", sentence, before.Remaining, after.Remaining, before.Message, after.Message)
		}
		if kind.Kind == "value" && before.Value != "" && Greater(kind, before.Value, after.Value) {
			t.Fatalf("%s: %s became %s", sentence, before.Value, after.Value)
		}
	})
}

func TestWhatIsSaidToUnlockDoesSoOnceBought(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := aStory(t, nil)
		f := rapid.SampledFrom(append([]string{"recordings", "captions", "chapters"}, counted...)).Draw(t, "asked of")
		q := quantity.Of(rapid.Int64Range(0, 90).Draw(t, "asked"))
		a := Check(s.in, f, q)
		for i, u := range a.Unlock {
			if i > 0 && u.cost() < a.Unlock[i-1].cost() {
				t.Fatalf("%s is not cheapest first", offered(a.Unlock))
			}
			bought := func(n int64) (Answer, error) {
				then := s.copied()
				ch := subscription.Change{Plan: u.Plan}
				switch {
				case u.Interval == Once:
					ch = subscription.Change{Once: []subscription.AddonLine{{Key: u.Addon, Quantity: n}}}
				case u.Addon != "":
					lines := withMore(s.in.Subscription.Addons, u.Addon, n)
					ch = subscription.Change{Addons: &lines}
				}
				next, err := subscription.Apply(*s.in.Subscription, ch, s.in.terms())
				if err != nil {
					return Answer{}, err
				}
				*then.in.Subscription = next
				for _, line := range ch.Once {
					for _, g := range TopUp(s.in.Catalog.Addons[line.Key], line.Quantity, s.in.Now) {
						if _, err := AddGrant(then.in, g, then.id); err != nil {
							return Answer{}, err
						}
					}
				}
				then.limits()
				return Check(then.in, f, q), nil
			}
			if then, err := bought(max(u.Quantity, 1)); err != nil || !then.Allowed {
				t.Fatalf("%+v was bought (%v), and then: %s", u, err, then.Message)
			}
			if u.Quantity > 1 {
				if fewer, err := bought(u.Quantity - 1); err == nil && fewer.Allowed {
					t.Fatalf("one less of %+v would do", u)
				}
			}
		}
	})
}
