package revenue

import "slices"

func before(a, b *change) bool {
	if a.at != b.at {
		return a.at < b.at
	}
	return a.seq < b.seq
}

// sortEntries sorts one account's entries by time and seq, keeping the order of arrival of
// equals. Short ones by insertion, which for the usual two to ten entries is the fastest.
func sortEntries(s []change) {
	if len(s) > 24 {
		slices.SortStableFunc(s, func(a, b change) int {
			switch {
			case before(&a, &b):
				return -1
			case before(&b, &a):
				return 1
			}
			return 0
		})
		return
	}
	for i := 1; i < len(s); i++ {
		for j := i; j > 0 && before(&s[j], &s[j-1]); j-- {
			s[j], s[j-1] = s[j-1], s[j]
		}
	}
}
