package engine

import (
	"encoding/json"
	"fmt"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/meter"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
	"github.com/valyala/fastjson"
)

// StoredUsage reads what an account has used of a meter in a period at now out of its stored
// state, without the rest of it: for looking at all accounts at once. Zero when it used nothing.
func StoredUsage(stored []byte, m *catalog.Meter, per catalog.Period, now clock.Time) (value quantity.Quantity, err error) {
	err = StoredUsages(stored, func(key []byte, u *meter.Usage) (bool, error) {
		if string(key) != m.Key {
			return string(key) < m.Key, nil // they are sorted
		}
		// The newest window is open or the current one is empty, wherever windows begin.
		value = meter.Value(u, m, per, subscription.Calendar{}, now)
		return false, nil
	})
	return value, err
}

// StoredUsages calls f with the meters of a stored account, in order, until it says false. Keys are
// valid during the call.
func StoredUsages(stored []byte, f func(key []byte, u *meter.Usage) (more bool, err error)) error {
	d := textReader{b: stored}
	if len(stored) == 0 || stored[0] != storedVersion {
		return fmt.Errorf("stored state: its version is not %d", storedVersion)
	}
	d.b = d.b[1:]
	d.text() // the cold part
	d.text() // signals
	for n := d.uvarint(); n > 0 && !d.bad; n-- {
		key := d.text()
		u, rest, err := meter.DecodeUsage(d.b)
		if err != nil {
			return err
		}
		if more, err := f(key, u); err != nil || !more {
			return err
		}
		d.b = rest
	}
	if d.bad {
		return fmt.Errorf("stored state: its %d bytes do not add up", len(stored))
	}
	return nil
}

// TermsReader reads what accounts have bought and tried out of their stored states, without the
// rest of them. It is not safe for concurrent use.
type TermsReader struct{ parser fastjson.Parser }

// Bought is what an account has bought and tried.
type Bought struct {
	Subscription subscription.Subscription // plan and its version, interval, quantity, add-ons, status
	Trials       []subscription.Trial      // all that are kept
	Special      bool                      // it has grants or overrides
}

// Read returns what was bought and tried.
func (t *TermsReader) Read(stored []byte) (has Bought, err error) {
	d := textReader{b: stored}
	if len(stored) == 0 || stored[0] != storedVersion {
		return has, fmt.Errorf("stored state: its version is not %d", storedVersion)
	}
	d.b = d.b[1:]
	v, err := t.parser.ParseBytes(d.text())
	if err != nil {
		return has, fmt.Errorf("stored state: %w", err)
	}
	b, sub := v.Get("subscription"), &has.Subscription
	sub.Plan, sub.PlanVersion = string(b.GetStringBytes("plan")), b.GetInt("plan_version")
	sub.Interval, sub.Status = subscription.Interval(b.GetStringBytes("interval")), subscription.Status(b.GetStringBytes("status"))
	sub.Quantity = b.GetInt64("quantity")
	for _, a := range b.GetArray("addons") {
		sub.Addons = append(sub.Addons, subscription.AddonLine{Key: string(a.GetStringBytes("key")), Quantity: a.GetInt64("quantity")})
	}
	if list := v.Get("trials"); list != nil { // hardly anybody has any
		err = json.Unmarshal(list.MarshalTo(nil), &has.Trials)
	}
	e := v.Get("entitled")
	has.Special = len(e.GetArray("grants")) > 0 || len(e.GetArray("overrides")) > 0
	return has, err
}
