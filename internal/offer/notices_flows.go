package offer

import "github.com/headroomhq/headroom/internal/clock"

// The kinds of notice about who asks to join an account.
const (
	NoticeJoinAsked    = "join_asked"    // to admins
	NoticeJoinApproved = "join_approved" // to who asked, and to admins
	NoticeJoinDeclined = "join_declined" // likewise
)

// TellJoin makes the notices of a request to join: its id, of whom, what the person wrote (sealed), and
// who answered it.
func (st *State) TellJoin(kind, acct, request, user, reason, by string, ofDomain bool, now clock.Time, id func(parts ...string) string) []Notice {
	who := "Somebody"
	if ofDomain {
		who = "Somebody of your domain"
	}
	words := map[string][2]string{
		NoticeJoinAsked:    {"", who + " asks to join."},
		NoticeJoinApproved: {"You can use the account now.", "The request to join was approved."},
		NoticeJoinDeclined: {"The request to join was declined.", "The request to join was declined."},
	}[kind]
	n := Notice{Account: acct, Kind: kind, Request: request, At: now, By: by}
	var out []Notice
	if words[0] != "" {
		person := n
		person.User, person.Words = user, words[0]
		out = append(out, st.notify(person, id))
	}
	n.Role, n.Words, n.Reason = Admin, words[1], reason
	if kind == NoticeJoinAsked {
		n.By = user
	}
	return append(out, st.notify(n, id))
}
