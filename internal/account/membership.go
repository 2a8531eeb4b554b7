package account

import (
	"slices"
	"strings"
)

// MaxAccounts is how many accounts a person's state knows one by one; of those beyond it knows
// only the one they are in now.
const MaxAccounts = 100

// Membership is what is known of a person in one account.
type Membership struct {
	Account string `json:"account"`
	Role    string `json:"role,omitempty"`
	Profile string `json:"profile,omitempty"`
}

// In returns what is known of the person in an account, and whether they were ever named there.
func (p *Person) In(account string) (Membership, bool) {
	if account == p.Account {
		return Membership{p.Account, p.Role, p.Profile}, account != ""
	}
	if i, found := p.elsewhere(account); found {
		return p.Elsewhere[i], true
	}
	return Membership{Account: account}, false
}

// Memberships returns the person once for each account that is known one by one, as they are
// there. It follows from p alone, so that lists made from it at any time come to the same.
func (p *Person) Memberships() []Person {
	out := make([]Person, 0, 1+len(p.Elsewhere))
	add := func(m Membership) {
		x := *p
		x.Account, x.Role, x.Profile, x.Elsewhere = m.Account, m.Role, m.Profile, nil
		out = append(out, x)
	}
	if p.Account != "" && len(p.Elsewhere) < MaxAccounts {
		add(Membership{p.Account, p.Role, p.Profile})
	}
	for _, m := range p.Elsewhere {
		add(m)
	}
	return out
}

func (p *Person) elsewhere(account string) (int, bool) {
	return slices.BinarySearchFunc(p.Elsewhere, account, func(m Membership, key string) int { return strings.Compare(m.Account, key) })
}

// enter makes an account the person's present one, with what was said of them there before.
func (p *Person) enter(account string) {
	if account == p.Account {
		return
	}
	if p.Account != "" {
		p.remember(Membership{p.Account, p.Role, p.Profile})
		p.Role, p.Profile = "", ""
	}
	p.Account = account
	if i, found := p.elsewhere(account); found {
		p.Role, p.Profile = p.Elsewhere[i].Role, p.Elsewhere[i].Profile
		p.Elsewhere = slices.Delete(slices.Clone(p.Elsewhere), i, i+1)
	}
}

// remember keeps a membership; what is known of it stays.
func (p *Person) remember(m Membership) {
	i, found := p.elsewhere(m.Account)
	if !found && len(p.Elsewhere) < MaxAccounts {
		p.Elsewhere = slices.Insert(slices.Clone(p.Elsewhere), i, m)
	}
}
