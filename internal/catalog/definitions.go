package catalog

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/headroomhq/headroom/internal/condition"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
)

const day = 24 * time.Hour

// Bounds of durations and texts.
const (
	maxDuration = 3660 * day // ten years
	maxWindow   = 366 * day
	maxTitle    = 200 // characters
	maxBody     = 2000
)

// The few words that are known. Each list is also in schema.json.
var (
	featureKinds = []string{string(Boolean), string(Metered)}
	revenueTypes = []string{string(NewLogo), string(Upsell), string(CrossSell), string(Renewal), string(Save)}
	owners       = []string{"product", "sales", "marketing", "success"}
	states       = []string{"proposed", "testing", "validated", "retired"}
	offerKinds   = []string{string(Ambient), string(Contextual), string(Interruption)}
	motions      = []string{"self_service", "success", "sales", "partner"}
)

// The keys of each object, with what reads them. schema.json lists the same; a test holds
// the two together.
var (
	featureFields = []field[Feature]{
		{"title", func(r *reader, v value, f *Feature) { f.Title = r.text(v, maxTitle) }},
		{"benefit", func(r *reader, v value, f *Feature) { f.Benefit = r.text(v, maxBody) }},
		{"media", func(r *reader, v value, f *Feature) { f.Media = r.link(v) }},
		{"docs", func(r *reader, v value, f *Feature) { f.Docs = r.link(v) }},
		{"kind", func(r *reader, v value, f *Feature) { f.Kind = FeatureKind(r.oneOf(v, featureKinds...)) }},
		{"meter", func(r *reader, v value, f *Feature) { f.Meter = r.name(v) }},
	}
	planFields = []field[Plan]{
		{"title", func(r *reader, v value, p *Plan) { p.Title = r.text(v, maxTitle) }},
		{"family", func(r *reader, v value, p *Plan) { p.Family = r.name(v) }},
		{"above", func(r *reader, v value, p *Plan) { p.Above = r.name(v) }},
		{"price", func(r *reader, v value, p *Plan) { r.prices(v, &p.Price) }},
		{"trial", func(r *reader, v value, p *Plan) { p.Trial = &Trial{Length: r.duration(v, maxWindow)} }},
		{"entitlements", func(r *reader, v value, p *Plan) { p.Entitlements = r.entitlements(v) }},
	}
	addonFields = []field[Addon]{
		{"title", func(r *reader, v value, a *Addon) { a.Title = r.text(v, maxTitle) }},
		{"price", func(r *reader, v value, a *Addon) { r.prices(v, &a.Price) }},
		{"entitlements", func(r *reader, v value, a *Addon) { a.Entitlements = r.entitlements(v) }},
		{"needs", func(r *reader, v value, a *Addon) { a.Needs = r.names(v, r.name) }},
	}
	priceFields = []field[Prices]{
		{"month", func(r *reader, v value, p *Prices) { p.Month = Flat(r.c.Currency, r.price(v)) }},
		{"year", func(r *reader, v value, p *Prices) { p.Year = Flat(r.c.Currency, r.price(v)) }},
	}
	entitlementFields = []field[Entitlement]{
		{"limit", func(r *reader, v value, e *Entitlement) { r.limit(v, e) }},
		{"per", func(r *reader, v value, e *Entitlement) { e.Per = r.period(v) }},
		{"overage", func(r *reader, v value, e *Entitlement) {
			e.Overage = &Overage{Unit: quantity.One}
			object(r, v, overageFields, e.Overage)
		}},
	}
	overageFields = []field[Overage]{
		{"unit", func(r *reader, v value, o *Overage) {
			if o.Unit = r.amount(v); o.Unit == 0 {
				o.Unit = quantity.One
				r.wrong(v, "out_of_range", "write 1 or more", "a unit of nothing cannot be priced")
			}
		}},
		{"price", func(r *reader, v value, o *Overage) { o.Price = r.price(v) }},
	}
	signalFields = []field[Signal]{
		{"when", func(r *reader, v value, s *Signal) { object(r, v, whenFields, &s.When) }},
		{"type", func(r *reader, v value, s *Signal) { s.Type = RevenueType(r.oneOf(v, revenueTypes...)) }},
		{"hypothesis", func(r *reader, v value, s *Signal) { s.Hypothesis = r.text(v, maxBody) }},
		{"owner", func(r *reader, v value, s *Signal) { s.Owner = r.oneOf(v, owners...) }},
		{"state", func(r *reader, v value, s *Signal) { s.State = r.oneOf(v, states...) }},
		{"decays", func(r *reader, v value, s *Signal) { s.Decays = r.duration(v, maxDuration) }},
	}
	offerFields = []field[Offer]{
		{"on", func(r *reader, v value, o *Offer) { o.On = r.names(v, r.name) }},
		{"give", func(r *reader, v value, o *Offer) { object(r, v, giveFields, &o.Give) }},
		{"at", func(r *reader, v value, o *Offer) { o.At = r.names(v, r.placement) }},
		{"kind", func(r *reader, v value, o *Offer) { o.Kind = OfferKind(r.oneOf(v, offerKinds...)) }},
		{"for", func(r *reader, v value, o *Offer) { o.For = r.rule(v, condition.ForOffer) }},
		{"contact", func(r *reader, v value, o *Offer) { object(r, v, contactFields, &o.Contact) }},
		{"content", func(r *reader, v value, o *Offer) { object(r, v, contentFields, &o.Content) }},
		{"holdout", func(r *reader, v value, o *Offer) { o.Holdout = r.percent(v, 0, 100) }},
	}
	giveFields = []field[Give]{
		{"plan", func(r *reader, v value, g *Give) { g.Plan = r.name(v) }},
		{"addon", func(r *reader, v value, g *Give) { g.Addon = r.name(v) }},
		{"quantity", func(r *reader, v value, g *Give) { g.Quantity = r.whole(v, 1_000_000) }},
	}
	contactFields = []field[Contact]{
		{"cooldown", func(r *reader, v value, c *Contact) { c.Cooldown = r.duration(v, maxDuration) }},
		{"at_most", func(r *reader, v value, c *Contact) { r.atMost(v, c) }},
	}
	contentFields = []field[Content]{
		{"title", func(r *reader, v value, c *Content) { c.Title = r.text(v, maxTitle) }},
		{"body", func(r *reader, v value, c *Content) { c.Body = r.text(v, maxBody) }},
		{"action", func(r *reader, v value, c *Content) { c.Action = r.text(v, maxTitle) }},
		{"media", func(r *reader, v value, c *Content) { c.Media = r.link(v) }},
	}
	routeFields = []field[Route]{
		{"to", func(r *reader, v value, t *Route) { t.To = r.name(v) }},
		{"when", func(r *reader, v value, t *Route) { t.When = r.rule(v, condition.ForRouting) }},
		{"motion", func(r *reader, v value, t *Route) { t.Motion = r.oneOf(v, motions...) }},
		{"involve", func(r *reader, v value, t *Route) { t.Involve = r.names(v, r.name) }},
		{"play", func(r *reader, v value, t *Route) { t.Play = r.name(v) }},
	}
	sections = []field[Catalog]{
		{"version", func(r *reader, v value, _ *Catalog) {
			if s, ok := r.scalar(v, "write version: 1"); ok && s != "1" {
				r.wrong(v, "unknown_version", "write version: 1", "version %s of the catalog's form is not known", s)
			}
		}},
		{"currency", func(*reader, value, *Catalog) {}}, // read first, prices need it
		{"time_zone", func(r *reader, v value, c *Catalog) { c.Zone = r.zone(v) }},
		{"meters", func(r *reader, v value, c *Catalog) { section(r, v, c.Meters, meterFields, newMeter) }},
		{"features", func(r *reader, v value, c *Catalog) { section(r, v, c.Features, featureFields, newFeature) }},
		{"plans", func(r *reader, v value, c *Catalog) { section(r, v, c.Plans, planFields, newPlan) }},
		{"addons", func(r *reader, v value, c *Catalog) { section(r, v, c.Addons, addonFields, newAddon) }},
		{"signals", func(r *reader, v value, c *Catalog) { section(r, v, c.Signals, signalFields, newSignal) }},
		{"offers", func(r *reader, v value, c *Catalog) { section(r, v, c.Offers, offerFields, newOffer) }},
		{"routing", func(r *reader, v value, _ *Catalog) { r.routing(v) }},
	}
)

