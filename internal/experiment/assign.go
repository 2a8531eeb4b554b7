// Package experiment assigns account families to the variants of experiments and to holdouts.
package experiment

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/headroomhq/headroom/internal/catalog"
)

// Points is into how many parts a draw divides all families: a share of 1 is one in 10,000.
const Points = 10_000

// Holdout is the name under which the global holdout is drawn; no experiment has it, as keys
// begin with a letter.
const Holdout = "*"

// Draw returns where a unit (the root of a family) falls in a draw, 0 to Points-1: uniform,
// independent between draws, the same for ever. Of 2^64 values the remainder favours low
// points by less than one in 10^15.
func Draw(draw, unit string) int {
	return int(drawn("headroom/experiment/1", draw, unit) % Points)
}

// Among says whether a unit belongs to the percent (0 to 100) that a draw picks, uniform and
// independent between draws and between salts, the same for ever. A higher percent only adds units.
func Among(salt, draw, unit string, percent int64) bool {
	return percent > 0 && drawn(salt, draw, unit)%100 < uint64(percent)
}

// drawn is a number of 64 bits that looks random and always is the same.
func drawn(salt, draw, unit string) uint64 {
	h := sha256.New()
	for _, part := range [...]string{salt, draw, unit} {
		h.Write(binary.AppendUvarint(nil, uint64(len(part))))
		h.Write([]byte(part))
	}
	return binary.BigEndian.Uint64(h.Sum(nil))
}

// HeldOut says whether a unit belongs to the percent (0 to 100) of all that see no offer. A
// higher percent only adds units.
func HeldOut(unit string, percent int64) bool {
	return percent > 0 && Draw(Holdout, unit) < int(percent*Points/100)
}

// Variant returns the variant that a unit draws in an experiment; empty: none, it is in the part
// that is not in the experiment. The shares lie one after the other, so that growing the last one
// only adds units; who was assigned before keeps what is kept of it, whatever shares become.
func Variant(e *catalog.Experiment, unit string) string {
	at := Draw(e.Key, unit)
	for _, v := range e.Variants {
		if at -= int(v.Share * Points / 100); at < 0 {
			return v.Key
		}
	}
	return ""
}
