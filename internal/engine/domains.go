package engine

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
)

// People of an account's domain outside of its plan. The domain of an email address has a key of
// its own. Persons tell it where they are, accounts that they are of it, and it asks every account it
// hears of for the root of its family, which the accounts above answer. It tells each
// account that claims it how many of its people, seen lately, are in no account of that family.

// The types of KindDomain records.
const (
	domainPerson = "person" // a person tells a domain where they are
	domainGone   = "gone"   // a person is no longer of the domain, or goes on under another pseudonym
	domainLeft   = "left"   // an account says that a person left it
	domainClaim  = "claim"  // an account is of the domain
	domainDrop   = "drop"   // and no longer
	domainAsk    = "ask"    // a domain asks an account, or one below asks one above: what is the root of its family
	domainRoot   = "root"   // the answer
	domainCount  = "count"  // a domain tells an account that claims it
)

// domainCall is the body of a KindDomain record; which fields are set follows from its type.
type domainCall struct {
	Domain  string     `json:"domain,omitempty"`
	Account string     `json:"account,omitempty"`
	Profile string     `json:"profile,omitempty"`
	Root    string     `json:"root,omitempty"`
	At      clock.Time `json:"at,omitzero"`   // when the person was seen
	Nth     int64      `json:"nth,omitempty"` // of what the account asked about has told of its family: a later one counts
	Hops    int        `json:"hops,omitempty"`
	Outside int        `json:"outside,omitempty"`
}

// The most that is kept under a domain, and by an account of domains.
const (
	maxOfDomain = 1000 // people, and accounts they are in
	maxIn       = 8    // accounts of one person, the newest
	maxClaims   = 100
	maxKin      = 200
)

// domain is the state under a domain's key.
type domain struct {
	People   []domainMember  `json:"people,omitempty"`   // by pseudonym
	Families []family        `json:"families,omitempty"` // of the accounts they are in and of those that claim, by account
	Claims   []domainClaimed `json:"claims,omitempty"`   // by account
	More     bool            `json:"more,omitempty"`     // there were people beyond maxOfDomain
	Sent     int64           `json:"sent,omitempty"`

	sums *domainSums // nil: to be counted
}

// domainSums count people, all at once for every family there is.
type domainSums struct {
	known  int            // people all of whose families are known
	inside map[string]int // of those, who is in an account of a family, by root
}

// seenFor is within how long people were seen who count.
const seenFor = 90 * clock.Day

// domainMember is a person of a domain.
type domainMember struct {
	User    string     `json:"user"`
	In      []string   `json:"in,omitempty"` // accounts
	Profile string     `json:"profile,omitempty"`
	SeenAt  clock.Time `json:"seen_at"`
}

// family says which account is at the top of an account's family.
type family struct {
	Account string `json:"account"`
	Root    string `json:"root,omitempty"` // empty: not answered yet
	Nth     int64  `json:"nth,omitempty"`  // see domainCall
}

// domainClaimed is an account that says that the domain is its own.
type domainClaimed struct {
	Account string `json:"account"`
	Told    int    `json:"told"` // the number outside that it knows
}

// toldDomain is what a person last told a domain.
type toldDomain struct {
	Domain  string     `json:"domain"`
	Account string     `json:"account,omitempty"`
	Profile string     `json:"profile,omitempty"`
	At      clock.Time `json:"at"`
}

// ofDomain is what an account keeps of domains.
type ofDomain struct {
	Claims string `json:"claims,omitempty"` // the domain that was told that it is the account's
	Kin    []kin  `json:"kin,omitempty"`    // who asked what family this is, the newest last
	Sent   int64  `json:"sent,omitempty"`
}

// kin is an account whose family a domain has asked about.
type kin struct {
	Domain  string `json:"domain"`
	Account string `json:"account"`
	Hops    int    `json:"hops"`
}

var errNotOfDomain error = fault.New(fault.Invalid, "invalid", "the record is not about a domain")

// again is how long what a domain knows of when a person was seen may be old.
const again = clock.Day

