package api

import (
	"cmp"
	"context"
	"strings"

	"github.com/headroomhq/headroom/internal/access"
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/invite"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/runner"
	"github.com/headroomhq/headroom/internal/survey"
)

type nextSurveyRequest struct {
	IdempotencyParam
	AcceptLanguage string `header:"Accept-Language" maxLength:"500" doc:"as browsers send it"`
	Body           struct {
		Account   string `json:"account,omitempty"`
		User      string `json:"user,omitempty" doc:"who would be asked"`
		Role      string `json:"role,omitempty" enum:"admin,member" doc:"a user token says it for browsers"`
		Profile   string `json:"profile,omitempty" maxLength:"200" doc:"the role they play in the product; what is known of the person when left out"`
		Placement string `json:"placement" maxLength:"200" doc:"where it would appear"`
		Language  string `json:"language,omitempty" maxLength:"100" doc:"as the person reads (BCP 47), before those of Accept-Language"`
	}
}

// SurveyScale is on what a survey asks for a score.
type SurveyScale struct {
	Least int `json:"least" doc:"0 of NPS, else 1"`
	Most  int `json:"most" doc:"10 of NPS, else 5"`
}

type nextSurveyAnswer struct {
	Body struct {
		Survey   string       `json:"survey,omitempty" doc:"key of the survey; left out when there is none to show"`
		Kind     string       `json:"kind,omitempty" doc:"nps, csat or feature_request"`
		AskID    string       `json:"ask_id,omitempty" doc:"answer with it"`
		Title    string       `json:"title,omitempty"`
		Question string       `json:"question,omitempty" doc:"in the person's language, where it is translated"`
		Follow   string       `json:"follow,omitempty" doc:"the open question after it"`
		Scale    *SurveyScale `json:"scale,omitempty"`
		Reason   string       `json:"reason,omitempty" doc:"why there is none: no_survey, external, not_for, not_sampled, asked_lately, asked or quiet"`
		Until    clock.Time   `json:"until,omitzero" doc:"from when that may be otherwise, where it is known"`
		Position string       `json:"position"`
	}
}

