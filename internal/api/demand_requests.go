package api

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/survey"
)

// Wishes are what people asked for in surveys, and what they would pay for it.
type Wishes struct {
	Requests   int          `json:"requests" doc:"people who asked in a survey; each once, by what they said last"`
	Accounts   int          `json:"accounts" doc:"of how many accounts"`
	MRR        money.Amount `json:"mrr" doc:"what those pay a month in the catalog's currency; nothing is converted"`
	WouldPay   WouldPay     `json:"would_pay" doc:"what they say they would pay for it a month"`
	Importance *float64     `json:"importance,omitempty" doc:"on average, 1 to 5; left out where nobody said"`
	LastAt     clock.Time   `json:"last_at,omitzero" doc:"the last time"`
}

// WouldPay sums up willingness to pay: what is said, which is not what is done.
type WouldPay struct {
	Count  int          `json:"count" doc:"how many named an amount in the catalog's currency"`
	Sum    money.Amount `json:"sum" doc:"of all of them, a month"`
	Median money.Amount `json:"median" doc:"half of them would pay this or more"`
}

// mostWishes bounds how many wishes are looked at, the newest.
const mostWishes = 10_000

// wish is one person's, by account.
type wish struct {
	title string
	asked survey.Ask
}

// wishes sums up wishes, which it puts into the order of their answers, the last first: a person's last one counts.
func (s *Server) wishes(ctx context.Context, cat *catalog.Catalog, list []wish) (Wishes, error) {
	slices.SortStableFunc(list, func(x, y wish) int { return cmp.Compare(y.asked.AnsweredAt, x.asked.AnsweredAt) })
	out := Wishes{MRR: money.Of(0, cat.Currency), WouldPay: WouldPay{Sum: money.Of(0, cat.Currency), Median: money.Of(0, cat.Currency)}}
	people, accounts := map[string]bool{}, map[string]bool{}
	var pay []money.Minor
	sum, said := 0, 0
	for _, w := range list {
		if people[w.asked.User] {
			continue
		}
		people[w.asked.User], accounts[w.asked.Account] = true, true
		out.Requests++
		out.LastAt = max(out.LastAt, w.asked.AnsweredAt)
		r := w.asked.Request
		if r.Pay != nil && r.Pay.Currency == cat.Currency {
			pay = append(pay, r.Pay.Minor)
			out.WouldPay.Sum.Minor += r.Pay.Minor
		}
		if r.Importance > 0 {
			sum, said = sum+r.Importance, said+1
		}
	}
	if said > 0 {
		average := float64(sum) / float64(said)
		out.Importance = &average
	}
	if out.WouldPay.Count = len(pay); len(pay) > 0 {
		slices.Sort(pay)
		out.WouldPay.Median.Minor = pay[len(pay)/2]
	}
	out.Accounts = len(accounts)
	var mrr money.Twelfths
	err := s.Store.AccountsNamed(ctx, slices.Sorted(maps.Keys(accounts)), func(l engine.Listing) {
		if money.Currency(l.Currency) == cat.Currency {
			mrr += money.Twelfths(l.MRR)
		}
	})
	out.MRR = mrr.Amount(cat.Currency)
	return out, err
}

// wishesFor reads the wishes for a feature of the catalog.
func (s *Server) wishesFor(ctx context.Context, cat *catalog.Catalog, feature string) (Wishes, error) {
	var list []wish
	err := s.Store.FeatureRequests(ctx, feature, mostWishes, func(a survey.Ask) { list = append(list, wish{"", a}) })
	if err != nil {
		return Wishes{}, err
	}
	return s.wishes(ctx, cat, list)
}

// DemandLine is something that people wish for.
type DemandLine struct {
	Feature string `json:"feature,omitempty" doc:"key of the feature; left out for what is none yet"`
	Title   string `json:"title" doc:"of the feature, or in the words of who asked last"`
	Wishes
}

type demandLogRequest struct {
	PositionParam
}

type demandLogAnswer struct {
	Body struct {
		Items []DemandLine `json:"items" doc:"what the accounts that ask pay first; at most two hundred"`
	}
}

// mostDemand bounds the list.
const mostDemand = 200

// demandLog is GET /v1/demand: features of the catalog, and what is no feature yet, under the same title where people
// wrote the same but for capitals, spaces and points. Titles are opened to be told apart: whoever is erased is in
// none of them.
func (s *Server) demandLog(ctx context.Context, in *demandLogRequest) (*demandLogAnswer, error) {
	if err := s.listed(ctx, in.Position); err != nil {
		return nil, err
	}
	cat, err := s.Runner.Active(ctx)
	if err != nil {
		return nil, err
	}
	out := &demandLogAnswer{}
	out.Body.Items = []DemandLine{}
	for _, key := range slices.Sorted(maps.Keys(cat.Features)) {
		w, err := s.wishesFor(ctx, cat, key)
		if err != nil {
			return nil, err
		}
		if w.Requests > 0 {
			out.Body.Items = append(out.Body.Items, DemandLine{Feature: key, Title: cat.Features[key].Title, Wishes: w})
		}
	}
	var asked []survey.Ask
	if err := s.Store.FeatureRequests(ctx, "", mostWishes, func(a survey.Ask) { asked = append(asked, a) }); err != nil {
		return nil, err
	}
	texts := make([]*string, len(asked))
	for i := range asked {
		texts[i] = &asked[i].Request.Title
	}
	if err := s.unseal(ctx, texts...); err != nil {
		return nil, err
	}
	byTitle, order := map[string][]wish{}, []string{}
	for i := range asked {
		title := sameTitle(asked[i].Request.Title)
		if title == "" || asked[i].Request.Title == account.Erased {
			continue
		}
		if byTitle[title] == nil {
			order = append(order, title)
		}
		byTitle[title] = append(byTitle[title], wish{asked[i].Request.Title, asked[i]})
	}
	for _, title := range order {
		w, err := s.wishes(ctx, cat, byTitle[title])
		if err != nil {
			return nil, err
		}
		out.Body.Items = append(out.Body.Items, DemandLine{Title: byTitle[title][0].title, Wishes: w})
	}
	slices.SortStableFunc(out.Body.Items, func(x, y DemandLine) int {
		return cmp.Or(cmp.Compare(y.MRR.Minor, x.MRR.Minor), cmp.Compare(y.Requests, x.Requests), cmp.Compare(x.Title, y.Title))
	})
	out.Body.Items = out.Body.Items[:min(len(out.Body.Items), mostDemand)]
	return out, nil
}

// sameTitle makes titles comparable: "Dark mode!" and "dark  mode" are one.
func sameTitle(title string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(title), func(r rune) bool {
		return strings.ContainsRune(" \t\r\n.,;:!?-_'\"", r)
	}), " ")
}
