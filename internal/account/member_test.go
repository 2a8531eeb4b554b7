package account_test

import (
	"maps"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/clock"
)

func TestWhatAnAccountKnowsOfItsPeople(t *testing.T) {
	var m account.Members
	on := func(day clock.Time) clock.Time { return today + day*clock.Day }
	for i, step := range []struct {
		what         string
		user         string
		change       account.MemberChange
		day          clock.Time
		joined, left bool
		want         account.Summary
	}{
		{"Ada is named as an admin", "ada", account.MemberChange{Role: new("admin")}, 0, true, false, account.Summary{Count: 1, Admins: 1, Active: 1}},
		{"and as the champion: nobody new", "ada", account.MemberChange{Champion: new(true)}, 1, false, false, account.Summary{Count: 1, Admins: 1, Active: 1, Champions: 1}},
		{"Bob hosts", "bob", account.MemberChange{Role: new("member"), Profile: new("host")}, 20, true, false,
			account.Summary{Count: 2, Admins: 1, Active: 2, Champions: 1, Profiles: map[string]int{"host": 1}}},
		{"a month on nobody saw Ada", "bob", account.MemberChange{}, 31, false, false,
			account.Summary{Count: 2, Admins: 1, Active: 1, Champions: 1, Profiles: map[string]int{"host": 1}}},
		{"Ada leaves", "ada", account.MemberChange{Left: new(true)}, 32, false, true, account.Summary{Count: 1, Active: 1, Profiles: map[string]int{"host": 1}}},
		{"which is no news when it is said again", "ada", account.MemberChange{Left: new(true)}, 33, false, false, account.Summary{Count: 1, Active: 1, Profiles: map[string]int{"host": 1}}},
		{"her role is corrected, which does not bring her back", "ada", account.MemberChange{Role: new("member")}, 34, false, false, account.Summary{Count: 1, Active: 1, Profiles: map[string]int{"host": 1}}},
		{"she is back", "ada", account.MemberChange{Left: new(false)}, 40, true, false, account.Summary{Count: 2, Active: 2, Champions: 1, Profiles: map[string]int{"host": 1}}},
		{"Cy is named when already gone", "cy", account.MemberChange{Left: new(true)}, 40, false, false, account.Summary{Count: 2, Active: 2, Champions: 1, Profiles: map[string]int{"host": 1}}},
	} {
		joined, left := m.Apply(step.user, &step.change, on(step.day))
		if got := m.Sum(on(step.day)); joined != step.joined || left != step.left || !reflect.DeepEqual(got, step.want) {
			t.Errorf("%d %s: joined %v, left %v, %+v", i, step.what, joined, left, got)
		}
	}
}

func TestAnAccountHangsByAThreadWhenOnePersonAloneIsSeen(t *testing.T) {
	var m account.Members
	m.Apply("ada", &account.MemberChange{}, today)
	m.Apply("bob", &account.MemberChange{}, today)
	if s := m.Sum(today); s.SingleThreaded() {
		t.Error("two were seen today")
	}
	m.Saw("bob", today+29*clock.Day)
	if s := m.Sum(today + 29*clock.Day); s.SingleThreaded() {
		t.Error("both were seen within 30 days")
	}
	if s := m.Sum(today + 30*clock.Day); !s.SingleThreaded() {
		t.Error("Ada was not seen for 30 days")
	}
}

func TestAChampionIsLostWhoLeftOrWasNotSeen(t *testing.T) {
	var m account.Members
	for _, who := range []string{"ada", "bob", "cy"} {
		m.Apply(who, &account.MemberChange{Champion: new(who != "cy")}, today)
	}
	m.Apply("ada", &account.MemberChange{Left: new(true)}, today+10*clock.Day)
	for _, c := range []struct {
		what  string
		day   clock.Time
		quiet int32
		want  []string
	}{
		{"only who said so", 29, 0, []string{"ada"}},
		{"not seen for a month, a day early", 29, 30, []string{"ada"}},
		{"not seen for a month, the longest gone first", 30, 30, []string{"bob", "ada"}},
		{"more than a year later it is no news", 400, 0, nil},
	} {
		var got []string
		for _, p := range m.LostChampions(today+c.day*clock.Day, c.quiet) {
			got = append(got, p.User)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.what, got, c.want)
		}
	}
}

