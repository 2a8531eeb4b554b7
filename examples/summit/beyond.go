package summit

import (
	"context"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// What customers do beyond buying and using: look at prices, answer surveys, invite each other,
// recommend Summitry, hear from its people. What they draw for it comes from a source of its own.

// nature draws how a customer goes about all this. by is the customer who told it of Summitry.
func (h *host) nature(seed uint64, i int, hosts []*host) {
	h.more = rand.New(rand.NewPCG(seed^1<<41, uint64(i)+1))
	if i > 20 && h.more.Float64() < 0.08 {
		h.by = hosts[h.more.IntN(i/2)]
	}
	h.content = 5 + 5*h.more.Float64()
	h.second = pick(h.more, []string{"", "", "", "es", "de", "fr"})
}

// begin is what happens around a sign-up: it is credited to whose code was followed; half of the newcomers are called in their first week.
func (h *host) begin(ctx context.Context, r *run) error {
	if h.by != nil && h.by.code != "" && h.by.codeDay < r.day {
		body := map[string]any{"account": h.key, "user": h.user(0), "code": h.by.code}
		if err := r.api.call(ctx, "POST", "/v1/signups", body, nil, h.idempotent()...); err != nil {
			return err
		}
	}
	if h.content > 7.5 {
		if err := r.api.call(ctx, "PUT", "/v1/accounts/"+h.key+"/people/"+h.user(0), map[string]any{"champion": true}, nil, h.idempotent()...); err != nil {
			return err
		}
	}
	var assigned struct{ Variant string }
	if err := r.api.call(ctx, "POST", "/v1/variant", map[string]any{"account": h.key, "experiment": "welcome_call"}, &assigned); err != nil {
		return err
	}
	if assigned.Variant == "called" && !h.still {
		h.nextShow -= 6
		return h.fact(ctx, r, "contacted", map[string]any{"value": "phone", "note": "Welcome call"})
	}
	return nil
}

// fact tells Headroom what another system of Summitry knows.
func (h *host) fact(ctx context.Context, r *run, name string, body map[string]any) error {
	return r.api.call(ctx, "PUT", "/v1/accounts/"+h.key+"/facts/"+name, body, nil, h.idempotent()...)
}

// outages are the two days on which Summitry was down for some: nobody is offered anything.
func (r *run) outages(ctx context.Context) error {
	n := slices.Index([]int{r.days / 2, r.days * 5 / 6}, r.day)
	if n < 0 || r.slot != 0 {
		return nil
	}
	for i, h := range r.hosts {
		if i%4 != n || h.status == waiting || h.status == gone {
			continue
		}
		body := map[string]any{"value": true, "ref": "inc-" + strconv.Itoa(n+1), "until": r.now.AddDate(0, 0, 1).UTC().Format("2006-01-02T15:04:05Z"), "note": "Streams broke off"}
		if err := h.fact(ctx, r, "incident", body); err != nil {
			return err
		}
	}
	return nil
}

// looksBeyond is the part of a visit that is about Summitry itself.
func (h *host) looksBeyond(ctx context.Context, r *run, who int) error {
	chance := 0.05
	if h.held(r) {
		chance = 0.3
	}
	if h.more.Float64() < chance {
		h.emit(r, "plans.viewed", nil)
	}
	if h.status != paying {
		return nil
	}
	after := r.day - h.lastShow
	switch x := h.more.Float64(); {
	case after <= 4 && x < 0.6:
		if err := h.survey(ctx, r, "summit.done", who); err != nil {
			return err
		}
		return h.wander(ctx, r, "summit.done", "", who)
	case h.nextShow-r.day <= 2 && x < 0.7:
		return h.wander(ctx, r, "doors.open", "attendees", who)
	case x < 0.05:
		return h.wander(ctx, r, pick(h.more, []string{"nav.plan", "team.page", "summit.wizard", "speakers.invite", "whats.new", "recordings.open"}), "", who)
	case x < 0.07:
		return h.survey(ctx, r, "billing.page", who)
	case x < 0.09:
		return h.bringColleague(ctx, r)
	}
	return nil
}

func (h *host) wander(ctx context.Context, r *run, placement, feature string, who int) error {
	d, err := h.decide(ctx, r, placement, feature, who, false)
	if err != nil {
		return err
	}
	return h.react(ctx, r, d, who)
}

// survey answers what is asked at a place, more often than not.
func (h *host) survey(ctx context.Context, r *run, placement string, who int) error {
	var ask struct {
		Kind string
		ID   string `json:"ask_id"`
	}
	body := map[string]any{"account": h.key, "user": h.user(who), "role": h.role(who), "profile": "host", "placement": placement}
	if err := r.api.call(ctx, "POST", "/v1/surveys/next", body, &ask, h.idempotent()...); err != nil || ask.ID == "" {
		return err
	}
	reply := map[string]any{"user": h.user(who)}
	x := h.more.Float64()
	score := min(10, max(0, int(h.content+4*x-1)))
	switch {
	case h.more.Float64() < 0.4:
		reply["closed"] = true
	case ask.Kind == "csat":
		reply["score"] = max(1, score/2)
	case ask.Kind == "nps":
		reply["score"] = score
	default:
		wish := pick(h.more, wishes)
		reply["request"] = map[string]any{"title": wish, "importance": 1 + score/3, "pay": map[string]any{"amount": strconv.Itoa(5 * (1 + score)), "currency": "USD"}}
	}
	var answered struct {
		Referral *struct{ Code string }
	}
	if err := r.api.call(ctx, "POST", "/v1/surveys/"+url.PathEscape(ask.ID)+"/answers", reply, &answered, h.idempotent()...); err != nil {
		return err
	}
	if answered.Referral != nil && h.more.Float64() < 0.6 {
		return h.recommend(ctx, r)
	}
	if ask.Kind == "csat" && reply["score"] == 1 {
		return h.fact(ctx, r, "satisfaction", map[string]any{"value": 2, "note": "Ticket after the day"})
	}
	return nil
}

var wishes = []string{"Breakout rooms", "Tickets on our own domain", "A sponsor's report", "Live polls", "Automatic highlights"}

// recommend joins the referral program; who hears of it comes later.
func (h *host) recommend(ctx context.Context, r *run) error {
	var joined struct{ Code string }
	body := map[string]any{"user": h.user(0), "program": "hosts_bring_hosts"}
	if err := r.api.call(ctx, "POST", "/v1/accounts/"+h.key+"/referrals", body, &joined, h.idempotent()...); err != nil {
		return err
	}
	if h.code == "" {
		h.code, h.codeDay = joined.Code, r.day
		return r.api.call(ctx, "POST", "/v1/exposures", map[string]any{"code": joined.Code, "visitor": "friend-of-" + h.key, "place": "chat"}, nil)
	}
	return nil
}

// bringColleague invites somebody to the team, who mostly comes.
func (h *host) bringColleague(ctx context.Context, r *run) error {
	if h.colleagues >= 3 {
		return nil
	}
	h.colleagues++
	email := "colleague" + strconv.Itoa(h.colleagues) + "@" + h.key + ".example"
	var sent struct {
		Items []struct{ ID, Status string }
	}
	body := map[string]any{"user": h.user(0), "role": "admin", "people": []any{map[string]any{"email": email, "profile": "host"}}}
	if err := r.api.call(ctx, "POST", "/v1/accounts/"+h.key+"/invites", body, &sent, h.idempotent()...); err != nil {
		return err
	}
	if len(sent.Items) == 0 || sent.Items[0].Status != "sent" || h.more.Float64() > 0.7 {
		return nil
	}
	return r.api.call(ctx, "POST", "/v1/invites/"+url.PathEscape(sent.Items[0].ID)+"/accept", map[string]any{"user": strings.Replace(email, "@", "-", 1)}, nil, h.idempotent()...)
}

// takeUp is a yes to what costs nothing now: a talk, a recommendation, an invitation, a trial of
// a feature. It says whether the offer was one of those.
func (h *host) takeUp(ctx context.Context, r *run, d *decision, who int) (bool, error) {
	g := d.Offer.Give
	switch {
	case g.Refer != "":
		if err := h.tell(ctx, r, d.ID, "accepted", who, nil); err != nil {
			return true, err
		}
		return true, h.recommend(ctx, r)
	case g.Talk != "" || g.Trial && g.Feature != "":
		if who != 0 {
			return true, nil
		}
		return true, h.tell(ctx, r, d.ID, "accepted", who, nil)
	case g.Invite != "" || g.Trial:
		return true, nil // they look, and come back to it later
	}
	return false, nil
}

// stays asks, before a customer buys less, what Headroom would propose instead. One in five stays.
func (h *host) stays(ctx context.Context, r *run, intent string) (bool, error) {
	body := map[string]any{"account": h.key, "user": h.user(0), "role": "admin", "placement": "billing.page", "intent": intent}
	var d decision
	if err := r.api.call(ctx, "POST", "/v1/decide", body, &d, h.idempotent()...); err != nil || d.Status != "show" {
		return false, err
	}
	if err := h.tell(ctx, r, d.ID, "seen", 0, nil); err != nil {
		return false, err
	}
	if h.more.Float64() > 0.2 || d.Offer.Give.Talk == "" {
		return false, nil
	}
	return true, h.tell(ctx, r, d.ID, "accepted", 0, nil)
}
