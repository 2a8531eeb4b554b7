package api

import (
	"cmp"
	"context"
	"slices"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/store"
)

// FeatureDemand is who has a feature, who lacks it, and who asked for it.
type FeatureDemand struct {
	Feature   string              `json:"feature" doc:"key of the feature"`
	Content   entitlement.Content `json:"content" doc:"what is said of it to sell it"`
	Kind      catalog.FeatureKind `json:"kind" doc:"boolean, metered, value or seats"`
	Plans     []PlanGives         `json:"plans" doc:"what each plan gives of it"`
	Has       int                 `json:"has" doc:"accounts with a live subscription that have it: by plan, add-on, trial, grant or override"`
	LockedOut int                 `json:"locked_out" doc:"accounts with a live subscription that do not"`
	LockedMRR money.Amount        `json:"locked_mrr" doc:"what those pay in the catalog's currency; nothing is converted"`
	Touched   []Toucher           `json:"touched" doc:"accounts that met it closed and still lack it, most often first; at most fifty"`
	Requests  int                 `json:"requests" doc:"upgrade requests of members for offers that give it"`
	Wishes    Wishes              `json:"wishes" doc:"what people asked for in surveys, and what they would pay for it"`
	Unlock    []UnlockedBy        `json:"unlock" doc:"plans and add-ons that give it"`
	Offers    []string            `json:"offers" doc:"offers that give it"`
	Signals   []string            `json:"signals" doc:"signals that are about it"`
}

// PlanGives is what a plan gives of a feature.
type PlanGives struct {
	Plan  string `json:"plan" doc:"key of the plan"`
	Title string `json:"title" doc:"its title"`
	Words string `json:"words" doc:"what it gives, in words"`
}

// Toucher is an account that met a closed feature.
type Toucher struct {
	Account string       `json:"account" doc:"the account's key"`
	Name    string       `json:"name,omitempty" doc:"its name, if it has one"`
	Plan    string       `json:"plan,omitempty" doc:"key of its plan"`
	MRR     money.Amount `json:"mrr" doc:"what it pays a month"`
	Touches int64        `json:"touches" doc:"how often, at most once a user and minute"`
	LastAt  clock.Time   `json:"last_at" doc:"the last time"`
}

// UnlockedBy is something that can be bought and gives a feature.
type UnlockedBy struct {
	Plan  string `json:"plan,omitempty" doc:"key of the plan"`
	Addon string `json:"addon,omitempty" doc:"key of the add-on"`
	Title string `json:"title" doc:"its title"`
	Price string `json:"price" doc:"its price in words"`
	Gives string `json:"gives" doc:"what it gives of the feature, in words"`
}

// mostTouched bounds the list of accounts that met a closed feature.
const mostTouched = 50

type demandRequest struct {
	FeatureParam
	PositionParam
}

type demandAnswer struct{ Body FeatureDemand }

func (s *Server) demand(ctx context.Context, in *demandRequest) (*demandAnswer, error) {
	if err := s.listed(ctx, in.Position); err != nil {
		return nil, err
	}
	cat, f, err := s.feature(ctx, in.Feature)
	if err != nil {
		return nil, err
	}
	d := FeatureDemand{Feature: f.Key, Content: entitlement.ContentOf(f, nil), Kind: f.Kind, Plans: []PlanGives{}, Touched: []Toucher{},
		Unlock: []UnlockedBy{}, Offers: []string{}, Signals: []string{}}
	for _, p := range cat.PlansInOrder() {
		d.Plans = append(d.Plans, PlanGives{p.Key, p.Title, givesWords(cat, f, p.Entitlements)})
	}
	d.Unlock = append(d.Unlock, sellers(cat, f)...)
	about := target{feature: f}
	d.Offers = append(d.Offers, about.offers(cat)...)
	for key, sig := range cat.Signals {
		if sig.When.Limit == f.Key || sig.When.Gate == f.Key {
			d.Signals = append(d.Signals, key)
		}
	}
	slices.Sort(d.Signals)
	seen, err := s.censuses(ctx, cat, []target{about})
	if err != nil {
		return nil, err
	}
	c := seen[0]
	var mrr money.Twelfths
	for _, x := range c.all {
		if x.has {
			d.Has++
			continue
		}
		d.LockedOut++
		if money.Currency(x.Currency) == cat.Currency {
			mrr += money.Twelfths(x.MRR)
		}
	}
	d.LockedMRR = mrr.Amount(cat.Currency)
	d.Touched = append(d.Touched, c.touched(cat)...)
	asked, err := s.requestsByOffer(ctx)
	d.Requests = sumOf(asked, d.Offers)
	if err != nil {
		return nil, err
	}
	d.Wishes, err = s.wishesFor(ctx, cat, f.Key)
	return &demandAnswer{d}, err
}

