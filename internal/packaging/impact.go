package packaging

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/condition"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// Bounds of what an impact tells one by one; beyond them it counts.
const (
	MaxExamples = 20  // accounts that change, of those in use of what goes
	MaxSqueezed = 200 // accounts above a new limit
	maxWords    = 100 // changes of a plan's accounts, and whys
)

// Holder is an account with what it has bought and uses, judged by the old catalog.
type Holder struct {
	Account string
	Name    string
	Input   entitlement.Input
}

// Impact gathers what a change of the catalog does to accounts, one after the other. The order
// in which they come changes nothing.
type Impact struct {
	old, new *catalog.Catalog
	features []*catalog.Feature // of which something is given differently, old and new, by key
	given    bool               // accounts may get something else than before
	priced   bool               // something may cost less than before

	shifts   map[string]*shift
	switches map[string]*choice

	accounts int
	plans    map[string]*PlanImpact
	examples lowest[AccountImpact]
	squeezed lowest[Overfull]
	crowded  int // squeezed accounts and features
	risk     map[money.Currency]money.Minor
	risky    int
	why      map[string]*reason
	gone     map[string]*Gone
}

// ImpactAnswer says what a catalog would do to the accounts there are.
type ImpactAnswer struct {
	Accounts int             `json:"accounts" doc:"that get something else than before"`
	Plans    []PlanImpact    `json:"plans" doc:"what accounts get differently, by the plan they are on"`
	Examples []AccountImpact `json:"examples" doc:"some of these accounts, the first by key"`
	Squeezed []Overfull      `json:"squeezed" doc:"accounts whose usage is above the new limit, the first by key"`
	Above    int             `json:"squeezed_total" doc:"how many there are in all"`
	AtRisk   Risk            `json:"at_risk" doc:"renewal money that could be lost by it"`
}

// PlanImpact is what a change does to the accounts of one plan.
type PlanImpact struct {
	Plan     string   `json:"plan" doc:"key of the plan"`
	Accounts int      `json:"accounts" doc:"on it that get something else than before"`
	Changes  []string `json:"changes" doc:"in plain words"`
}

// AccountImpact is what a change does to one account.
type AccountImpact struct {
	Account string   `json:"account" doc:"the account's key"`
	Name    string   `json:"name,omitempty" doc:"its name, if it has one"`
	Changes []string `json:"changes" doc:"in plain words"`
}

// Overfull is an account that uses more of a feature than the new limit.
type Overfull struct {
	Account string            `json:"account" doc:"the account's key"`
	Feature string            `json:"feature" doc:"key of the feature"`
	Usage   quantity.Quantity `json:"usage" doc:"in the current period; by a limit of another period than before in that one, on average over it where it was longer"`
	Limit   quantity.Quantity `json:"limit" doc:"the new one"`
}

// Risk is money that accounts pay today and would not have to any more.
type Risk struct {
	Amount   money.Amount   `json:"amount" doc:"a year's, in the catalog's currency"`
	Accounts int            `json:"accounts" doc:"that could pay less for the same or more"`
	Why      []string       `json:"why" doc:"in plain words, the most money first"`
	Others   []money.Amount `json:"others,omitempty" doc:"a year's money in other currencies"`
}

// Gone is something that the new catalog does not have while accounts do.
type Gone struct {
	Addon    bool
	Key      string
	Version  int // of a plan of which only this version is gone; 0: all of it
	Accounts int

	examples lowest[string]
}

// Names are some of the accounts that have it, the first by key.
func (g Gone) Names() []string { return g.examples.list() }

