package catalog

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// node is what is looked at of a schema.
type node struct {
	Ref                  string           `json:"$ref"`
	Properties           map[string]*node `json:"properties"`
	AdditionalProperties json.RawMessage  `json:"additionalProperties"`
	Items                *node            `json:"items"`
	AnyOf                []*node          `json:"anyOf"`
	Enum                 []string         `json:"enum"`
	Examples             []json.RawMessage
	PropertyNames        *node            `json:"propertyNames"`
	Defs                 map[string]*node `json:"$defs"`
}

func schemaOf(t *testing.T) *node {
	t.Helper()
	var s node
	if err := json.Unmarshal(Schema(), &s); err != nil {
		t.Fatal(err)
	}
	return &s
}

// objects collects the schemas of the objects a value may be, by the name of the
// definition or of the property.
func (n *node) objects(name string, into map[string]*node) {
	if n == nil {
		return
	}
	if len(n.Properties) > 0 {
		into[name] = n
	}
	for key, p := range n.Properties {
		p.objects(name+"."+key, into)
	}
	for _, one := range n.AnyOf {
		one.objects(name, into)
	}
	n.Items.objects(name, into)
	var more node
	if json.Unmarshal(n.AdditionalProperties, &more) == nil {
		more.objects(name, into)
	}
}

func TestTheSchemaKnowsTheKeysThatParseTakes(t *testing.T) {
	s := schemaOf(t)
	objects := map[string]*node{"": s}
	for name, d := range s.Defs {
		d.objects(name, objects)
	}
	taken := map[string][]string{
		"": fieldKeys(sections), "meter": fieldKeys(meterFields), "test": fieldKeys(testFields),
		"feature": fieldKeys(featureFields), "translation": fieldKeys(translationFields), "trial": fieldKeys(trialFields),
		"prices": fieldKeys(priceFields), "scale": fieldKeys(scaleFields), "tier": fieldKeys(tierFields),
		"entitlement": fieldKeys(entitlementFields), "grace": fieldKeys(graceFields), "rollover": fieldKeys(rolloverFields), "overage": fieldKeys(overageFields),
		"plan": fieldKeys(planFields), "earlier": fieldKeys(earlierFields), "addon": fieldKeys(addonFields), "bundle": fieldKeys(bundleFields),
		"profile": fieldKeys(profileFields), "placement": fieldKeys(placementFields), "launch": fieldKeys(launchFields), "valueMetric": fieldKeys(valueFields), "billing": fieldKeys(billingFields),
		"signal": fieldKeys(signalFields), "when": fieldKeys(whenFields), "step": fieldKeys(stepFields), "offer": fieldKeys(offerFields),
		"give": fieldKeys(giveFields), "contact": fieldKeys(contactFields), "content": fieldKeys(contentFields), "route": fieldKeys(routeFields),
		"offerText": fieldKeys(textFields), "tried": fieldKeys(triedFields), "milestone": fieldKeys(milestoneFields), "help": fieldKeys(helpFields),
		"lifecycle": fieldKeys(lifecycleFields), "adopted": fieldKeys(adoptedFields), "underUse": fieldKeys(underUseFields), "atRisk": fieldKeys(atRiskFields),
		"readinessRule": fieldKeys(readinessFields), "readinessPart": fieldKeys(partFields), "contactPolicy": fieldKeys(contactPolicyFields),
		"budgets": fieldKeys(budgetFields), "quiet": fieldKeys(quietFields), "requestPolicy": fieldKeys(requestFields), "links": fieldKeys(linkFields),
		"referral": fieldKeys(referralFields), "survey": fieldKeys(surveyFields), "surveyText": fieldKeys(surveyTextFields), "experiment": fieldKeys(experimentFields),
	}
	words := map[string][]string{
		"meter.aggregate": aggregates, "feature.kind": featureKinds, "feature.locked": lockedWords, "addon.kind": addonKinds,
		"billing.proration": prorations, "billing.downgrade": downgrades, "signal.type": revenueTypes, "signal.owner": owners,
		"signal.state": states, "offer.kind": offerKinds, "route.motion": motions,
		"signal.driven": driven, "when.fit": fits, "when.leaves": directions, "placement.kind": PlacementKinds, "give.talk": talks,
		"readinessPart.group": readinessGroups, "survey.kind": surveyKinds, "experiment.state": experimentState,
	}
	for name, o := range objects {
		want, known := taken[name]
		if !known {
			t.Errorf("%s: the schema has an object that this test does not know", name)
			continue
		}
		if got := slices.Sorted(maps.Keys(o.Properties)); !slices.Equal(got, want) {
			t.Errorf("%s: the schema has %v, Parse takes %v", name, got, want)
		}
		if string(o.AdditionalProperties) != "false" {
			t.Errorf("%s: the schema takes unknown keys", name)
		}
		for key, p := range o.Properties {
			if list, ok := words[name+"."+key]; ok && !slices.Equal(p.Enum, list) {
				t.Errorf("%s.%s: the schema has %v, Parse takes %v", name, key, p.Enum, list)
			}
		}
	}
	for name := range taken {
		if objects[name] == nil {
			t.Errorf("the schema has no %s", name)
		}
	}
	for name, list := range map[string][]string{"role": roles, "ready": readinesses} {
		if got := s.Defs[name].Enum; !slices.Equal(got, list) {
			t.Errorf("%s: the schema has %v, Parse takes %v", name, got, list)
		}
	}
	if got := s.Properties["taxonomy"].PropertyNames.Enum; !slices.Equal(got, growths) {
		t.Errorf("taxonomy: the schema has %v, Parse takes %v", got, growths)
	}
}