// tellDomain tells the domain of a person's address what is another than was last told.
func (s *State) tellDomain(p *person) {
	is := toldDomain{Domain: p.Domain, Account: p.Account, Profile: p.Profile, At: s.Now}
	if p.Into != "" {
		is.Domain = "" // told by the pseudonym under which the person goes on
	}
	if slices.Contains(p.Left, p.Account) {
		is.Account = ""
	}
	var was toldDomain
	if p.Told != nil {
		was = *p.Told
	}
	send := func(domain, what string, call domainCall) {
		p.Sent++
		s.sendDomain(event.DomainKey(domain), p.Pseudonym, what, p.Pseudonym+"/"+strconv.FormatInt(p.Sent, 10), call)
	}
	if was.Domain != "" && was.Domain != is.Domain {
		send(was.Domain, domainGone, domainCall{})
	}
	if is.Domain == "" {
		p.Told = nil
		return
	}
	if was.Domain == is.Domain && was.Account == is.Account && was.Profile == is.Profile && s.Now < was.At+again {
		return
	}
	send(is.Domain, domainPerson, domainCall{Account: is.Account, Profile: is.Profile, At: p.SeenAt})
	p.Told = &is
}

// sendDomain sends a KindDomain record.
func (s *State) sendDomain(key, user, what, id string, call domainCall) {
	b, err := json.Marshal(call)
	if err != nil { // plain values
		panic(err)
	}
	s.effects.Forwards = append(s.effects.Forwards, event.Record{Kind: event.KindDomain, Type: what,
		Source: ownSource + "domain:" + what, ID: id, Key: key, User: user, ReceivedAt: s.Now, Body: b})
}

// byDomain handles a record under a domain's key.
func (s *State) byDomain(a *Account, r *event.Record) Answer {
	call, err := decode[domainCall](r)
	if err != nil || r.Kind != event.KindDomain {
		return refused(cmp.Or(err, errNotOfDomain))
	}
	if a.AtDomain == nil {
		a.AtDomain = &domain{}
	}
	d := a.AtDomain
	switch r.Type {
	case domainPerson:
		d.member(r.User, call)
		s.askFamily(a, call.Account)
	case domainGone:
		if i, found := d.find(r.User); found {
			d.tally(i, -1)
			d.People = slices.Delete(d.People, i, i+1)
		}
	case domainLeft:
		if i, found := d.find(r.User); found {
			d.tally(i, -1)
			d.People[i].In = slices.DeleteFunc(d.People[i].In, func(in string) bool { return in == call.Account })
			d.tally(i, 1)
		}
	case domainClaim:
		if i, found := d.claim(call.Account); !found && len(d.Claims) < maxClaims {
			d.Claims = slices.Insert(d.Claims, i, domainClaimed{Account: call.Account})
		}
		s.askFamily(a, call.Account)
	case domainDrop:
		if i, found := d.claim(call.Account); found {
			d.Claims = slices.Delete(d.Claims, i, i+1)
		}
	case domainRoot:
		if i, found := d.family(call.Account); found && call.Nth > d.Families[i].Nth {
			d.Families[i].Root, d.Families[i].Nth = call.Root, call.Nth
			d.sums = nil
		}
	}
	s.tellClaims(a)
	return Answer{}
}

// member keeps what a person told.
func (d *domain) member(user string, call domainCall) {
	i, found := d.find(user)
	if !found {
		if len(d.People) >= maxOfDomain {
			d.More = true
			return
		}
		d.People = slices.Insert(d.People, i, domainMember{User: user})
	} else {
		d.tally(i, -1)
	}
	defer d.tally(i, 1)
	m := &d.People[i]
	m.Profile, m.SeenAt = call.Profile, max(m.SeenAt, call.At)
	if call.Account == "" {
		return
	}
	if at := slices.Index(m.In, call.Account); at >= 0 {
		m.In = slices.Delete(m.In, at, at+1)
	}
	m.In = append(m.In, call.Account)
	if len(m.In) > maxIn {
		m.In = slices.Delete(m.In, 0, 1)
	}
}

func (d *domain) find(user string) (int, bool) {
	return slices.BinarySearchFunc(d.People, user, func(m domainMember, user string) int { return cmp.Compare(m.User, user) })
}

func (d *domain) claim(account string) (int, bool) {
	return slices.BinarySearchFunc(d.Claims, account, func(c domainClaimed, account string) int { return cmp.Compare(c.Account, account) })
}

func (d *domain) family(account string) (int, bool) {
	return slices.BinarySearchFunc(d.Families, account, func(f family, account string) int { return cmp.Compare(f.Account, account) })
}