// NewImpact prepares the comparison of two catalogs.
func NewImpact(old, new *catalog.Catalog) *Impact {
	im := &Impact{old: old, new: new, shifts: map[string]*shift{}, switches: map[string]*choice{},
		plans: map[string]*PlanImpact{}, risk: map[money.Currency]money.Minor{}, why: map[string]*reason{}, gone: map[string]*Gone{},
		examples: lowest[AccountImpact]{most: MaxExamples, key: func(a AccountImpact) string { return a.Account }},
		squeezed: lowest[Overfull]{most: MaxSqueezed, key: func(s Overfull) string { return s.Account + "\x00" + s.Feature }},
	}
	differ := map[string]bool{}
	for _, c := range []*catalog.Catalog{old, new} {
		for key, p := range c.Plans {
			for _, one := range append(slices.Collect(maps.Values(p.Earlier)), p) {
				var a, b *catalog.Plan
				if o := old.Plans[key]; o != nil {
					a = old.PlanOf(key, one.Version)
				}
				if n := new.Plans[key]; n != nil {
					b = new.PlanOf(key, one.Version)
				}
				im.compare(differ, entitlementsOf(a), entitlementsOf(b))
				im.priced = im.priced || !reflect.DeepEqual(planTerms(a), planTerms(b))
			}
		}
		for key := range c.Addons {
			a, b := old.Addons[key], new.Addons[key]
			im.priced = im.priced || !reflect.DeepEqual(addonTerms(a), addonTerms(b))
			im.compare(differ, addonGives(a), addonGives(b))
		}
	}
	im.compareFeatures(differ)
	for _, key := range slices.Sorted(maps.Keys(differ)) {
		f := new.Features[key]
		if f == nil {
			f = old.Features[key]
		}
		if f != nil {
			im.features = append(im.features, f)
		}
	}
	im.given = len(im.features) > 0
	im.priced = im.priced || im.given
	return im
}

// Nobody says whether the change can do nothing to any account, so that none need be looked at:
// nothing is given or priced differently, and nothing goes.
func (im *Impact) Nobody() bool {
	for key, p := range im.old.Plans {
		now := im.new.Plans[key]
		if now == nil || !slices.Equal(versionsOf(p), versionsOf(now)) {
			return false
		}
	}
	return !im.given && !im.priced
}

func versionsOf(p *catalog.Plan) []int {
	return append(slices.Sorted(maps.Keys(p.Earlier)), p.Version)
}

func entitlementsOf(p *catalog.Plan) map[string]*catalog.Entitlement {
	if p == nil {
		return nil
	}
	return p.Entitlements
}

// planTerms are all that decides who can have a plan at what price.
func planTerms(p *catalog.Plan) any {
	if p == nil {
		return nil
	}
	return []any{p.Price, p.Retired, p.Ready, sourceOf(p.Eligible)}
}

// addonTerms are the same of an add-on, with what it goes with.
func addonTerms(a *catalog.Addon) any {
	if a == nil {
		return nil
	}
	return []any{a.Kind, a.Price, a.Retired, a.Ready, sourceOf(a.Eligible), a.Needs, a.Excludes, a.Includes}
}

// sourceOf is the text of a condition: compiled ones have functions in them and equal nothing.
func sourceOf(c *condition.Condition) string {
	if c == nil {
		return ""
	}
	return c.Source
}

func addonGives(a *catalog.Addon) map[string]*catalog.Entitlement {
	if a == nil {
		return nil
	}
	return a.Entitlements
}

// compare notes the features that two sets of entitlements differ in.
func (im *Impact) compare(differ map[string]bool, a, b map[string]*catalog.Entitlement) {
	for _, all := range []map[string]*catalog.Entitlement{a, b} {
		for key := range all {
			was, is := im.old.Features[key], im.new.Features[key]
			if !reflect.DeepEqual(a[key], b[key]) || was == nil || is == nil || was.Kind != is.Kind || was.Meter != is.Meter {
				differ[key] = true
			}
		}
	}
}

