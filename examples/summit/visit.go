package summit

import (
	"context"
	"maps"
	"strconv"
)

// visit is a slot of work with Summitry: prepare the next summit, look after the last one,
// look around.
func (h *host) visit(ctx context.Context, r *run) error {
	who := 0 // the admin, mostly
	if len(h.people) > 1 && h.rng.Float64() < 0.3 {
		who = 1 + h.rng.IntN(len(h.people)-1)
	}
	for _, part := range []func(context.Context, *run, int) error{h.invite, h.openRecordings, h.placeSponsors, h.exportLeads, h.shareWork, h.caption, h.openChapters, h.lookAround, h.looksBeyond} {
		if err := part(ctx, r, who); err != nil || h.status == gone {
			return err
		}
	}
	h.mail(r)
	return nil
}

// invite adds speakers to the next summit, asking first whether there is room.
func (h *host) invite(ctx context.Context, r *run, who int) error {
	missing := h.wants(r) - h.speakers
	if missing <= 0 {
		return nil
	}
	n := min(missing, 1+h.rng.IntN(1+h.wants(r)/4))
	c, err := h.check(ctx, r, "speakers", n, "speakers.add", who)
	if err != nil {
		return err
	}
	if !c.Allowed && c.Remaining != nil {
		n = min(n, int(max(0, *c.Remaining)))
	}
	for range n {
		h.speakers++
		h.emit(r, "speaker.added", nil)
	}
	return h.react(ctx, r, c.Decision, who)
}

// openRecordings looks for the talks of the last summit.
func (h *host) openRecordings(ctx context.Context, r *run, who int) error {
	if !h.records || r.day-h.lastShow > 12 || h.rng.Float64() < 0.4 {
		return nil
	}
	c, err := h.check(ctx, r, "recordings", 1, "recordings.open", who)
	if err != nil {
		return err
	}
	return h.react(ctx, r, c.Decision, who)
}

// placeSponsors gives the next sponsor a booth, or two at a large summit.
func (h *host) placeSponsors(ctx context.Context, r *run, who int) error {
	if !h.sponsored || h.nextShow-r.day > 25 || h.sponsors >= 14 || h.rng.Float64() < 0.5 {
		return nil
	}
	n := max(1, rank(h.plan))
	c, err := h.check(ctx, r, "sponsors", n, "sponsors.page", who)
	if err != nil {
		return err
	}
	if c.Allowed {
		for range n {
			h.sponsors++
			h.emit(r, "sponsor.added", nil)
		}
	}
	return h.react(ctx, r, c.Decision, who)
}

// exportLeads hands leads to sponsors in the week after a summit.
func (h *host) exportLeads(ctx context.Context, r *run, who int) error {
	if r.day-h.lastShow > 7 || h.rng.Float64() < 0.5 {
		return nil
	}
	body := map[string]any{"account": h.key, "user": h.user(who), "feature": "exports", "quantity": h.leads()}
	return r.api.call(ctx, "POST", "/v1/consume", body, nil, h.idempotent()...)
}

// lookAround opens the dashboard, or now and then the page with the plans.
func (h *host) lookAround(ctx context.Context, r *run, who int) error {
	x := h.rng.Float64()
	if x > 0.35 || h.status != paying {
		return nil
	}
	placement, requested := "dashboard.card", false
	if x < 0.03 {
		placement, requested = "billing.page", true
	}
	d, err := h.decide(ctx, r, placement, "", who, requested)
	if err != nil {
		return err
	}
	return h.react(ctx, r, d, who)
}

// mail writes to everybody who registered, the more often the nearer the summit is.
func (h *host) mail(r *run) {
	if left := h.nextShow - r.day; left > 0 && left < 28 {
		h.emit(r, "email.sent", map[string]any{"count": int(h.mails * h.guests(r) * (0.8 + 0.9*h.rng.Float64()))})
	}
}

// guests is how many people register for the next summit.
func (h *host) guests(r *run) float64 { return h.audience * (1 + 0.05*float64(r.day-h.joins)/30) }

