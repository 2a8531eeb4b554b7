package catalog

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/condition"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/message"
)

// Offers: what is proposed then.

// defaultChance is how many percent accept an offer where the catalog does not say.
const defaultChance = 10

var (
	talks       = []string{"sales", "success"}
	offerFields = []field[Offer]{
		{"on", func(r *reader, v value, o *Offer) { o.On = r.names(v, r.name) }},
		{"give", func(r *reader, v value, o *Offer) { object(r, v, giveFields, &o.Give) }},
		{"at", func(r *reader, v value, o *Offer) { o.At = r.names(v, r.placement) }},
		{"kind", func(r *reader, v value, o *Offer) { o.Kind = OfferKind(r.oneOf(v, offerKinds...)) }},
		{"for", func(r *reader, v value, o *Offer) { o.For = r.rule(v, condition.ForOffer) }},
		{"contact", func(r *reader, v value, o *Offer) { object(r, v, contactFields, &o.Contact) }},
		{"content", func(r *reader, v value, o *Offer) { object(r, v, contentFields, &o.Content) }},
		{"holdout", func(r *reader, v value, o *Offer) { o.Holdout = r.percent(v, 0, 100) }},
		{"save", func(r *reader, v value, o *Offer) { o.Save = r.truth(v) }},
		{"chance", func(r *reader, v value, o *Offer) { o.Chance = r.percent(v, 1, 100) }},
		{"external", func(r *reader, v value, o *Offer) { o.External = r.truth(v) }},
		{"link", func(r *reader, v value, o *Offer) { o.Link = r.target(v) }},
	}
	giveFields = []field[Give]{
		{"plan", func(r *reader, v value, g *Give) { g.Plan = r.name(v) }},
		{"addon", func(r *reader, v value, g *Give) { g.Addon = r.name(v) }},
		{"quantity", func(r *reader, v value, g *Give) { g.Quantity = r.whole(v, 1_000_000) }},
		{"fit", func(r *reader, v value, g *Give) { g.Fit = r.truth(v) }},
		{"trial", func(r *reader, v value, g *Give) {
			g.Trial = true
			object(r, v, triedFields, g)
		}},
		{"interval", func(r *reader, v value, g *Give) { g.Interval = r.oneOf(v, string(Year)) }},
		{"refer", func(r *reader, v value, g *Give) { g.Refer = r.name(v) }},
		{"talk", func(r *reader, v value, g *Give) { g.Talk = r.oneOf(v, talks...) }},
		{"invite", func(r *reader, v value, g *Give) { g.Invite = r.name(v) }},
	}
	triedFields = []field[Give]{
		{"plan", func(r *reader, v value, g *Give) { g.Plan = r.name(v) }},
		{"addon", func(r *reader, v value, g *Give) { g.Addon = r.name(v) }},
		{"feature", func(r *reader, v value, g *Give) { g.Feature = r.name(v) }},
	}
	contactFields = []field[Contact]{
		{"cooldown", func(r *reader, v value, c *Contact) { c.Cooldown = r.duration(v, maxDuration) }},
		{"at_most", func(r *reader, v value, c *Contact) { c.AtMost, c.Per = r.atMost(v, 1000) }},
	}
	textFields = []field[Content]{
		{"title", func(r *reader, v value, c *Content) { c.Title = r.message(v, maxTitle) }},
		{"body", func(r *reader, v value, c *Content) { c.Body = r.message(v, maxBody) }},
		{"action", func(r *reader, v value, c *Content) { c.Action = r.message(v, maxTitle) }},
		{"media", func(r *reader, v value, c *Content) { c.Media = r.link(v) }},
	}
	contentFields = append(slices.Clone(textFields), field[Content]{"translations", func(r *reader, v value, c *Content) {
		c.Translations = translated(r, v, textFields)
	}})
	// gives are the keys of give of which an offer has exactly one.
	gives = []string{"plan", "addon", "trial", "interval", "refer", "talk", "invite"}
)

func newOffer(key string) *Offer { return &Offer{Key: key, Kind: Contextual, Chance: defaultChance} }

// translated reads {de: {title: …}} for texts of any form.
func translated[T any](r *reader, v value, fields []field[T]) map[string]T {
	all := map[string]T{}
	for _, e := range r.entries(v, "{de: {title: …}}") {
		if !languageForm.MatchString(e.key) {
			r.report(SeverityError, "invalid_language", e.value.path, e.key, e.keyPos,
				"\""+fault.Shorten(e.key)+"\" is not a language tag", "write a tag of BCP 47 such as de or pt-BR")
			continue
		}
		var t T
		object(r, e.value, fields, &t)
		all[e.key] = t
	}
	if len(all) > maxLanguages {
		r.wrong(v, "too_long", "keep those your customers read", "these are %d languages, the most is %d", len(all), maxLanguages)
	}
	return all
}

// message reads a text of an offer: words with placeholders, plurals and choices.
func (r *reader) message(v value, limit int) string {
	s := r.text(v, limit)
	_, err := message.Compile(s)
	if err == nil {
		return s
	}
	if wrong, positioned := errors.AsType[*message.Error](err); positioned {
		r.report(SeverityError, "invalid_message", v.path, s, v.inside(wrong.Line, wrong.Column), wrong.Message, wrong.Mend)
	} else {
		r.wrong(v, "invalid_message", "write it in a simpler way", "%s", err.Error())
	}
	return ""
}

