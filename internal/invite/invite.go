// Package invite holds how use spreads from person to person: invitations and the seats they
// wait for, people who ask to join, and referrals from an exposure to a sign-up.
package invite

import (
	"cmp"
	"slices"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
)

// Status is where an invitation stands.
type Status string

// The states of an invitation.
const (
	Waiting   Status = "waiting"   // for a free seat
	Sent      Status = "sent"      // it holds a seat
	Accepted  Status = "accepted"  // the person is a member
	Declined  Status = "declined"  // by the person
	Cancelled Status = "cancelled" // by the account
	Expired   Status = "expired"   // nobody answered for Lasts, or no seat became free for LastsWaiting
)

// Over says that nothing more becomes of the invitation.
func (s Status) Over() bool { return s != Waiting && s != Sent }

// Lasts is how long a sent invitation may be accepted.
const Lasts = 30 * clock.Day

// LastsWaiting is how long an invitation waits for a free seat.
const LastsWaiting = 90 * clock.Day

// Bounds of what an account keeps.
const (
	MaxOpen   = 1000 // invitations that are waiting or sent
	maxClosed = 50   // invitations and requests that are over, the newest
	maxAsks   = 200  // people who ask to join and were not answered
)

// Invite is somebody asked to join an account.
type Invite struct {
	ID        string     `json:"id"`
	Account   string     `json:"account"`
	User      string     `json:"user"`            // pseudonym of who is invited
	Email     string     `json:"email,omitempty"` // sealed under their key
	Profile   string     `json:"profile,omitempty"`
	Role      string     `json:"role"`              // admin or member
	Feature   string     `json:"feature,omitempty"` // of which they take a seat
	By        string     `json:"by,omitempty"`      // pseudonym
	Status    Status     `json:"status"`
	At        clock.Time `json:"at"`
	SentAt    clock.Time `json:"sent_at,omitzero"`
	ExpiresAt clock.Time `json:"expires_at,omitzero"` // while it is open
	DecidedAt clock.Time `json:"decided_at,omitzero"` // when it was accepted, declined, cancelled or expired
}

// State is what an account keeps of who was invited and who asks to join.
type State struct {
	Open   []Invite `json:"open,omitempty"`   // in the order in which they were made
	Closed []Invite `json:"closed,omitempty"` // the newest last
	Made   int64    `json:"made,omitempty"`   // invitations ever; numbers their ids
	Asks   []Ask    `json:"asks,omitempty"`   // open ones, in the order in which they came
	Asked  []Ask    `json:"asked,omitempty"`  // answered ones, the newest last
	Askers int64    `json:"askers,omitempty"` // requests ever; numbers their ids
	// Taken are the seats of accepted invitations that the product has not told of yet, by feature.
	Taken []Taken `json:"taken,omitempty"`

	looks []string // what LooksAt returns; nil: to be worked out
}

// Taken counts the seats of a feature whose use the product tells by its own events: between the
// moment somebody accepts and that event they are taken all the same.
type Taken struct {
	Feature string `json:"feature"`
	Seats   int64  `json:"seats"`
	Used    int64  `json:"used"` // seats in use when it was last looked at
}

// Seats says how many seats of a feature are free by usage and limit, without what invitations
// hold, and how many are in use. Told: accepting takes the seat at once, by consume. Endless: there is no limit.
type Seats struct {
	Left    int64
	Used    int64
	Told    bool
	Endless bool
}

// Free returns how many more invitations of a feature can be sent; endless for no limit. It also
// settles the seats that the product has told of since.
func (st *State) Free(feature string, seats Seats) (free int64, endless bool) {
	free, endless, _ = st.free(feature, seats)
	return free, endless
}

// free is Free; settled says that what is taken is another now.
func (st *State) free(feature string, seats Seats) (free int64, endless, settled bool) {
	if feature == "" || seats.Endless {
		return 0, true, false
	}
	held, settled := st.settle(feature, seats)
	for i := range st.Open {
		if st.Open[i].Status == Sent && st.Open[i].Feature == feature {
			held++
		}
	}
	return max(0, seats.Left-held), false, settled
}

// settle gives up the seats of accepted invitations that usage shows now, and returns how many are
// still to be shown, and whether that changed anything.
func (st *State) settle(feature string, seats Seats) (left int64, changed bool) {
	i := slices.IndexFunc(st.Taken, func(t Taken) bool { return t.Feature == feature })
	if i < 0 {
		return 0, false
	}
	t := &st.Taken[i]
	changed = t.Used != seats.Used || t.Seats == 0
	if rise := seats.Used - t.Used; rise > 0 {
		t.Seats = max(0, t.Seats-rise)
	}
	t.Used = seats.Used
	if left = t.Seats; left == 0 {
		st.looks = nil
		st.Taken = slices.Delete(st.Taken, i, i+1)
		if len(st.Taken) == 0 {
			st.Taken = nil
		}
	}
	return left, changed
}