// nextSurvey is POST /v1/surveys/next. What is shown is claimed at the person's key, so that two pages, or two
// accounts, do not ask at once.
func (s *Server) nextSurvey(ctx context.Context, in *nextSurveyRequest) (*nextSurveyAnswer, error) {
	b := &in.Body
	if err := caller(ctx, &b.Account, &b.User, &b.Role); err != nil {
		return nil, err
	}
	if err := cmp.Or(checkName("placement", b.Placement), checkName("profile", b.Profile), checkName("language", b.Language), s.checkProfile(ctx, "profile", b.Profile)); err != nil {
		return nil, err
	}
	if b.User == "" {
		return nil, fault.New(fault.Invalid, "user_missing", "user is missing").WithField("user", "", "is required: who would be asked").
			WithMend("send the id of the person as your product knows them")
	}
	languages := entitlement.ParseLanguages(b.Language, in.AcceptLanguage)
	ask := engine.SurveyAsk{Placement: b.Placement, Role: offer.Role(b.Role), Profile: b.Profile, Language: strings.Join(languages[:min(len(languages), 3)], ","),
		Page: principal(ctx).Kind == access.Browser}
	user, seen, err := s.askedOf(ctx, s.people.name(b.User))
	if err != nil {
		return nil, err
	}
	out := &nextSurveyAnswer{}
	var chosen *catalog.Survey
	var why engine.SurveyAnswer
	var position uint64
	err = s.Runner.Read(ctx, b.Account, 0, func(v runner.View) error {
		position = v.State.Position
		chosen, why = v.State.Peek(b.Account).SurveyAt(v.Catalog, ask, user, &seen, v.State.Now)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if chosen != nil {
		rec, err := s.call(event.KindSurvey, event.UserKey(user), user, chosen.Key, in.IdempotencyKey, engine.SurveyCall{Account: b.Account, Placement: b.Placement})
		if err != nil {
			return nil, err
		}
		a, at, err := s.Runner.CallAnywhere(ctx, rec) // the person may be another node's
		if err != nil {
			return nil, err
		}
		if why, err = readAnswer[engine.SurveyAnswer](a); err != nil {
			return nil, err
		}
		position = at
	}
	a := &out.Body
	a.Position = s.Runner.Position(position)
	if why.Ask == nil {
		a.Reason, a.Until = why.Reason, why.Until
		return out, nil
	}
	cat, err := s.Runner.Active(ctx)
	if err != nil {
		return nil, err
	}
	if chosen = cat.Surveys[why.Ask.Survey]; chosen == nil { // a repeated call hears what it heard
		return nil, engine.NoSurvey(why.Ask.Survey)
	}
	a.Survey, a.Kind, a.AskID = chosen.Key, why.Ask.Kind, why.Ask.ID
	words := surveyWords(chosen, languages)
	a.Title, a.Question, a.Follow = words.Title, words.Question, words.Follow
	least, most := survey.Scale(chosen.Kind)
	a.Scale = &SurveyScale{least, most}
	return out, nil
}

// askedOf reads what is kept of surveys of a person, under the pseudonym they go by now.
func (s *Server) askedOf(ctx context.Context, pseudonym string) (now string, seen survey.Person, err error) {
	_, now, err = s.person(ctx, pseudonym)
	if err != nil {
		return now, seen, err
	}
	err = s.Runner.ReadAnywhere(ctx, event.UserKey(now), func(v runner.View) error {
		if p := v.Account.Asked(); p != nil {
			seen = *p
		}
		return nil
	})
	return now, seen, err
}

// surveyWords are a survey's in the first language that it is translated to: de-AT falls back to de, what is
// not translated to what the catalog says.
func surveyWords(s *catalog.Survey, languages []string) catalog.SurveyText {
	out := catalog.SurveyText{Title: s.Title, Question: s.Question, Follow: s.Follow}
	for _, lang := range languages {
		for ; lang != ""; lang = lang[:max(strings.LastIndexByte(lang, '-'), 0)] {
			if t, ok := s.Translations[lang]; ok {
				return catalog.SurveyText{Title: cmp.Or(t.Title, out.Title), Question: cmp.Or(t.Question, out.Question), Follow: cmp.Or(t.Follow, out.Follow)}
			}
		}
	}
	return out
}

type answerSurveyRequest struct {
	ID string `path:"id" maxLength:"600" doc:"ask_id of POST /v1/surveys/next"`
	IdempotencyParam
	Body struct {
		User    string         `json:"user,omitempty" doc:"who answers; a user token says it for browsers"`
		Score   *int           `json:"score,omitempty" doc:"0 to 10 of NPS, else 1 to 5"`
		Text    string         `json:"text,omitempty" maxLength:"4000" doc:"in their own words; sealed under the person's key"`
		Request *SurveyRequest `json:"request,omitempty" doc:"what they wish for"`
		Closed  bool           `json:"closed,omitempty" doc:"they closed it: it was shown and not answered"`
	}
}

// SurveyRequest is something a person wishes for.
type SurveyRequest struct {
	Feature    string        `json:"feature,omitempty" maxLength:"200" doc:"a feature of the catalog; else title"`
	Title      string        `json:"title,omitempty" maxLength:"200" doc:"of what is no feature yet, in their own words"`
	Pay        *money.Amount `json:"pay,omitempty" doc:"what they would pay for it a month"`
	Importance int           `json:"importance,omitempty" minimum:"0" maximum:"5" doc:"1 to 5"`
}

type answerSurveyAnswer struct {
	Body struct {
		AskID    string       `json:"ask_id"`
		Survey   string       `json:"survey"`
		Answered bool         `json:"answered" doc:"false: closed"`
		Referral *ReferralAsk `json:"referral,omitempty" doc:"after a promoter's answer to a survey that refers: what to ask them for next"`
		Position string       `json:"position"`
	}
}

// ReferralAsk asks a promoter to bring others.
type ReferralAsk struct {
	ReferralLink
	Words string `json:"words" doc:"what to say"`
}

// answerSurvey is POST /v1/surveys/{id}/answers.
func (s *Server) answerSurvey(ctx context.Context, in *answerSurveyRequest) (*answerSurveyAnswer, error) {
	key, found := engine.AccountOf("ask", in.ID)
	who, isPerson := event.IsUserKey(key)
	if !found || !isPerson {
		return nil, survey.Unknown(in.ID)
	}
	known, err := s.mayAnswer(ctx, in, who)
	if err != nil {
		return nil, err
	}
	cat, err := s.Runner.Active(ctx)
	if err != nil {
		return nil, err
	}
	answer := survey.Answer{Score: in.Body.Score, Closed: in.Body.Closed, Text: in.Body.Text}
	if r := in.Body.Request; r != nil {
		if cat.Features[r.Feature] == nil && r.Feature != "" {
			return nil, fault.New(fault.Invalid, "feature_unknown", "the catalog has no feature %q", fault.Shorten(r.Feature)).
				WithField("request.feature", r.Feature, "is not in the catalog").WithMend("name a feature of the catalog, or give a title instead")
		}
		answer.Request = &survey.Request{Feature: r.Feature, Title: strings.TrimSpace(r.Title), Pay: r.Pay, Importance: r.Importance}
		if r.Feature != "" {
			answer.Request.Title = ""
		}
	}
	if err := answer.Check(known.Kind); err != nil {
		return nil, err
	}
	if answer.Text, err = s.seal(ctx, who, in.ID+"/text", answer.Text); err != nil {
		return nil, err
	}
	if r := answer.Request; r != nil {
		if r.Title, err = s.seal(ctx, who, in.ID+"/title", r.Title); err != nil {
			return nil, err
		}
	}
	rec, err := s.call(event.KindSurvey, key, who, known.Survey, in.IdempotencyKey, engine.SurveyCall{ID: in.ID, Answer: &answer})
	if err != nil {
		return nil, err
	}
	got, position, err := answered[engine.SurveyAnswer](ctx, s, rec)
	if err != nil {
		return nil, err
	}
	out := &answerSurveyAnswer{}
	b := &out.Body
	b.AskID, b.Survey, b.Answered, b.Position = in.ID, known.Survey, got.Ask.Answered(), s.Runner.Position(position)
	if x := cat.Surveys[known.Survey]; x != nil && !in.Body.Closed && survey.Promotes(x.Kind, got.Ask.Score) {
		if program := cat.Referrals[x.Refer]; program != nil {
			b.Referral = &ReferralAsk{ReferralLink: s.referralLink(cat, known.Account, program.Key), Words: referralWords(program)}
		}
	}
	return out, nil
}

// mayAnswer finds what is answered. A browser answers only what its own person was shown in its own account.
func (s *Server) mayAnswer(ctx context.Context, in *answerSurveyRequest, who string) (known survey.Ask, err error) {
	p := principal(ctx)
	user, err := p.ForUser(in.Body.User)
	if err != nil {
		return known, err
	}
	found := false
	err = s.Runner.Read(ctx, event.UserKey(who), 0, func(v runner.View) error {
		known, found = v.Account.Asked().Find(in.ID)
		return nil
	})
	if err != nil {
		return known, err
	}
	own := p.Kind != access.Browser || known.Account == p.Account
	if own && user != "" && s.people.name(user) != who {
		_, now, err := s.person(ctx, who) // who was asked before an alias call
		own = err == nil && now == s.people.name(user)
	}
	if !found || !own {
		return known, survey.Unknown(in.ID)
	}
	return known, nil
}

func referralWords(p *catalog.Referral) string {
	words := "Do you know somebody who would like this too?"
	if p.Reward != "" {
		words += " " + strings.TrimRight(p.Reward, ".") + "."
	}
	return words
}

// referralNumbers are what referrals of a program came to: what people did beside what they said they would.
type referralNumbers struct {
	Program   string `json:"program"`
	Exposures int64  `json:"exposures"`
	SignUps   int64  `json:"sign_ups"`
}

// add counts an account in.
func (n *referralNumbers) add(r *invite.Referral) {
	n.Exposures, n.SignUps = n.Exposures+r.Exposures, n.SignUps+r.SignUps
}
