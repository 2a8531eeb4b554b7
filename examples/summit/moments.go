package summit

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// The moments of the page in which Headroom has a say: a limit, a locked feature, an offer
// and what becomes of it.

// addSpeaker asks whether there is room, adds, tells Headroom, and asks whether something
// is to be proposed at the button. A no carries the proposal with it.
func (p *product) addSpeaker(t *turn) (*answer, error) {
	a := &answer{}
	ask := map[string]any{"account": p.account, "user": t.user, "role": t.role(), "feature": "speakers", "placement": "speakers.add"}
	room, err := t.check(ask, a)
	if err != nil {
		return nil, err
	}
	if room {
		if err := t.send("speaker.added", 1); err != nil {
			return nil, err
		}
		s := t.book()
		a.Added = &s
		if err := t.call("POST", "/v1/decide", ask, &a.Decision, once()...); err != nil {
			return nil, err
		}
	}
	a.State, err = t.read()
	return a, err
}

// check asks POST /v1/check and keeps its answer, and its decision where there is one.
func (t *turn) check(ask map[string]any, a *answer) (allowed bool, err error) {
	if err := t.call("POST", "/v1/check", ask, &a.Check); err != nil {
		return false, err
	}
	var c struct {
		Allowed  bool
		Decision json.RawMessage
	}
	err = json.Unmarshal(a.Check, &c)
	a.Decision = c.Decision
	if err == nil && t.member {
		a.Check, err = unpriced(a.Check)
	}
	return c.Allowed, err
}

// unpriced leaves out of a check what things cost. Headroom answers our key, which sees
// everything; what a member's browser gets is for us to say.
func unpriced(check json.RawMessage) (json.RawMessage, error) {
	var c map[string]any
	if err := json.Unmarshal(check, &c); err != nil {
		return nil, err
	}
	unlock, _ := c["unlock"].([]any)
	for _, u := range unlock {
		if u, ok := u.(map[string]any); ok {
			delete(u, "price")
			delete(u, "difference")
		}
	}
	return json.Marshal(c)
}

func (t *turn) role() string {
	if t.member {
		return "member"
	}
	return "admin"
}

func (p *product) removeSpeaker(t *turn) (*answer, error) {
	id := t.r.PathValue("id")
	i := slices.IndexFunc(p.speakers, func(s speaker) bool { return s.ID == id })
	if i < 0 {
		return nil, &trouble{Status: http.StatusNotFound, Code: "speaker_unknown", Detail: "that speaker is not on the list any more", Mend: "reload the page"}
	}
	if err := t.send("speaker.removed", 1); err != nil {
		return nil, err
	}
	p.speakers = slices.Delete(slices.Clone(p.speakers), i, i+1)
	s, err := t.read()
	return &answer{State: s}, err
}

// openRecordings is the locked menu item: a check that says no is a touched gate, which
// Headroom notices by itself, and says what would unlock it.
func (p *product) openRecordings(t *turn) (*answer, error) {
	a := &answer{}
	_, err := t.check(map[string]any{"account": p.account, "user": t.user, "role": t.role(), "feature": "recordings", "placement": "recordings.open"}, a)
	return a, err
}

// offer asks what to propose. requested is for somebody who asks to see what there is to
// buy: then no cool-down and no cap binds.
func (p *product) offer(t *turn) (*answer, error) {
	a := &answer{}
	return a, t.call("POST", "/v1/decide", map[string]any{"account": p.account, "user": t.user, "role": t.role(),
		"placement": t.ask.Placement, "feature": t.ask.Feature, "requested": t.ask.Requested}, &a.Decision, once()...)
}

// preview is what the confirmation shows, with the token that says it was shown.
func (p *product) preview(t *turn) (*answer, error) {
	if err := t.adminsOnly(); err != nil {
		return nil, err
	}
	a := &answer{}
	return a, t.call("POST", "/v1/subscriptions/preview", map[string]any{"account": p.account, "decision_id": t.ask.Decision}, &a.Preview)
}

// outcome reports what the person did about an offer: seen, clicked, dismissed, requested.
func (p *product) outcome(t *turn) (*answer, error) {
	if t.ask.Type == "accepted" {
		return nil, &trouble{Status: http.StatusUnprocessableEntity, Code: "outcome_invalid", Detail: "an offer is accepted with its price",
			Mend: "use /api/offer/accept"}
	}
	var done outcome
	body := map[string]any{"type": t.ask.Type, "user": t.user, "role": t.role()}
	if t.ask.Reason != "" {
		body["reason"] = t.ask.Reason
	}
	err := t.call("POST", "/v1/decisions/"+url.PathEscape(t.ask.Decision)+"/outcomes", body, &done)
	if done.RequestID != "" {
		p.asked[done.RequestID] = t.name
	}
	return &answer{}, err
}

// accept buys what was shown. The answer carries the check as it stands now, so the page
// need not ask again.
func (p *product) accept(t *turn) (*answer, error) {
	if err := t.adminsOnly(); err != nil {
		return nil, err
	}
	return t.bought("/v1/decisions/"+url.PathEscape(t.ask.Decision)+"/outcomes",
		map[string]any{"type": "accepted", "user": t.user, "role": "admin", "token": t.ask.Token})
}

