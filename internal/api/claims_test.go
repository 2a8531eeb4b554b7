package api

import (
	"testing"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/offer"
)

// Between the claim and the decision something else may happen: what is shown in the end says
// what the claim is for.
func TestAClaimIsKeptForWhatIsShownInTheEnd(t *testing.T) {
	cat := &catalog.Catalog{Offers: map[string]*catalog.Offer{
		"banner": {Key: "banner", Kind: catalog.Ambient},
		"tip":    {Key: "tip", Kind: catalog.Contextual},
		"popup":  {Key: "popup", Kind: catalog.Interruption},
	}}
	for _, c := range []struct {
		name      string
		d         offer.Decision
		requested bool
		want      catalog.Channel
	}{
		{"an interruption is shown", offer.Decision{Status: "show", OfferKey: "popup"}, false, catalog.Interruptions},
		{"something that asks for less", offer.Decision{Status: "show", OfferKey: "tip"}, false, catalog.InProduct},
		{"something that asks nothing", offer.Decision{Status: "show", OfferKey: "banner"}, false, ""},
		{"what was shown before", offer.Decision{Status: "show", OfferKey: "popup", Again: true}, false, ""},
		{"what the person asked for", offer.Decision{Status: "show", OfferKey: "popup"}, true, ""},
		{"held out, as if it were shown", offer.Decision{Status: "none", Variant: "holdout", OfferKey: "popup"}, false, catalog.Interruptions},
		{"nothing", offer.Decision{Status: "none"}, false, ""},
		{"an offer that is no more", offer.Decision{Status: "show", OfferKey: "gone"}, false, ""},
	} {
		if got := contacts(&c.d, cat, c.requested); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