// root returns the root of an account's family, empty when it is not known.
func (d *domain) root(account string) string {
	if i, found := d.family(account); found {
		return d.Families[i].Root
	}
	return ""
}

// askFamily asks an account that the domain hears of for the first time for the root of its family.
func (s *State) askFamily(a *Account, account string) {
	d := a.AtDomain
	i, found := d.family(account)
	if account == "" || found || len(d.Families) >= maxOfDomain {
		return
	}
	d.Families = slices.Insert(d.Families, i, family{Account: account})
	name, _ := event.IsDomainKey(a.key)
	d.Sent++
	s.sendDomain(account, "", domainAsk, name+"/"+strconv.FormatInt(d.Sent, 10), domainCall{Domain: name, Account: account})
}

// tally counts a person, or with -1 takes them out again.
func (d *domain) tally(i, by int) {
	if d.sums == nil {
		return
	}
	var roots [maxIn]string
	n := 0
	for _, in := range d.People[i].In {
		switch root := d.root(in); {
		case root == "":
			return
		case !slices.Contains(roots[:n], root):
			roots[n] = root
			n++
		}
	}
	d.sums.known += by
	for _, root := range roots[:n] {
		d.sums.inside[root] += by
	}
}

// outside is what count tells of those outside, counted once for all families.
func (d *domain) outside(root string) int {
	if d.sums == nil {
		d.sums = &domainSums{inside: make(map[string]int)}
		for i := range d.People {
			d.tally(i, 1)
		}
	}
	return d.sums.known - d.sums.inside[root]
}

// forgetUnseen drops who was not seen lately.
func (d *domain) forgetUnseen(now clock.Time) {
	before := len(d.People)
	d.People = slices.DeleteFunc(d.People, func(m domainMember) bool { return m.SeenAt+seenFor <= now })
	if len(d.People) < before {
		d.sums, d.More = nil, false
	}
}

// due is when the next person was not seen for too long; zero when nobody is there.
func (d *domain) due() (due clock.Time) {
	if d == nil {
		return 0
	}
	for i := range d.People {
		if at := d.People[i].SeenAt + seenFor; due == 0 || at < due {
			due = at
		}
	}
	return due
}

// passDomain forgets people under a domain's key whom nobody has seen lately.
func (s *State) passDomain(a *Account) {
	if a.AtDomain != nil {
		a.AtDomain.forgetUnseen(s.Now)
		s.tellClaims(a)
	}
}

// count counts who of the domain is in no account of a root's family, and who is. Whose families are not
// known yet are in neither, or in the family that is known.
func (d *domain) count(root string) (outside, inside int) {
	for i := range d.People {
		switch d.where(&d.People[i], root) {
		case isInside:
			inside++
		case isOutside:
			outside++
		}
	}
	return outside, inside
}

type whereabouts int

const (
	isUnknown whereabouts = iota
	isInside
	isOutside
)

func (d *domain) where(m *domainMember, root string) whereabouts {
	at := isOutside
	for _, in := range m.In {
		switch d.root(in) {
		case root:
			return isInside
		case "":
			at = isUnknown
		}
	}
	return at
}

// tellClaims tells the accounts of a domain what is another number than they know.
func (s *State) tellClaims(a *Account) {
	d := a.AtDomain
	name, _ := event.IsDomainKey(a.key)
	for i := range d.Claims {
		c := &d.Claims[i]
		root := d.root(c.Account)
		if root == "" {
			continue
		}
		outside := d.outside(root)
		if outside == c.Told {
			continue
		}
		c.Told = outside
		d.Sent++
		s.sendDomain(c.Account, "", domainCount, name+"/"+strconv.FormatInt(d.Sent, 10), domainCall{Domain: name, Outside: outside, At: s.Now})
	}
}

