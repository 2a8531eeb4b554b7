package catalog

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
)

// maxUnits is the most units a price speaks of.
const maxUnits = 1_000_000_000

// maxCurrencies bounds the currencies of a catalog.
const maxCurrencies = 30

var currencyForm = regexp.MustCompile(`^[A-Z]{3}$`)

// scaleIn is a scale while it is read, with the currency its amounts are in.
type scaleIn struct {
	Scale
	in money.Currency
}

// tierIn is a tier while it is read.
type tierIn struct {
	Tier
	in money.Currency
}

var (
	priceFields = []field[Prices]{
		{"month", func(r *reader, v value, p *Prices) { p.Month = r.priceBy(v) }},
		{"year", func(r *reader, v value, p *Prices) { p.Year = r.priceBy(v) }},
		{"once", func(r *reader, v value, p *Prices) { p.Once = r.priceBy(v) }},
	}
	scaleFields = []field[scaleIn]{
		{"each", func(r *reader, v value, s *scaleIn) { s.Each = r.price(v, s.in) }},
		{"base", func(r *reader, v value, s *scaleIn) { s.Base = r.price(v, s.in) }},
		{"included", func(r *reader, v value, s *scaleIn) { s.Included = r.whole(v, maxUnits) }},
		{"tiers", func(r *reader, v value, s *scaleIn) { s.Tiers = r.tiers(v, s.in) }},
		{"volume", func(r *reader, v value, s *scaleIn) { s.Volume = r.truth(v) }},
	}
	tierFields = []field[tierIn]{
		{"to", func(r *reader, v value, t *tierIn) { t.To = r.whole(v, maxUnits) }},
		{"each", func(r *reader, v value, t *tierIn) { t.Each = r.price(v, t.in) }},
		{"base", func(r *reader, v value, t *tierIn) { t.Base = r.price(v, t.in) }},
	}
)

// currencies reads the currencies that prices may be in besides the catalog's own.
func (r *reader) currencies(documents []value) {
	r.c.Currencies = []money.Currency{r.c.Currency}
	for _, d := range documents {
		m, ok := d.node.(*ast.MappingNode)
		if !ok {
			continue
		}
		for _, n := range m.Values {
			if (value{node: n.Key}).source() != "currencies" {
				continue
			}
			v := r.child(d, "currencies", n.Value, d.pos)
			if v.kind() == "nothing" {
				continue
			}
			for _, code := range r.names(v, r.currencyCode) {
				if c := money.Currency(code); !slices.Contains(r.c.Currencies, c) {
					r.c.Currencies = append(r.c.Currencies, c)
				}
			}
			if len(r.c.Currencies) > maxCurrencies {
				r.wrong(v, "too_long", "keep those you sell in", "these are %d currencies, the most is %d", len(r.c.Currencies), maxCurrencies)
			}
		}
	}
}

// currencyCode reads one ISO 4217 code.
func (r *reader) currencyCode(v value) string {
	s, ok := r.scalar(v, "write an ISO 4217 code such as EUR")
	if !ok || knownCurrency(s) {
		return s
	}
	mend := "write an ISO 4217 code in capitals, such as USD or EUR"
	if knownCurrency(strings.ToUpper(s)) {
		mend = "write " + strings.ToUpper(s)
	}
	r.wrong(v, "unknown_currency", mend, "%q is not a currency", fault.Shorten(s))
	return ""
}

// prices reads {month: "49", year: "490"} or {once: "50"}.
func (r *reader) prices(v value, p *Prices) {
	if v.kind() != "a map" {
		r.wrong(v, "wrong_type", `write {month: "49"} or {month: "49", year: "490"}`, "a price is per interval, this is %s", v.kind())
		return
	}
	object(r, v, priceFields, p)
	if len(r.signs[v.path]) == 0 {
		r.wrong(v, "missing", "write month or year, or leave price out for what is sold by agreement", "the price names no interval")
	}
}

// priceBy reads "49", {each: "49"} or one of the two for each currency: {USD: "49", EUR: "45"}.
func (r *reader) priceBy(v value) *Price {
	p := Price{}
	entries, perCurrency := r.byCurrency(v)
	if !perCurrency {
		p[r.c.Currency] = r.scale(v, r.c.Currency)
		return &p
	}
	for _, e := range entries {
		if c, ok := r.inCurrency(e); ok {
			p[c] = r.scale(e.value, c)
		}
	}
	if len(p) == 0 {
		return nil
	}
	return &p
}

// byCurrency returns the entries of a map from currencies, false for anything else.
func (r *reader) byCurrency(v value) ([]entry, bool) {
	var first ast.Node
	switch n := v.node.(type) {
	case *ast.MappingNode:
		if len(n.Values) > 0 {
			first = n.Values[0].Key
		}
	case *ast.MappingValueNode:
		first = n.Key
	}
	if first == nil || !currencyForm.MatchString(strings.ToUpper(value{node: first}.source())) {
		return nil, false
	}
	return r.entries(v, `{USD: "49"}`), true
}

