package engine

import (
	"cmp"

	"github.com/headroomhq/headroom/internal/catalog"
)

// Reader returns the profile of a person of the account, and whether they are external to the customer: by what
// is known of them or by what is said now, whichever keeps more away. What is said by a page, which may say
// anything, counts where nothing is known, and a profile that the catalog does not have is external there. a may be nil.
func (a *Account) Reader(c *catalog.Catalog, user, said string, page bool) (profile string, external bool) {
	known := ""
	if a != nil && user != "" {
		m, _ := a.Members.Of(user)
		known = m.Profile
	}
	profile = cmp.Or(said, known)
	if page {
		profile = cmp.Or(known, said)
		said = profile
	}
	for _, key := range []string{known, said} {
		p := c.Profiles[key]
		external = external || p != nil && p.External || page && p == nil && key != "" && len(c.Profiles) > 0
	}
	return profile, external
}
