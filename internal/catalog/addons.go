package catalog

import (
	"fmt"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/condition"
)

var (
	addonKinds = []string{string(OfFeature), string(OfIntegration), string(OfModule), string(OfCapacity), string(OfSeat),
		string(OfServiceTier), string(OfService), string(OfWorkspace), string(OfPack), string(OfTopUp)}
	// besideFields say what an add-on or a bundle goes with, offeredFields to whom and how it is offered.
	besideFields = []field[Addon]{
		{"needs", func(r *reader, v value, a *Addon) { a.Needs = r.names(v, r.name) }},
		{"excludes", func(r *reader, v value, a *Addon) { a.Excludes = r.names(v, r.name) }},
		{"complements", func(r *reader, v value, a *Addon) { a.Complements = r.names(v, r.name) }},
	}
	offeredFields = []field[Addon]{
		{"trial", func(r *reader, v value, a *Addon) { a.Trial = r.trial(v) }},
		{"retired", func(r *reader, v value, a *Addon) { a.Retired = r.truth(v) }},
		{"eligible", func(r *reader, v value, a *Addon) { a.Eligible = r.rule(v, condition.ForAccount) }},
		{"ready", func(r *reader, v value, a *Addon) { a.Ready = Readiness(r.oneOf(v, readinesses...)) }},
		{"role", func(r *reader, v value, a *Addon) { a.Role = r.oneOf(v, roles...) }},
		{"use_cases", func(r *reader, v value, a *Addon) { a.UseCases = r.names(v, r.name) }},
	}
	addonFields = slices.Concat([]field[Addon]{
		{"title", func(r *reader, v value, a *Addon) { a.Title = r.text(v, maxTitle) }},
		{"kind", func(r *reader, v value, a *Addon) { r.addonKind(v, a) }},
		{"price", func(r *reader, v value, a *Addon) { r.prices(v, &a.Price) }},
		{"entitlements", func(r *reader, v value, a *Addon) { a.Entitlements = r.entitlements(v) }},
	}, besideFields, []field[Addon]{
		{"expires", func(r *reader, v value, a *Addon) { a.Expires = r.duration(v, maxDuration) }},
	}, offeredFields)
)

func newAddon(key string) *Addon {
	return &Addon{Key: key, Title: key, Kind: OfFeature, Entitlements: map[string]*Entitlement{}}
}

// addonKind reads the kind of an add-on.
func (r *reader) addonKind(v value, a *Addon) {
	if v.source() == string(OfBundle) {
		r.wrong(v, "contradiction", "define it under bundles", "a bundle is put together from add-ons")
		return
	}
	a.Kind = AddonKind(r.oneOf(v, addonKinds...))
}

// path returns where an add-on is defined, as findings name it.
func (a *Addon) path() string {
	if a.Kind == OfBundle {
		return "bundles." + a.Key
	}
	return "addons." + a.Key
}

// sold says whether a definition is a plan or an add-on.
func (r *reader) sold(key string) bool { return r.c.Plans[key] != nil || r.c.Addons[key] != nil }

// referSold checks that a plan or an add-on exists.
func (r *reader) referSold(path, key string) {
	if r.sold(key) {
		return
	}
	both := map[string]*struct{}{}
	for plan := range r.c.Plans {
		both[plan] = &struct{}{}
	}
	for addon := range r.c.Addons {
		both[addon] = &struct{}{}
	}
	refer(r, "plans or addons", both, path, key)
}

func (r *reader) addon(a *Addon) {
	path := a.path()
	for _, list := range []struct {
		key   string
		named []string
	}{{"needs", r.own(a.Needs, path, "needs")}, {"excludes", r.own(a.Excludes, path, "excludes")}, {"complements", a.Complements}} {
		for i, key := range list.named {
			at := fmt.Sprintf("%s.%s[%d]", path, list.key, i)
			r.referSold(at, key)
			if key == a.Key && list.key != "needs" { // what needs itself is told as a circle
				r.broken("contradiction", at, key, "name another one", "%s %s itself", a.Key, list.key)
			}
		}
	}
	r.excluded(path, a)
	r.addonTrial(path+".trial", a)
	r.compared(path+".eligible", a.Eligible, nil)
	if a.Kind == OfBundle {
		return
	}
	r.entitled(path, a.Entitlements)
	r.perUnit(path, a.Entitlements, nil)
	if !a.Retired {
		r.priced(path, a.Price, a.Entitlements)
	}
	r.soldAs(path, a)
}

// own returns a list that a definition was given, and nothing where it was worked out.
func (r *reader) own(list []string, path, key string) []string {
	if !r.has(path, key) {
		return nil
	}
	return list
}

