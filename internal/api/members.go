package api

import (
	"cmp"
	"context"

	"github.com/headroomhq/headroom/internal/access"
	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/runner"
)

// MemberLine is what an account knows of one of its people.
type MemberLine struct {
	User     string     `json:"user" doc:"pseudonym"`
	Role     string     `json:"role,omitempty" doc:"admin or member"`
	Profile  string     `json:"profile,omitempty" doc:"the role played in the product"`
	Persona  string     `json:"persona,omitempty" doc:"the role played in buying"`
	Champion bool       `json:"champion" doc:"speaks for the product within the account"`
	JoinedOn clock.Time `json:"joined_on" doc:"the day, in UTC, on which they were first named"`
	SeenOn   clock.Time `json:"seen_on" doc:"the last day on which anything was heard of them"`
	LeftOn   clock.Time `json:"left_on" doc:"the day on which somebody said that they left; null: nobody did"`
}

func memberLine(m *account.Member) MemberLine {
	return MemberLine{User: m.User, Role: m.Role, Profile: m.Profile, Persona: m.Persona, Champion: m.Champion,
		JoinedOn: dateOf(m.JoinedOn), SeenOn: dateOf(m.SeenOn), LeftOn: dateOf(m.LeftOn)}
}

// dateOf is the beginning of a day; unset for none.
func dateOf(day int32) clock.Time { return clock.Time(day) * clock.Day }

type peopleRequest struct {
	AccountParam
	PositionParam
	Quiet int32 `query:"quiet_days" minimum:"0" maximum:"366" doc:"champions not seen for so many days count as gone, too; 30 when left out"`
}

type peopleAnswer struct {
	Body struct {
		Account        string          `json:"account" doc:"the account's key"`
		Summary        account.Summary `json:"summary" doc:"how many there are; who left is not in it"`
		SingleThreaded bool            `json:"single_threaded" doc:"one person alone was seen within 30 days: if they leave, nobody is left"`
		LostChampions  []MemberLine    `json:"lost_champions" doc:"champions who left, or were not seen for quiet_days; not for browsers"`
		Items          []MemberLine    `json:"items" doc:"everybody who is known, by pseudonym, those who left included; of a browser's user only themselves"`
		More           bool            `json:"more" doc:"there are others besides the thousand that are known one by one: the numbers are of those, the count is a thousand or more"`
		Position       string          `json:"position" doc:"position of the answer"`
	}
}

// usualQuiet is after how many days without a trace a champion is taken for gone.
const usualQuiet = 30

func (s *Server) listPeople(ctx context.Context, in *peopleRequest) (*peopleAnswer, error) {
	var user, role string
	if err := caller(ctx, &in.Account, &user, &role); err != nil {
		return nil, err
	}
	browser := principal(ctx).Kind == access.Browser
	self := s.people.name(user)
	out := &peopleAnswer{}
	b := &out.Body
	b.Account, b.LostChampions, b.Items = in.Account, []MemberLine{}, []MemberLine{}
	err := s.account(ctx, &accountRead{in.AccountParam, in.PositionParam}, func(v runner.View) error {
		b.Summary = v.Account.People(v.State.Now)
		b.More, b.Position = v.Account.Members.More(), s.Runner.Position(v.State.Position)
		for _, m := range v.Account.Members.All() {
			if !browser || m.User == self {
				b.Items = append(b.Items, memberLine(&m))
			}
		}
		if browser { // who speaks for the product, and who hangs by a thread, is for the seller
			b.Summary.Champions = 0
			return nil
		}
		b.SingleThreaded = b.Summary.SingleThreaded()
		for _, m := range v.Account.Members.LostChampions(v.State.Now, cmp.Or(in.Quiet, usualQuiet)) {
			b.LostChampions = append(b.LostChampions, memberLine(&m))
		}
		return nil
	})
	return out, err
}

type putMemberRequest struct {
	AccountParam
	IdempotencyParam
	User string `path:"user" maxLength:"200" doc:"id of the person, as the product knows them"`
	Body struct {
		Role     *string `json:"role,omitempty" enum:"admin,member," doc:"what they may do in the account; empty: not known"`
		Profile  *string `json:"profile,omitempty" maxLength:"200" doc:"the role they play in the product, such as host"`
		Persona  *string `json:"persona,omitempty" maxLength:"200" doc:"the role they play in buying, such as economic_buyer"`
		Champion *bool   `json:"champion,omitempty" doc:"they speak for the product within the account"`
		Left     *bool   `json:"left,omitempty" doc:"they have left the account; false: they are back"`
	}
}

type memberAnswer struct {
	Body struct {
		MemberLine
		Position string `json:"position" doc:"position of the answer"`
	}
}

func (s *Server) putMember(ctx context.Context, in *putMemberRequest) (*memberAnswer, error) {
	if in.User == "" {
		return nil, fault.New(fault.Invalid, "user_missing", "user is missing").WithField("user", "", "is required: who it is about")
	}
	for _, f := range []struct {
		name string
		v    *string
	}{{"profile", in.Body.Profile}, {"persona", in.Body.Persona}} {
		if f.v != nil && event.Personal(f.name, event.Value{Kind: event.String, Text: *f.v}) {
			return nil, fault.New(fault.Invalid, event.CodePersonal, "%s looks like an email address or free text", f.name).
				WithMend("write a short key such as host or economic_buyer: what names a person goes to POST /v1/identify").
				WithField(f.name, *f.v, "must not name a person")
		}
	}
	b := &in.Body
	if b.Profile != nil {
		if err := s.checkProfile(ctx, "profile", *b.Profile); err != nil {
			return nil, err
		}
	}
	if err := s.hasAccount(ctx, in.Account); err != nil {
		return nil, err
	}
	rec, err := s.call(event.KindMember, in.Account, s.people.name(in.User), "", in.IdempotencyKey,
		account.MemberChange{Role: b.Role, Profile: b.Profile, Persona: b.Persona, Champion: b.Champion, Left: b.Left})
	if err != nil {
		return nil, err
	}
	m, position, err := answered[account.Member](ctx, s, rec)
	if err != nil {
		return nil, err
	}
	out := &memberAnswer{}
	out.Body.MemberLine, out.Body.Position = memberLine(&m), s.Runner.Position(position)
	return out, nil
}
