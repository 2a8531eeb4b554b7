package summit

import (
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Plans by their order, with their speaker limits: how far a customer would ever go, and
// how many it keeps when it steps down.
var (
	plans        = []string{"starter", "pro", "business"}
	speakerLimit = map[string]int{"starter": 10, "pro": 40, forNonprofits: 40, "business": 200}
	hostLimit    = map[string]int{"starter": 2, "pro": 5, forNonprofits: 5, "business": 20}
)

// forNonprofits is what a nonprofit has in the place of Pro.
const forNonprofits = "pro_nonprofit"

func rank(plan string) int {
	if plan == forNonprofits {
		plan = "pro"
	}
	return slices.Index(plans, plan)
}

// ranked is the plan of a rank as it is sold to the customer.
func (h *host) ranked(rank int) string {
	if h.nonprofit && plans[rank] == "pro" {
		return forNonprofits
	}
	return plans[rank]
}

// standing is where a customer stands with Summitry.
type standing int

const (
	waiting standing = iota // has not signed up yet
	trialing
	paying
	gone
)

// host is a customer: an organisation that hosts summits, or a group that owns some.
type host struct {
	key, name, parent          string
	segment, country, industry string
	people                     []string // names; the first is the admin
	rng                        *rand.Rand
	side                       *rand.Rand // what it does beside its summits: hosts, captions, chapters
	more                       *rand.Rand // what it does beyond: surveys, invitations, recommendations
	still                      bool       // the account the product page shows: never asks, is never asked

	// Character.
	joins      int    // day
	begins     string // plan
	yearly     bool
	trial      bool
	converts   bool
	ceiling    int     // the highest plan worth its while, by rank
	lively     float64 // share of slots in which it works with Summitry
	speakersAt float64 // speakers of its first summit
	growth     float64 // of its summits, a month
	audience   float64 // attendees of its first summit
	every      int     // days between summits
	records    bool    // promises recordings to its speakers
	sponsored  bool    // has sponsors waiting
	loyal      float64 // 1 is as likely to leave as anybody
	nonprofit  bool
	currency   string  // "" is that of the catalog
	team       float64 // hosts it would like to have at first
	mails      float64 // emails for each guest, 1 is usual
	captioned  bool    // gives its talks captions
	chaptered  bool    // has talks that are too long to watch
	pool       share   // of caption minutes
	by         *host   // who told it of Summitry; nil: nobody
	content    float64 // how it would answer, before chance
	second     string  // language of some of its summits

	// Standing.
	status     standing
	plan       string
	version    int            // of the plan
	addons     map[string]int // how many of each
	trialEnds  time.Time
	endsAt     time.Time
	later      string // plan from laterAt on
	laterAt    time.Time
	speakers   int
	sponsors   int
	hosts      int
	minutes    int       // of talks that wait for captions
	tried      bool      // chapters
	tryEnds    time.Time // of a running trial of chapters
	tryKeeps   bool
	nextShow   int // day of the next summit
	lastShow   int
	returns    int // day on which it comes back, 0 never
	ask        *request
	deals      []deal
	code       string // by which it recommends Summitry, from codeDay on
	codeDay    int
	colleagues int // invited
	sent, did  int // events and calls so far: they number ids and keys
	queue      []event
}

// request is a member's upgrade request that waits for the admin.
type request struct {
	id, decision, offer, plan string
	day                       int // of the answer
	approve                   bool
}

// cast makes the customers of a life of so many days: their names, what they are like and
// when they sign up. Four in ten sign up in the first six weeks, so that retention is of a
// crowd from the beginning; the rest come more and more often.
func cast(seed uint64, accounts, days int) []*host {
	names := newNames(seed)
	hosts := make([]*host, 0, accounts)
	shown := accounts / 7
	for i := range accounts {
		if i == shown {
			hosts = append(hosts, aurora(seed, days))
			continue
		}
		rng := rand.New(rand.NewPCG(seed, uint64(i)+1))
		h := character(rng)
		h.side = rand.New(rand.NewPCG(seed^1<<40, uint64(i)+1))
		h.ways()
		h.name, h.key = names.company(h.industry)
		for range 1 + rng.IntN(3) {
			h.people = append(h.people, names.person())
		}
		early := accounts / 4
		if i < early {
			h.joins = rng.IntN(1+days/13) * (i % 8) / 7
		} else {
			share := float64(i-early) / float64(accounts-early)
			h.joins = int(float64(days-2) * (0.25*share*(1-share) + share)) // a little slower each month in the middle
		}
		hosts = append(hosts, h)
	}
	for i, h := range hosts {
		h.nature(seed, i, hosts)
	}
	sharing(hosts)
	families(hosts, seed)
	return hosts
}

// character draws what a customer is like.
func character(rng *rand.Rand) *host {
	h := &host{rng: rng, loyal: 1}
	h.country = pick(rng, countries)
	h.industry = pick(rng, industries)
	switch x := rng.Float64(); {
	case x < 0.38:
		h.segment = "creator"
	case x < 0.74:
		h.segment = "smb"
	case x < 0.95:
		h.segment = "midmarket"
	default:
		h.segment = "enterprise"
	}
	reach := map[string][2]float64{ // of the ceiling: shares that end at starter and at pro
		"creator": {0.68, 0.99}, "smb": {0.44, 0.97}, "midmarket": {0.17, 0.86}, "enterprise": {0, 0.5}}[h.segment]
	switch x := rng.Float64(); {
	case x < reach[0]:
		h.ceiling = 0
	case x < reach[1]:
		h.ceiling = 1
	default:
		h.ceiling = 2
	}
	h.begins = "starter"
	if h.ceiling > 0 && rng.Float64() < 0.42 || h.segment == "enterprise" {
		h.begins = "pro"
	}
	if h.ceiling == 2 && rng.Float64() < 0.12 {
		h.begins = "business"
	}
	h.trial = h.begins != "business" && rng.Float64() < 0.7
	h.converts = rng.Float64() < 0.62
	h.yearly = rng.Float64() < 0.18
	h.lively = 0.05 + 0.13*rng.Float64()
	h.every = 45 + rng.IntN(60)
	h.records = rng.Float64() < 0.45
	h.sponsored = rng.Float64() < 0.28
	h.growth = []float64{0.01, 0.075, 0.045}[h.ceiling] * (0.4 + 1.2*rng.Float64())
	h.speakersAt = map[string]float64{"starter": 4, "pro": 14, "business": 45}[h.begins] * (0.7 + 0.6*rng.Float64())
	h.audience = map[string]float64{"starter": 105, "pro": 220, "business": 420}[h.begins] * (0.4 + 1.2*rng.Float64())
	return h
}

// aurora is the customer that the product page shows: on Starter from a third of the life
// on, with its eighth speaker booked a few days before today. It renews some days from now: a
// visitor is to see a period that has begun and does not end while they look.
func aurora(seed uint64, days int) *host {
	return &host{key: ShownAccount, name: "Aurora Events", segment: "smb", country: "CA", industry: "events",
		people: []string{"Imke Sorel", "Tavi Okonjo"}, rng: rand.New(rand.NewPCG(seed, 0)), side: rand.New(rand.NewPCG(seed^1<<40, 0)), still: true,
		joins: max(days/3-11, 0), begins: "starter"}
}

// families gives some customers a parent: groups that own several of them. A group is the
// customer of highest segment at its place in the cast.
func families(hosts []*host, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 1<<32))
	for range len(hosts) / 40 {
		root := hosts[rng.IntN(len(hosts))]
		if root.still || root.parent != "" {
			continue
		}
		root.segment = "midmarket"
		for range 2 + rng.IntN(3) {
			child := hosts[rng.IntN(len(hosts))]
			if child == root || child.still || child.parent != "" || isParent(hosts, child.key) {
				continue
			}
			child.parent = root.key
		}
	}
}

