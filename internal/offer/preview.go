package offer

import (
	"fmt"
	"slices"

	"github.com/headroomhq/headroom/internal/message"
)

// Previewed is what an offer would say to a person at a placement, and all that keeps it away there.
type Previewed struct {
	// Shown is nil where the account cannot take what the offer gives: then nobody knows what it
	// would be worth.
	Shown    *Shown
	Problems []string // faults in the offer itself, as in Considered
	// InTheWay are all rules that object, in their order; Decide stops at the first.
	InTheWay []Obstacle
	// Fills are what placeholders stand for here, for those that something stands for.
	Fills []Fill
	// Decision is what Decide says there.
	Decision Decision
}

// Fill is a placeholder with the words that take its place.
type Fill struct {
	Name  string
	Words string // empty: nothing stands for it, and a sentence that names it is left out
}

// Preview writes one offer as it would be shown, whatever stands in the way of that, and says all
// that does, and what would be decided. It changes nothing. The offer has to be in the catalog.
func Preview(in Input, key string) Previewed {
	o, place := in.Catalog.Offers[key], in.Catalog.Places[in.Placement]
	x := deciding{Input: &in, place: place, about: in.Feature}
	if x.about == "" && place != nil {
		x.about = place.Feature
	}
	x.values = valuing{sub: &in.Subscription, terms: in.terms(), feature: in.feature, about: x.about, wanted: in.Wanted, leaving: in.Leaving}
	c := chosen{offer: o}
	in.Brief = false // it says which offer goes first
	out := Previewed{Decision: Decide(in)}
	if !slices.Contains(o.At, in.Placement) {
		out.InTheWay = append(out.InTheWay, Obstacle{"not_here", "It is not for " + in.Placement})
	}
	for _, object := range rules {
		if code, reason := object(&x, &c); code != "" {
			out.InTheWay = append(out.InTheWay, Obstacle{code, reason})
		}
	}
	switch {
	case in.HeldOut:
		out.InTheWay = append(out.InTheWay, Obstacle{"holdout", fmt.Sprintf("The account's family belongs to the %d%% that see no offer at all", in.Catalog.Holdout)})
	case Holdout(in.Family, o.Key, in.Salt, o.Holdout):
		out.InTheWay = append(out.InTheWay, Obstacle{"holdout", fmt.Sprintf("The account's family belongs to the %d%% that never see it", o.Holdout)})
	}
	if len(out.InTheWay) == 0 {
		out.InTheWay = out.Decision.before(key)
	}
	if c.worth == nil {
		return out
	}
	out.Shown, out.Problems = show(&x, &c, "preview")
	w := tongue{message.For(firstOf(x.languages())), firstOf(x.languages())}
	values := x.valuesFor(&c, x.featureOf(&c), out.Shown.Price, w)
	for _, name := range placeholders {
		f := Fill{Name: name}
		if m, err := message.Compile("{" + name + "}"); err == nil {
			f.Words = m.Write(w.Language, values)
		}
		out.Fills = append(out.Fills, f)
	}
	return out
}

// before says which other offer goes first, if one does.
func (d *Decision) before(key string) []Obstacle {
	for _, c := range d.Considered {
		if c.Offer == key && c.Code == "outranked" {
			return []Obstacle{{c.Code, c.Reason}}
		}
	}
	return nil
}

func firstOf(languages []string) string {
	if len(languages) == 0 {
		return "en"
	}
	return languages[0]
}