// bought makes a call that changes the subscription, and shows what the account has then.
func (t *turn) bought(path string, body map[string]any) (*answer, error) {
	var done struct{ Check json.RawMessage }
	if err := t.call("POST", path, body, &done, once()...); err != nil {
		return nil, err
	}
	s, err := t.read()
	return &answer{State: s, Check: done.Check}, err
}

// wish is a member's open upgrade request.
type wish struct {
	ID       string    `json:"id"`
	Decision string    `json:"decision"`
	Who      string    `json:"who"`
	Plan     string    `json:"plan"`
	Reason   string    `json:"reason,omitempty"`
	At       time.Time `json:"at"`
}

func (p *product) requests(t *turn) (*answer, error) {
	open, err := t.wishes()
	return &answer{Requests: open}, err
}

func (t *turn) wishes() ([]wish, error) {
	var list struct {
		Items []struct {
			ID, Reason string
			Decision   string `json:"decision_id"`
			Give       give
			At         time.Time
		}
	}
	q := url.Values{"account": {t.account}, "status": {"open"}}
	if err := t.call("GET", "/v1/requests?"+q.Encode(), nil, &list); err != nil {
		return nil, err
	}
	open := []wish{}
	for _, r := range list.Items {
		w := wish{ID: r.ID, Decision: r.Decision, Who: t.asked[r.ID], Plan: titled(r.Give.Plan), Reason: r.Reason, At: r.At}
		if w.Who == "" { // asked before this process started; Headroom only knows a pseudonym
			w.Who = "A member"
		}
		open = append(open, w)
	}
	return open, nil
}

// answerRequest is an admin's approve, with the token of what was shown, or decline.
func (p *product) answerRequest(t *turn) (*answer, error) {
	if err := t.adminsOnly(); err != nil {
		return nil, err
	}
	path := "/v1/requests/" + url.PathEscape(t.r.PathValue("id")) + "/" + t.r.PathValue("answer")
	switch t.r.PathValue("answer") {
	case "approve":
		return t.bought(path, map[string]any{"user": t.user, "token": t.ask.Token})
	case "decline":
		return &answer{}, t.call("POST", path, map[string]any{"user": t.user}, nil, once()...)
	}
	return nil, &trouble{Status: http.StatusNotFound, Code: "route_unknown", Detail: "a request is approved or declined"}
}

// startsWith is how many speakers the summit has when the demo starts over.
const startsWith = 8

// startOver puts the account back to how the demo found it. What was offered stays on
// Headroom's record: caps and cool-downs are not undone.
func (p *product) startOver(t *turn) (*answer, error) {
	open, err := t.wishes()
	if err != nil {
		return nil, err
	}
	for _, w := range open {
		if err := t.call("POST", "/v1/requests/"+url.PathEscape(w.ID)+"/decline", map[string]any{"user": p.team.user(0)}, nil, once()...); err != nil {
			return nil, err
		}
	}
	now, err := t.read()
	if err != nil {
		return nil, err
	}
	// Leave first, then step down: a smaller plan is never fuller than it may be.
	if err := t.send("speaker.removed", max(int(now.Usage)-startsWith, 0)); err != nil {
		return nil, err
	}
	if err := t.send("speaker.added", max(startsWith-int(now.Usage), 0)); err != nil {
		return nil, err
	}
	// What was just bought is undone, as if it had never been: after a downgrade Headroom would
	// keep quiet for a month.
	if now.Plan != "Starter" {
		var no *refused
		err := t.call("POST", "/v1/accounts/"+p.account+"/subscription/undo", nil, nil, once()...)
		if err != nil && !errors.As(err, &no) {
			return nil, err
		}
		if now, err = t.read(); err != nil {
			return nil, err
		}
	}
	if now.Plan != "Starter" { // there was nothing to undo any more
		change := map[string]any{"plan": "starter", "interval": "month", "addons": []any{}}
		if err := t.call("PUT", "/v1/accounts/"+p.account+"/subscription", change, nil, once()...); err != nil {
			return nil, err
		}
	}
	s, err := t.read()
	return &answer{State: s}, err
}

// book adds somebody to the list whom it does not have yet.
func (p *product) book() speaker {
	p.made++
	s := speaker{ID: "s" + strconv.Itoa(p.made), Talk: talks[(p.made-1)%len(talks)]}
	for s.Name == "" || slices.ContainsFunc(p.speakers, func(o speaker) bool { return o.Name == s.Name }) {
		s.Name = p.names.person()
	}
	p.speakers = append(slices.Clone(p.speakers), s)
	return s
}

var talks = []string{
	"The first hundred people in the room", "What our worst webinar taught us", "Running a stage from a kitchen table",
	"Sponsors who come back", "Interviews that do not feel rehearsed", "A summit in eleven time zones",
	"Captions, slides and everybody else", "From attendee to customer, slowly", "The quiet half of the chat",
	"Twelve minutes are enough", "Hosting when the network fails", "Paying speakers fairly",
	"Making a replay worth watching", "Small rooms, long conversations", "Questions nobody dares to ask",
	"The day after the summit", "Music before the talk", "Numbers that a sponsor believes",
}