// TestTheExamplesOfTheSchemaAreTaken puts each example of the schema into a catalog.
func TestTheExamplesOfTheSchemaAreTaken(t *testing.T) {
	s := schemaOf(t)
	const addons = "addons: {more: {price: {month: 1, year: 1}, entitlements: {f: 1}}, other: {price: {month: 1, year: 1}, entitlements: {f: 1}}}\n"
	// form is a catalog with a place for the example, by the place in the schema.
	form := map[string]string{
		"meter":                "meters: {x: %s}",
		"entitlement.per":      "plans: {x: {entitlements: {f: {limit: 1, per: %s}}}}",
		"grace":                "plans: {x: {entitlements: {f: {limit: 1, grace: %s}}}}",
		"rollover":             "plans: {x: {entitlements: {f: {limit: 1, per: month, rollover: %s}}}}",
		"trial":                "plans: {x: {trial: %s}}",
		"price":                "plans: {x: {price: {month: %s}}}",
		"feature.translations": "features: {x: {translations: %s}}",
		"bundle.includes":      addons + "bundles: {x: {includes: %s}}",
		"launch.on":            "launches: {x: {feature: f, on: %s}}",
		"time_zone":            "time_zone: %s",
		"currencies":           "currencies: %s",
		"taxonomy":             "taxonomy: %s",
		"lint":                 "lint: %s",
	}
	examples := map[string][]json.RawMessage{}
	var collect func(name string, n *node)
	collect = func(name string, n *node) {
		if len(n.Examples) > 0 {
			examples[name] = n.Examples
		}
		for key, p := range n.Properties {
			collect(strings.TrimPrefix(name+"."+key, "."), p)
		}
		for _, one := range n.AnyOf {
			collect(name, one)
		}
	}
	collect("", s)
	for name, d := range s.Defs {
		collect(name, d)
	}
	used := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(examples)) {
		if form[name] == "" {
			t.Errorf("no catalog here has a place for the examples of %s", name)
			continue
		}
		for _, e := range examples[name] {
			text := world + marker + "more.yaml\n" + fmt.Sprintf(form[name], e)
			if name == "currencies" { // everything would need a price in each
				text = head + fmt.Sprintf(form[name], e)
			}
			if parsed, findings := Parse("", []byte(text)); parsed == nil {
				t.Errorf("%s: %s: %v", name, e, findings)
			}
			var keys map[string]any
			if name == "meter" && json.Unmarshal(e, &keys) == nil {
				for key, v := range keys {
					used[key] = true
					if tests, ok := v.(map[string]any); ok {
						for _, test := range tests {
							if comparisons, ok := test.(map[string]any); ok {
								for op := range comparisons {
									used[op] = true
								}
							}
						}
					}
				}
			}
		}
	}
	for name := range form {
		if len(examples[name]) == 0 {
			t.Errorf("the schema has no example of %s", name)
		}
	}
	for _, key := range append(fieldKeys(meterFields), fieldKeys(testFields)...) {
		if !used[key] {
			t.Errorf("no example of the schema shows %s", key)
		}
	}
}
