package catalog

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/headroomhq/headroom/internal/condition"
	"github.com/headroomhq/headroom/internal/money"
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
	revenueTypes = []string{string(NewLogo), string(Upsell), string(CrossSell), string(Renewal), string(Save)}
	owners       = []string{"product", "sales", "marketing", "success"}
	states       = []string{"proposed", "testing", "validated", "retired"}
	offerKinds   = []string{string(Ambient), string(Contextual), string(Interruption)}
	motions      = []string{"self_service", "success", "sales", "partner"}
)

// The keys of each object, with what reads them. schema.json lists the same; a test holds
// the two together.
var (
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
		{"currency", func(*reader, value, *Catalog) {}},   // read first, prices need it
		{"currencies", func(*reader, value, *Catalog) {}}, // likewise
		{"time_zone", func(r *reader, v value, c *Catalog) { c.Zone = r.zone(v) }},
		{"meters", func(r *reader, v value, c *Catalog) { section(r, v, c.Meters, meterFields, newMeter) }},
		{"features", func(r *reader, v value, c *Catalog) { section(r, v, c.Features, featureFields, newFeature) }},
		{"plans", func(r *reader, v value, c *Catalog) { section(r, v, c.Plans, planFields, newPlan) }},
		{"addons", func(r *reader, v value, c *Catalog) { section(r, v, c.Addons, addonFields, newAddon) }},
		{"bundles", func(r *reader, v value, c *Catalog) { section(r, v, c.Addons, bundleFields, newBundle) }},
		{"profiles", func(r *reader, v value, c *Catalog) { section(r, v, c.Profiles, profileFields, newProfile) }},
		{"placements", func(r *reader, v value, c *Catalog) {
			sectionOf(r, v, c.Places, placementFields, newPlacement, placementForm, "write a placement such as billing.page")
		}},
		{"signals", func(r *reader, v value, c *Catalog) { section(r, v, c.Signals, signalFields, newSignal) }},
		{"offers", func(r *reader, v value, c *Catalog) { section(r, v, c.Offers, offerFields, newOffer) }},
		{"milestones", func(r *reader, v value, c *Catalog) { section(r, v, c.Milestones, milestoneFields, newMilestone) }},
		{"lifecycle", func(r *reader, v value, c *Catalog) { one(r, v, lifecycleFields, &c.Lifecycle) }},
		{"readiness", func(r *reader, v value, _ *Catalog) { r.readiness(v) }},
		{"contact", func(r *reader, v value, c *Catalog) { r.contact(v, &c.Contact) }},
		{"requests", func(r *reader, v value, c *Catalog) { one(r, v, requestFields, &c.Requests) }},
		{"links", func(r *reader, v value, c *Catalog) { one(r, v, linkFields, &c.Links) }},
		{"holdout", func(r *reader, v value, c *Catalog) { c.Holdout = r.percent(v, 0, 100) }},
		{"referrals", func(r *reader, v value, c *Catalog) { section(r, v, c.Referrals, referralFields, newReferral) }},
		{"survey_gap", func(r *reader, v value, c *Catalog) { c.SurveyGap = r.duration(v, maxWindow) }},
		{"surveys", func(r *reader, v value, c *Catalog) { section(r, v, c.Surveys, surveyFields, newSurvey) }},
		{"experiments", func(r *reader, v value, c *Catalog) { section(r, v, c.Experiments, experimentFields, newExperiment) }},
		{"launches", func(r *reader, v value, c *Catalog) { section(r, v, c.Launches, launchFields, newLaunch) }},
		{"value", func(r *reader, v value, c *Catalog) { section(r, v, c.Value, valueFields, newValueMetric) }},
		{"billing", func(r *reader, v value, c *Catalog) { one(r, v, billingFields, &c.Billing) }},
		{"taxonomy", func(r *reader, v value, c *Catalog) { r.taxonomy(v, c) }},
		{"routing", func(r *reader, v value, _ *Catalog) { r.routing(v) }},
		{"lint", func(r *reader, v value, c *Catalog) { r.severitiesOf(v, c) }},
	}
)

// selfService is to whom a route leads that leads to nobody, and its motion.
const selfService = "self_service"

// whole are the sections that stand in one file, and why.
var whole = map[string]string{
	"routing": "because its order matters", "billing": "because there is one for all",
	"currencies": "because there is one list for all", "lifecycle": "because there is one for all",
	"contact": "because there is one for all", "requests": "because there is one for all", "links": "because there is one for all",
	"holdout": "because there is one for all", "survey_gap": "because there is one for all",
}

// one reads a section of which there is one for all; it may be left empty.
func one[T any](r *reader, v value, fields []field[T], into *T) {
	if v.kind() != "nothing" {
		object(r, v, fields, into)
	}
}

// top reads the sections of all documents.
func (r *reader) top(documents []value) {
	r.currency(documents)
	r.currencies(documents)
	seen := map[string]bool{}
	for _, d := range documents {
		if d.kind() != "a map" {
			r.wrong(d, "wrong_type", "begin with version: 1", "a catalog is a map of sections, this is %s", d.kind())
			continue
		}
		object(r, d, sections, r.c)
		for _, key := range slices.Sorted(maps.Keys(r.signs[""])) {
			if why := whole[key]; seen[key] && why != "" {
				r.report(SeverityError, "duplicate_key", key, "", r.c.positions[key], key+" is in two files", "keep it in one, "+why)
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
			s := r.currencyCode(v)
			switch {
			case s == "":
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
	sectionOf(r, v, into, fields, fresh, keyForm, keyMend)
}

// sectionOf is section for names of another form.
func sectionOf[T any](r *reader, v value, into map[string]*T, fields []field[T], fresh func(string) *T, form *regexp.Regexp, mend string) {
	if v.kind() == "nothing" {
		return // a section left empty
	}
	for _, e := range r.entries(v, "name: {"+fields[0].key+": …}") {
		if !form.MatchString(e.key) {
			r.report(SeverityError, "invalid_key", e.value.path, e.key, e.keyPos, fmt.Sprintf("%q cannot be a name", e.key), mend)
			continue
		}
		if r.full(e) {
			return
		}
		if _, again := into[e.key]; again {
			first, here := r.defined[e.value.path]
			if !here { // an add-on and a bundle of one name
				first = r.defined[cmp.Or(r.twin("addons.", e), r.twin("bundles.", e))]
			}
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

// twin returns the path of the definition of this name in a section, if it is there.
func (r *reader) twin(section string, e entry) string {
	if _, there := r.defined[section+e.key]; there {
		return section + e.key
	}
	return ""
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

// atMost reads "3 per 90d", up to most times.
func (r *reader) atMost(v value, most int) (times int, per time.Duration) {
	s, ok := r.scalar(v, "write 3 per 90d")
	if !ok {
		return 0, 0
	}
	m := atMostForm.FindStringSubmatch(s)
	if m == nil {
		r.wrong(v, "invalid_value", "write a number and a duration, such as 3 per 90d", "%q does not say how many per how long", s)
		return 0, 0
	}
	n, _ := strconv.Atoi(m[1])
	d, wrong := parseDuration(m[2], maxWindow)
	if wrong != "" {
		r.wrong(v, "invalid_duration", "write a number and a duration, such as 3 per 90d", "%q %s", m[2], wrong)
		return 0, 0
	}
	if n < 1 || n > most {
		r.wrong(v, "out_of_range", fmt.Sprintf("write 1 to %d times", most), "%d times is out of range", n)
		return 0, 0
	}
	return n, d
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