// inCurrency returns the currency that a key names.
func (r *reader) inCurrency(e entry) (money.Currency, bool) {
	c := money.Currency(e.key)
	if slices.Contains(r.c.Currencies, c) {
		return c, true
	}
	mend := "add " + fault.Shorten(e.key) + " to currencies, or remove the price"
	if !knownCurrency(e.key) {
		mend = "use those of the catalog: " + r.currencyWords()
	}
	r.report(SeverityError, "unknown_currency", e.value.path, e.key, e.keyPos,
		fmt.Sprintf("%q is not a currency of this catalog", fault.Shorten(e.key)), mend)
	return "", false
}

func (r *reader) currencyWords() string {
	words := make([]string, len(r.c.Currencies))
	for i, c := range r.c.Currencies {
		words[i] = string(c)
	}
	return strings.Join(words, ", ")
}

// scale reads "49", {base: "20", each: "5", included: 3} or {tiers: […]}.
func (r *reader) scale(v value, c money.Currency) Scale {
	if v.kind() != "a map" {
		return Scale{Each: r.price(v, c)}
	}
	s := scaleIn{in: c}
	object(r, v, scaleFields, &s)
	has := r.signs[v.path]
	switch {
	case has["tiers"] && (has["each"] || has["included"]):
		r.wrong(v, "contradiction", "write what each costs into the tiers", "a price has tiers, or one price for each")
	case has["volume"] && !has["tiers"]:
		r.wrong(v, "contradiction", "write tiers: [{to: 10, each: \"12\"}, {each: \"9\"}], or remove volume", "volume belongs to tiers")
	case has["included"] && !has["each"]:
		r.wrong(v, "missing", `write each: "5", the price of those beyond`, "what more than the included ones cost is missing")
	case !has["tiers"] && !has["each"] && !has["base"]:
		r.wrong(v, "missing", `write {each: "5"}, {base: "20", each: "5", included: 3} or {tiers: [{to: 10, each: "12"}, {each: "9"}]}`, "the price is missing")
	}
	return s.Scale
}

// tiers reads [{to: 10, each: "12"}, {each: "9"}].
func (r *reader) tiers(v value, c money.Currency) []Tier {
	var tiers []Tier
	elements := r.list(v)
	if n := len(elements); v.kind() == "a list" && (n == 0 || n > maxValues) {
		r.wrong(v, "invalid_value", fmt.Sprintf("write 1 to %d tiers", maxValues), "these are %d tiers", n)
		return nil
	}
	for i, element := range elements {
		t := tierIn{in: c}
		object(r, element, tierFields, &t)
		has := r.signs[element.path]
		if has == nil {
			continue // not a map, reported
		}
		last := i == len(elements)-1
		switch {
		case !has["each"] && !has["base"]:
			r.wrong(element, "missing", `write each: "9"`, "the tier has no price")
		case !last && !has["to"]:
			r.wrong(element, "tiers_not_rising", "write to: and the last unit of the tier, or put it last", "only the last tier has no end")
		case last && has["to"]:
			r.wrong(element, "tiers_not_open", "remove to from the last tier", "nothing has a price beyond %d", t.To)
		case !last && len(tiers) > 0 && t.To <= tiers[len(tiers)-1].To:
			r.wrong(element, "tiers_not_rising", "write the tiers from the lowest to the highest", "the tier ends at %d, and the one before it at %d", t.To, tiers[len(tiers)-1].To)
		}
		tiers = append(tiers, t.Tier)
	}
	return tiers
}

// overagePrice reads the price of usage above a limit: "2", or one for each currency.
func (r *reader) overagePrice(v value, o *Overage) {
	entries, perCurrency := r.byCurrency(v)
	if !perCurrency {
		o.Price = r.price(v, r.c.Currency)
		return
	}
	own := false
	for _, e := range entries {
		c, ok := r.inCurrency(e)
		switch {
		case !ok:
		case c == r.c.Currency:
			own = true
			o.Price = r.price(e.value, c)
		default:
			if o.In == nil {
				o.In = map[money.Currency]money.Minor{}
			}
			o.In[c] = r.price(e.value, c)
		}
	}
	if !own {
		r.wrong(v, "price_missing", "write "+string(r.c.Currency)+", too", "there is no price in the catalog's own currency %s", r.c.Currency)
	}
}

// priced checks that what is sold is sold in all of the catalog's currencies.
func (r *reader) priced(path string, p Prices, entitlements map[string]*Entitlement) {
	for _, interval := range []struct {
		name  string
		price *Price
	}{{"month", p.Month}, {"year", p.Year}, {"once", p.Once}} {
		if interval.price == nil {
			continue
		}
		for _, c := range r.c.Currencies {
			if _, ok := (*interval.price)[c]; !ok {
				r.broken("price_missing", path+".price."+interval.name, string(c), "write the price in each currency: {"+r.currencyForms()+"}",
					"there is no price in %s, which the catalog sells in", c)
			}
		}
	}
	for _, e := range sorted(entitlements) {
		if e.Overage == nil {
			continue
		}
		for _, c := range r.c.Currencies[1:] {
			if _, ok := e.Overage.In[c]; !ok {
				r.broken("price_missing", path+".entitlements."+e.Feature+".overage.price", string(c), "write the price in each currency: {"+r.currencyForms()+"}",
					"there is no price in %s, which the catalog sells in", c)
			}
		}
	}
}

func (r *reader) currencyForms() string {
	words := make([]string, len(r.c.Currencies))
	for i, c := range r.c.Currencies {
		words[i] = string(c) + `: "…"`
	}
	return strings.Join(words, ", ")
}