// domains handles a KindDomain record of an account.
func (s *State) domains(a *Account, r *event.Record, c *catalog.Catalog) Answer {
	call, err := decode[domainCall](r)
	if err != nil {
		return refused(err)
	}
	switch r.Type {
	case domainAsk:
		k := kin{call.Domain, call.Account, call.Hops}
		a.Domains.Kin = slices.DeleteFunc(a.Domains.Kin, func(other kin) bool { return other.Domain == k.Domain && other.Account == k.Account })
		if a.Domains.Kin = append(a.Domains.Kin, k); len(a.Domains.Kin) > maxKin {
			a.Domains.Kin = slices.Delete(a.Domains.Kin, 0, 1)
		}
		s.answerKin(a, k, call.Nth)
	case domainCount:
		if call.Domain != a.Domains.Claims || call.Outside == a.Outside {
			break
		}
		a.Outside = call.Outside
		s.occur(a, outsideChanged, "", c, numbered("outside", call.Outside))
	}
	return Answer{}
}

// answerKin answers a domain whose family an account is of, or asks the account above. nth numbers what the account that
// is asked about has told.
func (s *State) answerKin(a *Account, k kin, nth int64) {
	a.Domains.Sent++
	id := a.key + "/" + strconv.FormatInt(a.Domains.Sent, 10)
	if k.Account == a.key {
		nth = a.Domains.Sent
	}
	call := domainCall{Domain: k.Domain, Account: k.Account, Nth: nth}
	if parent := a.Facts.Parent; parent != "" && k.Hops < MaxFamily {
		call.Hops = k.Hops + 1
		s.sendDomain(parent, "", domainAsk, id, call)
		return
	}
	call.Root = a.key
	s.sendDomain(event.DomainKey(k.Domain), "", domainRoot, id, call)
}

// described tells domains what a change of an account's facts means to them.
func (s *State) described(a *Account, parent string) {
	if a.Facts.Parent != parent {
		for _, k := range a.Domains.Kin {
			if k.Account == a.key {
				s.answerKin(a, k, 0)
				continue
			}
			// Whether it is still below this one it alone knows; if so, its answer comes by here again.
			a.Domains.Sent++
			s.sendDomain(k.Account, "", domainAsk, a.key+"/"+strconv.FormatInt(a.Domains.Sent, 10), domainCall{Domain: k.Domain, Account: k.Account})
		}
		a.Domains.Kin = slices.DeleteFunc(a.Domains.Kin, func(k kin) bool { return k.Account != a.key })
	}
	is := event.WorkDomain(a.Facts.Domain)
	was := a.Domains.Claims
	if is == was {
		return
	}
	tell := func(domain, what string) {
		a.Domains.Sent++
		s.sendDomain(event.DomainKey(domain), "", what, a.key+"/"+strconv.FormatInt(a.Domains.Sent, 10), domainCall{Account: a.key, At: s.Now})
	}
	if was != "" {
		tell(was, domainDrop)
		a.Outside = 0
	}
	if is != "" {
		tell(is, domainClaim)
	}
	a.Domains.Claims = is
}

// OutsideOf is who of an account's domain uses the product in no account of its family.
type OutsideOf struct {
	Outside int             `json:"outside"`
	Inside  int             `json:"inside"`
	More    bool            `json:"more,omitempty" doc:"more than the thousand people that are kept were seen: the numbers are of those"`
	Items   []OutsidePerson `json:"items"`
}

// OutsidePerson is one of them.
type OutsidePerson struct {
	Profile string     `json:"profile,omitempty" doc:"the role they play in the product"`
	Account string     `json:"account,omitempty" doc:"the account they use it in; left out for none, and for browsers"`
	SeenAt  clock.Time `json:"seen_at" doc:"when they were last seen, to the day"`
}

// OutsideOf answers who of the domain whose state a is uses the product outside of the family of an
// account that claims it; the last seen first.
func (a *Account) OutsideOf(account string) OutsideOf {
	out := OutsideOf{Items: []OutsidePerson{}}
	if a == nil || a.AtDomain == nil {
		return out
	}
	d := a.AtDomain
	root := cmp.Or(d.root(account), account)
	out.Outside, out.Inside = d.count(root)
	out.More = d.More
	for i := range d.People {
		m := &d.People[i]
		if d.where(m, root) != isOutside {
			continue
		}
		p := OutsidePerson{Profile: m.Profile, SeenAt: m.SeenAt}
		if len(m.In) > 0 {
			p.Account = m.In[len(m.In)-1]
		}
		out.Items = append(out.Items, p)
	}
	slices.SortStableFunc(out.Items, func(x, y OutsidePerson) int { return cmp.Compare(y.SeenAt, x.SeenAt) })
	return out
}
