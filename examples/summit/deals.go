package summit

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"
)

// desk is where Summitry's own people see the opportunities that Headroom opens. They look
// once a week and take up what was there the evening before.
type desk struct {
	known map[string]bool // opportunities taken up, by id
	list  chan listed     // of a look under way
	taken int             // day on which what the look finds is taken up
	asOf  time.Time       // of the look: what was opened later waits for the next one
}

type listed struct {
	items []opportunity
	err   error
}

type opportunity struct {
	ID, Account string
	Give        give
	OpenedAt    time.Time `json:"opened_at"`
}

// deal is an opportunity that somebody works on.
type deal struct {
	opportunity
	owner         string
	begins, ends  int // days
	begun, chance bool
}

// work looks for new opportunities on Mondays and hands them out on Thursdays. Lists come
// from checkpoints, which are some hundred milliseconds behind: the look goes on beside the
// life, and what it finds is cut at asOf, so that it does not matter how long it takes.
func (d *desk) work(ctx context.Context, r *run) error {
	if r.slot == 0 && d.list != nil && r.day >= d.taken {
		found := <-d.list
		d.list = nil
		if found.err != nil {
			return found.err
		}
		d.handOut(r, found.items)
	}
	if r.slot == 1 && d.list == nil && r.fresh && r.now.Weekday() == time.Monday {
		d.list, d.taken, d.asOf = make(chan listed, 1), r.day+3, r.now.Truncate(24*time.Hour)
		list, position := d.list, r.position
		go func() {
			var l listed
			l.items, l.err = r.open(ctx, position)
			list <- l
		}()
	}
	return nil
}

// open lists the open opportunities as of a position or later.
func (r *run) open(ctx context.Context, position string) ([]opportunity, error) {
	var all []opportunity
	for cursor := ""; ; {
		var page struct {
			Items []opportunity
			Next  string
		}
		q := url.Values{"stage": {"open"}, "limit": {"500"}}
		if cursor != "" {
			q.Set("cursor", cursor)
		}
		if err := r.api.call(ctx, "GET", "/v1/opportunities?"+q.Encode(), nil, &page, "Headroom-Position", position); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if cursor = page.Next; cursor == "" {
			return all, nil
		}
	}
}

var owners = []string{"Maren Holt", "Ravi Sundar", "Ilse Brandt"}

// handOut gives each new opportunity an owner and a course.
func (d *desk) handOut(r *run, found []opportunity) {
	slices.SortFunc(found, func(a, b opportunity) int { return strings.Compare(a.ID, b.ID) })
	for _, o := range found {
		if d.known[o.ID] || !o.OpenedAt.Before(d.asOf) {
			continue
		}
		i := slices.IndexFunc(r.hosts, func(h *host) bool { return h.key == o.Account })
		if i < 0 {
			continue // not one of ours
		}
		d.known[o.ID] = true
		h := r.hosts[i]
		one := deal{opportunity: o, owner: owners[i%len(owners)], begins: r.day + 1 + h.rng.IntN(5)}
		one.ends = one.begins + 8 + h.rng.IntN(24)
		one.chance = h.rng.Float64() < 0.12
		if h.fits(o.Give) {
			one.chance = h.rng.Float64() < 0.55
		}
		h.deals = append(h.deals, one)
	}
}

// due says whether a deal has something to do today.
func (h *host) due(day int) bool {
	return slices.ContainsFunc(h.deals, func(d deal) bool { return !d.begun && d.begins <= day || d.ends <= day })
}

// workDeals moves the customer's deals on: called, then won or lost.
func (h *host) workDeals(ctx context.Context, r *run) error {
	for i := 0; i < len(h.deals); i++ {
		d := &h.deals[i]
		if !d.begun && d.begins <= r.day {
			d.begun = true
			if err := h.edit(ctx, r, d, map[string]any{"stage": "in_progress", "owner": d.owner, "note": pick(h.rng, notes)}); err != nil {
				return err
			}
			if err := h.fact(ctx, r, "contacted", map[string]any{"value": "phone", "note": "Spoke about an upgrade"}); err != nil {
				return err
			}
		}
		if d.ends > r.day {
			continue
		}
		if d.chance && h.takes(d.Give) {
			if err := h.edit(ctx, r, d, map[string]any{"stage": "won"}); err != nil {
				return err
			}
			var b bought
			if err := r.api.call(ctx, "GET", "/v1/accounts/"+h.key+"/subscription", nil, &b); err != nil {
				return err
			}
			h.keep(&b)
		} else if err := h.edit(ctx, r, d, map[string]any{"stage": "lost", "lost_reason": pick(h.rng, losses)}); err != nil {
			return err
		}
		h.deals = slices.Delete(h.deals, i, i+1)
		i--
	}
	return nil
}

// abandonDeals closes what is open about a customer who left.
func (h *host) abandonDeals(ctx context.Context, r *run) error {
	for i := range h.deals {
		if err := h.edit(ctx, r, &h.deals[i], map[string]any{"stage": "lost", "lost_reason": "left Summitry"}); err != nil {
			return err
		}
	}
	h.deals = nil
	return nil
}

// takes says whether the customer can still buy it.
func (h *host) takes(g give) bool {
	if h.status != paying || h.later != "" || !h.endsAt.IsZero() {
		return false
	}
	if g.Addon != "" {
		return h.mayHave(g.Addon)
	}
	return rank(g.Plan) > rank(h.plan)
}

func (h *host) edit(ctx context.Context, r *run, d *deal, edit map[string]any) error {
	return r.api.call(ctx, "PATCH", "/v1/opportunities/"+url.PathEscape(d.ID), edit, nil, h.idempotent()...)
}

var (
	notes  = []string{"Called; budget is there, decision next month", "Wants to see the exports first", "Growing fast, speak about the yearly price", "Met the head of events"}
	losses = []string{"no budget this year", "stays with what they have", "chose another platform for large events", "no answer"}
)
