package api

import (
	"context"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/store"
)

type listAccountsRequest struct {
	PageParams
	PositionParam
	Search   string `query:"search" maxLength:"200" doc:"part of the key, name or domain"`
	Plan     string `query:"plan"`
	NoPlan   bool   `query:"no_plan" doc:"only accounts without a plan"`
	Status   string `query:"status"`
	Parent   string `query:"parent"`
	Stage    string `query:"stage" enum:"landed,activated,adopted,expanding,advocate,at_risk,none" doc:"only in this stage"`
	Near     int64  `query:"near" minimum:"0" maximum:"1000000" doc:"only where at least so many percent of some limit are used"`
	Next     string `query:"next" enum:"trial_ends,ends,changes" doc:"only where this is the first thing that is known to come for what it has bought: a trial that ends after a change is not among trial_ends"`
	Requests bool   `query:"requests" doc:"only with an upgrade request that waits for an answer"`
	Trait    string `query:"trait" maxLength:"200" doc:"with value, which it needs: only accounts that have this trait with this value"`
	Value    string `query:"value" maxLength:"200" doc:"the value of trait, as text"`
	Sort     string `query:"sort" enum:"key,name,mrr,limit,readiness,signal,next,stage" doc:"by key when left out; mrr: the highest number first, whichever its currency; by limit, readiness, signal, next or stage only accounts that have one are listed"`
}

// AccountLine is one line of the list of accounts.
type AccountLine struct {
	Key          string           `json:"key"`
	Name         string           `json:"name"`
	Plan         string           `json:"plan"`
	Status       string           `json:"status"`
	Interval     string           `json:"interval"`
	MRR          money.Amount     `json:"mrr"`
	Parent       string           `json:"parent,omitempty"`
	Domain       string           `json:"domain,omitempty"`
	Unknown      bool             `json:"unknown,omitempty" doc:"named by an event or call, never described"`
	Stage        *AccountStage    `json:"stage,omitempty" doc:"where it stands on its way; absent before its first daily look"`
	Readiness    *AccountReady    `json:"readiness,omitempty" doc:"the highest of its readiness scores; absent where it has none"`
	Limit        *AccountNearest  `json:"limit,omitempty" doc:"the limit of which it uses most; absent where it has none"`
	LastSignal   *AccountLastFire `json:"last_signal,omitempty" doc:"the compelling event that fired last; absent where none did"`
	Next         *AccountNext     `json:"next,omitempty" doc:"what comes next for what it has bought; absent where nothing is known to"`
	OpenRequests int64            `json:"open_requests,omitempty" doc:"upgrade requests of it that wait for an answer"`
}

// AccountStage is where an account stands, as of its last daily look.
type AccountStage struct {
	Stage account.Stage `json:"stage" enum:"landed,activated,adopted,expanding,advocate,at_risk,none" doc:"the stage"`
	Why   string        `json:"why" doc:"the reason, in plain words"`
	Since clock.Time    `json:"since" doc:"since when"`
}

// AccountReady is how ready an account was at its last daily look.
type AccountReady struct {
	Type   string `json:"type" enum:"new_logo,upsell,cross_sell,renewal,save" doc:"to grow by which type of revenue"`
	Score  int64  `json:"score" doc:"0 to 100"`
	Change int64  `json:"change" doc:"since the look of the day before"`
	Ready  bool   `json:"ready" doc:"the score is at the mark or above"`
}

// AccountNearest is the limit that an account is nearest to.
type AccountNearest struct {
	Feature      string            `json:"feature" doc:"key of the feature"`
	FeatureTitle string            `json:"feature_title" doc:"its title"`
	Usage        quantity.Quantity `json:"usage" doc:"how much is used"`
	Limit        quantity.Quantity `json:"limit" doc:"of how much"`
	Percent      int64             `json:"percent" doc:"that is"`
	ResetsAt     clock.Time        `json:"resets_at" doc:"when it begins anew"`
}

