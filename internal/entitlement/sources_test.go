package entitlement

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/condition"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/quantity"
)

func TestWhatIsReservedIsNotLeft(t *testing.T) {
	for _, c := range []struct{ name, given, then string }{
		{"a reservation counts against the limit", "subscribe starter; reserve 3", "yes within_limit 0/5 left 2 until 1 Apr 2026 from plan:starter"},
		{"all of it reserved", "subscribe starter; reserve 5", "no limit_reached 0/5 left 0 short 1 until 1 Apr 2026 from plan:starter"},
		{"finalized, it is used", "subscribe starter; reserve 3; finalize 3", "yes within_limit 3/5 left 2 until 1 Apr 2026 from plan:starter"},
		{"finalized with less, the rest is free", "subscribe starter; reserve 3; finalize 1", "yes within_limit 1/5 left 4 until 1 Apr 2026 from plan:starter"},
		{"released, nothing was used", "subscribe starter; reserve 3; abandon", "yes within_limit 0/5 left 5 until 1 Apr 2026 from plan:starter"},
		{"expired, nothing was used", "subscribe starter; reserve 3; on 2026-03-01T01:00:00Z", "yes within_limit 0/5 left 5 until 1 Apr 2026 from plan:starter"},
		{"it is taken from grants at once", "subscribe starter; grant a 10 until 2026-03-02; reserve 8; on 2026-03-01T00:30:00Z", "yes granted 0/15 left 7 until 1 Apr 2026 from plan:starter,grants"},
		{"and given back to them when it expires", "subscribe starter; grant a 10; reserve 8; on 2026-03-01T01:00:00Z", "yes within_limit 0/15 left 15 until 1 Apr 2026 from plan:starter,grants"},
		{"and given back to them", "subscribe starter; grant a 10; reserve 8; abandon", "yes within_limit 0/15 left 15 until 1 Apr 2026 from plan:starter,grants"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tell(t, c.given)
			a := Check(s.in, "exports", quantity.One)
			if got := short(&a); got != c.then {
				t.Errorf("got  %s\nwant %s", got, c.then)
			}
		})
	}
}

func TestEachSourceSaysWhatItGives(t *testing.T) {
	s := tell(t, "subscribe starter; add pack; try pack; grant a 10 until 2026-06-01; grant b 5 priority 9; use 60")
	a := Check(s.in, "exports", 0)
	var got []string
	for _, src := range a.Sources {
		line := src.Source
		if src.Limit != nil {
			line += " limit " + src.Limit.String()
		}
		if src.Balance != nil {
			line += fmt.Sprintf(" balance %s priority %d", src.Balance, *src.Priority)
		}
		if src.ExpiresAt != 0 {
			line += " until " + day(src.ExpiresAt)
		}
		got = append(got, line)
	}
	const want = "plan:starter limit 5; addon:pack limit 20; trial:pack limit 20 until 11 Mar 2026; grant:g2 balance 0 priority 9; grant:g1 balance 0 priority 50 until 1 Jun 2026"
	if strings.Join(got, "; ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "; "), want)
	}
	if *a.Usage != *a.Limit || *a.Remaining != 0 {
		t.Errorf("%s of %s used, %s left", a.Usage, a.Limit, a.Remaining)
	}
}

func TestWhatWouldUnlockItIsTheLeastThatWould(t *testing.T) {
	for _, c := range []struct {
		name, given, feature string
		asked                int64
		unlock               string
	}{
		{"a top-up, a pack, a plan", "subscribe starter; use 5", "exports", 1, "1 topup 5.00 (10 more Exports); 1 pack 10.00 (20 more Exports a month); pro 100.00 (50 Exports a month)"},
		{"as many top-ups as it takes", "subscribe starter; use 5", "exports", 25, "3 topup 15.00 (30 more Exports); 2 pack 20.00 (40 more Exports a month); pro 100.00 (50 Exports a month)"},
		{"what a grant leaves is not bought again", "subscribe starter; grant a 8; use 5", "exports", 15, "1 topup 5.00 (10 more Exports); 1 pack 10.00 (20 more Exports a month); pro 100.00 (50 Exports a month)"},
		{"a part, by what opens the whole", "subscribe starter", "chapters", 1, "pro 100.00 (Chapters)"},
		{"a value", "subscribe starter", "nothing", 1, ""},
		{"locked by an override, nothing does", "subscribe starter; override locked", "exports", 1, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tell(t, c.given)
			a := Check(s.in, c.feature, quantity.Of(c.asked))
			if got := offered(a.Unlock); got != c.unlock {
				t.Errorf("got  %s\nwant %s", got, c.unlock)
			}
			for _, u := range a.Unlock {
				if u.Addon == "topup" && (u.Interval != Once || u.Pack != "topup" || u.Kind != catalog.OfTopUp) {
					t.Errorf("%+v", u)
				}
			}
		})
	}
}

