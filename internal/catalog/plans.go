package catalog

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"

	"github.com/headroomhq/headroom/internal/condition"
	"github.com/headroomhq/headroom/internal/fault"
)

var (
	planFields = []field[Plan]{
		{"title", func(r *reader, v value, p *Plan) { p.Title = r.text(v, maxTitle) }},
		{"family", func(r *reader, v value, p *Plan) { p.Family = r.name(v) }},
		{"above", func(r *reader, v value, p *Plan) { p.Above = r.name(v) }},
		{"price", func(r *reader, v value, p *Plan) { r.prices(v, &p.Price) }},
		{"trial", func(r *reader, v value, p *Plan) { p.Trial = r.trial(v) }},
		{"entitlements", func(r *reader, v value, p *Plan) { p.Entitlements = r.entitlements(v) }},
		{"version", func(r *reader, v value, p *Plan) { p.Version = int(r.whole(v, maxVersion)) }},
		{"earlier", func(r *reader, v value, p *Plan) { p.Earlier = r.earlier(v) }},
		{"retired", func(r *reader, v value, p *Plan) { p.Retired = r.truth(v) }},
		{"reverse", func(r *reader, v value, p *Plan) { p.Reverse = r.name(v) }},
		{"eligible", func(r *reader, v value, p *Plan) { p.Eligible = r.rule(v, condition.ForAccount) }},
		{"ready", func(r *reader, v value, p *Plan) { p.Ready = Readiness(r.oneOf(v, readinesses...)) }},
		{"use_cases", func(r *reader, v value, p *Plan) { p.UseCases = r.names(v, r.name) }},
		{"unit", func(r *reader, v value, p *Plan) { p.Unit = r.text(v, 64) }},
	}
	// earlierFields are what an earlier version of a plan has of its own.
	earlierFields = []field[Plan]{
		{"title", func(r *reader, v value, p *Plan) { p.Title = r.text(v, maxTitle) }},
		{"price", func(r *reader, v value, p *Plan) { r.prices(v, &p.Price) }},
		{"entitlements", func(r *reader, v value, p *Plan) { p.Entitlements = r.entitlements(v) }},
	}
)

// maxVersion is the highest number a version of a plan may have.
const maxVersion = 10_000

var versionForm = regexp.MustCompile(`^[1-9][0-9]{0,4}$`)

func newPlan(key string) *Plan {
	return &Plan{Key: key, Title: key, Family: "core", Version: 1, Entitlements: map[string]*Entitlement{}}
}

// earlier reads the versions of a plan that are no longer sold: {1: {price: …}}.
func (r *reader) earlier(v value) map[int]*Plan {
	all := map[int]*Plan{}
	for _, e := range r.entries(v, "{1: {price: …}}") {
		if !versionForm.MatchString(e.key) {
			r.report(SeverityError, "invalid_number", e.value.path, e.key, e.keyPos,
				fmt.Sprintf("%q is not the number of a version", fault.Shorten(e.key)), "write 1, 2 and so on")
			continue
		}
		if r.full(e) {
			return all
		}
		n, _ := strconv.Atoi(e.key)
		p := &Plan{Version: n}
		object(r, e.value, earlierFields, p)
		all[n] = p
	}
	if len(all) > maxValues {
		r.wrong(v, "too_long", "remove those nobody has any more", "these are %d earlier versions, the most is %d", len(all), maxValues)
	}
	return all
}

// inherit gives the earlier versions of a plan what is not their own.
func (r *reader) inherit(p *Plan) {
	for n, own := range p.Earlier {
		path := earlierPath(p, n)
		whole := *p
		whole.Version, whole.Earlier = n, nil
		if r.has(path, "title") {
			whole.Title = own.Title
		}
		if r.has(path, "price") {
			whole.Price = own.Price
		}
		if r.has(path, "entitlements") {
			whole.Entitlements = own.Entitlements
		}
		*own = whole
	}
}

func earlierPath(p *Plan, version int) string {
	return "plans." + p.Key + ".earlier." + strconv.Itoa(version)
}

// versions returns the numbers of a plan's earlier versions, the oldest first.
func versions(p *Plan) []int { return slices.Sorted(maps.Keys(p.Earlier)) }