func isParent(hosts []*host, key string) bool {
	for _, h := range hosts {
		if h.parent == key {
			return true
		}
	}
	return false
}

func pick[T any](rng *rand.Rand, from []T) T { return from[rng.IntN(len(from))] }

var countries = []string{"US", "US", "US", "US", "GB", "GB", "DE", "DE", "CA", "AU", "NL", "FR", "IN", "BR", "SE", "IE", "ES", "NZ"}

var industries = []string{"education", "education", "health", "media", "software", "software", "nonprofit", "consulting", "consulting", "events", "finance"}

// What kinds of names the industries like.
var endings = map[string][]string{
	"education":  {"Academy", "Institute", "Learning", "School"},
	"health":     {"Wellness", "Health", "Care", "Therapies"},
	"media":      {"Media", "Press", "Studio", "Podcasts"},
	"software":   {"Labs", "Software", "Systems", "Cloud"},
	"nonprofit":  {"Foundation", "Collective", "Network", "Alliance"},
	"consulting": {"Advisors", "Partners", "Consulting", "Coaching"},
	"events":     {"Events", "Summits", "Gatherings", "Conferences"},
	"finance":    {"Ledgers", "Capital", "Finance", "Accounting"},
}

var (
	heads = []string{"Fern", "Lark", "Brindle", "Saffron", "Tidal", "Quill", "Ember", "Willow", "Thistle", "Cinder", "Alder", "Heron",
		"Pebble", "Lumen", "Juniper", "Marigold", "Otter", "Harrow", "Bramble", "Cobalt", "Linden", "Sorrel", "Tamar", "Vesper", "Wren", "Yarrow"}
	tails = []string{"hollow", "wick", "mere", "gate", "stead", "brook", "crest", "haven", "ridge", "loft", "well", "grove", "moor", "field", "reach"}
	given = []string{"Amara", "Benedikt", "Chiara", "Dilan", "Esme", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kaveh", "Lotte", "Mirek", "Nadia",
		"Oskar", "Priya", "Quentin", "Rosalind", "Sanna", "Tomasz", "Una", "Viktor", "Wanjiru", "Yusra", "Zeno"}
	family = []string{"Abara", "Bergholt", "Castellan", "Dufresne", "Eklund", "Farrow", "Gilchrist", "Hakim", "Iversen", "Jansky", "Kettering",
		"Lindqvist", "Mbeki-Ross", "Nakagawa", "Osterman", "Pellerin", "Quist", "Rautio", "Sandoval", "Tregenza", "Ullman", "Varga", "Whitlock"}
)

// names hands out names, no company twice.
type names struct {
	rng  *rand.Rand
	used map[string]bool
}

func newNames(seed uint64) *names {
	return &names{rand.New(rand.NewPCG(seed, 1<<33)), map[string]bool{}}
}

func (n *names) company(industry string) (name, key string) {
	for {
		stem := pick(n.rng, heads) + pick(n.rng, tails)
		if n.used[stem] {
			continue
		}
		n.used[stem] = true
		name = stem + " " + pick(n.rng, endings[industry])
		return name, strings.ReplaceAll(strings.ToLower(name), " ", "-")
	}
}

func (n *names) person() string { return pick(n.rng, given) + " " + pick(n.rng, family) }
