package offer

import (
	"reflect"
	"testing"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/contact"
)

func TestAPreviewSaysWhatADecisionWouldSay(t *testing.T) {
	in := onStarter(parse(t, summits))
	for _, role := range []Role{Admin, Member} {
		in.Role = role
		d, p := Decide(in), Preview(in, "pro_for_speakers")
		if d.Offer == nil || p.Shown == nil || len(p.InTheWay) > 0 {
			t.Fatalf("%s: decided %+v, previewed %+v", role, d, p)
		}
		want := *d.Offer
		want.CTA.URL = p.Shown.CTA.URL // which names the decision
		if !reflect.DeepEqual(want, *p.Shown) {
			t.Errorf("%s: previewed\n%+v\ndecided\n%+v", role, *p.Shown, want)
		}
		if shown := p.Shown.Price != nil; shown != (role == Admin) {
			t.Errorf("%s: a price is shown: %v", role, shown)
		}
	}
}

func TestAPreviewNamesEveryRuleInTheWay(t *testing.T) {
	codes := func(p Previewed) (codes []string) {
		for _, o := range p.InTheWay {
			codes = append(codes, o.Code)
		}
		return codes
	}
	for _, c := range []struct {
		name  string
		given func(*Input)
		offer string
		want  []string
		said  bool // what it would say is known all the same
	}{
		{"nothing stands in the way", func(*Input) {}, "pro_for_speakers", nil, true},
		{"no signal, and the budget of the person is spent", func(in *Input) {
			in.Signals = nil
			in.Refusals = []contact.Refusal{{Scope: catalog.PerPerson, Channel: catalog.AnyChannel, Code: "contact_budget", Reason: "spent"}}
		}, "pro_for_speakers", []string{"no_signal", "contact_budget"}, true},
		{"it is for another place", func(*Input) {}, "pro_for_recordings", []string{"not_here"}, true},
		{"the account has what it gives", func(in *Input) { in.Subscription.Plan = "pro" }, "pro_for_speakers", []string{"already_has"}, false},
		{"its family sees no offer", func(in *Input) { in.HeldOut = true }, "pro_for_speakers", []string{"holdout"}, true},
		{"quiet rules are in force", func(in *Input) {
			in.Quiet = []contact.Quiet{{Rule: catalog.QuietMuted, Reason: "somebody said so"}}
		}, "pro_for_speakers", []string{"quiet"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := onStarter(parse(t, summits))
			c.given(&in)
			p := Preview(in, c.offer)
			if got := codes(p); !reflect.DeepEqual(got, c.want) {
				t.Errorf("in the way stand %v, want %v", p.InTheWay, c.want)
			}
			if (p.Shown != nil) != c.said {
				t.Errorf("it would say %+v", p.Shown)
			}
		})
	}
}

func TestAPreviewSaysWhatPlaceholdersStandFor(t *testing.T) {
	in := onStarter(parse(t, summits))
	words := map[string]string{}
	for _, f := range Preview(in, "pro_for_speakers").Fills {
		words[f.Name] = f.Words
	}
	if len(words) != len(placeholders) || words["limit_next"] != "50" || words["plan_next"] != "Pro" || words["price"] != "149.00 USD" || words["quantity"] != "" {
		t.Errorf("placeholders stand for %v", words)
	}
	in.Language, in.Role = "de", Member
	for _, f := range Preview(in, "pro_for_speakers").Fills {
		words[f.Name] = f.Words
	}
	if words["price"] != "" {
		t.Errorf("a member is told the price %q", words["price"])
	}
}
