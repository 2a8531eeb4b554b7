package summit

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"time"
)

// What customers do beside their summits: share the work with more hosts, hold open talks,
// give their talks captions and chapters. What they draw for it comes from a source of its own.

// share is the part a customer has in a pool of caption minutes.
type share int

const (
	apart share = iota
	holds       // has it
	draws       // takes from it
)

// ways draws how the customer goes about all this.
func (h *host) ways() {
	h.nonprofit = h.industry == "nonprofit"
	if h.nonprofit && h.begins == "pro" {
		h.begins, h.trial = forNonprofits, false
	}
	if slices.Contains(euros, h.country) && h.side.Float64() < 0.45 {
		h.currency = "EUR"
	}
	switch h.segment {
	case "creator":
		h.team = 1 + 0.95*h.side.Float64()
	case "smb":
		h.team = 1 + 1.6*h.side.Float64()
	case "midmarket":
		h.team = 1.5 + 5*h.side.Float64()
	default:
		h.team = 8 + 12*h.side.Float64()
	}
	h.mails = 1
	if h.side.Float64() < 0.12 {
		h.mails = 2.5
	}
	if h.side.Float64() < 0.09 {
		h.audience *= 3.2
	}
	if h.ceiling == 2 && h.side.Float64() < 0.4 {
		h.sponsored = true
	}
	h.captioned = h.side.Float64() < 0.55
	h.chaptered = h.side.Float64() < 0.4
}

var euros = []string{"DE", "NL", "FR", "IE", "ES"}

// sharing makes one family whose children, on Starter, draw captions from what their parent,
// on Business, has.
func sharing(hosts []*host) {
	if len(hosts) < 8 {
		return
	}
	parent := hosts[len(hosts)/8+1]
	parent.segment, parent.begins, parent.ceiling, parent.trial, parent.pool, parent.captioned = "enterprise", "business", 2, false, holds, true
	parent.nonprofit = false
	for i := range 3 {
		child := hosts[len(hosts)/2+i]
		child.parent, child.pool, child.captioned = parent.key, draws, true
		child.segment, child.begins, child.ceiling, child.trial = "smb", "starter", 0, false
		child.loyal = 0.3
	}
}

// talk is the open talk of a month without much ado: some of the audience comes.
func (h *host) talk(r *run) {
	guests := min(h.guests(r), 1500)
	if h.still {
		guests = 120
	}
	n := int(guests * []float64{0.18, 0.24, 0.4}[rank(h.plan)] * (0.7 + 0.6*h.side.Float64()))
	for i := range n { // others than those who come to the summit
		h.emit(r, "attendee.joined", map[string]any{"attendee_id": strconv.Itoa(int(guests) + i)})
	}
	h.recorded(1)
}

// recorded leaves talks to be captioned.
func (h *host) recorded(talks int) {
	if h.captioned {
		h.minutes += talks * (14 + h.side.IntN(20))
	}
}

// leads is how many exports somebody makes at once.
func (h *host) leads() int {
	if h.plan == "starter" {
		return 1 + h.rng.IntN(2)
	}
	return 2 + h.rng.IntN(9)
}

// shareWork invites another host, where there is a seat for one.
func (h *host) shareWork(ctx context.Context, r *run, who int) error {
	months := float64(r.day-h.joins) / 30
	if float64(h.hosts+1) > h.team*(1+0.02*months) || h.side.Float64() > 0.25 {
		return nil
	}
	c, err := h.check(ctx, r, "hosts", 1, "dashboard.card", who)
	if err != nil {
		return err
	}
	switch {
	case c.Allowed:
		h.hosts++
		h.emit(r, "host.added", nil)
	case h.mayHave("host_seat") && h.status == paying && h.side.Float64() < 0.2:
		return h.subscribe(ctx, r, map[string]any{"addons": h.with("host_seat", 1)})
	case h.side.Float64() < 0.6:
		h.team = float64(h.hosts) / (1 + 0.02*months) // they make do
	}
	return h.react(ctx, r, c.Decision, who)
}

func (h *host) removeHosts(r *run, keep int) {
	for ; h.hosts > keep; h.hosts-- {
		h.emit(r, "host.removed", nil)
	}
}

