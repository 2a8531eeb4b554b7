package entitlement

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/quantity"
)

// Item is one line of an account's entitlements. Allowed is for one more of a counted feature.
type Item struct {
	Answer
	Content Content `json:"content"`
}

// Content is what is said of a feature to sell it, in the first of the wanted languages that
// the catalog has it in.
type Content struct {
	Title    string `json:"title"`
	Benefit  string `json:"benefit,omitempty"`
	Media    string `json:"media,omitempty"`
	Docs     string `json:"docs,omitempty"`
	Language string `json:"language,omitempty"` // of the translation; empty: as the catalog's own
}

// All answers for every feature of the catalog, by key, without what would unlock it.
func All(in Input) []Item {
	in.Subscription = current(in)
	items := make([]Item, 0, len(in.Catalog.Features))
	for _, key := range sortedKeys(in.Catalog.Features) {
		a, _ := answer(&in, key, quantity.One)
		items = append(items, Item{Answer: a, Content: ContentOf(in.Catalog.Features[key], in.Languages)})
	}
	return items
}

// Of answers for one more of one feature, as All does, without what would unlock it and without
// what each source gives.
func Of(in Input, feature string) Answer {
	in.Subscription, in.bare = current(in), true
	a, _ := answer(&in, feature, quantity.One)
	return a
}

// ContentOf returns what sells a feature, in the first of the languages there is.
func ContentOf(f *catalog.Feature, languages []string) Content {
	c := Content{Title: titleOf(f), Benefit: f.Benefit, Media: f.Media, Docs: f.Docs}
	if len(f.Translations) == 0 {
		return c
	}
	for _, wanted := range languages {
		for tag := wanted; tag != ""; tag = broader(tag) {
			key, found := translation(f, tag)
			if !found {
				continue
			}
			t := f.Translations[key]
			c.Title, c.Benefit, c.Language = cmp.Or(t.Title, c.Title), cmp.Or(t.Benefit, c.Benefit), key
			return c
		}
	}
	return c
}

// translation finds a language whatever its case; of several spellings the first by key.
func translation(f *catalog.Feature, tag string) (string, bool) {
	for _, key := range sortedKeys(f.Translations) {
		if strings.EqualFold(key, tag) {
			return key, true
		}
	}
	return "", false
}

// broader is a language tag without its last part: de for de-CH; empty when there is none.
func broader(tag string) string {
	i := strings.LastIndexByte(tag, '-')
	return tag[:max(i, 0)]
}

// maxLanguages bounds how many wishes of a request are looked at.
const maxLanguages = 20

// ParseLanguages returns the languages of a request, the most wanted first: the one named
// (such as de-CH), then those of an Accept-Language header (RFC 9110, 12.5.4) by their weight.
func ParseLanguages(named, accept string) []string {
	type wish struct {
		tag    string
		weight float64
	}
	var wishes []wish
	for part := range strings.SplitSeq(accept, ",") {
		tag, rest, _ := strings.Cut(part, ";")
		weight := 1.0
		if q, ok := strings.CutPrefix(strings.TrimSpace(rest), "q="); ok {
			w, err := strconv.ParseFloat(q, 64)
			if err != nil || !(w >= 0 && w <= 1) {
				continue
			}
			weight = w
		}
		if tag = strings.TrimSpace(tag); tag != "" && tag != "*" && weight > 0 && len(wishes) < maxLanguages {
			wishes = append(wishes, wish{tag, weight})
		}
	}
	slices.SortStableFunc(wishes, func(a, b wish) int { return cmp.Compare(b.weight, a.weight) })
	var out []string
	if named != "" {
		out = append(out, named)
	}
	for _, w := range wishes {
		out = append(out, w.tag)
	}
	return out
}

func titleOf(f *catalog.Feature) string {
	if strings.TrimSpace(f.Title) == "" {
		return f.Key
	}
	return f.Title
}