func TestWhatIsNotSoldToAnAccountIsNotOffered(t *testing.T) {
	s := tell(t, "subscribe starter")
	delete(s.in.Catalog.Plans["pro"].Entitlements, "renders")
	s.in.Eligible = func(*condition.Condition) bool { return false }
	if a := Check(s.in, "renders", quantity.One); a.Reason != NotEligible || len(a.Unlock) != 0 {
		t.Errorf("%s, unlocked by %s", a.Reason, offered(a.Unlock))
	}
	s.in.Eligible = nil
	if a := Check(s.in, "renders", quantity.One); a.Reason != NotInPlan || offered(a.Unlock) != "1 trusted 1.00 (5 more Renders a month)" {
		t.Errorf("%s, unlocked by %s", a.Reason, offered(a.Unlock))
	}
	s.in.Catalog.Addons["trusted"].Retired = true
	if a := Check(s.in, "renders", quantity.One); len(a.Unlock) != 0 {
		t.Errorf("a retired one unlocks: %s", offered(a.Unlock))
	}
}

func TestBadGrantsAndOverridesAreRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(in Input) error
		code string
	}{
		{"nothing", func(in Input) error { return grantOf(in, Grant{Feature: "exports"}) }, "quantity_invalid"},
		{"less than nothing", func(in Input) error { return grantOf(in, Grant{Feature: "exports", Amount: -1}) }, "quantity_invalid"},
		{"so much of what is on or off", func(in Input) error { return grantOf(in, Grant{Feature: "recordings", Amount: 1}) }, "grant_invalid"},
		{"a value", func(in Input) error { return grantOf(in, Grant{Feature: "support"}) }, "grant_invalid"},
		{"an unknown feature", func(in Input) error { return grantOf(in, Grant{Feature: "exprots", Amount: 1}) }, "unknown_feature"},
		{"one that has expired", func(in Input) error { return grantOf(in, Grant{Feature: "exports", Amount: 1, ExpiresAt: in.Now}) }, "expires_in_past"},
		{"a priority of 101", func(in Input) error { return grantOf(in, Grant{Feature: "exports", Amount: 1, Priority: 101}) }, "priority_invalid"},
		{"an essay as reason", func(in Input) error {
			return grantOf(in, Grant{Feature: "exports", Amount: 1, Reason: strings.Repeat("x", 501)})
		}, "too_long"},
		{"an override that says nothing", func(in Input) error { return SetOverride(in, Override{Feature: "exports"}) }, "override_invalid"},
		{"an override of an unknown feature", func(in Input) error { return SetOverride(in, Override{Feature: "x", Unlimited: true}) }, "unknown_feature"},
		{"a limit of what is on or off", func(in Input) error { return SetOverride(in, Override{Feature: "recordings", Unlimited: true}) }, "override_invalid"},
		{"a limit below zero", func(in Input) error {
			return SetOverride(in, Override{Feature: "exports", Limit: new(quantity.Of(-1))})
		}, "quantity_invalid"},
		{"a value that is none", func(in Input) error {
			return SetOverride(in, Override{Feature: "support", Value: new("carrier pigeon")})
		}, "override_invalid"},
		{"until yesterday", func(in Input) error {
			return SetOverride(in, Override{Feature: "exports", Unlimited: true, Until: in.Now - 1})
		}, "expires_in_past"},
		{"opening what needs a limit", func(in Input) error {
			return SetOverride(in, Override{Feature: "exports", Allowed: new(true)})
		}, "override_invalid"},
		{"clearing what is not there", func(in Input) error { _, err := in.State.ClearOverride("exports"); return err }, "override_not_found"},
		{"revoking what is not there", func(in Input) error { _, err := Revoke(in, "g9"); return err }, "grant_not_found"},
		{"more grants than there can be", func(in Input) error {
			for range MaxGrants {
				if err := grantOf(in, Grant{Feature: "exports", Amount: 1}); err != nil {
					return err
				}
			}
			return grantOf(in, Grant{Feature: "exports", Amount: 1})
		}, "too_many_grants"},
		{"more reservations than there can be", func(in Input) error {
			for range MaxReservations {
				if _, err := in.State.Reserve(Reservation{}, func(int64) string { return "" }); err != nil {
					return err
				}
			}
			_, err := in.State.Reserve(Reservation{}, func(int64) string { return "" })
			return err
		}, "too_many_reservations"},
		{"for a year", func(Input) error { return CheckReserve(366 * clock.Day) }, "reserve_invalid"},
		{"for no time", func(Input) error { return CheckReserve(0) }, "reserve_invalid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tell(t, "subscribe starter")
			if got := fault.CodeOf(c.do(s.in)); got != c.code {
				t.Errorf("got %q, want %q", got, c.code)
			}
		})
	}
}