// soldAs checks that an add-on's price suits its kind.
func (r *reader) soldAs(path string, a *Addon) {
	recurring := a.Price.Month != nil || a.Price.Year != nil
	switch {
	case a.OneOff() && recurring:
		r.broken("contradiction", path+".price.once", "", "make two add-ons of it", "it is sold once and each interval")
	case a.Kind == OfTopUp && recurring:
		r.broken("contradiction", path+".price", "", `write price: {once: "20"}, or kind: pack`, "a top-up is bought once")
	case a.Kind == OfPack && a.OneOff():
		r.broken("contradiction", path+".price.once", "", "write month or year, or kind: top_up", "a pack is bought each interval")
	}
	if a.Expires > 0 && !a.OneOff() {
		r.broken("contradiction", path+".expires", "", `write price: {once: "20"}, or remove expires`, "only what is bought once expires")
	}
	counts, seats := false, false
	for _, e := range a.Entitlements {
		f := r.c.Features[e.Feature]
		counts = counts || f == nil || f.Counted() && (e.Unlimited || e.Limit > 0)
		seats = seats || f == nil || f.Kind == Seats
	}
	switch {
	case (a.Kind == OfTopUp || a.Kind == OfPack || a.Kind == OfCapacity) && !counts:
		r.broken("contradiction", path, string(a.Kind), "write entitlements: {feature: 100} with a metered feature, or another kind", "a %s gives a quantity, and this one gives none", strings.ReplaceAll(string(a.Kind), "_", "-"))
	case a.Kind == OfSeat && !seats:
		r.broken("contradiction", path, string(a.Kind), "write entitlements: {feature: 1} with a feature of kind seats, or another kind", "an add-on of kind seat gives seats, and this one gives none")
	}
	if a.Kind != OfTopUp && !a.OneOff() {
		return
	}
	for _, e := range sorted(a.Entitlements) {
		at := path + ".entitlements." + e.Feature
		for _, key := range []string{"per", "overage", "soft", "grace"} { // rollover needs a period, which is told
			if r.has(at, key) && (key != "per" || e.Per != Lifetime) {
				r.broken("contradiction", at+"."+key, "", "remove "+key+"; expires says how long it can be used", "what is bought once is used until it is gone, so it has no %s", key)
			}
		}
		if e.Unlimited {
			r.broken("contradiction", at+".limit", "unlimited", "write how much it gives", "what is bought once is a quantity, not without a limit")
		}
		if f := r.c.Features[e.Feature]; f != nil && !f.Counted() && f.Kind != "" && (counts || a.Kind != OfTopUp) {
			r.broken("contradiction", at, "", `write price: {month: "20"}, or remove it`, "what is bought once is a quantity, and %s is a %s feature", e.Feature, f.Kind)
		}
	}
}

// excluded finds what an add-on both needs, or goes well with, and excludes.
func (r *reader) excluded(path string, a *Addon) {
	excludes := r.excludes(a)
	left := 0
	for i, key := range a.Needs {
		other := r.c.Addons[key]
		switch {
		case excludes[key]:
			r.broken("contradiction", fmt.Sprintf("%s.needs[%d]", path, i), key, "remove it from one of the two", "%s both needs and excludes %s", a.Key, key)
			left++ // told already
		case other == nil || !r.excludes(other)[a.Key]:
			left++
		}
	}
	if len(a.Needs) > 0 && left == 0 {
		r.broken("unreachable", path+".needs", strings.Join(a.Needs, ", "), "let one of them not exclude it", "everything that %s needs excludes it", a.Key)
	}
	for i, key := range a.Complements {
		if excludes[key] {
			r.broken("contradiction", fmt.Sprintf("%s.complements[%d]", path, i), key, "remove it from one of the two", "%s both goes well with %s and excludes it", a.Key, key)
		}
	}
}

// excludes returns what an add-on excludes as a set, made once for each.
func (r *reader) excludes(a *Addon) map[string]bool {
	set, made := r.excluding[a.Key]
	if !made {
		set = make(map[string]bool, len(a.Excludes))
		for _, key := range a.Excludes {
			set[key] = true
		}
		r.excluding[a.Key] = set
	}
	return set
}

func (r *reader) addonTrial(path string, a *Addon) {
	if a.Trial == nil {
		return
	}
	if a.OneOff() {
		r.broken("contradiction", path, "", "remove trial", "%s is bought once, and what is used up cannot be given back", a.Key)
	}
	for _, key := range []string{"then", "limit"} {
		if r.has(path, key) {
			r.broken("contradiction", path+"."+key, "", "remove "+key, "the trial of an add-on has no %s", key)
		}
	}
}

// reachable finds add-ons that nobody can ever buy, because what they need needs them.
func (r *reader) reachable() {
	can := map[string]bool{}
	unlocks := map[string][]string{} // by add-on, those that need it
	var next []string
	for key, a := range r.c.Addons {
		ok := len(a.Needs) == 0
		for _, need := range a.Needs {
			if r.c.Addons[need] != nil {
				unlocks[need] = append(unlocks[need], key)
			}
			ok = ok || r.c.Plans[need] != nil || r.c.Addons[need] == nil // what is not there is reported already
		}
		if ok {
			can[key] = true
			next = append(next, key)
		}
	}
	for len(next) > 0 {
		key := next[len(next)-1]
		next = next[:len(next)-1]
		for _, unlocked := range unlocks[key] {
			if !can[unlocked] {
				can[unlocked] = true
				next = append(next, unlocked)
			}
		}
	}
	for _, a := range sorted(r.c.Addons) {
		if !can[a.Key] {
			r.broken("cycle", a.path()+".needs", strings.Join(a.Needs, ", "), "let it need a plan, or nothing",
				"nobody can buy %s: it needs only add-ons that need each other", a.Key)
		}
	}
	for _, o := range sorted(r.c.Offers) {
		if a := r.c.Addons[o.Give.Addon]; a != nil && !can[a.Key] {
			r.broken("unreachable", "offers."+o.Key+".give.addon", a.Key, "mend what the add-on needs", "the offer gives %s, which nobody can buy", a.Key)
		}
	}
}
