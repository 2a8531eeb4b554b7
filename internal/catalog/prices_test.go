package catalog

import (
	"testing"

	"github.com/headroomhq/headroom/internal/money"
)

func TestAPriceByQuantity(t *testing.T) {
	steps := []Tier{{To: 10, Each: 1200}, {To: 50, Each: 900}, {Each: 700}}
	for _, c := range []struct {
		name string
		s    Scale
		n    int64
		want money.Minor
		sold bool
	}{
		{"so much for each", Scale{Each: 4900}, 3, 14700, true},
		{"none of it", Scale{Each: 4900}, 0, 0, true},
		{"a base with some included", Scale{Base: 2000, Each: 500, Included: 3}, 5, 3000, true},
		{"fewer than are included", Scale{Base: 2000, Each: 500, Included: 3}, 2, 2000, true},
		{"graduated, within the first tier", Scale{Tiers: steps}, 10, 12000, true},
		{"graduated, into the third tier", Scale{Tiers: steps}, 60, 12000 + 36000 + 7000, true},
		{"by volume, each at the tier's price", Scale{Tiers: steps, Volume: true}, 60, 42000, true},
		{"by volume, at the end of a tier", Scale{Tiers: steps, Volume: true}, 50, 45000, true},
		{"a tier with a base", Scale{Tiers: []Tier{{To: 5, Base: 1000}, {Each: 100}}}, 7, 1200, true},
		{"more than any price may be", Scale{Each: MaxPrice}, 2, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, sold := (&Price{"USD": c.s}).Cost("USD", c.n)
			if sold != c.sold || sold && got != c.want {
				t.Errorf("got %d, %t; want %d, %t", got, sold, c.want, c.sold)
			}
		})
	}
	if _, sold := Flat("USD", 1).Cost("EUR", 1); sold {
		t.Error("sold in a currency it has no price in")
	}
	var none *Price
	if _, sold := none.Cost("USD", 1); sold {
		t.Error("no price, and sold")
	}
}
