package summit

import (
	"crypto/rand"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
)

// What people do in the product. The page asks Headroom before it lets them; here it is asked
// again, because a page can be changed by who looks at it, and Headroom hears what happened.

func newID() string { return rand.Text() }

// once makes repeating the next call harmless.
func once() []string { return []string{"Idempotency-Key", newID()} }

func first(name string) string {
	word, _, _ := strings.Cut(strings.ToLower(name), " ")
	return word
}

// used is how much of a feature the customer uses, and may use.
type used struct {
	Feature string
	Allowed bool
	Usage   float64
	Limit   *float64
}

// usage reads one of the customer's entitlements.
func (t *turn) usage(feature string) (used, error) {
	var has struct{ Items []used }
	if err := t.api.call(t.ctx, "GET", "/v1/accounts/"+t.of.key+"/entitlements", nil, &has, "Headroom-Position", t.behind); err != nil {
		return used{}, err
	}
	i := slices.IndexFunc(has.Items, func(u used) bool { return u.Feature == feature })
	if i < 0 {
		return used{Feature: feature}, nil
	}
	return has.Items[i], nil
}

// counted makes the list of speakers as long as Headroom has counted.
func (t *turn) counted() error {
	u, err := t.usage("speakers")
	if err == nil && len(t.outbox) == 0 {
		t.of.fit(int(u.Usage))
	}
	return err
}

// may asks whether the customer may use one more of something. What Summitry does while
// Headroom cannot be reached is its own choice: it lets people work, and counts afterwards.
func (t *turn) may(feature string) error {
	ask := map[string]any{"account": t.of.key, "user": t.user(), "role": t.role(), "feature": feature}
	var c struct {
		Allowed bool
		Message string
	}
	err := t.api.call(t.ctx, "POST", "/v1/check", ask, &c, "Headroom-Position", t.behind)
	switch {
	case away(err):
		return nil
	case err != nil:
		return err
	case c.Allowed:
		return nil
	}
	return &trouble{Status: http.StatusForbidden, Code: "not_in_plan", Detail: c.Message, Mend: "see what your plan could have on Plans & billing"}
}

// send reports what happened so many times. Headroom stamps the time of receipt: the demo's
// clock is not the wall's. What it cannot hear now it hears with the next event.
func (t *turn) send(kind string, times int, data func(i int) map[string]any) error {
	for i := range max(times, 0) {
		e := event{Version: "1.0", ID: newID(), Source: "summitry", Type: kind, Subject: t.of.key, Data: map[string]any{}}
		if data != nil {
			e.Data = data(i)
		}
		e.Data["user"] = t.user()
		t.outbox = append(t.outbox, e)
	}
	return t.deliver()
}

func (t *turn) deliver() error {
	if len(t.outbox) == 0 {
		return nil
	}
	var at struct{ Position string }
	err := t.api.call(t.ctx, "POST", "/v1/events", t.outbox, &at)
	if away(err) {
		return nil
	}
	t.outbox, t.behind = nil, at.Position
	return err
}

// addSpeaker books the next speaker.
func (p *product) addSpeaker(t *turn) (any, error) {
	if err := t.may("speakers"); err != nil {
		return nil, err
	}
	s := t.of.book()
	return map[string]any{"added": s, "speakers": t.of.speakers}, t.send("speaker.added", 1, nil)
}

func (p *product) removeSpeaker(t *turn) (any, error) {
	i := slices.IndexFunc(t.of.speakers, func(s speaker) bool { return s.ID == t.r.PathValue("id") })
	if i < 0 {
		return nil, &trouble{Status: http.StatusNotFound, Code: "speaker_unknown", Detail: "that speaker is not on the list any more", Mend: "reload the page"}
	}
	t.of.speakers = slices.Delete(slices.Clone(t.of.speakers), i, i+1)
	return map[string]any{"speakers": t.of.speakers}, t.send("speaker.removed", 1, nil)
}

// checkIn lets the early guests in: so many that the plan is nearly full of them.
func (p *product) checkIn(t *turn) (any, error) {
	u, err := t.usage("attendees")
	if err != nil && !away(err) {
		return nil, err
	}
	guests := 60
	if u.Limit != nil {
		guests = max(int(0.94**u.Limit)-int(u.Usage), 0)
	}
	return map[string]any{"guests": guests}, t.send("attendee.joined", guests, func(int) map[string]any { return map[string]any{"attendee_id": newID()} })
}

