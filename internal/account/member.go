package account

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/clock"
)

// MaxMembers is how many people an account's state knows; of those beyond it is known only that there are some.
const MaxMembers = 1000

// ActiveFor is within how many days somebody was seen who counts as active.
const ActiveFor = 30

// Member is what an account knows of one of its people.
type Member struct {
	User     string `json:"user"`              // pseudonym
	Role     string `json:"role,omitempty"`    // admin, member or empty
	Profile  string `json:"profile,omitempty"` // the role played in the product
	Persona  string `json:"persona,omitempty"` // the role played in buying: champion's boss, economic buyer...
	Champion bool   `json:"champion,omitempty"`
	JoinedOn int32  `json:"joined_on"`         // days since 1970 in UTC
	SeenOn   int32  `json:"seen_on"`           // the last day on which anything was heard of them
	LeftOn   int32  `json:"left_on,omitempty"` // the day on which somebody said that they left; 0: nobody did
}

// Members are the people of an account, by pseudonym. The zero value is nobody.
type Members struct {
	list []Member // by User
	more bool     // somebody came when there were MaxMembers
}

// MemberChange is the body of a KindMember record: what is said of a person in an account. A
// field that is not there keeps what is known.
type MemberChange struct {
	Role     *string `json:"role,omitempty"`
	Profile  *string `json:"profile,omitempty"`
	Persona  *string `json:"persona,omitempty"`
	Champion *bool   `json:"champion,omitempty"`
	Left     *bool   `json:"left,omitempty"`
	// Into is the pseudonym under which the person goes on.
	Into string `json:"into,omitempty"`
}

// Summary is what conditions and rules see of an account's people. Those who left are in none
// of its numbers.
type Summary struct {
	Count     int            `json:"count"`
	Admins    int            `json:"admins"`
	Active    int            `json:"active"`  // seen within ActiveFor days
	Outside   int            `json:"outside"` // of the account's domain, who use the product outside its plan
	Champions int            `json:"champions"`
	Profiles  map[string]int `json:"profiles"`
}

// SingleThreaded says that the account hangs on one person: nobody else was seen lately.
func (s *Summary) SingleThreaded() bool { return s.Active == 1 }

// Len returns how many people are known one by one.
func (m *Members) Len() int { return len(m.list) }

// More says that there are others besides those who are known one by one. How many is not counted: who is not known
// would be counted with every call again.
func (m *Members) More() bool { return m.more }

// All returns everybody by pseudonym. It must not be changed.
func (m *Members) All() []Member { return m.list }

func (m *Members) find(user string) (int, bool) {
	return slices.BinarySearchFunc(m.list, user, func(x Member, u string) int { return strings.Compare(x.User, u) })
}

// Of returns what is known of a person.
func (m *Members) Of(user string) (Member, bool) {
	if i, ok := m.find(user); ok {
		return m.list[i], true
	}
	return Member{}, false
}

// Apply changes what is known of a person, who is seen with it unless they left, and says
// whether they are new, and whether they left with it.
func (m *Members) Apply(user string, ch *MemberChange, at clock.Time) (joined, left bool) {
	i, known := m.find(user)
	if !known {
		if len(m.list) >= MaxMembers {
			m.more = true
			return false, false
		}
		m.list = slices.Insert(m.list, i, Member{User: strings.Clone(user), JoinedOn: at.Day(), SeenOn: at.Day()})
	}
	p := &m.list[i]
	set(&p.Role, ch.Role)
	set(&p.Profile, ch.Profile)
	set(&p.Persona, ch.Persona)
	if ch.Champion != nil {
		p.Champion = *ch.Champion
	}
	was := p.LeftOn
	switch {
	case ch.Left == nil:
		if p.LeftOn == 0 {
			p.SeenOn = max(p.SeenOn, at.Day())
		}
	case *ch.Left && was == 0:
		p.LeftOn = at.Day()
	case !*ch.Left:
		p.LeftOn, p.SeenOn = 0, max(p.SeenOn, at.Day())
	}
	return !known && p.LeftOn == 0 || was != 0 && p.LeftOn == 0, known && was == 0 && p.LeftOn != 0
}

// Rename puts a person under the pseudonym they go on by. What is known under both stays as the
// later one says.
func (m *Members) Rename(from, to string) {
	i, known := m.find(from)
	if !known || from == to {
		return
	}
	p := m.list[i]
	m.list = slices.Delete(m.list, i, i+1)
	p.User = strings.Clone(to)
	j, there := m.find(to)
	if !there {
		m.list = slices.Insert(m.list, j, p)
		return
	}
	q := &m.list[j]
	for _, f := range []struct{ dst, v *string }{{&q.Role, &p.Role}, {&q.Profile, &p.Profile}, {&q.Persona, &p.Persona}} {
		if *f.dst == "" {
			*f.dst = *f.v
		}
	}
	q.Champion = q.Champion || p.Champion
	q.JoinedOn, q.SeenOn = min(q.JoinedOn, p.JoinedOn), max(q.SeenOn, p.SeenOn)
}

