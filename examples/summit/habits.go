package summit

import (
	"context"
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// acts says whether the customer does anything in this slot. It draws from the customer's
// own source, so it is asked once a slot and in order.
func (h *host) acts(r *run) bool {
	if h.status == waiting || h.status == gone {
		return r.slot == 0 && (h.status == waiting && h.joins == r.day || h.returns == r.day && r.day > 0 || h.due(r.day))
	}
	if h.still {
		return r.slot == 1
	}
	if h.pool == holds && r.slot == 1 {
		return false // the afternoon is for those who draw from its pool
	}
	if r.slot == 0 && h.chores(r) {
		return true
	}
	weekday := 1.0
	if d := r.now.Weekday(); d == time.Saturday || d == time.Sunday {
		weekday = 0.25
	}
	lively := h.lively
	if h.status == trialing {
		lively = max(lively, 0.25) // who tries something looks at it
	}
	return h.rng.Float64() < lively*weekday
}

// chores says whether something waits that has its day.
func (h *host) chores(r *run) bool {
	return h.nextShow == r.day || h.status == trialing && daysUntil(r.now, h.trialEnds) <= 1 ||
		!h.endsAt.IsZero() && !r.now.Before(h.endsAt) || !h.laterAt.IsZero() && !r.now.Before(h.laterAt) ||
		h.ask != nil && h.ask.day <= r.day || h.due(r.day) || h.talkDay(r) ||
		!h.tryEnds.IsZero() && daysUntil(r.now, h.tryEnds) <= 1
}

// talkDay is the day of each month on which a customer holds an open talk, and thinks about
// what it pays for.
func (h *host) talkDay(r *run) bool { return r.now.Day() == 1+h.joins%28 }

func daysUntil(now, then time.Time) int { return int(then.Sub(now) / (24 * time.Hour)) }

// live makes a customer's calls of one slot.
func (h *host) live(ctx context.Context, r *run) error {
	h.passed(r)
	switch {
	case h.status == waiting:
		return h.signUp(ctx, r)
	case h.status == gone:
		if h.returns == r.day && r.day > 0 {
			return h.comeBack(ctx, r)
		}
		return h.abandonDeals(ctx, r)
	case h.still:
		h.prepare(r)
		return nil
	}
	for _, habit := range []func(context.Context, *run) error{h.workDeals, h.answerRequest, h.decideTrial, h.decideChapters, h.reconsider} {
		if err := habit(ctx, r); err != nil || h.status == gone {
			return err
		}
	}
	if h.nextShow == r.day {
		h.publish(r)
		return nil
	}
	if r.slot == 0 && h.talkDay(r) {
		h.talk(r)
	}
	return h.visit(ctx, r)
}

// passed notices what time has done to the subscription, as a billing system would tell.
func (h *host) passed(r *run) {
	switch {
	case h.status == trialing && !r.now.Before(h.trialEnds), !h.endsAt.IsZero() && !r.now.Before(h.endsAt):
		h.leave(r)
	case !h.laterAt.IsZero() && !r.now.Before(h.laterAt):
		h.plan, h.later, h.laterAt = h.later, "", time.Time{}
		if h.plan == "starter" {
			h.addons = nil
		}
	}
}

// leave ends the customer's time with Summitry; a quarter of those who paid comes back.
func (h *host) leave(r *run) {
	if h.status == paying && h.rng.Float64() < 0.27 {
		h.returns = r.day + 40 + h.rng.IntN(110)
	}
	h.status, h.plan, h.addons, h.endsAt, h.later, h.laterAt, h.ask = gone, "", nil, time.Time{}, "", time.Time{}, nil
	h.tryEnds, h.minutes = time.Time{}, 0
}

func (h *host) signUp(ctx context.Context, r *run) error {
	traits := map[string]any{"segment": h.segment, "country": h.country, "industry": h.industry}
	if h.nonprofit {
		traits["nonprofit"] = true
	}
	body := map[string]any{"name": h.name, "domain": h.key + ".example", "traits": traits}
	if h.parent != "" {
		body["parent"] = h.parent
	}
	if err := r.api.call(ctx, "PUT", "/v1/accounts/"+h.key, body, nil, h.idempotent()...); err != nil {
		return err
	}
	if err := h.introduce(ctx, r); err != nil {
		return err
	}
	h.hosts = 1
	h.emit(r, "host.added", nil)
	h.nextShow = r.day + 20 + h.rng.IntN(30)
	h.lastShow = -100
	if h.still {
		h.nextShow = r.day + 20
	}
	first := map[string]any{"plan": h.begins, "interval": h.interval()}
	if h.currency != "" {
		first["currency"] = h.currency
	}
	if h.begins == "pro" && r.day < r.days/3 {
		first["plan_version"] = 1 // Pro did not have captions then, and cost less
	}
	if h.trial {
		h.trialEnds = r.now.AddDate(0, 0, 14)
		first["trial_ends_at"] = h.trialEnds.Format(time.RFC3339)
	}
	if err := h.subscribe(ctx, r, first); err != nil {
		return err
	}
	return h.begin(ctx, r)
}

// introduce tells Headroom who works there, as a Segment client would.
func (h *host) introduce(ctx context.Context, r *run) error {
	var batch []map[string]any
	for i, name := range h.people {
		role := "member"
		if i == 0 {
			role = "admin"
		}
		first, _, _ := strings.Cut(strings.ToLower(name), " ")
		batch = append(batch, map[string]any{"type": "identify", "userId": h.user(i), "messageId": h.key + "/hello/" + strconv.Itoa(i),
			"timestamp": r.now.UTC().Format(time.RFC3339), "context": map[string]any{"groupId": h.key},
			"traits": map[string]any{"name": name, "email": first + "@" + h.key + ".example", "role": role, "profile": "host"}})
	}
	return r.api.call(ctx, "POST", "/v1/batch", map[string]any{"batch": batch}, nil)
}

func (h *host) interval() string {
	if h.yearly {
		return "year"
	}
	return "month"
}

func (h *host) user(i int) string { return "u-" + h.key + "-" + strconv.Itoa(i) }

// idempotent returns the header that makes repeating the next call harmless.
func (h *host) idempotent() []string {
	h.did++
	return []string{"Idempotency-Key", fmt.Sprintf("%s/%d", h.key, h.did)}
}

// subscribe changes the subscription and keeps what the answer says.
func (h *host) subscribe(ctx context.Context, r *run, change map[string]any) error {
	var b bought
	if err := r.api.call(ctx, "PUT", "/v1/accounts/"+h.key+"/subscription", change, &b, h.idempotent()...); err != nil {
		return err
	}
	h.keep(&b)
	return nil
}

func (h *host) keep(b *bought) {
	h.plan, h.version, h.addons = b.Plan, b.PlanVersion, make(map[string]int)
	for _, line := range b.Addons {
		h.addons[line.Key] = line.Quantity
	}
	switch b.Status {
	case "trialing":
		h.status = trialing
	case "active":
		h.status = paying
	}
	h.endsAt, h.later, h.laterAt = time.Time{}, "", time.Time{}
	if b.EndsAt != nil {
		h.endsAt = *b.EndsAt
	}
	if b.Pending != nil {
		h.later, h.laterAt = b.Pending.Change.Plan, b.Pending.At
	}
}

// lookAgain reads what the customer has after a call that could not be: somebody else of
// the same organisation was faster.
func (h *host) lookAgain(ctx context.Context, r *run) error {
	h.ask = nil
	var b bought
	if err := r.api.call(ctx, "GET", "/v1/accounts/"+h.key+"/subscription", nil, &b); err != nil {
		return err
	}
	h.keep(&b)
	return nil
}

func (h *host) comeBack(ctx context.Context, r *run) error {
	h.returns = 0
	h.nextShow = r.day + 15 + h.rng.IntN(20)
	h.loyal = 0.7
	plan := h.ranked(min(1, h.ceiling))
	h.removeHosts(r, hostLimit[plan])
	return h.subscribe(ctx, r, map[string]any{"plan": plan, "interval": "month"})
}

// decideTrial answers the banner of the last days of a trial, or buys on the last one.
func (h *host) decideTrial(ctx context.Context, r *run) error {
	left := daysUntil(r.now, h.trialEnds)
	if h.status != trialing || left > 3 {
		return nil
	}
	d, err := h.decide(ctx, r, "trial.banner", "", 0, false)
	if err != nil {
		return err
	}
	if d.Status == "show" {
		if err := h.tell(ctx, r, d.ID, "seen", 0, nil); err != nil {
			return err
		}
		if h.converts && h.rng.Float64() < 0.6 {
			return h.accept(ctx, r, d)
		}
	}
	if h.converts && left <= 1 {
		return h.subscribe(ctx, r, map[string]any{"plan": h.plan, "interval": h.interval()})
	}
	return nil
}

// Chances a month of what customers do on their own, by plan.
var (
	leaves    = map[string]float64{"starter": 0.024, "pro": 0.013, forNonprofits: 0.01, "business": 0.006}
	stepsDown = map[string]float64{"pro": 0.013, "business": 0.014}
)

// reconsider is once a month: leave, step down, step up without an offer, pay by the year.
func (h *host) reconsider(ctx context.Context, r *run) error {
	if h.status != paying || r.slot != 0 || !h.talkDay(r) || !h.endsAt.IsZero() || h.pool == holds {
		return nil
	}
	x, y := h.rng.Float64(), h.rng.Float64()
	switch {
	case x < leaves[h.plan]*h.loyal:
		if stays, err := h.stays(ctx, r, "cancel"); stays || err != nil {
			return err
		}
		return h.cancel(ctx, r, y < 0.5 || h.yearly)
	case x > 1-stepsDown[h.plan] && !h.yearly:
		if stays, err := h.stays(ctx, r, "downgrade"); stays || err != nil {
			return err
		}
		return h.stepDown(ctx, r)
	case h.addons["sponsors"] > 0 && x > 0.5 && x < 0.512:
		h.sponsored = false
		h.removeSponsors(r, 2) // what Pro has room for
		return h.subscribe(ctx, r, map[string]any{"addons": h.with("sponsors", -1)})
	case h.held(r) && y < 0.12 && rank(h.plan) < h.ceiling:
		return h.subscribe(ctx, r, map[string]any{"plan": h.ranked(rank(h.plan) + 1)})
	case h.plan == "pro" && h.version == 1 && (h.captioned || h.chaptered) && h.later == "" && y > 0.95:
		return h.subscribe(ctx, r, map[string]any{"plan": "pro", "plan_version": 2}) // for the captions
	}
	return nil
}

// cancel ends the subscription now, or with what is paid for.
func (h *host) cancel(ctx context.Context, r *run, atRenewal bool) error {
	when := url.Values{"effective": {"now"}}
	if atRenewal {
		when.Set("effective", "renewal")
	}
	var b bought
	if err := r.api.call(ctx, "DELETE", "/v1/accounts/"+h.key+"/subscription?"+when.Encode(), nil, &b, h.idempotent()...); err != nil {
		return err
	}
	if b.Status == "ended" {
		h.leave(r)
	} else if b.EndsAt != nil {
		h.endsAt = *b.EndsAt
	}
	return nil
}

// stepDown moves to the plan below at the renewal, with a smaller summit in mind.
func (h *host) stepDown(ctx context.Context, r *run) error {
	below := h.ranked(rank(h.plan) - 1)
	change := map[string]any{"plan": below, "effective": "renewal"}
	if below == "starter" {
		change["addons"] = []any{}
		h.removeSponsors(r, 0)
	}
	h.ceiling, h.growth = rank(below), 0
	h.speakersAt = 0.6 * float64(speakerLimit[below])
	h.removeSpeakers(r, h.speakers-int(h.speakersAt))
	h.removeHosts(r, hostLimit[below])
	return h.subscribe(ctx, r, change)
}

// wants is how many speakers the next summit is to have.
func (h *host) wants(r *run) int {
	months := float64(r.day-h.joins) / 30
	want := h.speakersAt * math.Pow(1+h.growth, months)
	return int(min(want, 0.95*float64(speakerLimit[plans[h.ceiling]])))
}

// held says whether the plan's limit keeps the summit smaller than it was to be.
func (h *host) held(r *run) bool { return h.wants(r) > speakerLimit[h.plan] }

// emit queues an event for the end of the slot.
func (h *host) emit(r *run, kind string, data map[string]any) {
	h.sent++
	if data == nil {
		data = map[string]any{}
	}
	data["user"] = h.user(0)
	h.queue = append(h.queue, event{Version: "1.0", ID: h.key + "/" + strconv.Itoa(h.sent), Source: "summitry", Type: kind,
		Subject: h.key, Time: r.now.UTC().Format(time.RFC3339), Data: data})
}
