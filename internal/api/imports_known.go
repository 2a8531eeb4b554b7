package api

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
)

// RowTicket is a support ticket. One whose kind says so, or that is severe where no kind is
// given, is an incident: the fact of that name while it is open, told apart by the row.
type RowTicket struct {
	Kind     string     `json:"kind,omitempty" maxLength:"200" doc:"incident, outage, downtime and the like are incidents; others are left out"`
	Severity string     `json:"severity,omitempty" maxLength:"200" doc:"where no kind is given: critical, urgent, high, p1, sev1 and the like are incidents"`
	OpenedAt clock.Time `json:"opened_at"`
	ClosedAt clock.Time `json:"closed_at,omitzero" doc:"left out while it is open"`
}

// RowActivity is what somebody of ours did with a customer. It sets the fact contacted.
type RowActivity struct {
	User string     `json:"user,omitempty" maxLength:"512" doc:"whom; not kept"`
	Kind string     `json:"kind" minLength:"1" maxLength:"200" doc:"call, meeting, email, …; notes and tasks are left out, they reach nobody"`
	At   clock.Time `json:"at"`
}

// RowFact is a fact as PUT /v1/accounts/{account}/facts/{fact} takes it.
type RowFact struct {
	Name  string      `json:"name" minLength:"1" maxLength:"200"`
	Value ScalarValue `json:"value" doc:"a string, a number or a boolean"`
	At    clock.Time  `json:"at,omitzero" doc:"since when it holds, now when left out"`
	Until clock.Time  `json:"until,omitzero" doc:"when it ends to hold, or ended"`
	Ref   string      `json:"ref,omitempty" maxLength:"200"`
}

// incidents are words of kinds, and severe words of severities, that mean one.
var (
	incidents = []string{"incident", "outage", "downtime", "degradation", "problem", "bug", "escalation"}
	severe    = []string{"critical", "urgent", "high", "highest", "blocker", "severe", "1", "p0", "p1", "sev0", "sev1", "s1"}
	unreached = []string{"note", "task", "todo"}
)

// IsIncident says whether a ticket of a kind and a severity is an incident.
func IsIncident(kind, severity string) bool {
	if kind = strings.ToLower(kind); kind != "" {
		return slices.ContainsFunc(incidents, func(w string) bool { return strings.Contains(kind, w) })
	}
	return slices.Contains(severe, strings.ToLower(strings.NewReplacer("-", "", " ", "").Replace(severity)))
}

// knownBy makes the fact that a row of tickets, activities or facts tells; nil: it tells none.
func knownBy(kind string, row *RowImport, now clock.Time) (*account.Fact, error) {
	var f account.Fact
	switch {
	case kind == "tickets" && row.Ticket != nil:
		t := row.Ticket
		if !IsIncident(t.Kind, t.Severity) {
			return nil, fault.New(fault.Invalid, "no_incident", "ticket %q is no incident: its kind is %q", fault.Shorten(row.Row), fault.Shorten(t.Kind)).
				WithMend("only incidents keep offers away; others need not be imported")
		}
		f = account.Fact{Name: account.FactIncident, Value: true, At: t.OpenedAt, Until: t.ClosedAt, Ref: row.Row}
	case kind == "activities" && row.Activity != nil:
		if slices.Contains(unreached, strings.ToLower(row.Activity.Kind)) {
			return nil, fault.New(fault.Invalid, "no_contact", "a %s reaches nobody", fault.Shorten(row.Activity.Kind)).WithMend("leave notes and tasks out")
		}
		f = account.Fact{Name: account.FactContacted, Value: row.Activity.Kind, At: row.Activity.At, Ref: row.Row}
	case kind == "facts" && row.Fact != nil:
		f = account.Fact{Name: row.Fact.Name, At: row.Fact.At, Until: row.Fact.Until, Ref: row.Fact.Ref}
		if err := json.Unmarshal(row.Fact.Value.RawMessage, &f.Value); err != nil {
			f.Value = nil // which CheckFact refuses
		}
	default:
		return nil, nil
	}
	if f.At > now+48*clock.Hour || kind != "facts" && f.At == 0 {
		return nil, fault.New(fault.Invalid, "time_in_future", "%q is without a time or in the future", fault.Shorten(row.Row))
	}
	return &f, account.CheckFact(&f)
}

// FactValue reads the value of a fact out of a text of a file: true and false (yes and no), a
// number, else the text itself.
func FactValue(text string) ScalarValue {
	var v any = text
	switch strings.ToLower(text) {
	case "true", "yes":
		v = true
	case "false", "no":
		v = false
	default:
		if n, err := strconv.ParseFloat(text, 64); err == nil && n-n == 0 {
			v = n
		}
	}
	b, err := json.Marshal(v)
	if err != nil { // a scalar
		panic(err)
	}
	return ScalarValue{b}
}
