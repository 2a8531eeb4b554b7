package catalog

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/condition"
	"github.com/headroomhq/headroom/internal/message"
	"github.com/headroomhq/headroom/internal/quantity"
)

// What offers say, and the names that nothing else knows.

// adviseWords looks at the texts of an offer in all its languages.
func (r *reader) adviseWords(o *Offer) {
	path := "offers." + o.Key + ".content"
	r.adviseTexts(path, "en", o, o.Content)
	for _, tag := range slices.Sorted(maps.Keys(o.Content.Translations)) {
		t := o.Content.Translations[tag]
		r.adviseTexts(path+".translations."+tag, tag, o, t)
		base := message.For(tag).Base
		if t.Action == "" && t.Title+t.Body != "" && (o.Content.Action != "" || base != "en" && base != "de") {
			r.doubt("missing_action", path+".translations."+tag, "", "write action: in "+tag, "the button is in another language than the text above it")
		}
	}
}

// adviseTexts looks for placeholders that nothing fills, for cases of plurals that are never said,
// and for texts of which members read nothing.
func (r *reader) adviseTexts(path, language string, o *Offer, c Content) {
	l := message.For(language)
	for _, part := range []struct{ key, text string }{{"title", c.Title}, {"body", c.Body}, {"action", c.Action}} {
		m, err := message.Compile(part.text)
		if err != nil {
			continue // a title of something it gives, with a brace in it
		}
		at := path + "." + part.key
		for _, name := range m.Names() {
			if !slices.Contains(placeholders, name) {
				r.doubt("unknown_placeholder", at, "{"+name+"}", "known: {"+strings.Join(placeholders, "}, {")+"}",
					"nothing fills in {%s}, its sentence will be left out", name)
			}
		}
		for _, f := range m.Foreign(l) {
			r.doubt("foreign_plural", at, f.Key, "use "+orWords(l.Plurals(f.Ordinal))+", or a number such as =2", "no number is %q in the language %s, so this case of {%s} is never said", f.Key, l.Base, f.Name)
		}
		if roles, bound := left(claims(o.For), "user.role"); part.key != "action" && !(bound && slices.Equal(roles, []string{"admin"}) && !o.Give.Trial) && needsPrice(m) {
			r.doubt("text_needs_price", at, part.text, "put {price} into a sentence of its own beside another", "people who see no price read nothing of it")
		}
	}
}

// needsPrice says whether nothing is left of a text without {price}.
func needsPrice(m *message.Message) bool {
	if !slices.Contains(m.Names(), "price") {
		return false
	}
	values := map[string]message.Value{}
	for _, name := range m.Names() {
		if name != "price" {
			values[name] = message.Number(quantity.Of(2))
		}
	}
	return m.Write(message.English(), values) == ""
}

// advisePlaces looks for placements that are not described although others are.
func (r *reader) advisePlaces(path string, at []string) {
	if len(r.c.Places) == 0 {
		return
	}
	for i, place := range at {
		if r.c.Places[place] != nil {
			continue
		}
		mend := "describe it under placements"
		if known := slices.Sorted(maps.Keys(r.c.Places)); len(known) <= maxSuggested {
			if near := condition.Nearest(place, known); near != "" {
				mend = "did you mean " + near + "? Or " + mend
			}
		}
		r.doubt("undeclared_placement", fmt.Sprintf("%s.at[%d]", path, i), place, mend, "other placements are described, %s is not", place)
	}
}

// adviseEvent looks for a milestone whose event type is nearly one that something else names.
func (r *reader) adviseEvent(m *Milestone) {
	if m.Optional || m.Event == "" || IsOwn(m.Event) {
		return
	}
	named := map[string]bool{}
	for _, other := range r.c.Meters {
		named[other.Event], named[other.Add], named[other.Remove] = true, true, true
	}
	for _, s := range r.c.Signals {
		w := &s.When
		named[w.Event], named[w.Without], named[w.Absent] = true, true, true
		if r.c.Meters[w.Rate] == nil {
			named[w.Rate] = true
		}
		for _, step := range w.Sequence {
			named[step.Event] = true
		}
	}
	for _, other := range r.c.Milestones {
		named[other.Event] = named[other.Event] || other != m
	}
	if named[m.Event] || len(named) > maxSuggested {
		return
	}
	maps.DeleteFunc(named, func(eventType string, is bool) bool { return !is || eventType == "" || IsOwn(eventType) })
	if near := condition.Misspelt(m.Event, slices.Sorted(maps.Keys(named))); near != "" {
		r.doubt("misspelt_event", "milestones."+m.Key+".event", m.Event, "did you mean "+near+"?",
			"nothing else names %s, and without it no account is ever activated", m.Event)
	}
}

// adviseInvited looks at where people go who are invited.
func (r *reader) adviseInvited() {
	if to := r.c.Links.Invite; to != "" && !strings.Contains(to, "{code}") {
		r.doubt("invite_without_code", "links.invite", to, "put {code} into it: https://app.example.com/join?code={code}", "who is invited arrives without the code that lets them in")
	}
}