// compareFeatures notes the features that are part of something else than before, or whose
// values stand in another order, and the parts of all that differs: a part is locked where the
// whole is.
func (im *Impact) compareFeatures(differ map[string]bool) {
	for key, was := range im.old.Features {
		if is := im.new.Features[key]; is != nil && (was.PartOf != is.PartOf || !slices.Equal(was.Values, is.Values)) {
			differ[key] = true
		}
	}
	for more := true; more; {
		more = false
		for _, c := range []*catalog.Catalog{im.old, im.new} {
			for key, f := range c.Features {
				if f.PartOf != "" && differ[f.PartOf] && !differ[key] {
					differ[key], more = true, true
				}
			}
		}
	}
}

// givenOf is what a subscription gives of a feature by a catalog; nothing of a part whose whole
// it does not give.
func givenOf(cat *catalog.Catalog, sub *subscription.Subscription, key string) entitlement.Given {
	f := cat.Features[key]
	if f == nil {
		return entitlement.Given{}
	}
	// The catalog has no circles; never hang on one.
	for whole, depth := f.PartOf, 0; cat.Features[whole] != nil && depth < 10; whole, depth = cat.Features[whole].PartOf, depth+1 {
		if !entitlement.GivenOf(cat, sub, whole).Allowed {
			return entitlement.Given{}
		}
	}
	return entitlement.GivenOf(cat, sub, key)
}

// Add takes one account into account. Those without a live subscription change nothing.
func (im *Impact) Add(h Holder) {
	sub := h.Input.Subscription
	if sub == nil || sub.Status != subscription.Active && sub.Status != subscription.Trialing {
		return
	}
	if im.misses(h.Account, sub) {
		return
	}
	if im.given {
		if s := im.shift(sub); len(s.words) > 0 {
			im.accounts++
			im.examples.add(AccountImpact{h.Account, h.Name, s.words})
			p := im.plans[sub.Plan]
			if p == nil {
				p = &PlanImpact{Plan: sub.Plan}
				im.plans[sub.Plan] = p
			}
			p.Accounts++
			for _, words := range s.words {
				if len(p.Changes) < maxWords && !slices.Contains(p.Changes, words) {
					p.Changes = append(p.Changes, words)
				}
			}
			for _, f := range s.lowered {
				im.squeeze(&h, f)
			}
		}
	}
	if im.priced {
		im.weigh(&h)
	}
}

// misses notes what an account has and the new catalog has not.
func (im *Impact) misses(account string, sub *subscription.Subscription) bool {
	note := func(g Gone) {
		key := fmt.Sprintf("%t %s %d", g.Addon, g.Key, g.Version)
		if im.gone[key] == nil {
			g.examples = lowest[string]{most: MaxExamples, key: func(s string) string { return s }}
			im.gone[key] = &g
		}
		im.gone[key].Accounts++
		im.gone[key].examples.add(account)
	}
	missing := false
	was, is := im.old.Plans[sub.Plan], im.new.Plans[sub.Plan]
	switch {
	case is == nil && was != nil:
		note(Gone{Key: sub.Plan})
		missing = true
	case is != nil && was != nil && sub.PlanVersion != 0 && im.old.PlanOf(sub.Plan, sub.PlanVersion).Version == sub.PlanVersion &&
		im.new.PlanOf(sub.Plan, sub.PlanVersion).Version != sub.PlanVersion:
		note(Gone{Key: sub.Plan, Version: sub.PlanVersion})
		missing = true
	}
	for _, line := range sub.Addons {
		if im.old.Addons[line.Key] != nil && im.new.Addons[line.Key] == nil {
			note(Gone{Addon: true, Key: line.Key})
			missing = true
		}
	}
	return missing
}

// shift is what accounts that have bought the same get differently.
type shift struct {
	words   []string
	lowered []*catalog.Feature // of which there is less
}

// bought names all that decides what a subscription gives.
func bought(sub *subscription.Subscription) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %d %d", sub.Plan, sub.PlanVersion, sub.Quantity)
	for _, line := range sub.Addons {
		fmt.Fprintf(&b, " %s %d", line.Key, line.Quantity)
	}
	return b.String()
}

