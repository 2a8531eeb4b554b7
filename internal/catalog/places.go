package catalog

import (
	"fmt"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/condition"
	"github.com/headroomhq/headroom/internal/fault"
)

var (
	profileFields = []field[Profile]{
		{"title", func(r *reader, v value, p *Profile) { p.Title = r.text(v, maxTitle) }},
		{"invites", func(r *reader, v value, p *Profile) { p.Invites = r.names(v, r.name) }},
		{"seat", func(r *reader, v value, p *Profile) { p.Seat = r.name(v) }},
		{"external", func(r *reader, v value, p *Profile) { p.External = r.truth(v) }},
	}
	placementFields = []field[Placement]{
		{"title", func(r *reader, v value, p *Placement) { p.Title = r.text(v, maxTitle) }},
		{"feature", func(r *reader, v value, p *Placement) { p.Feature = r.name(v) }},
		{"profile", func(r *reader, v value, p *Placement) { p.Profile = r.name(v) }},
		{"kind", func(r *reader, v value, p *Placement) { p.Kind = r.oneOf(v, PlacementKinds...) }},
	}
	launchFields = []field[Launch]{
		{"title", func(r *reader, v value, l *Launch) { l.Title = r.text(v, maxTitle) }},
		{"feature", func(r *reader, v value, l *Launch) { l.Feature = r.name(v) }},
		{"addon", func(r *reader, v value, l *Launch) { l.Addon = r.name(v) }},
		{"on", func(r *reader, v value, l *Launch) { l.On = r.day(v) }},
		{"for", func(r *reader, v value, l *Launch) { l.For = r.rule(v, condition.ForAccount) }},
		{"case", func(r *reader, v value, l *Launch) { l.Case = r.text(v, maxBody) }},
	}
)

func newProfile(key string) *Profile     { return &Profile{Key: key, Title: key} }
func newPlacement(key string) *Placement { return &Placement{Key: key, Title: key} }
func newLaunch(key string) *Launch       { return &Launch{Key: key, Title: key} }

// day reads a day such as 2026-12-01 (its midnight in UTC), or a time of RFC 3339.
func (r *reader) day(v value) clock.Time {
	s, ok := r.scalar(v, "write a day such as 2026-12-01")
	if !ok {
		return 0
	}
	t, err := clock.Parse(s)
	if err != nil {
		r.wrong(v, "invalid_time", "write a day such as 2026-12-01, or a time such as 2026-12-01T09:00:00Z", "%q is not a time", fault.Shorten(s))
		return 0
	}
	return t
}

func (r *reader) profile(p *Profile) {
	path := "profiles." + p.Key
	for i, invited := range p.Invites {
		refer(r, "profiles", r.c.Profiles, fmt.Sprintf("%s.invites[%d]", path, i), invited)
	}
	if refer(r, "features", r.c.Features, path+".seat", p.Seat) && r.c.Features[p.Seat].Kind != Seats {
		r.broken("contradiction", path+".seat", p.Seat, "name a feature of kind seats", "%s is a %s feature, of which nobody takes a seat", p.Seat, r.c.Features[p.Seat].Kind)
	}
}

func (r *reader) place(p *Placement) {
	path := "placements." + p.Key
	refer(r, "features", r.c.Features, path+".feature", p.Feature)
	refer(r, "profiles", r.c.Profiles, path+".profile", p.Profile)
}

func (r *reader) launch(l *Launch) {
	path := "launches." + l.Key
	if r.signs[path] == nil {
		return // not a map, reported
	}
	switch feature, addon := r.has(path, "feature"), r.has(path, "addon"); {
	case feature && addon:
		r.broken("contradiction", path+".addon", l.Addon, "make two launches of it", "the launch is of a feature and of an add-on")
	case !feature && !addon:
		r.broken("missing", path, "", "write feature: or addon: and what is introduced", "the launch is of nothing")
	}
	if !r.has(path, "on") {
		r.broken("missing", path, "", "write on: 2026-12-01", "the day of the launch is missing")
	}
	refer(r, "features", r.c.Features, path+".feature", l.Feature)
	refer(r, "addons or bundles", r.c.Addons, path+".addon", l.Addon)
	r.compared(path+".for", l.For, nil)
}
