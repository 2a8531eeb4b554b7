package condition

import "strings"

// Nearest returns the word of known that was probably meant by word: the one reached with
// the fewest insertions, deletions, replacements and swaps, at most a third of its length
// (and at least one); "" when none is that near. Ties go to the first in known.
func Nearest(word string, known []string) string {
	return nearest(word, known, func(k string) int { return max(1, max(len(word), len(k))/3) })
}

// Misspelt returns the one of known that word most probably is, with a letter or two wrong; empty
// when it may well be another word.
func Misspelt(word string, known []string) string {
	return nearest(word, known, func(k string) int { return min(2, min(len(word), len(k))/5) })
}

func nearest(word string, known []string, allowed func(string) int) string {
	if len(word) > 64 {
		return ""
	}
	best, bestDistance := "", 1<<30
	for _, k := range known {
		if d := distance(strings.ToLower(word), strings.ToLower(k)); d <= allowed(k) && d < bestDistance {
			best, bestDistance = k, d
		}
	}
	return best
}

// distance is the optimal string alignment distance of two short words.
func distance(a, b string) int {
	two, one, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range one {
		one[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(one[j]+1, row[j-1]+1, one[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], two[j-2]+1)
			}
		}
		two, one, row = one, row, two
	}
	return one[len(b)]
}
