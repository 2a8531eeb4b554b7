package api

import (
	"context"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/opportunity"
	"github.com/headroomhq/headroom/internal/runner"
)

// What people write in their own words is sealed before it becomes part of a record, under
// the key of whoever wrote it, and opened where an answer shows it. Log and state never
// hold it in clear, and erasing the person erases it everywhere.

// seal seals a text under the key of subject, a pseudonym. The same text at the same place
// gives the same string: a call that is repeated is the same call.
func (s *Server) seal(ctx context.Context, subject, place, text string) (string, error) {
	if text == "" {
		return "", nil
	}
	keys, err := s.people.keysOf(ctx, []string{subject}, s.Clock.Now())
	if err != nil {
		return "", err
	}
	key, ok := keys[subject]
	if !ok {
		return account.Erased, nil
	}
	return account.SealText(key, subject, place, text)
}

// unseal replaces sealed texts by what they say, and by account.Erased where the key is
// gone. Keys are looked up anew each time, so that what was just erased no longer shows.
func (s *Server) unseal(ctx context.Context, texts ...*string) error {
	var subjects []string
	for _, t := range texts {
		if subject, sealed := account.TextSubject(*t); sealed {
			subjects = append(subjects, subject)
		}
	}
	if len(subjects) == 0 {
		return nil
	}
	keys, err := s.Store.FindPersonKeys(ctx, subjects)
	if err != nil {
		return err
	}
	for _, t := range texts {
		subject, sealed := account.TextSubject(*t)
		if !sealed {
			continue
		}
		key, kept := keys[subject]
		if *t, err = account.OpenText(key, *t); !kept || err != nil {
			*t = account.Erased
		}
	}
	return nil
}

// ofAccount is the subject of texts that nobody in particular wrote, or somebody of ours.
func (s *Server) ofAccount(key string) string { return s.people.name("account:" + key) }

// sealReason seals why somebody answered an offer as they did: under their own key, that of
// whom it was shown to when the call does not say, or the account's.
func (s *Server) sealReason(ctx context.Context, acct string, act *offer.Act) (err error) {
	if act.Reason == "" {
		return nil
	}
	subject := act.User
	if subject == "" {
		err := s.Runner.Read(ctx, acct, 0, func(v runner.View) error {
			if v.Account != nil {
				kept, _ := v.Account.Offers.Find(act.Decision)
				subject = kept.User
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if subject == "" {
		subject = s.ofAccount(acct)
	}
	act.Reason, err = s.seal(ctx, subject, act.Decision+"/"+act.Type, act.Reason)
	return err
}

func (s *Server) unsealOutcomes(ctx context.Context, items []offer.Outcome) error {
	texts := make([]*string, len(items))
	for i := range items {
		texts[i] = &items[i].Reason
	}
	return s.unseal(ctx, texts...)
}

func (s *Server) unsealRequests(ctx context.Context, items []offer.Request) error {
	var texts []*string
	for i := range items {
		texts = append(texts, sealedOf(&items[i])...)
	}
	return s.unseal(ctx, texts...)
}

// sealedOf lists what people said with a request.
func sealedOf(r *offer.Request) []*string {
	texts := []*string{&r.Name, &r.Reason, &r.Answer}
	for i := range r.Joined {
		texts = append(texts, &r.Joined[i].Name, &r.Joined[i].Reason)
	}
	return texts
}

func (s *Server) unsealAnswer(ctx context.Context, a *engine.OutcomeAnswer) error {
	texts := []*string{&a.Outcome.Reason}
	if a.Request != nil {
		texts = append(texts, sealedOf(a.Request)...)
	}
	return s.unseal(ctx, texts...)
}

// sealEdit checks and seals the texts of an edit, under the account's key.
func (s *Server) sealEdit(ctx context.Context, acct, id string, e opportunity.Edit) (opportunity.Edit, error) {
	if err := e.CheckTexts(id); err != nil {
		return e, err
	}
	for place, text := range map[string]**string{"note": &e.Note, "lost_reason": &e.LostReason} {
		if *text == nil {
			continue
		}
		sealed, err := s.seal(ctx, s.ofAccount(acct), id+"/"+place, **text)
		if err != nil {
			return e, err
		}
		*text = &sealed
	}
	return e, nil
}

func (s *Server) unsealOpportunities(ctx context.Context, items []opportunity.Opportunity) error {
	var texts []*string
	for i := range items {
		texts = append(texts, &items[i].Note, &items[i].LostWhy)
	}
	return s.unseal(ctx, texts...)
}