// selfService is to whom a route leads that leads to nobody, and its motion.
const selfService = "self_service"

func newFeature(key string) *Feature { return &Feature{Key: key, Title: key} }
func newPlan(key string) *Plan {
	return &Plan{Key: key, Title: key, Family: "core", Version: 1, Entitlements: map[string]*Entitlement{}}
}
func newAddon(key string) *Addon {
	return &Addon{Key: key, Title: key, Entitlements: map[string]*Entitlement{}}
}
func newSignal(key string) *Signal { return &Signal{Key: key, State: "testing", Decays: 30 * day} }
func newOffer(key string) *Offer   { return &Offer{Key: key, Kind: Contextual} }

// top reads the sections of all documents.
func (r *reader) top(documents []value) {
	r.currency(documents)
	seen := map[string]bool{}
	for _, d := range documents {
		if d.kind() != "a map" {
			r.wrong(d, "wrong_type", "begin with version: 1", "a catalog is a map of sections, this is %s", d.kind())
			continue
		}
		object(r, d, sections, r.c)
		for key := range r.signs[""] {
			if seen[key] && key == "routing" {
				at := r.c.positions["routing"]
				r.report(SeverityError, "duplicate_key", "routing", "", at, "routing is in two files", "keep it in one, because its order matters")
			}
			seen[key] = true
		}
	}
	r.signs[""] = seen
}