// publish holds the summit: it goes live, people come, some speakers are done.
func (h *host) publish(r *run) {
	language := "en"
	if h.second != "" && h.more.Float64() < 0.4 {
		language = h.second
	}
	h.emit(r, "summit.published", map[string]any{"speakers": h.speakers, "language": language})
	// Half of an audience comes again, so attendees have numbers that overlap.
	n := int(min(h.guests(r), 1500) * (0.5 + 0.3*h.rng.Float64()))
	first := int(float64(n) * 0.5 * h.rng.Float64())
	for i := range n {
		h.emit(r, "attendee.joined", map[string]any{"attendee_id": strconv.Itoa(first + i)})
	}
	h.recorded(h.speakers)
	h.lastShow, h.nextShow = r.day, r.day+h.every+h.rng.IntN(21)-10
	h.removeSponsors(r, h.sponsors/2)
	h.removeSpeakers(r, int(float64(h.speakers)*(0.2+0.3*h.rng.Float64())))
}

func (h *host) check(ctx context.Context, r *run, feature string, n int, placement string, who int) (checked, error) {
	body := map[string]any{"account": h.key, "user": h.user(who), "role": h.role(who), "feature": feature, "quantity": n, "placement": placement}
	var c checked
	return c, r.api.call(ctx, "POST", "/v1/check", body, &c, "Headroom-Position", r.position)
}

func (h *host) decide(ctx context.Context, r *run, placement, feature string, who int, requested bool) (*decision, error) {
	body := map[string]any{"account": h.key, "user": h.user(who), "role": h.role(who), "placement": placement, "requested": requested}
	if feature != "" {
		body["feature"] = feature
	}
	var d decision
	return &d, r.api.call(ctx, "POST", "/v1/decide", body, &d, append(h.idempotent(), "Headroom-Position", r.position)...)
}

func (h *host) role(who int) string {
	if who == 0 {
		return "admin"
	}
	return "member"
}

// react is what a person does about an offer: look at it, refuse it, ask for it, buy it.
func (h *host) react(ctx context.Context, r *run, d *decision, who int) error {
	if d == nil || d.Status != "show" {
		return nil
	}
	if err := h.tell(ctx, r, d.ID, "seen", who, nil); err != nil {
		return err
	}
	fits := h.fits(d.Offer.Give)
	interest := 0.12
	if fits {
		interest = 0.5
	}
	if h.rng.Float64() > interest {
		if h.rng.Float64() < 0.25 {
			return h.tell(ctx, r, d.ID, "dismissed", who, map[string]any{"reason": pick(h.rng, refusals)})
		}
		return nil
	}
	if err := h.tell(ctx, r, d.ID, "clicked", who, nil); err != nil {
		return err
	}
	if free, err := h.takeUp(ctx, r, d, who); free || err != nil {
		return err
	}
	buys := 0.03
	if fits {
		buys = 0.5
	}
	switch x := h.rng.Float64(); {
	case who == 0 && x < buys:
		return h.accept(ctx, r, d)
	case who != 0 && h.ask == nil && x < buys+0.25:
		return h.askFor(ctx, r, d, who, fits)
	}
	return nil
}

var refusals = []string{"not now", "too expensive", "we do not need it"}

// fits says whether what is offered would serve the customer.
func (h *host) fits(g give) bool {
	switch g.Addon {
	case "":
		return rank(g.Plan) <= h.ceiling && !(h.nonprofit && g.Plan == "pro")
	case "sponsors":
		return h.sponsored
	case "host_seat":
		return h.team > float64(h.hosts)
	}
	return h.captioned || h.chaptered && g.Addon == "library"
}

// tell reports what became of a decision.
func (h *host) tell(ctx context.Context, r *run, decision, outcome string, who int, more map[string]any) error {
	body := map[string]any{"type": outcome, "user": h.user(who), "role": h.role(who)}
	maps.Copy(body, more)
	return r.api.call(ctx, "POST", "/v1/decisions/"+decision+"/outcomes", body, nil)
}

