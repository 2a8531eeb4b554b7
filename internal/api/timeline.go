package api

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/invite"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/opportunity"
	"github.com/headroomhq/headroom/internal/signal"
	"github.com/headroomhq/headroom/internal/store"
)

type timelineRequest struct {
	AccountParam
	PositionParam
	PageParams
	Kind string `query:"kind" doc:"only these kinds, parted by commas: contact, decision, fact, invite, milestone, moment, money, opportunity, outcome, request, signal, stage, survey"`
}

// TimelineEntry is one thing that happened to an account.
type TimelineEntry struct {
	At    clock.Time    `json:"at" doc:"when"`
	Kind  string        `json:"kind" doc:"what sort of thing"`
	ID    string        `json:"id,omitempty" doc:"of the thing; absent for money"`
	Words string        `json:"words" doc:"what happened, in plain words"`
	User  string        `json:"user,omitempty" doc:"pseudonym of the person"`
	MRR   *money.Amount `json:"mrr,omitempty" doc:"of money: the account's MRR after it"`
	By    *money.Amount `json:"by,omitempty" doc:"of money: by how much the MRR changed"`
}

func (s *Server) timeline(ctx context.Context, in *timelineRequest) (*listAnswer[TimelineEntry], error) {
	var kinds []string
	if in.Kind != "" {
		kinds = strings.Split(in.Kind, ",")
	}
	for _, k := range kinds {
		if !slices.Contains(store.TimelineKinds(), k) {
			return nil, fault.New(fault.Invalid, "kind_unknown", "%q is no kind of entry of a timeline", fault.Shorten(k)).
				WithMend("use %s", strings.Join(store.TimelineKinds(), ", ")).WithField("query.kind", k, "is not known")
		}
	}
	if err := cmp.Or(s.listed(ctx, in.Position), s.hasAccount(ctx, in.Account)); err != nil {
		return nil, err
	}
	cat, err := s.Runner.Active(ctx)
	if err != nil {
		return nil, err
	}
	l, err := s.Store.Timeline(ctx, in.Account, kinds, in.page())
	if err != nil {
		return nil, err
	}
	out := store.List[TimelineEntry]{Next: l.Next, Items: make([]TimelineEntry, 0, len(l.Items))}
	for i := range l.Items {
		e, err := entryOf(&l.Items[i], cat, s.Clock.Now())
		if err != nil {
			return nil, fmt.Errorf("timeline of %q, %s %s: %w", fault.Shorten(in.Account), l.Items[i].Kind, l.Items[i].ID, err)
		}
		out.Items = append(out.Items, e)
	}
	return &listAnswer[TimelineEntry]{out}, nil
}

// entryOf says one entry in words.
func entryOf(e *store.Entry, cat *catalog.Catalog, now clock.Time) (TimelineEntry, error) {
	out := TimelineEntry{At: e.At, Kind: e.Kind, ID: e.ID}
	doc := []byte(e.Document)
	switch e.Kind {
	case "signal":
		var x signal.Signal
		err := json.Unmarshal(doc, &x)
		out.Words, out.User = x.Evidence, x.User
		return out, err
	case "decision":
		var x offer.Decision
		err := json.Unmarshal(doc, &x)
		out.User = x.User
		switch {
		case x.Offer != nil:
			out.Words = fmt.Sprintf("Offered %q at %s", x.Offer.Title, x.Placement)
		default:
			out.Words = fmt.Sprintf("Kept %s back at %s: the family is held out", offerWords(cat, x.OfferKey), x.Placement)
		}
		return out, err
	case "outcome":
		var x offer.Outcome
		err := json.Unmarshal(doc, &x)
		out.ID, out.User, out.Words = x.Decision, x.User, outcomeWords(x.Type)+" "+offerWords(cat, x.Offer)
		return out, err
	case "request":
		var x offer.Request
		err := json.Unmarshal(doc, &x)
		out.User, out.Words = x.User, "Asked an admin for "+giveWords(cat, x.Give)
		if x.Status != "open" {
			out.Words += " (" + x.Status + " since then)"
		}
		return out, err
	case "opportunity":
		var x opportunity.Opportunity
		err := json.Unmarshal(doc, &x)
		out.Words = fmt.Sprintf("Opportunity for %s, %s: %s", giveWords(cat, x.Give), x.Owner, strings.ReplaceAll(string(x.Stage), "_", " "))
		return out, err
	case "moment":
		var x engine.Moment
		err := json.Unmarshal(doc, &x)
		out.User, out.Words = x.User, momentWords(cat, &x, now)
		return out, err
	case "fact":
		part, err := parts(e.Document, 2)
		if err != nil {
			return out, err
		}
		var f account.Fact
		err = json.Unmarshal([]byte(part[1]), &f)
		out.ID, out.Words = "", factWords(&f, part[0] != "0")
		return out, err
	case "invite":
		var x invite.Invite
		err := json.Unmarshal(doc, &x)
		out.User, out.Words = x.By, "Invited a "+cmp.Or(x.Profile, "colleague")+": "+string(x.Status)
		return out, err
	case "milestone":
		out.ID, out.Words = e.Document, "Reached "+signal.Inside(momentTitle(cat, "", e.Document))
		return out, nil
	case "contact":
		part, err := parts(e.Document, 2)
		if err != nil {
			return out, err
		}
		out.Words = "Contacted " + channelWords[catalog.Channel(part[0])]
		if part[1] != "" {
			out.Words += " about " + part[1]
		}
		return out, nil
	case "stage":
		part, err := parts(e.Document, 3)
		if err != nil {
			return out, err
		}
		out.ID, out.Words = "", strings.ReplaceAll(part[0], "_", " ")
		out.Words = strings.ToUpper(out.Words[:1]) + out.Words[1:] + ": " + part[2]
		return out, nil
	case "survey":
		part, err := parts(e.Document, 3)
		if err != nil {
			return out, err
		}
		out.Words = "Answered the survey " + part[0]
		if x := cat.Surveys[part[0]]; x != nil && x.Title != "" {
			out.Words = fmt.Sprintf("Answered %q", x.Title)
		}
		if part[2] != "-1" {
			out.Words += " with " + part[2] + map[string]string{"nps": " of 10", "csat": " of 5"}[part[1]]
		}
		return out, nil
	}
	return out, out.money(e.Document)
}