// full says that whoever joins now would have no seat: others took the one that was held.
func (st *State) full(feature string, seats Seats) bool {
	if feature == "" || seats.Endless {
		return false
	}
	taken, _ := st.settle(feature, seats)
	return seats.Left-taken <= 0
}

// take notes that a seat is taken by who has just accepted.
func (st *State) take(feature string, seats Seats) {
	if feature == "" || seats.Told || seats.Endless {
		return
	}
	st.settle(feature, seats)
	st.looks = nil
	i := slices.IndexFunc(st.Taken, func(t Taken) bool { return t.Feature == feature })
	if i < 0 {
		st.Taken = append(st.Taken, Taken{Feature: feature, Used: seats.Used})
		i = len(st.Taken) - 1
	}
	st.Taken[i].Seats++
}

// Person is one to be invited.
type Person struct {
	User    string `json:"user"`
	Email   string `json:"email,omitempty"` // sealed
	Profile string `json:"profile,omitempty"`
	Role    string `json:"role,omitempty"`    // member when it is not said
	Feature string `json:"feature,omitempty"` // of which they take a seat; empty: none
}

// Call is what is asked for: invite these people, by one of the account's.
type Call struct {
	People []Person `json:"people"`
	By     string   `json:"by,omitempty"`
	// Whole: all of them or nobody; else as many as there are seats for, and the others wait.
	Whole bool `json:"whole,omitempty"`
}

// Result is what became of a call.
type Result struct {
	Items     []Invite `json:"items"` // in the order of the people
	Sent      int      `json:"sent"`
	Waiting   int      `json:"waiting"`
	Shortfall int64    `json:"shortfall"`         // seats that are missing for all of them
	Feature   string   `json:"feature,omitempty"` // of which they are missing
}

// Make invites people: as many as there are seats for, in their order; the rest waits. Who has an open
// invitation keeps that one. changed are the invitations that are new or another now.
func (st *State) Make(account string, call Call, seats func(feature string) Seats, now clock.Time, id func(n int64) string) (res Result, changed []Invite, err error) {
	plan := make([]Invite, 0, len(call.People))
	free := make(map[string]int64)
	for _, p := range call.People {
		if i := st.openOf(p.User); i >= 0 {
			plan = append(plan, st.Open[i])
			continue
		}
		in := Invite{Account: account, User: p.User, Email: p.Email, Profile: p.Profile, Role: p.Role, Feature: p.Feature,
			By: call.By, Status: Sent, At: now}
		if in.Role == "" {
			in.Role = "member"
		}
		if slices.ContainsFunc(plan, func(x Invite) bool { return x.User == p.User }) {
			continue // named twice
		}
		left, known := free[p.Feature]
		if !known {
			var endless bool
			if left, endless = st.Free(p.Feature, seats(p.Feature)); endless {
				left = MaxOpen + 1
			} else if st.waits(p.Feature) { // who waits goes first
				left = 0
			}
		}
		if left <= 0 {
			in.Status = Waiting
			res.Shortfall++
			res.Feature = cmp.Or(res.Feature, p.Feature)
		}
		free[p.Feature] = left - 1
		plan = append(plan, in)
	}
	if call.Whole && res.Shortfall > 0 {
		res.Items = []Invite{}
		return res, nil, nil
	}
	fresh := 0
	for i := range plan {
		if plan[i].ID == "" {
			fresh++
		}
	}
	if len(st.Open)+fresh > MaxOpen {
		return Result{}, nil, fault.New(fault.Conflict, "invites_full", "there would be more than %d open invitations", MaxOpen).
			WithMend("cancel some of those that nobody answered")
	}
	for i := range plan {
		in := &plan[i]
		if in.ID == "" {
			st.Made++
			in.ID = id(st.Made)
			in.ExpiresAt = now + LastsWaiting
			if in.Status == Sent {
				in.SentAt, in.ExpiresAt = now, now+Lasts
			}
			st.looks = nil
			st.Open = append(st.Open, *in)
			changed = append(changed, *in)
		}
		if in.Status == Sent {
			res.Sent++
		} else {
			res.Waiting++
		}
	}
	res.Items = plan
	return res, changed, nil
}

func (st *State) openOf(user string) int {
	return slices.IndexFunc(st.Open, func(in Invite) bool { return in.User == user })
}

// waits says whether somebody waits for a seat of a feature.
func (st *State) waits(feature string) bool {
	return slices.ContainsFunc(st.Open, func(in Invite) bool { return in.Status == Waiting && in.Feature == feature })
}