// accept buys what a decision offers, for the price that the preview showed.
func (h *host) accept(ctx context.Context, r *run, d *decision) error {
	token, err := h.preview(ctx, r, d.ID)
	if err != nil {
		return err
	}
	var o outcome
	body := map[string]any{"type": "accepted", "user": h.user(0), "role": "admin", "token": token}
	if err := r.api.call(ctx, "POST", "/v1/decisions/"+d.ID+"/outcomes", body, &o, h.idempotent()...); err != nil {
		return err
	}
	if h.ask != nil && h.ask.offer == d.Offer.Key {
		h.ask = nil // bought is as good as approved
	}
	if o.Subscription != nil {
		h.keep(o.Subscription)
	}
	h.yearly = h.yearly || d.Offer.Give.Interval != ""
	return nil
}

func (h *host) preview(ctx context.Context, r *run, decision string) (string, error) {
	var p previewed
	err := r.api.call(ctx, "POST", "/v1/subscriptions/preview", map[string]any{"account": h.key, "decision_id": decision}, &p)
	return p.Token, err
}

// askFor is a member's request; the admin answers some days later, or never.
func (h *host) askFor(ctx context.Context, r *run, d *decision, who int, fits bool) error {
	var o outcome
	body := map[string]any{"type": "requested", "user": h.user(who), "role": "member", "reason": pick(h.rng, reasons)}
	if err := r.api.call(ctx, "POST", "/v1/decisions/"+d.ID+"/outcomes", body, &o, h.idempotent()...); err != nil {
		return err
	}
	x := h.rng.Float64()
	if x < 0.2 {
		return nil // nobody ever answers
	}
	// Who asks twice is told of the first request, which came from another decision.
	h.ask = &request{id: o.RequestID, decision: o.Request.Decision, offer: d.Offer.Key, plan: h.plan, day: r.day + 1 + h.rng.IntN(5), approve: fits && x < 0.8}
	return nil
}

var reasons = []string{"the next speakers are waiting", "two sponsors asked for it", "we promised it to our speakers", "it would save us a day a week"}

// answerRequest is the admin's answer to a member. What was asked for on another plan is
// declined.
func (h *host) answerRequest(ctx context.Context, r *run) error {
	ask := h.ask
	if ask == nil || ask.day > r.day {
		return nil
	}
	h.ask = nil
	if !ask.approve || h.plan != ask.plan || h.status != paying || h.later != "" {
		return r.api.call(ctx, "POST", "/v1/requests/"+ask.id+"/decline", map[string]any{"user": h.user(0)}, nil, h.idempotent()...)
	}
	token, err := h.preview(ctx, r, ask.decision)
	if err != nil {
		return err
	}
	var o outcome
	if err := r.api.call(ctx, "POST", "/v1/requests/"+ask.id+"/approve", map[string]any{"user": h.user(0), "token": token}, &o, h.idempotent()...); err != nil {
		return err
	}
	h.keep(o.Subscription)
	return nil
}

func (h *host) removeSpeakers(r *run, n int) {
	for range min(n, h.speakers) {
		h.speakers--
		h.emit(r, "speaker.removed", nil)
	}
}

func (h *host) removeSponsors(r *run, keep int) {
	for ; h.sponsors > keep; h.sponsors-- {
		h.emit(r, "sponsor.removed", nil)
	}
}

// prepare is the quiet life of the account that the product page shows: a summit every
// two months, a speaker now and then, the eighth some days before today.
func (h *host) prepare(r *run) {
	ready := r.days - 6
	if target := 3 + 5*(r.day-h.joins)/max(1, ready-h.joins); h.speakers < min(target, 8) {
		h.speakers++
		h.emit(r, "speaker.added", nil)
	}
	if h.talkDay(r) {
		h.talk(r)
	}
	if r.day == h.nextShow {
		h.emit(r, "summit.published", nil)
		for i := range 60 + h.rng.IntN(40) {
			h.emit(r, "attendee.joined", map[string]any{"attendee_id": strconv.Itoa(i)})
		}
		h.nextShow += 61
	}
	if r.day%9 == 0 {
		h.emit(r, "email.sent", map[string]any{"count": 90 + h.rng.IntN(60)})
	}
}
