package engine

import (
	"encoding/json"
	"fmt"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/meter"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// StoredUsage reads what an account has used of a meter in a period at now out of its stored
// state, without the rest of it: for looking at all accounts at once. Zero when it used nothing.
func StoredUsage(stored []byte, m *catalog.Meter, per catalog.Period, now clock.Time) (quantity.Quantity, error) {
	d := textReader{b: stored}
	if len(stored) == 0 || stored[0] != storedVersion {
		return 0, fmt.Errorf("stored state: its version is not %d", storedVersion)
	}
	d.b = d.b[1:]
	d.text() // the cold part
	d.text() // signals
	for n := d.uvarint(); n > 0 && !d.bad; n-- {
		key := d.text()
		u, rest, err := meter.DecodeUsage(d.b)
		if err != nil {
			return 0, err
		}
		if string(key) == m.Key {
			// The newest window is open or the current one is empty, wherever windows begin.
			return meter.Value(u, m, per, subscription.Calendar{}, now), nil
		}
		if string(key) > m.Key {
			return 0, nil // they are sorted
		}
		d.b = rest
	}
	if d.bad {
		return 0, fmt.Errorf("stored state: its %d bytes do not add up", len(stored))
	}
	return 0, nil
}

// StoredTerms reads what an account has bought and tried out of its stored state, without the rest
// of it.
func StoredTerms(stored []byte) (subscription.Subscription, []subscription.Trial, error) {
	var terms struct {
		Subscription subscription.Subscription `json:"subscription"`
		Trials       []subscription.Trial      `json:"trials"`
	}
	d := textReader{b: stored}
	if len(stored) == 0 || stored[0] != storedVersion {
		return terms.Subscription, nil, fmt.Errorf("stored state: its version is not %d", storedVersion)
	}
	d.b = d.b[1:]
	err := json.Unmarshal(d.text(), &terms)
	return terms.Subscription, terms.Trials, err
}