// requestsByOffer counts the upgrade requests for each offer.
func (s *Server) requestsByOffer(ctx context.Context) (map[string]int, error) {
	asked := map[string]int{}
	err := s.Store.Asked(ctx, func(r offer.Request) { asked[r.Offer]++ })
	return asked, err
}

func sumOf(by map[string]int, keys []string) (n int) {
	for _, key := range keys {
		n += by[key]
	}
	return n
}

func givesWords(cat *catalog.Catalog, f *catalog.Feature, entitlements map[string]*catalog.Entitlement) string {
	if e := entitlements[f.Key]; e != nil {
		return e.Words(f, cat.Currency)
	}
	return "not included"
}

// gives says whether an entitlement gives anything.
func gives(e *catalog.Entitlement) bool {
	return e != nil && (e.Allowed || e.Value != "" || e.Unlimited || e.Limit > 0 || e.Overage != nil)
}

// sellers lists what can be bought and gives a feature: plans in their order, then add-ons by key.
func sellers(cat *catalog.Catalog, f *catalog.Feature) (out []UnlockedBy) {
	for _, p := range cat.PlansInOrder() {
		if !p.Retired && p.Ready != catalog.NotReady && gives(p.Entitlements[f.Key]) {
			out = append(out, UnlockedBy{Plan: p.Key, Title: p.Title, Price: p.Price.Words(cat.Currency), Gives: givesWords(cat, f, p.Entitlements)})
		}
	}
	var addons []UnlockedBy
	for _, a := range cat.Addons {
		if !a.Retired && a.Ready != catalog.NotReady && gives(a.Entitlements[f.Key]) {
			addons = append(addons, UnlockedBy{Addon: a.Key, Title: a.Title, Price: a.Price.Words(cat.Currency), Gives: givesWords(cat, f, a.Entitlements)})
		}
	}
	slices.SortFunc(addons, func(a, b UnlockedBy) int { return cmp.Compare(a.Addon, b.Addon) })
	return append(out, addons...)
}

// features are those that it is about.
func (t target) features() []string {
	if t.feature != nil {
		return []string{t.feature.Key}
	}
	var keys []string
	for key := range t.addon.Entitlements {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// offers lists the offers that give it.
func (t target) offers(cat *catalog.Catalog) []string {
	var keys []string
	for key, o := range cat.Offers {
		switch {
		case t.addon != nil && o.Give.Addon != t.addon.Key:
		case t.addon == nil && !(cat.Plans[o.Give.Plan] != nil && gives(cat.Plans[o.Give.Plan].Entitlements[t.feature.Key])) &&
			!(cat.Addons[o.Give.Addon] != nil && gives(cat.Addons[o.Give.Addon].Entitlements[t.feature.Key])):
		default:
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// touched lists who met it closed and lacks it, most often first.
func (c *census) touched(cat *catalog.Catalog) []Toucher {
	var list []subscriber
	for _, x := range c.all {
		if !x.has && x.touches > 0 {
			list = append(list, x)
		}
	}
	slices.SortStableFunc(list, func(a, b subscriber) int { return cmp.Compare(b.touches, a.touches) })
	out := make([]Toucher, 0, min(len(list), mostTouched))
	for _, x := range list[:min(len(list), mostTouched)] {
		out = append(out, Toucher{x.Account, x.Name, x.Plan, mrrOf(cat, x.Subscriber), x.touches, x.lastAt})
	}
	return out
}

func mrrOf(cat *catalog.Catalog, x *store.Subscriber) money.Amount {
	return money.Twelfths(x.MRR).Amount(cmp.Or(money.Currency(x.Currency), cat.Currency))
}
