package engine

import (
	"encoding/json"
	"fmt"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/meter"
	"github.com/headroomhq/headroom/internal/revenue"
	"github.com/headroomhq/headroom/internal/subscription"
)

// ReadStored reads what an account is, has bought and uses out of its stored state, to look at
// all accounts at once: Facts, Subscription, Trials, Entitled, Ledger and Usage, and nothing
// else. Usage is read only where there is a subscription.
func ReadStored(key string, stored []byte) (*Account, error) {
	wrong := func(err error) error { return fmt.Errorf("stored state of account %q: %w", key, err) }
	if len(stored) == 0 || stored[0] != storedVersion {
		return nil, wrong(fmt.Errorf("its version is not %d", storedVersion))
	}
	d := textReader{b: stored[1:]}
	var has struct {
		Facts        account.Account           `json:"facts"`
		Subscription subscription.Subscription `json:"subscription"`
		Ledger       revenue.Standing          `json:"ledger"`
		Trials       []subscription.Trial      `json:"trials"`
		Entitled     entitlement.State         `json:"entitled"`
	}
	if err := json.Unmarshal(d.text(), &has); err != nil {
		return nil, wrong(err)
	}
	a := &Account{key: key, Facts: has.Facts, Subscription: has.Subscription, Ledger: has.Ledger, Trials: has.Trials, Entitled: has.Entitled}
	if a.Subscription.Plan == "" {
		return a, nil
	}
	d.text() // signals
	n := d.uvarint()
	a.Usage = make(map[string]*meter.Usage, min(n, 100))
	for ; n > 0 && !d.bad; n-- {
		m := string(d.text())
		u, rest, err := meter.DecodeUsage(d.b)
		if err != nil {
			return nil, wrong(err)
		}
		d.b = rest
		a.Usage[m] = u
	}
	if d.bad {
		return nil, wrong(fmt.Errorf("its %d bytes do not add up", len(stored)))
	}
	return a, nil
}

// StoredNext reads what comes next for an account out of its stored state, as its listing has it.
func StoredNext(key string, stored []byte) (at clock.Time, what string, err error) {
	a, err := ReadStored(key, stored)
	if err != nil {
		return 0, "", err
	}
	at, what = a.next()
	return at, what, nil
}
