package offer

import (
	"fmt"
	"strings"
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/message"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/signal"
)

const aDay = clock.Day

// tongue writes what we say ourselves: in German, and in English to everybody else.
type tongue struct {
	*message.Language
	tag string
}

func (w tongue) german() bool { return w.Base == "de" }

// say fills one of two sentences.
func (w tongue) say(english, german string, args ...any) string {
	if w.german() {
		english = german
	}
	if len(args) == 0 {
		return english
	}
	return fmt.Sprintf(english, args...)
}

func (w tongue) number(q quantity.Quantity) string { return w.Decimal(q.String()) }

func (w tongue) count(n int64) string { return w.number(quantity.Of(n)) }

func (w tongue) money(a money.Amount) string {
	return w.Decimal(a.Minor.Decimal(a.Currency)) + " " + string(a.Currency)
}

// inside writes a title as it stands inside a sentence; German nouns stay large.
func (w tongue) inside(title string) string {
	if w.german() {
		return title
	}
	return signal.Inside(title)
}

// day writes a day.
func (w tongue) day(t clock.Time) string {
	if !w.german() {
		return day(t)
	}
	at := t.Std()
	months := []string{"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"}
	return fmt.Sprintf("%d. %s %d", at.Day(), months[at.Month()-1], at.Year())
}

// day writes the day of t.
func day(t clock.Time) string { return t.Std().Format("2 January 2006") }

// languages are those the person reads, the most wanted first.
func (x *deciding) languages() []string {
	if x.Language == "" {
		return nil
	}
	return strings.Split(x.Language, ",")
}

// tongue is the person's language where we can write it ourselves, else English.
func (x *deciding) tongue() tongue {
	tag, _, _ := strings.Cut(x.Language, ",")
	if l := message.For(tag); l.Base == "de" || l.Base == "en" {
		return tongue{l, tag}
	}
	return tongue{message.English(), "en"}
}

// translated finds a text in the first of the languages there is, and the language its numbers
// are to be written in: de for de-AT, and at last as the catalog is written, which is taken for
// English.
func translated(c *catalog.Content, languages []string, get func(*catalog.Content) string) (text, language string) {
	find := func(tag string) string {
		for key, t := range c.Translations {
			if strings.EqualFold(key, tag) {
				return get(&t)
			}
		}
		return ""
	}
	for _, wanted := range languages {
		for tag := wanted; tag != ""; tag = broader(tag) {
			if text := find(tag); text != "" {
				return text, wanted
			}
		}
		if base := strings.ToLower(wanted); base == "en" || strings.HasPrefix(base, "en-") {
			return get(c), wanted
		}
	}
	return get(c), "en"
}

// broader is a language tag without its last part: de for de-CH; empty when there is none.
func broader(tag string) string { return tag[:max(strings.LastIndexByte(tag, '-'), 0)] }

// selling returns title and benefit of a feature in a language.
func (w tongue) selling(f *catalog.Feature) (title, benefit string) {
	title, benefit = named(f.Title, f.Key), f.Benefit
	if len(f.Translations) == 0 {
		return title, benefit
	}
	as := catalog.Content{Title: title, Body: benefit, Translations: make(map[string]catalog.Content, len(f.Translations))}
	for key, t := range f.Translations {
		as.Translations[key] = catalog.Content{Title: t.Title, Body: t.Benefit}
	}
	title, _ = translated(&as, []string{w.tag}, func(c *catalog.Content) string { return c.Title })
	benefit, _ = translated(&as, []string{w.tag}, func(c *catalog.Content) string { return c.Body })
	return title, benefit
}

// titleOf is what people call what a give gives, in the language where that is a feature.
func (w tongue) titleOf(cat *catalog.Catalog, g catalog.Give) string {
	if f := cat.Features[g.Feature]; f != nil {
		title, _ := w.selling(f)
		return title
	}
	return titleOf(cat, g)
}

// ours is the language of what the catalog fills in itself.
var ours = tongue{message.English(), "en"}

// usualTitle is what an offer is called whose own title says nothing: in English the one that the
// catalog fills in.
func (w tongue) usualTitle(cat *catalog.Catalog, g catalog.Give) string {
	switch {
	case g.Interval != "":
		return w.say("Pay by the year", "Jährlich zahlen")
	case g.Talk != "":
		return w.say("Talk to us", "Sprechen Sie mit uns")
	case g.Refer != "" && cat.Referrals[g.Refer] == nil:
		return w.say("Recommend us", "Empfehlen Sie uns weiter")
	case g.Invite != "":
		return w.say("Invite: %s", "Einladen: %s", titleOf(cat, g))
	}
	return w.titleOf(cat, g)
}

// list writes what is named, at most a few of them.
func (w tongue) list(all []string) string {
	const most = 3
	and := w.say(" and ", " und ")
	if len(all) > most {
		return strings.Join(all[:most], ", ") + and + w.say("more", "anderes")
	}
	if n := len(all) - 1; n > 0 {
		return strings.Join(all[:n], ", ") + and + all[n]
	}
	return strings.Join(all, "")
}

// caseFor is the reason to accept, from the account's own usage. Of a save to another plan that is
// what stays, and what does not.
func (x *deciding) caseFor(c *chosen, f *catalog.Feature, price *Price, w tongue) string {
	if x.moves(c) {
		return x.staying(c, w)
	}
	own, gain := x.ownStory(c, f, w), x.gainFrom(c, f, price, w)
	switch {
	case own != "" && gain != "":
		return own + "; " + gain
	case own != "":
		return own
	}
	return gain
}

// span writes a duration in its largest fitting unit.
func (w tongue) span(d time.Duration) string {
	if !w.german() {
		return signal.Span(d)
	}
	unit, one, many := 24*time.Hour, "einem Tag", "Tagen"
	switch {
	case d < time.Minute:
		return "einem Augenblick"
	case d < time.Hour-30*time.Second:
		unit, one, many = time.Minute, "einer Minute", "Minuten"
	case d < 24*time.Hour-30*time.Minute:
		unit, one, many = time.Hour, "einer Stunde", "Stunden"
	}
	if n := int64((d + unit/2) / unit); n != 1 {
		return w.count(n) + " " + many
	}
	return one
}