// Saw notes that somebody was seen, and says whether that is news: at most once a day each.
// Nobody who is not known is added, and who left stays so until somebody says otherwise.
func (m *Members) Saw(user string, at clock.Time) bool {
	i, known := m.find(user)
	if !known || m.list[i].SeenOn >= at.Day() || m.list[i].LeftOn != 0 {
		return false
	}
	m.list[i].SeenOn = at.Day()
	return true
}

// Sum counts the people as of a time.
func (m *Members) Sum(now clock.Time) Summary {
	var s Summary
	for i := range m.list {
		p := &m.list[i]
		if p.LeftOn != 0 {
			continue
		}
		s.Count++
		if p.Role == "admin" {
			s.Admins++
		}
		if p.SeenOn > now.Day()-ActiveFor {
			s.Active++
		}
		if p.Champion {
			s.Champions++
		}
		if p.Profile != "" {
			if s.Profiles == nil {
				s.Profiles = make(map[string]int)
			}
			s.Profiles[p.Profile]++
		}
	}
	return s
}

// LostChampions returns the champions who left, and, where quiet is above 0, those who were not
// seen for so many days, the longest gone first. It is no news of those gone for more than a year.
func (m *Members) LostChampions(now clock.Time, quiet int32) []Member {
	var out []Member
	for i := range m.list {
		p := &m.list[i]
		gone := now.Day() - goneOn(p)
		if p.Champion && gone <= 366 && (p.LeftOn != 0 || quiet > 0 && gone >= quiet) {
			out = append(out, *p)
		}
	}
	slices.SortStableFunc(out, func(a, b Member) int { return int(goneOn(&a) - goneOn(&b)) })
	return out
}

func goneOn(p *Member) int32 {
	if p.LeftOn != 0 {
		return p.LeftOn
	}
	return p.SeenOn
}

// The first byte of a member in the stored form.
const (
	isAdmin = 1 << iota
	isMember
	isChampion
	hasLeft
)

// AppendBinary appends the stored form, which the same members always have; nothing for nobody.
func (m *Members) AppendBinary(b []byte) []byte {
	if len(m.list) == 0 {
		return b
	}
	more := uint64(0)
	if m.more {
		more = 1
	}
	b = binary.AppendUvarint(b, more)
	b = binary.AppendUvarint(b, uint64(len(m.list)))
	for i := range m.list {
		p := &m.list[i]
		var flags byte
		switch p.Role {
		case "admin":
			flags |= isAdmin
		case "member":
			flags |= isMember
		}
		if p.Champion {
			flags |= isChampion
		}
		if p.LeftOn != 0 {
			flags |= hasLeft
		}
		b = append(b, flags)
		for _, text := range []string{p.User, p.Profile, p.Persona} {
			b = binary.AppendUvarint(b, uint64(len(text)))
			b = append(b, text...)
		}
		b = binary.AppendVarint(b, int64(p.JoinedOn))
		b = binary.AppendVarint(b, int64(p.SeenOn-p.JoinedOn))
		if p.LeftOn != 0 {
			b = binary.AppendVarint(b, int64(p.LeftOn-p.JoinedOn))
		}
	}
	return b
}

var errMembers = errors.New("the members in it do not add up")

// DecodeMembers reads what AppendBinary wrote. It keeps nothing of b.
func DecodeMembers(b []byte) (Members, error) {
	var m Members
	if len(b) == 0 {
		return m, nil
	}
	bad := false
	unsigned := func() uint64 {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			b, bad = nil, true
			return 0
		}
		b = b[n:]
		return v
	}
	signed := func() int32 {
		v, n := binary.Varint(b)
		if n <= 0 || v != int64(int32(v)) {
			b, bad = nil, true
			return 0
		}
		b = b[n:]
		return int32(v)
	}
	text := func() string {
		n := unsigned()
		if n > uint64(len(b)) {
			b, bad = nil, true
			return ""
		}
		t := string(b[:n])
		b = b[n:]
		return t
	}
	m.more = unsigned() != 0
	for n := unsigned(); n > 0 && !bad; n-- {
		if len(b) == 0 {
			return Members{}, errMembers
		}
		flags := b[0]
		b = b[1:]
		p := Member{User: text(), Profile: text(), Persona: text(), Champion: flags&isChampion != 0}
		switch {
		case flags&isAdmin != 0:
			p.Role = "admin"
		case flags&isMember != 0:
			p.Role = "member"
		}
		p.JoinedOn = signed()
		p.SeenOn = p.JoinedOn + signed()
		if flags&hasLeft != 0 {
			p.LeftOn = p.JoinedOn + signed()
		}
		m.list = append(m.list, p)
	}
	if bad || len(b) > 0 {
		return Members{}, errMembers
	}
	return m, nil
}