func grantOf(in Input, g Grant) error {
	_, err := AddGrant(in, g, func(n int64) string { return strconv.FormatInt(n, 10) })
	return err
}

func TestWhatIsHiddenSaysSoWhereItIsLocked(t *testing.T) {
	for given, hidden := range map[string]bool{"subscribe starter": true, "subscribe pro": false} {
		if a := Check(tell(t, given).in, "recordings", quantity.One); a.Hidden != hidden {
			t.Errorf("%s: hidden %v", given, a.Hidden)
		}
	}
}

func TestWordsAreInTheLanguageAskedFor(t *testing.T) {
	f := newStory(t).in.Catalog.Features["recordings"]
	for _, c := range []struct{ name, lang, accept, title, language string }{
		{"nothing asked", "", "", "Recordings", ""},
		{"one that is there", "de", "", "Aufzeichnungen", "de"},
		{"its region is not", "de-CH", "", "Aufzeichnungen", "de"},
		{"in another case", "PT-br", "", "Gravações", "pt-BR"},
		{"one that is not there", "fr", "", "Recordings", ""},
		{"the browser's, by weight", "", "fr;q=0.9, pt-BR;q=0.5, de;q=0.8, en", "Aufzeichnungen", "de"},
		{"not one it cannot stand", "", "de;q=0, pt-BR;q=0.1", "Gravações", "pt-BR"},
		{"the named one first", "pt-BR", "de", "Gravações", "pt-BR"},
		{"nonsense", "", "*, ;q=x, de;q=2", "Recordings", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ContentOf(f, ParseLanguages(c.lang, c.accept))
			if got.Title != c.title || got.Language != c.language {
				t.Errorf("%s in %q", got.Title, got.Language)
			}
		})
	}
}

func TestAPoolKnowsWhoHoldsHowMuch(t *testing.T) {
	s := tell(t, "subscribe starter; units 5; use 7 of seats")
	f := s.in.Catalog.Features["seats"]
	Hold(s.in, f, "berlin", quantity.Of(3))
	Hold(s.in, f, "paris", quantity.Of(2))
	Hold(s.in, f, "paris", quantity.Of(-1))
	Hold(s.in, f, "", quantity.Of(99)) // the holder's own is what nobody else has
	pools := PoolsOf(s.in, "acme")
	if got := fmt.Sprint(pools[0].Holders); len(pools) != 1 || got != "[{acme 3} {berlin 3} {paris 1}]" {
		t.Errorf("%v", pools)
	}
	s.happen("units 2")
	if over := PoolsOf(s.in, "acme")[0].Over; over != quantity.Of(3) {
		t.Errorf("with 4 seats of which 7 are taken: %s over", over)
	}
	s.happen("cancel")
	if a := Check(s.in, "seats", quantity.One); a.Allowed || HeldBy(s.in, f, "berlin") != quantity.Of(3) {
		t.Error("somebody was thrown out, or let in")
	}
	Hold(s.in, f, "berlin", quantity.Of(-3))
	Hold(s.in, f, "paris", quantity.Of(-1))
	if s.in.State.Pools[f.Key] != nil {
		t.Errorf("what nobody holds is kept: %v", s.in.State.Pools)
	}
}

func TestNothingCountsWhetherWhatIsOnOrOffIsUsed(t *testing.T) {
	for _, c := range []struct {
		name, given string
		needed      bool
	}{
		{"so a grant that alone opens it is needed", "subscribe starter; grant a of recordings", true},
		{"one beside a plan that gives it is not", "subscribe pro; grant a of recordings", false},
		{"nor one of a part whose whole is locked", "subscribe starter; grant a of captions", false},
		{"what was taken away is not there any more", "subscribe pro; grant a of recordings; revoke a", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Needs(tell(t, c.given).in, []string{"g1"}); got != c.needed {
				t.Errorf("needed: %v", got)
			}
		})
	}
}