func (im *Impact) shift(sub *subscription.Subscription) *shift {
	key := bought(sub)
	if s := im.shifts[key]; s != nil {
		return s
	}
	s := &shift{}
	for _, f := range im.features {
		was, is := givenOf(im.old, sub, f.Key), givenOf(im.new, sub, f.Key)
		words, less := im.difference(f, &was, &is)
		if words != "" {
			s.words = append(s.words, words)
		}
		if less && f.Counted() {
			s.lowered = append(s.lowered, f)
		}
	}
	im.shifts[key] = s
	return s
}

// difference says in words how what is given of a feature changes; empty when it does not.
func (im *Impact) difference(f *catalog.Feature, was, is *entitlement.Given) (words string, less bool) {
	text := func(c *catalog.Catalog, g *entitlement.Given) string {
		e := catalog.Entitlement{Feature: f.Key, Allowed: g.Allowed, Value: g.Value, Unlimited: g.Unlimited, Limit: g.Limit, Per: g.Per,
			Overage: g.Overage, Soft: g.Soft, Grace: g.Grace}
		return e.Words(f, c.Currency)
	}
	before, after := text(im.old, was), text(im.new, is)
	switch {
	case was.Allowed && !is.Allowed:
		return "loses " + f.Title + bracketed(f, before), true
	case !was.Allowed && is.Allowed:
		return "gains " + f.Title + bracketed(f, after), false
	case !was.Allowed || before == after:
		return "", false
	case !f.Counted():
		verb := " changes from "
		greater := func(a, b string) bool { // by the old order of the values and by the new one
			return entitlement.Greater(im.old.Features[f.Key], a, b) && entitlement.Greater(f, a, b)
		}
		switch {
		case greater(is.Value, was.Value):
			verb = " is raised from "
		case greater(was.Value, is.Value):
			verb, less = " is lowered from ", true
		}
		return f.Title + verb + before + " to " + after, less
	case is.Unlimited || !was.Unlimited && is.Per == was.Per && is.Limit > was.Limit:
		return f.Title + " is raised from " + before + " to " + after, false
	case was.Unlimited || is.Per == was.Per && is.Limit < was.Limit:
		return f.Title + " is lowered from " + before + " to " + after, true
	}
	return f.Title + " changes from " + before + " to " + after, is.Per != was.Per
}

func bracketed(f *catalog.Feature, words string) string {
	if f.Kind == catalog.Boolean {
		return ""
	}
	return " (" + words + ")"
}

// Gone returns what accounts have and the new catalog has not, plans before add-ons, by key.
func (im *Impact) Gone() []Gone {
	var all []Gone
	for _, key := range slices.Sorted(maps.Keys(im.gone)) {
		all = append(all, *im.gone[key])
	}
	return all
}

// Answer says what was gathered.
func (im *Impact) Answer() ImpactAnswer {
	out := ImpactAnswer{Accounts: im.accounts, Plans: []PlanImpact{}, Examples: im.examples.list(), Squeezed: im.squeezed.list(), Above: im.crowded,
		AtRisk: im.atRisk()}
	for _, key := range slices.Sorted(maps.Keys(im.plans)) {
		p := *im.plans[key]
		slices.Sort(p.Changes)
		out.Plans = append(out.Plans, p)
	}
	return out
}

// lowest keeps the first so many by key.
type lowest[T any] struct {
	most  int
	key   func(T) string
	items []T
}

func (l *lowest[T]) add(x T) {
	key := l.key(x)
	if len(l.items) == l.most && l.key(l.items[l.most-1]) <= key {
		return
	}
	i, _ := slices.BinarySearchFunc(l.items, key, func(y T, key string) int { return strings.Compare(l.key(y), key) })
	l.items = slices.Insert(l.items, i, x)
	if len(l.items) > l.most {
		l.items = l.items[:l.most]
	}
}

func (l *lowest[T]) list() []T { return append([]T{}, l.items...) }