// AccountLastFire is the compelling event that fired last for an account.
type AccountLastFire struct {
	Key   string     `json:"key" doc:"of the rule"`
	Title string     `json:"title" doc:"what people call it"`
	At    clock.Time `json:"at" doc:"when"`
}

// AccountNext is what is known to happen to what an account has bought.
type AccountNext struct {
	What string     `json:"what" enum:"trial_ends,ends,changes" doc:"a trial is over, the subscription is, or a change that was agreed on takes effect"`
	At   clock.Time `json:"at" doc:"when"`
}

func (s *Server) listAccounts(ctx context.Context, in *listAccountsRequest) (*listAnswer[AccountLine], error) {
	if err := s.listed(ctx, in.Position); err != nil {
		return nil, err
	}
	if in.NoPlan && in.Plan != "" {
		return nil, fault.New(fault.Invalid, "plan_and_none", "plan asks for %q and no_plan for none", fault.Shorten(in.Plan)).
			WithMend("leave one of them out").WithField("query.no_plan", "true", "contradicts plan")
	}
	if (in.Trait == "") != (in.Value == "") {
		return nil, fault.New(fault.Invalid, "trait_incomplete", "trait %q is asked for with the value %q", fault.Shorten(in.Trait), fault.Shorten(in.Value)).
			WithMend("send trait and value, or neither").WithField("query.value", in.Value, "needs trait and value")
	}
	cat, err := s.Runner.Active(ctx)
	if err != nil {
		return nil, err
	}
	l, err := s.Store.Accounts(ctx, store.AccountFilter{Plan: in.Plan, NoPlan: in.NoPlan, Status: in.Status, Parent: in.Parent, Search: in.Search,
		Stage: in.Stage, Near: in.Near, Next: in.Next, Requests: in.Requests, Trait: in.Trait, Value: in.Value, Sort: in.Sort, From: s.Clock.Now()}, in.page())
	if err != nil {
		return nil, err
	}
	keys := make([]string, len(l.Items))
	for i := range l.Items {
		keys[i] = l.Items[i].Account.Key
	}
	about, err := s.Store.AccountsAbout(ctx, keys)
	if err != nil {
		return nil, err
	}
	return mapped(l, func(x engine.Listing) AccountLine { return accountLine(&x, about[x.Account.Key], cat, s.Clock.Now()) }), nil
}

func accountLine(x *engine.Listing, about *store.About, cat *catalog.Catalog, now clock.Time) AccountLine {
	line := AccountLine{Key: x.Account.Key, Name: x.Account.Name, Plan: x.Plan, Status: x.Status, Interval: x.Interval,
		MRR: money.Twelfths(x.MRR).Amount(money.Currency(x.Currency)), Parent: x.Account.Parent, Domain: x.Account.Domain, Unknown: x.Account.Unknown,
		OpenRequests: about.Requests}
	if about.Stage != "" {
		line.Stage = &AccountStage{about.Stage, about.StageWhy, about.StagedAt}
	}
	if about.ReadyFor != "" {
		line.Readiness = &AccountReady{about.ReadyFor, about.Score, about.Change, about.Ready}
	}
	if about.Limit.Feature != "" {
		line.Limit = &AccountNearest{Feature: about.Limit.Feature, FeatureTitle: momentTitle(cat, about.Limit.Feature, ""), Usage: quantity.Quantity(about.Limit.Usage),
			Limit: quantity.Quantity(about.Limit.Limit), Percent: about.Limit.Percent, ResetsAt: about.Limit.ResetsAt}
	}
	if about.Signal != "" {
		line.LastSignal = &AccountLastFire{Key: about.Signal, Title: signalTitle(cat, about.Signal), At: about.SignalAt}
	}
	if x.NextAt > now { // what has passed is not next; it stands there until the account changes
		line.Next = &AccountNext{x.Next, x.NextAt}
	}
	return line
}