// caption has the talks of late captioned, as far as the minutes go. Who draws from a pool
// does so in the afternoon, when who has it does not: so it does not matter who is faster.
func (h *host) caption(ctx context.Context, r *run, who int) error {
	if h.minutes == 0 || !h.hasCaptions() || h.pool == draws && r.slot != 1 {
		return nil
	}
	n := min(h.minutes, (60+h.side.IntN(150))*max(1, 3*rank(h.plan)-3))
	var c checked
	body := map[string]any{"account": h.key, "user": h.user(who), "feature": "captions", "quantity": n}
	if err := r.api.call(ctx, "POST", "/v1/consume", body, &c, h.idempotent()...); err != nil {
		return err
	}
	if c.Allowed {
		h.minutes -= n
		return nil
	}
	if h.status == paying && h.pool == apart && h.later == "" {
		switch x := h.side.Float64(); {
		case x < 0.14:
			return h.subscribe(ctx, r, map[string]any{"once": []any{map[string]any{"key": "captions_top_up", "quantity": 1 + n/120}}})
		case x < 0.2 && h.mayHave("captions_pack"):
			return h.subscribe(ctx, r, map[string]any{"addons": h.with("captions_pack", 1)})
		}
	}
	if c.Remaining != nil && *c.Remaining >= 1 {
		h.minutes = min(h.minutes, int(*c.Remaining)) // the most important ones
	} else {
		h.minutes = 0 // without, then
	}
	if h.status != paying || h.pool == draws {
		return nil
	}
	// They look up what more would cost.
	d, err := h.decide(ctx, r, "billing.page", "captions", who, true)
	if err != nil {
		return err
	}
	return h.react(ctx, r, d, who)
}

func (h *host) hasCaptions() bool {
	switch h.plan {
	case "business", forNonprofits:
		return true
	case "pro":
		return h.version > 1 || h.addons["captions_pack"] > 0 || h.addons["library"] > 0
	}
	return h.pool == draws
}

// openChapters looks for the chapters of the last summit's talks; some try them.
func (h *host) openChapters(ctx context.Context, r *run, who int) error {
	if !h.chaptered || rank(h.plan) != 1 || r.day-h.lastShow > 14 || h.side.Float64() < 0.4 {
		return nil
	}
	c, err := h.check(ctx, r, "chapters", 1, "recordings.open", who)
	if err != nil || c.Allowed {
		return err
	}
	if err := h.react(ctx, r, c.Decision, who); err != nil {
		return err
	}
	if h.tried || who != 0 || h.status != paying || !h.mayHave("chapters") || h.side.Float64() > 0.3 {
		return nil
	}
	h.tried, h.tryEnds, h.tryKeeps = true, r.now.AddDate(0, 0, 14), h.side.Float64() < 0.45
	return r.api.call(ctx, "POST", "/v1/accounts/"+h.key+"/trials", map[string]any{"addon": "chapters"}, nil, h.idempotent()...)
}

// decideChapters buys what was tried on the last day of its trial, with captions where they
// are cheaper together, or lets it end.
func (h *host) decideChapters(ctx context.Context, r *run) error {
	if h.tryEnds.IsZero() || daysUntil(r.now, h.tryEnds) > 1 {
		return nil
	}
	h.tryEnds = time.Time{}
	switch {
	case !h.tryKeeps || h.status != paying || h.later != "" || !h.endsAt.IsZero():
		return nil
	case h.captioned && h.mayHave("library"):
		return h.subscribe(ctx, r, map[string]any{"addons": h.with("library", 1)})
	case h.mayHave("chapters"):
		return h.subscribe(ctx, r, map[string]any{"addons": h.with("chapters", 1)})
	}
	return nil
}

// mayHave says whether the customer could buy an add-on, or one more of it.
func (h *host) mayHave(addon string) bool {
	has := func(key string) bool { return h.addons[key] > 0 }
	switch addon {
	case "sponsors":
		return (h.plan == "pro" || h.plan == "business") && !has(addon)
	case "library":
		return rank(h.plan) == 1 && (h.segment == "creator" || h.segment == "smb") && !has("library") && !has("chapters") && !has("captions_pack")
	case "chapters":
		return rank(h.plan) == 1 && !has("library") && !has("chapters")
	case "captions_pack":
		return rank(h.plan) > 0 && !has("library") && !has("captions_pack")
	}
	return rank(h.plan) > 0
}

// with returns the customer's add-ons with n more of one.
func (h *host) with(addon string, n int) []any {
	all := maps.Clone(h.addons)
	if all == nil {
		all = make(map[string]int)
	}
	all[addon] += n
	lines := []any{}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if all[key] > 0 {
			lines = append(lines, map[string]any{"key": key, "quantity": all[key]})
		}
	}
	return lines
}