// currency reads the catalog's currency before any price. Where it is missing or wrong,
// prices are read as USD so that they can be checked all the same.
func (r *reader) currency(documents []value) {
	r.c.Currency = "USD"
	found := ""
	for _, d := range documents {
		m, ok := d.node.(*ast.MappingNode)
		if !ok {
			continue
		}
		for _, n := range m.Values {
			if (value{node: n.Key}).source() != "currency" {
				continue
			}
			v := r.child(d, "currency", n.Value, d.pos)
			s, ok := r.scalar(v, "write an ISO 4217 code such as USD")
			switch {
			case !ok:
			case !knownCurrency(s):
				mend := "write an ISO 4217 code in capitals, such as USD or EUR"
				if knownCurrency(strings.ToUpper(s)) {
					mend = "write " + strings.ToUpper(s)
				}
				r.wrong(v, "unknown_currency", mend, "%q is not a currency", s)
			case found != "" && found != s:
				r.wrong(v, "duplicate_key", "keep one currency", "the currency is %s here and %s before", s, found)
			default:
				found = s
				r.c.Currency = money.Currency(s)
			}
		}
	}
}

// section reads the definitions of one section into its map.
func section[T any](r *reader, v value, into map[string]*T, fields []field[T], fresh func(string) *T) {
	if v.kind() == "nothing" {
		return // a section left empty
	}
	for _, e := range r.entries(v, "name: {"+fields[0].key+": …}") {
		if !keyForm.MatchString(e.key) {
			r.report(SeverityError, "invalid_key", e.value.path, e.key, e.keyPos, fmt.Sprintf("%q cannot be a name", e.key), keyMend)
			continue
		}
		if r.full(e) {
			return
		}
		if _, again := into[e.key]; again {
			first := r.defined[e.value.path]
			r.report(SeverityError, "duplicate_key", e.value.path, e.key, e.keyPos,
				fmt.Sprintf("%q is defined a second time, first in %s line %d", e.key, first.File, first.Line), "keep one of the two")
			continue
		}
		d := fresh(e.key)
		into[e.key] = d
		r.c.positions[e.value.path] = e.keyPos
		r.defined[e.value.path] = e.keyPos
		object(r, e.value, fields, d)
	}
}