// Whatever is said of people, the members are those of a map that keeps what was said last, are
// bounded, and survive being stored at any moment as the same bytes.
func TestMembersAreWhatWasSaidOfThemAndSurviveBeingStored(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type known struct {
			role, profile string
			left          bool
		}
		model := map[string]known{}
		var m account.Members
		now := today
		for range rapid.IntRange(1, 40).Draw(t, "changes") {
			now += clock.Time(rapid.Int64Range(0, int64(40*clock.Day)).Draw(t, "later"))
			user := rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "user")
			switch rapid.IntRange(0, 4).Draw(t, "what") {
			case 0:
				m.Saw(user, now)
			case 1:
				to := rapid.SampledFrom([]string{"a", "b", "x"}).Draw(t, "to")
				if p, ok := model[user]; ok && to != user {
					q, there := model[to]
					if !there {
						q = p
					}
					if q.role == "" {
						q.role = p.role
					}
					if q.profile == "" {
						q.profile = p.profile
					}
					delete(model, user)
					model[to] = q
				}
				m.Rename(user, to)
			default:
				ch := account.MemberChange{}
				k := model[user]
				if rapid.Bool().Draw(t, "role") {
					k.role = rapid.SampledFrom([]string{"", "admin", "member"}).Draw(t, "which role")
					ch.Role = &k.role
				}
				if rapid.Bool().Draw(t, "profile") {
					k.profile = rapid.SampledFrom([]string{"", "host", "speaker"}).Draw(t, "which profile")
					ch.Profile = &k.profile
				}
				if rapid.IntRange(0, 3).Draw(t, "left") == 0 {
					k.left = rapid.Bool().Draw(t, "gone")
					ch.Left = &k.left
				}
				m.Apply(user, &ch, now)
				model[user] = k
			}
			stored := m.AppendBinary(nil)
			again, err := account.DecodeMembers(stored)
			if err != nil || !slices.Equal(again.AppendBinary(nil), stored) || !slices.Equal(again.All(), m.All()) {
				t.Fatalf("stored: %v\n%+v\n%+v", err, m.All(), again.All())
			}
			m = again
		}
		got := map[string]known{}
		for _, p := range m.All() {
			got[p.User] = known{p.Role, p.Profile, p.LeftOn != 0}
		}
		if !maps.Equal(got, model) {
			t.Fatalf("%v, want %v", got, model)
		}
	})
}

func TestAThousandPeopleAreKnownAndThatThereAreOthers(t *testing.T) {
	var m account.Members
	for range 3 { // as a nightly sync tells of everybody
		for i := range account.MaxMembers + 500 {
			m.Apply("u"+strconv.Itoa(i), &account.MemberChange{}, today)
		}
		if s := m.Sum(today); m.Len() != account.MaxMembers || !m.More() || s.Count != account.MaxMembers {
			t.Errorf("%d known, more: %v, %d in all", m.Len(), m.More(), s.Count)
		}
	}
	if n := len(m.AppendBinary(nil)); n > 40*account.MaxMembers {
		t.Errorf("%d bytes", n)
	}
}

func TestDamagedMembersAreRefused(t *testing.T) {
	var m account.Members
	m.Apply("ada", &account.MemberChange{Role: new("admin")}, today)
	stored := m.AppendBinary(nil)
	for n := 1; n < len(stored); n++ {
		if _, err := account.DecodeMembers(stored[:n]); err == nil {
			t.Errorf("%d of %d bytes are read", n, len(stored))
		}
	}
	if _, err := account.DecodeMembers(append(stored, 0)); err == nil {
		t.Error("a byte too many is read")
	}
}

func FuzzDecodeMembers(f *testing.F) {
	f.Add([]byte{0, 1, 1, 1, 'a', 0, 0, 2, 2})
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := account.DecodeMembers(b)
		if err != nil {
			return
		}
		again, err := account.DecodeMembers(m.AppendBinary(nil))
		if err != nil || !reflect.DeepEqual(again.All(), m.All()) {
			t.Fatalf("%v: %+v and %+v", err, m.All(), again.All())
		}
	})
}