func (r *reader) plan(p *Plan) {
	path := "plans." + p.Key
	r.entitled(path, p.Entitlements)
	r.perUnit(path, p.Entitlements, p)
	if r.has(path+".price", "once") {
		r.broken("contradiction", path+".price.once", "", "write month or year; what is sold once is an add-on", "a plan is sold each interval")
	}
	if !p.Retired {
		r.priced(path, p.Price, p.Entitlements)
	}
	for _, n := range versions(p) {
		at := earlierPath(p, n)
		if n >= p.Version {
			r.broken("contradiction", at, strconv.Itoa(n), fmt.Sprintf("write version: %d, or number it below", n+1),
				"version %d is earlier than the plan's own, which is %d", n, p.Version)
		}
		if r.has(at, "entitlements") {
			r.entitled(at, p.Earlier[n].Entitlements)
			r.perUnit(at, p.Earlier[n].Entitlements, p)
		}
		if r.has(at+".price", "once") {
			r.broken("contradiction", at+".price.once", "", "write month or year; what is sold once is an add-on", "a plan is sold each interval")
		}
	}
	r.planTrial(path, p)
	r.compared(path+".eligible", p.Eligible, nil)
	if !refer(r, "plans", r.c.Plans, path+".above", p.Above) {
		return
	}
	if below := r.c.Plans[p.Above]; below.Family != p.Family {
		r.broken("contradiction", path+".above", p.Above, "give both the same family",
			"%s is of family %s, and the plan below it of family %s", p.Key, p.Family, below.Family)
	}
}

// planTrial checks what follows a trial, and what is tried first.
func (r *reader) planTrial(path string, p *Plan) {
	if p.Trial != nil {
		if r.has(path+".trial", "limit") {
			r.broken("contradiction", path+".trial.limit", "", "remove limit", "a plan is tried with its own limits")
		}
		if refer(r, "plans", r.c.Plans, path+".trial.then", p.Trial.Then) {
			r.follows(path+".trial.then", p.Trial.Then, "follows a trial")
		}
	}
	if !refer(r, "plans", r.c.Plans, path+".reverse", p.Reverse) {
		return
	}
	if p.Reverse == p.Key {
		r.broken("cycle", path+".reverse", p.Reverse, "name a higher plan", "%s is tried before itself", p.Key)
		return
	}
	r.follows(path+".reverse", p.Reverse, "is tried first")
	if !p.Price.free() {
		r.broken("contradiction", path+".reverse", p.Reverse, "remove reverse, or the price", "%s is paid for from the first day, so nothing is tried before it", p.Key)
	}
	if r.c.Plans[p.Reverse].Trial == nil {
		r.broken("contradiction", path+".reverse", p.Reverse, "write trial: 14d at the plan "+p.Reverse, "%s cannot be tried, so it cannot be tried first", p.Reverse)
	}
}

// free says whether one of it costs nothing, by every interval and in every currency.
func (p Prices) free() bool {
	for _, by := range intervals {
		price := *by.of(&p)
		for _, c := range price.Currencies() {
			if cost, fits := price.Cost(c, 1); cost > 0 || !fits {
				return false
			}
		}
	}
	return true
}

// follows checks that a plan that people are put on can be had.
func (r *reader) follows(path, key, words string) {
	switch p := r.c.Plans[key]; {
	case p.Retired:
		r.broken("contradiction", path, key, "name a plan that is sold", "%s %s and is no longer sold", key, words)
	case p.Ready == NotReady:
		r.broken("contradiction", path, key, "name a plan that is ready", "%s %s and is not ready", key, words)
	}
}

// planCircles finds plans that stand above each other, or follow each other, in a circle.
func (r *reader) planCircles() {
	circles(r, "plans", "above", "the plans stand above each other in a circle: %s", " above ", "let the lowest plan have no above",
		r.c.Plans, func(p *Plan) (string, string) { return p.Key, p.Above })
	circles(r, "plans", "trial.then", "the trials follow each other in a circle: %s", " then ", "let the last plan have no trial that another follows",
		r.c.Plans, func(p *Plan) (string, string) {
			if p.Trial == nil {
				return p.Key, ""
			}
			return p.Key, p.Trial.Then
		})
}
