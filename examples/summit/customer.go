package summit

import (
	"slices"
	"strconv"
)

// customer is a customer of Summitry as its page shows it: who works there, and their summit.
// Headroom knows it by key, and of the summit only how many there are of something.
type customer struct {
	key, name, domain string
	people            []string // names; the first is the admin
	trial             bool     // tries Pro, and has to decide
	speakers          []speaker
	names             *names
	made              int // speakers ever, numbers their ids
}

// speaker is somebody who talks at the summit.
type speaker struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Talk string `json:"talk"`
}

// mainCustomer is Aurora Events, whose past the demo has lived.
func mainCustomer(key string) *customer {
	a := aurora(0, 0)
	return &customer{key: key, name: a.name, domain: key + ".example", people: a.people, names: newNames(7)}
}

// nextTrial is a customer whose trial of Pro ends in two days. Nobody tries a plan twice, so
// starting over takes another one.
func (p *product) nextTrial() *customer {
	p.trials++
	key := "boreal-talks"
	if p.trials > 1 {
		key += "-" + strconv.Itoa(p.trials)
	}
	return &customer{key: key, name: "Boreal Talks", domain: key + ".example", people: []string{"Sefa Lindqvist", "Noor Abadi"},
		trial: true, names: newNames(11)}
}

func (c *customer) user(i int) string { return "u-" + c.key + "-" + strconv.Itoa(i) }

func (c *customer) role(i int) string {
	if i == 0 {
		return "admin"
	}
	return "member"
}

// startsWith is how many speakers the summit has at first, and after starting over.
func (c *customer) startsWith() int {
	if c.trial {
		return 12
	}
	return 8
}

// fit makes the list as long as Headroom says it is. The demo has no database of its own; a
// real product has one, and only sends what happened.
func (c *customer) fit(n int) {
	for len(c.speakers) > max(n, 0) {
		c.speakers = c.speakers[:len(c.speakers)-1]
	}
	for len(c.speakers) < min(n, 500) {
		c.book()
	}
}

// book adds somebody to the list whom it does not have yet.
func (c *customer) book() speaker {
	c.made++
	s := speaker{ID: "s" + strconv.Itoa(c.made), Talk: talks[(c.made-1)%len(talks)]}
	for s.Name == "" || slices.ContainsFunc(c.speakers, func(o speaker) bool { return o.Name == s.Name }) {
		s.Name = c.names.person()
	}
	c.speakers = append(slices.Clone(c.speakers), s)
	return s
}

var talks = []string{
	"The first hundred people in the room", "What our worst webinar taught us", "Running a stage from a kitchen table",
	"Sponsors who come back", "Interviews that do not feel rehearsed", "A summit in eleven time zones",
	"Captions, slides and everybody else", "From attendee to customer, slowly", "The quiet half of the chat",
	"Twelve minutes are enough", "Hosting when the network fails", "Paying speakers fairly",
	"Making a replay worth watching", "Small rooms, long conversations", "Questions nobody dares to ask",
	"The day after the summit", "Music before the talk", "Numbers that a sponsor believes",
}
