package engine

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/headroomhq/headroom/internal/event"
)

// typeLeft is of records by which an account tells a person's state that they left it, or are back: which domain
// they are of only their state knows.
const typeLeft = "left"

// leaving is the body of such a record.
type leaving struct {
	Account string `json:"account"`
	Left    bool   `json:"left"`
}

// tellLeft tells a person that they left the account, or are back.
func (s *State) tellLeft(a *Account, user string, left bool) {
	b, err := json.Marshal(leaving{a.key, left})
	if err != nil { // plain values
		panic(err)
	}
	a.Domains.Sent++
	s.effects.Forwards = append(s.effects.Forwards, event.Record{Kind: event.KindPerson, Type: typeLeft, Source: ownSource + typeLeft,
		ID: a.key + "/" + strconv.FormatInt(a.Domains.Sent, 10), Key: event.UserKey(user), User: user, ReceivedAt: s.Now, Body: b})
}

// leaves keeps that the person left an account, and tells the domain of their address.
func (s *State) leaves(p *person, l leaving) {
	p.leave(l.Account, l.Left)
	if l.Left && p.Told != nil {
		p.Sent++
		s.sendDomain(event.DomainKey(p.Told.Domain), p.Pseudonym, domainLeft, p.Pseudonym+"/"+strconv.FormatInt(p.Sent, 10), domainCall{Account: l.Account})
	}
}

// leave keeps of the newest accounts whether the person left them.
func (f *flows) leave(account string, left bool) {
	f.Left = slices.DeleteFunc(f.Left, func(a string) bool { return a == account })
	if left {
		f.Left = append(f.Left, account)
	}
	if len(f.Left) > maxIn {
		f.Left = slices.Delete(f.Left, 0, 1)
	}
	if len(f.Left) == 0 {
		f.Left = nil
	}
}
