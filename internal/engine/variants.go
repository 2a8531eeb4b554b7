package engine

import (
	"maps"
	"slices"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/condition"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/experiment"
)

// assigned are the variants of experiments that an account has, and, at a root, those that its
// family has: an account asks there first, so that families stay together whatever shares become
// later, and keeps what it got when it moves to another family.
type assigned struct {
	Own    map[string]string `json:"own,omitempty"` // by experiment
	Family map[string]string `json:"family,omitempty"`
}

// maxAssigned bounds the experiments an account is in; those that the catalog no longer has go.
const maxAssigned = 100

// VariantCall is the body of a variant record; its Type is the experiment.
type VariantCall struct {
	Family bool `json:"family,omitempty"` // for the family, at its root
	// Variant is what the family has, by the root's answer; Unit is that root.
	Variant string `json:"variant,omitempty"`
	Unit    string `json:"unit,omitempty"`
}

// VariantAnswer is an account's variant of an experiment.
type VariantAnswer struct {
	Variant string `json:"variant"` // empty: none
	// Reason is assigned, not_running, not_eligible, not_in_experiment or too_many_experiments.
	Reason string `json:"reason"`
}

// VariantRow is an assignment as lists show it.
type VariantRow struct {
	Account, Experiment, Variant, Unit string
	At                                 clock.Time
}

// Variant says what the account would be told now, without assigning it anything: false when
// the family must be asked first.
func (a *Account) Variant(e *catalog.Experiment) (VariantAnswer, bool) {
	if a != nil && a.Assigned.Own[e.Key] != "" {
		return VariantAnswer{Variant: a.Assigned.Own[e.Key], Reason: "assigned"}, true
	}
	if e.State != "running" {
		return VariantAnswer{Reason: "not_running"}, true
	}
	if a != nil && e.For != nil && !condition.Holds(a.Vars("", "", ""))(e.For) {
		return VariantAnswer{Reason: "not_eligible"}, true
	}
	return VariantAnswer{}, false
}

// variant assigns an account, or at a root its family, a variant of an experiment.
func (s *State) variant(a *Account, r *event.Record, c *catalog.Catalog) Answer {
	call, err := decode[VariantCall](r)
	if err != nil {
		return refused(err)
	}
	e := c.Experiments[r.Type]
	if e == nil {
		return ok(VariantAnswer{Reason: "not_running"})
	}
	if call.Family {
		v := a.Assigned.Family[e.Key]
		if v == "" && e.State == "running" {
			if v = a.Assigned.Own[e.Key]; v == "" {
				v = experiment.Variant(e, a.key)
			}
			if !assign(&a.Assigned.Family, e.Key, v, c) {
				return ok(tooManyExperiments)
			}
		}
		return ok(VariantAnswer{Variant: v})
	}
	if said, known := a.Variant(e); known {
		return ok(said)
	}
	if call.Unit == "" || call.Unit == a.key {
		if call.Unit, call.Variant = a.key, a.Assigned.Family[e.Key]; call.Variant == "" {
			call.Variant = experiment.Variant(e, a.key)
			if !assign(&a.Assigned.Family, e.Key, call.Variant, c) {
				return ok(tooManyExperiments)
			}
		}
	}
	if call.Variant == "" {
		return ok(VariantAnswer{Reason: "not_in_experiment"})
	}
	if !assign(&a.Assigned.Own, e.Key, call.Variant, c) {
		return ok(tooManyExperiments)
	}
	s.effects.Variants = append(s.effects.Variants, VariantRow{Account: a.key, Experiment: e.Key, Variant: call.Variant, Unit: call.Unit, At: s.Now})
	return ok(VariantAnswer{Variant: call.Variant, Reason: "assigned"})
}

// tooManyExperiments is the answer where a variant could not be kept: another day it could be another one.
var tooManyExperiments = VariantAnswer{Reason: "too_many_experiments"}

// assign keeps a variant; false: there are maxAssigned of experiments that the catalog has.
func assign(to *map[string]string, experiment, variant string, c *catalog.Catalog) bool {
	if variant == "" {
		return true
	}
	if *to == nil {
		*to = make(map[string]string)
	}
	if len(*to) >= maxAssigned {
		for _, key := range slices.Sorted(maps.Keys(*to)) {
			if c.Experiments[key] == nil {
				delete(*to, key)
			}
		}
	}
	if len(*to) >= maxAssigned {
		return false
	}
	(*to)[experiment] = variant
	return true
}
