package offer

import (
	"slices"
	"strconv"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
)

// Notice tells somebody of an account what became of a request.
type Notice struct {
	ID       string     `json:"id"`
	Account  string     `json:"account"`
	User     string     `json:"user,omitempty"` // pseudonym of whom it is for; empty: for a role
	Role     Role       `json:"role,omitempty"` // admin: for all admins of the account
	Kind     string     `json:"kind"`
	Request  string     `json:"request_id,omitempty"`
	Decision string     `json:"decision_id,omitempty"`
	Words    string     `json:"words"`             // one or two sentences that name nobody
	Reason   string     `json:"reason,omitempty"`  // what the person who asked or answered said, sealed
	By       string     `json:"by,omitempty"`      // pseudonym of who did it
	At       clock.Time `json:"at"`                // state time
	ReadAt   clock.Time `json:"read_at,omitzero"`  // those for admins are read when the first of them read it
	ReadBy   string     `json:"read_by,omitempty"` // pseudonym
}

// The kinds of notice.
const (
	NoticeAsked     = "asked"     // to admins
	NoticeJoined    = "joined"    // to admins, and to who asked first
	NoticeReminded  = "reminded"  // to admins
	NoticeApproved  = "approved"  // to who asked
	NoticeDeclined  = "declined"  // to who asked, and to admins
	NoticeExpired   = "expired"   // likewise
	NoticeActivated = "activated" // to admins; and to who asked, when it came otherwise
	NoticeUndone    = "undone"    // to who asked, and to admins
)

// maxNotices bounds those an account's state keeps; the lists have all. The oldest go first.
const maxNotices = 200

// Tell makes a request's notices of one kind. cost, for admins only, says in words what it costs, or
// what else they should know; empty when nothing is to be said.
func (st *State) Tell(kind string, r Request, cost string, now clock.Time, id func(parts ...string) string) []Notice {
	var out []Notice
	tell := func(user string, role Role, words, reason, by string) {
		out = append(out, st.notify(Notice{Account: r.Account, User: user, Role: role, Kind: kind, Request: r.ID, Decision: r.Decision,
			Words: words, Reason: reason, By: by, At: now}, id))
	}
	toPeople := func(words, reason, by string) {
		for _, user := range r.People() {
			if user != "" {
				tell(user, "", words, reason, by)
			}
		}
	}
	what := r.Title
	if what == "" {
		what = r.Give.Plan + r.Give.Addon
	}
	if cost != "" {
		cost = " " + cost
	}
	switch kind {
	case NoticeAsked:
		tell("", Admin, "A member asks for "+what+"."+cost, r.Reason, r.User)
	case NoticeJoined:
		if n := len(r.Joined); n > 0 {
			last := r.Joined[n-1]
			tell("", Admin, "One more member asks for "+what+": they are "+strconv.Itoa(n+1)+" now."+cost, last.Reason, last.User)
			if r.User != "" {
				tell(r.User, "", "Somebody else asks for "+what+" too.", "", "")
			}
		}
	case NoticeReminded:
		tell("", Admin, "A member has been waiting for "+what+" since "+day(r.At)+". The request expires on "+day(r.ExpiresAt)+".", r.Reason, r.User)
	case NoticeApproved:
		toPeople(what+" was approved and is active now.", "", r.DecidedBy)
	case NoticeDeclined:
		toPeople(what+" was declined.", r.Answer, r.DecidedBy)
		tell("", Admin, "The request for "+what+" was declined.", r.Answer, r.DecidedBy)
	case NoticeExpired:
		toPeople("Nobody answered the request for "+what+", and it has expired. It can be asked for again.", "", "")
		tell("", Admin, "Nobody answered the request for "+what+" of "+day(r.At)+", and it has expired.", "", "")
	case NoticeActivated:
		switch {
		case r.Status == Otherwise:
			toPeople(what+" is active: somebody has bought it.", "", "")
			tell("", Admin, "The request for "+what+" is answered: the account has it now.", "", "")
		case r.Approval != "":
			tell("", Admin, what+" is active, by a standing approval."+cost, r.Reason, r.DecidedBy)
		default:
			tell("", Admin, what+" is active, as a member asked."+cost, "", r.DecidedBy)
		}
	case NoticeUndone:
		toPeople(what+" is no longer active: its purchase was undone.", "", "")
		tell("", Admin, "The purchase of "+what+" was undone."+cost, "", "")
	}
	return out
}

// TellUndone makes the notices of a purchase that was undone and that nobody had asked for: to
// admins, and to who bought it.
func (st *State) TellUndone(acct, decision, user, title, cost string, now clock.Time, id func(parts ...string) string) []Notice {
	n := Notice{Account: acct, Kind: NoticeUndone, Decision: decision, Words: "The purchase of " + title + " was undone.", At: now}
	admins := n
	admins.Role = Admin
	if cost != "" {
		admins.Words += " " + cost
	}
	out := []Notice{st.notify(admins, id)}
	if n.User = user; user != "" {
		out = append(out, st.notify(n, id))
	}
	return out
}

func (st *State) notify(n Notice, id func(parts ...string) string) Notice {
	st.Noticed++
	n.ID = id("notice", strconv.FormatInt(st.Noticed, 10))
	st.Notices = append(st.Notices, n)
	if extra := len(st.Notices) - maxNotices; extra > 0 {
		st.Notices = slices.Delete(st.Notices, 0, extra)
	}
	return n
}

// For says whether a person may read the notice: it is theirs, or for admins and they are one.
func (n *Notice) For(user string, admin bool) bool {
	return n.User != "" && n.User == user || n.Role == Admin && admin
}

// Read marks a notice as read, once, by somebody it is for. Fault notice_unknown, also for what is
// somebody else's.
func (st *State) Read(id, user string, admin bool, now clock.Time) (n Notice, first bool, err error) {
	i := slices.IndexFunc(st.Notices, func(n Notice) bool { return n.ID == id && n.For(user, admin) })
	if i < 0 {
		return n, false, fault.New(fault.NotFound, "notice_unknown", "there is no notice %q for this person, or it is among the old ones that are no longer marked", fault.Shorten(id)).
			WithMend("list them with GET /v1/accounts/{account}/notices")
	}
	p := &st.Notices[i]
	if first = p.ReadAt == 0; first {
		p.ReadAt, p.ReadBy = now, user
	}
	return *p, first, nil
}