// LooksAt returns the features whose use is to be looked at when it changes, in the order of their keys: those of
// which somebody waits for a seat, and those with seats that the product has still to tell of. It
// must not be changed.
func (st *State) LooksAt() []string {
	if st == nil {
		return nil
	}
	if st.looks == nil {
		st.looks = []string{}
		for i := range st.Open {
			if in := &st.Open[i]; in.Status == Waiting && !slices.Contains(st.looks, in.Feature) {
				st.looks = append(st.looks, in.Feature)
			}
		}
		for i := range st.Taken {
			if f := st.Taken[i].Feature; !slices.Contains(st.looks, f) {
				st.looks = append(st.looks, f)
			}
		}
		slices.Sort(st.looks)
	}
	return st.looks
}

// Fill sends those who wait for a seat of a feature, in their order, as far as there are seats now, and
// returns them. changed: they, or what is kept of seats taken, are not what they were.
func (st *State) Fill(feature string, seats Seats, now clock.Time) (sent []Invite, changed bool) {
	free, endless, changed := st.free(feature, seats)
	for i := range st.Open {
		in := &st.Open[i]
		if in.Status != Waiting || in.Feature != feature {
			continue
		}
		if free--; free < 0 && !endless {
			break
		}
		in.Status, in.SentAt, in.ExpiresAt = Sent, now, now+Lasts
		sent, st.looks = append(sent, *in), nil
	}
	return sent, changed || len(sent) > 0
}

// Find returns an invitation that is open, or was lately.
func (st *State) Find(id string) (Invite, bool) {
	if st == nil {
		return Invite{}, false
	}
	for _, list := range [][]Invite{st.Open, st.Closed} {
		if i := slices.IndexFunc(list, func(in Invite) bool { return in.ID == id }); i >= 0 {
			return list[i], true
		}
	}
	return Invite{}, false
}

// Answer closes an invitation: accepted or declined by the person, cancelled by the account. user is who
// goes by it from now on, where the invitation was for an address. Answered the same way again it stays as it is.
func (st *State) Answer(id string, status Status, user string, seats func(feature string) Seats, now clock.Time) (in Invite, repeated bool, err error) {
	i := slices.IndexFunc(st.Open, func(in Invite) bool { return in.ID == id })
	if i < 0 {
		if in, found := st.Find(id); found {
			if in.Status == status && (status != Accepted || in.User == user) {
				return in, true, nil
			}
			return in, false, fault.New(fault.Conflict, "invite_over", "the invitation is %s", in.Status).WithMend("invite the person again")
		}
		return Invite{}, false, Unknown(id)
	}
	in = st.Open[i]
	if status == Accepted {
		if in.Status == Waiting {
			return in, false, fault.New(fault.Conflict, "invite_waits", "the invitation waits for a free seat").
				WithMend("add seats, or take one back; it is sent then")
		}
		s := seats(in.Feature)
		if st.full(in.Feature, s) {
			return in, false, fault.New(fault.Conflict, "seats_full", "no seat of %s is free", in.Feature).
				WithMend("add seats, or take one back, and accept then")
		}
		if user != "" {
			in.User = user
		}
		st.take(in.Feature, s)
	}
	return st.close(i, in, status, now), false, nil
}

func (st *State) close(i int, in Invite, status Status, now clock.Time) Invite {
	in.Status, in.DecidedAt, in.ExpiresAt = status, now, 0
	st.looks = nil
	st.Open = slices.Delete(st.Open, i, i+1)
	if st.Closed = append(st.Closed, in); len(st.Closed) > maxClosed {
		st.Closed = slices.Delete(st.Closed, 0, len(st.Closed)-maxClosed)
	}
	return in
}

// Expire closes those that nobody answered, or that got no seat, in time, and returns them.
func (st *State) Expire(now clock.Time) (gone []Invite) {
	for i := 0; i < len(st.Open); {
		if in := st.Open[i]; in.ExpiresAt <= now {
			gone = append(gone, st.close(i, in, Expired, now))
			continue
		}
		i++
	}
	return gone
}

// NextDue is when the next one expires, zero when none will.
func (st *State) NextDue() (due clock.Time) {
	if st == nil {
		return 0
	}
	for i := range st.Open {
		if at := st.Open[i].ExpiresAt; at != 0 && (due == 0 || at < due) {
			due = at
		}
	}
	return due
}

// Unknown is the fault of an invitation that is not known.
func Unknown(id string) error {
	return fault.New(fault.NotFound, "invite_not_found", "there is no invitation %q, or it was closed long ago", fault.Shorten(id)).
		WithMend("list them with GET /v1/accounts/{account}/invites")
}
