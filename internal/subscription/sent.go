package subscription

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/headroomhq/headroom/internal/fault"
)

// Sent is a change as it was sent: it tells a field that was left out from one that is zero.
type Sent struct {
	fields map[string]json.RawMessage
}

// ReadSent reads a change, a JSON object that was read before; names it does not know mean
// nothing to it. Fault quantity_invalid for a quantity of 0: left out it is 1 or stays, and who
// wants none of something leaves that out.
func ReadSent(body []byte) (Sent, error) {
	var s Sent
	if err := json.Unmarshal(body, &s.fields); err != nil {
		return s, fault.New(fault.Invalid, "malformed_json", "the body is not a JSON object").WithMend("send one JSON object")
	}
	if s.isZero("quantity") {
		return s, noneOf("/quantity", "leave quantity out for 1 or as many as there are; to have no plan, cancel")
	}
	for _, list := range []string{"addons", "once"} {
		var lines []map[string]json.RawMessage
		if json.Unmarshal(s.fields[list], &lines) != nil {
			continue
		}
		for i, line := range lines {
			if (Sent{line}).isZero("quantity") {
				return s, noneOf("/"+list+"/"+strconv.Itoa(i)+"/quantity", "to have none leave the add-on out")
			}
		}
	}
	return s, nil
}

// isZero says whether a field was sent as the number 0.
func (s Sent) isZero(name string) bool {
	var n *float64
	return json.Unmarshal(s.fields[name], &n) == nil && n != nil && *n == 0
}

func noneOf(path, mend string) error {
	return fault.New(fault.Invalid, "quantity_invalid", "quantity 0 is out of range").
		WithMend("use a whole number from 1 to 1,000,000; %s", mend).WithField(path, "0", "want 1 to 1,000,000")
}

// Agrees says whether everything that was sent beside the token is what the token binds. Nothing
// of it need be sent. Fault token_mismatch, of kind Stale, naming each field that differs.
func (b Binding) Agrees(s Sent) error {
	text, err := json.Marshal(b.Change.clone())
	if err != nil {
		return err
	}
	var bound map[string]json.RawMessage
	if err := json.Unmarshal(text, &bound); err != nil {
		return err
	}
	var e *fault.Error
	for _, name := range changeFields {
		raw, sent := s.fields[name]
		if !sent || string(raw) == "null" || alike(name, raw) == alike(name, bound[name]) {
			continue
		}
		if e == nil {
			e = fault.New(fault.Stale, "token_mismatch", "%s is %s, which is not what the confirmation token was made for (%s)",
				name, fault.Shorten(string(raw)), orNothing(bound[name])).
				WithMend("send the token alone, or preview this change and confirm what it shows")
		}
		e.WithField("/"+name, strings.Trim(string(raw), `"`), "the token has "+orNothing(bound[name]))
	}
	if e == nil {
		return nil
	}
	return e
}

func orNothing(raw json.RawMessage) string {
	if len(raw) == 0 {
		return "nothing about it"
	}
	return fault.Shorten(string(raw))
}

// changeFields are the names of a change's fields in JSON.
var changeFields = []string{"plan", "plan_version", "interval", "quantity", "currency", "anchor", "addons", "once", "starts_at",
	"trial_ends_at", "effective", "cancel", "undo"}

// alike is one field of a change as text that is the same wherever it means the same: with
// add-ons in order and the quantities that are left out filled in.
func alike(name string, raw json.RawMessage) string {
	field := map[string]json.RawMessage{}
	if len(raw) > 0 {
		field[name] = raw
	}
	text, err := json.Marshal(field)
	if err != nil {
		return ""
	}
	var ch Change
	if json.Unmarshal(text, &ch) != nil {
		return string(text)
	}
	ch = ch.clone()
	if ch.Addons != nil {
		*ch.Addons = inOrder(*ch.Addons)
	}
	ch.Once = inOrder(ch.Once)
	if text, err = json.Marshal(ch); err != nil {
		return ""
	}
	return string(text)
}

func inOrder(lines []AddonLine) []AddonLine {
	for i := range lines {
		lines[i].Quantity = max(lines[i].Quantity, 1)
	}
	slices.SortFunc(lines, func(a, b AddonLine) int { return strings.Compare(a.Key, b.Key) })
	return lines
}