// channelWords say over which channel somebody was contacted.
var channelWords = map[catalog.Channel]string{
	catalog.InProduct: "in the product", catalog.Interruptions: "by an interruption in the product", catalog.Email: "by email", catalog.ByPeople: "by people",
}

// parts reads the columns of an entry that has no document.
func parts(line string, n int) ([]string, error) {
	part := strings.SplitN(line, "|", n)
	if len(part) != n {
		return nil, fmt.Errorf("%q does not have %d columns", line, n)
	}
	return part, nil
}

// money reads movement|delta|mrr|currency|note.
func (e *TimelineEntry) money(line string) error {
	part, err := parts(line, 5)
	if err != nil {
		return err
	}
	delta, err := strconv.ParseInt(part[1], 10, 64)
	if err != nil {
		return err
	}
	mrr, err := strconv.ParseInt(part[2], 10, 64)
	if err != nil {
		return err
	}
	by, after := money.Twelfths(delta).Amount(money.Currency(part[3])), money.Twelfths(mrr).Amount(money.Currency(part[3]))
	e.ID, e.By, e.MRR, e.Words = "", &by, &after, part[4]
	if e.Words == "" {
		e.Words = part[0]
	}
	return nil
}

var outcomesInWords = map[string]string{
	offer.Seen: "Saw", offer.Clicked: "Clicked", offer.Dismissed: "Dismissed", offer.Requested: "Asked an admin about", offer.Accepted: "Accepted",
	"undone": "Took back",
}

func outcomeWords(outcome string) string {
	if w := outcomesInWords[outcome]; w != "" {
		return w
	}
	return outcome
}

// offerWords names an offer by what it gives.
func offerWords(cat *catalog.Catalog, key string) string {
	if o := cat.Offers[key]; o != nil {
		return "the offer of " + giveWords(cat, o.Give) + " (" + key + ")"
	}
	return key
}

// factWords say what another system said.
func factWords(f *account.Fact, ended bool) string {
	name := strings.ReplaceAll(f.Name, "_", " ")
	ref := ""
	if f.Ref != "" {
		ref = " " + f.Ref
	}
	switch {
	case ended && f.Name == account.FactIncident:
		return "Incident" + ref + " closed"
	case ended:
		return "No longer said: " + name + ref
	case f.Name == account.FactIncident:
		return "Incident" + ref + " opened"
	case f.Name == account.FactMuted && f.Value == true && f.Until != 0:
		return "Muted until " + f.Until.String()
	case f.Name == account.FactContacted:
		return fmt.Sprintf("Somebody was in touch (%v)", f.Value)
	case f.Value == true:
		return strings.ToUpper(name[:1]) + name[1:] + ref
	}
	return fmt.Sprintf("%s: %v%s", strings.ToUpper(name[:1])+name[1:], f.Value, ref)
}

// giveWords names what an offer gives.
func giveWords(cat *catalog.Catalog, g catalog.Give) string {
	switch {
	case cat.Addons[g.Addon] != nil:
		return cat.Addons[g.Addon].Title
	case cat.Plans[g.Plan] != nil:
		return cat.Plans[g.Plan].Title
	case cat.Features[g.Feature] != nil:
		return "a trial of " + cat.Features[g.Feature].Title
	case g.Interval != "":
		return "paying by the " + g.Interval
	case g.Talk != "":
		return "a talk with " + g.Talk
	case g.Refer != "":
		return "a referral"
	case g.Invite != "":
		return "an invitation of a " + g.Invite
	}
	return g.Plan + g.Addon + g.Feature
}

// momentWords says what was met and what became of it.
func momentWords(cat *catalog.Catalog, m *engine.Moment, now clock.Time) string {
	title := momentTitle(cat, m.Feature, m.Milestone)
	words := map[string]string{
		engine.MomentLimit: "Hit the limit of ", engine.MomentLocked: "Wanted ", engine.MomentMilestone: "Reached ",
	}[m.Kind] + signal.Inside(title)
	if m.Kind == engine.MomentLocked {
		words += ", which it does not have"
	}
	if m.Times > 1 {
		words += ", " + signal.Times(int(min(m.Times, 1_000_000)))
	}
	switch store.StateOf(m, now) {
	case store.MomentOffered:
		return words + ": " + offerWords(cat, m.Offer) + " was shown"
	case store.MomentHeldOut:
		return words + ": held out, to measure what offers earn"
	case store.MomentOpen:
		return words
	}
	if m.Reason != "" {
		return words + ": no offer was shown (" + signal.Inside(m.Reason) + ")"
	}
	return words + ": no offer was shown"
}