// targetParts are the braces in a link of the product.
var targetParts = regexp.MustCompile(`\{[a-z_]+\}`)

// target reads where a button leads: an http(s) address or a path of the product, with
// placeholders in braces.
func (r *reader) target(v value) string {
	s := r.text(v, 2000)
	if s == "" {
		return ""
	}
	u, err := url.Parse(targetParts.ReplaceAllString(s, "x"))
	web := err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil
	path := err == nil && u.Scheme == "" && u.Host == "" && strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "//")
	if !web && !path {
		r.wrong(v, "invalid_link", "write an address that begins with https://, or a path that begins with /", "%q is neither a web address nor a path", fault.Shorten(s))
		return ""
	}
	return s
}

// content fills a title that an offer leaves unsaid from what it gives. What its button says then
// depends on who sees it: see package offer.
func (r *reader) content(o *Offer) {
	title := ""
	g := &o.Give
	if p := r.c.Plans[g.Plan]; p != nil {
		title = p.Title
	}
	if a := r.c.Addons[g.Addon]; a != nil {
		title = a.Title
	}
	if f := r.c.Features[g.Feature]; f != nil {
		title = f.Title
	}
	switch {
	case g.Interval != "":
		title = "Pay by the year"
	case g.Refer != "":
		title = "Recommend us"
		if p := r.c.Referrals[g.Refer]; p != nil {
			title = p.Title
		}
	case g.Talk != "":
		title = "Talk to us"
	case g.Invite != "":
		title = "Invite"
		if p := r.c.Profiles[g.Invite]; p != nil {
			title = "Invite: " + p.Title
		}
	}
	if o.Content.Title == "" {
		o.Content.Title = title
	}
}

func (r *reader) offer(o *Offer) {
	path := "offers." + o.Key
	for i, on := range o.On {
		refer(r, "signals", r.c.Signals, fmt.Sprintf("%s.on[%d]", path, i), on)
	}
	switch {
	case r.signs[path] == nil: // not a map, reported
	case !r.has(path, "give"):
		r.broken("missing", path, "", "write give: {plan: …} or give: {addon: …}", "the offer gives nothing")
	case r.signs[path+".give"] != nil:
		r.give(path+".give", &o.Give)
	}
	r.compared(path+".for", o.For, o.At)
}

// give checks that an offer gives one thing, and that there is such a thing.
func (r *reader) give(path string, g *Give) {
	has := r.signs[path]
	var given []string
	for _, key := range gives {
		if has[key] {
			given = append(given, key)
		}
	}
	switch {
	case len(given) == 0:
		r.broken("missing", path, "", "write give: {plan: …} or give: {addon: …}; or trial, interval, refer, talk or invite", "the offer gives nothing")
		return
	case slices.Equal(given, []string{"plan", "addon"}):
		r.broken("contradiction", path, "", "make two offers of it", "the offer gives a plan and an add-on")
		return
	case len(given) > 1:
		r.broken("contradiction", path, "", "make two offers of it", "the offer gives %d things: %s", len(given), strings.Join(given, ", "))
		return
	}
	for _, key := range []string{"quantity", "fit"} {
		if has[key] && given[0] != "addon" {
			r.broken("contradiction", path+"."+key, "", "remove "+key, "only add-ons have a quantity")
		}
	}
	at := path
	if g.Trial {
		at += ".trial"
		r.triedOnce(at)
	}
	if refer(r, "plans", r.c.Plans, at+".plan", g.Plan) && g.Trial && !r.has("plans."+g.Plan, "trial") {
		r.untried(at+".plan", g.Plan, "plans."+g.Plan)
	}
	if refer(r, "addons", r.c.Addons, at+".addon", g.Addon) {
		a := r.c.Addons[g.Addon]
		if g.Trial && !r.has(a.path(), "trial") {
			r.untried(at+".addon", g.Addon, a.path())
		}
		if g.Fit && !r.covers(a) {
			r.broken("contradiction", path+".fit", g.Addon, "write quantity, or offer an add-on that gives more of what is counted", "%s gives nothing of which it could be found out how much is needed", g.Addon)
		}
	}
	if refer(r, "features", r.c.Features, at+".feature", g.Feature) && !r.has("features."+g.Feature, "trial") {
		r.untried(at+".feature", g.Feature, "features."+g.Feature)
	}
	refer(r, "referrals", r.c.Referrals, path+".refer", g.Refer)
	refer(r, "profiles", r.c.Profiles, path+".invite", g.Invite)
}

// triedOnce checks that one thing is tried.
func (r *reader) triedOnce(path string) {
	switch has := r.signs[path]; {
	case has == nil: // not a map, reported
	case len(has) == 0:
		r.broken("missing", path, "", "write trial: {plan: …}, {addon: …} or {feature: …}", "nothing is tried")
	case len(has) > 1:
		r.broken("contradiction", path, "", "make two offers of it", "the offer lets more than one thing be tried")
	}
}

func (r *reader) untried(path, key, definition string) {
	r.broken("contradiction", path, key, "write trial: 14d at "+definition+", or offer something else", "%s cannot be tried", key)
}

// covers says whether buying more of an add-on gives more of something counted.
func (r *reader) covers(a *Addon) bool {
	for _, e := range a.Entitlements {
		if f := r.c.Features[e.Feature]; f != nil && f.Counted() && e.Limit > 0 {
			return true
		}
	}
	return len(a.Entitlements) == 0 && a.Kind == OfBundle // worked out later, or wrong otherwise
}