// goLive opens the doors: the summit is held.
func (p *product) goLive(t *turn) (any, error) {
	return map[string]any{"held": true}, t.send("summit.published", 1, func(int) map[string]any {
		return map[string]any{"speakers": len(t.of.speakers), "language": "en"}
	})
}

// sendEmails writes to everybody on the list: so many that few are left this month.
func (p *product) sendEmails(t *turn) (any, error) {
	u, err := t.usage("emails")
	if err != nil && !away(err) {
		return nil, err
	}
	n := 100
	if u.Limit != nil {
		n = max(int(0.92**u.Limit)-int(u.Usage), 0)
	}
	if n == 0 {
		return map[string]any{"sent": 0}, nil
	}
	return map[string]any{"sent": n}, t.send("email.sent", 1, func(int) map[string]any { return map[string]any{"count": n} })
}

// endTrial lets the trial be over at once: the demo need not wait for two days.
func (p *product) endTrial(t *turn) (any, error) {
	if !t.of.trial {
		return nil, &trouble{Status: http.StatusConflict, Code: "no_trial", Detail: t.of.name + " is on no trial", Mend: "look at the page as the trial account"}
	}
	now, err := t.now()
	if err != nil {
		return nil, err
	}
	change := map[string]any{"trial_ends_at": now.Add(2 * time.Second).Format(time.RFC3339)}
	return map[string]any{"ends": true}, t.api.call(t.ctx, "PUT", "/v1/accounts/"+t.of.key+"/subscription", change, nil, once()...)
}

// startOver puts the customer back to how the demo found it. What was offered stays on
// Headroom's record: caps and cool-downs are not undone.
func (p *product) startOver(t *turn) (any, error) {
	if t.of.trial {
		p.trying = p.nextTrial()
		t.of = p.trying
		return p.session(t)
	}
	if _, err := t.signedUp(); err != nil {
		return nil, err
	}
	if err := t.declineAll(); err != nil {
		return nil, err
	}
	// Leave first, then step down: a smaller plan is never fuller than it may be.
	u, err := t.usage("speakers")
	if err != nil {
		return nil, err
	}
	if err := t.send("speaker.removed", int(u.Usage)-t.of.startsWith(), nil); err != nil {
		return nil, err
	}
	if err := t.send("speaker.added", t.of.startsWith()-int(u.Usage), nil); err != nil {
		return nil, err
	}
	if err := t.stepDown(); err != nil {
		return nil, err
	}
	return p.session(t)
}

// declineAll closes what members have asked for, and invitations that hold or wait for a seat.
func (t *turn) declineAll() error {
	var open struct{ Items []struct{ ID, Status string } }
	if err := t.api.call(t.ctx, "GET", "/v1/requests?status=open&account="+t.of.key, nil, &open); err != nil {
		return err
	}
	for _, r := range open.Items {
		if err := t.api.call(t.ctx, "POST", "/v1/requests/"+r.ID+"/decline", map[string]any{"user": t.of.user(0)}, nil, once()...); err != nil {
			return err
		}
	}
	if err := t.api.call(t.ctx, "GET", "/v1/accounts/"+t.of.key+"/invites", nil, &open); err != nil {
		return err
	}
	for _, i := range open.Items {
		if i.Status != "sent" && i.Status != "waiting" {
			continue
		}
		if err := t.api.call(t.ctx, "POST", "/v1/invites/"+i.ID+"/cancel", map[string]any{"user": t.of.user(0), "role": "admin"}, nil, once()...); err != nil {
			return err
		}
	}
	return nil
}

// stepDown undoes what was just bought, as if it had never been: after a downgrade Headroom
// would keep quiet for a month.
func (t *turn) stepDown() error {
	path := "/v1/accounts/" + t.of.key + "/subscription"
	for range 2 {
		var sub struct {
			Plan   string
			Addons []struct{ Key string }
		}
		if err := t.api.call(t.ctx, "GET", path, nil, &sub, "Headroom-Position", t.behind); err != nil {
			return err
		}
		if sub.Plan == "starter" && len(sub.Addons) == 0 {
			return nil
		}
		err := t.api.call(t.ctx, "POST", path+"/undo", nil, nil, once()...)
		if _, no := errors.AsType[*refused](err); no { // there is nothing to undo any more
			change := map[string]any{"plan": "starter", "interval": "month", "addons": []any{}}
			err = t.api.call(t.ctx, "PUT", path, change, nil, once()...)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