// full counts one more definition and says whether there are too many.
func (r *reader) full(e entry) bool {
	r.definitions++
	if r.definitions == MaxDefinitions+1 {
		r.report(SeverityError, "too_large", e.value.path, "", e.keyPos,
			fmt.Sprintf("the catalog has more than %d definitions", MaxDefinitions), "remove what is not used any more")
	}
	return r.definitions > MaxDefinitions
}

func (r *reader) routing(v value) {
	if v.kind() == "nothing" {
		return
	}
	for _, element := range r.list(v) {
		if r.full(entry{keyPos: element.pos, value: element}) {
			return
		}
		t := &Route{}
		object(r, element, routeFields, t)
		r.c.Routing = append(r.c.Routing, t)
	}
}

// prices reads {month: "49", year: "490"}.
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

// givenAs is how an entitlement was written, to check it against the feature's kind.
type givenAs uint8

const (
	asTruth givenAs = iota + 1
	asLimit
)

// entitlements reads {feature: true | 10 | unlimited | {limit: 1000, per: month}}.
func (r *reader) entitlements(v value) map[string]*Entitlement {
	all := map[string]*Entitlement{}
	if v.kind() == "nothing" {
		return all
	}
	for _, e := range r.entries(v, "feature: limit") {
		one := &Entitlement{Feature: e.key}
		all[e.key] = one
		if b, ok := e.value.node.(*ast.BoolNode); ok {
			one.Allowed = b.Value
			r.given[e.value.path] = asTruth
			continue
		}
		r.given[e.value.path] = asLimit
		if e.value.kind() == "a map" {
			object(r, e.value, entitlementFields, one)
			if !r.has(e.value.path, "limit") {
				r.wrong(e.value, "missing", "write limit: 1000 or limit: unlimited", "the limit is missing")
			}
			continue
		}
		r.c.positions[e.value.path+".limit"] = e.value.pos
		e.value.path += ".limit"
		r.limit(e.value, one)
	}
	return all
}

// limit reads a number or the word unlimited.
func (r *reader) limit(v value, e *Entitlement) {
	if v.source() == "unlimited" {
		e.Unlimited = true
		return
	}
	if _, isText := v.node.(*ast.StringNode); isText && !strings.ContainsAny(v.source(), "0123456789") {
		r.wrong(v, "invalid_number", "write a number, unlimited, true or false", "%q is not a limit", v.source())
		return
	}
	e.Limit = r.amount(v)
}

// atMost reads "3 per 90d".
func (r *reader) atMost(v value, c *Contact) {
	s, ok := r.scalar(v, "write 3 per 90d")
	if !ok {
		return
	}
	m := atMostForm.FindStringSubmatch(s)
	if m == nil {
		r.wrong(v, "invalid_value", "write a number and a duration, such as 3 per 90d", "%q does not say how many per how long", s)
		return
	}
	n, _ := strconv.Atoi(m[1])
	d, wrong := parseDuration(m[2], maxWindow)
	if wrong != "" {
		r.wrong(v, "invalid_duration", "write a number and a duration, such as 3 per 90d", "%q %s", m[2], wrong)
		return
	}
	if n < 1 || n > 1000 {
		r.wrong(v, "out_of_range", "write 1 to 1000 times", "%d times is out of range", n)
		return
	}
	c.AtMost, c.Per = n, d
}

// knownCurrency says whether code is a currency of ISO 4217 in use.
func knownCurrency(code string) bool {
	return len(code) == 3 && slices.Contains(strings.Fields(currencies), code)
}

const currencies = `AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD
CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD
HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL
MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD
RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD
UYI UYU UZS VED VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG`
