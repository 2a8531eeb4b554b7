package engine

import (
	"fmt"
	"maps"
	"slices"

	"github.com/headroomhq/headroom/internal/meter"
)

// SetRow is a row of members that a meter tells apart and that lie outside of the account's
// state, because there are too many of them to be written with every checkpoint.
type SetRow struct {
	Account string
	Meter   string
	meter.Spilled
}

// spill adds the rows of the account's large sets to those of a checkpoint; the state that is
// encoded after it refers to them.
func (a *Account) spill(rows []SetRow) []SetRow {
	if !a.large() && a.outside == 0 {
		return rows
	}
	a.outside = 0
	for _, key := range slices.Sorted(maps.Keys(a.Usage)) {
		for _, row := range a.Usage[key].Spill() {
			rows = append(rows, SetRow{Account: a.key, Meter: key, Spilled: row})
		}
		a.outside += a.Usage[key].Outside()
	}
	return rows
}

// large says whether a set has become too large for the state.
func (a *Account) large() bool {
	for _, u := range a.Usage {
		if u.Outside() > 0 {
			return true
		}
	}
	return false
}

// await notes that an account's sets have to be loaded before a record can be stepped.
// Reading it needs no more than its state.
func (s *State) await(a *Account) {
	for _, u := range a.Usage {
		if u.Incomplete() {
			if s.incomplete == nil {
				s.incomplete = make(map[string]bool)
			}
			s.incomplete[a.key], a.outside = true, 1
		}
	}
}

// LoadSets gives the rows of the account's members that checkpoints have kept, each meter's
// in the order in which they were written.
func (s *State) LoadSets(key string, rows []SetRow) error {
	a := s.accounts[key]
	if a == nil || !s.incomplete[key] {
		return nil // gone from memory since it was asked for, or given already
	}
	wrong := func(meterKey string, err error) error {
		return fmt.Errorf("account %q, meter %q: %w", key, meterKey, err)
	}
	for _, row := range rows {
		u := a.Usage[row.Meter]
		if u == nil {
			return wrong(row.Meter, fmt.Errorf("members are stored and no usage is"))
		}
		if err := u.LoadSpill(row.Spilled); err != nil {
			return wrong(row.Meter, err)
		}
	}
	a.outside = 0
	for meterKey, u := range a.Usage {
		if err := u.Complete(); err != nil {
			return wrong(meterKey, err)
		}
		a.outside += u.Outside()
	}
	delete(s.incomplete, key)
	return nil
}

// KeepSet returns the rows of an account with one more, as the table of rows takes it: it
// may take the place of earlier ones of its window.
func KeepSet(rows []SetRow, row SetRow) []SetRow {
	if row.Replaces {
		rows = slices.DeleteFunc(rows, func(r SetRow) bool {
			return r.Meter == row.Meter && r.Window == row.Window && r.Start == row.Start
		})
	}
	if len(row.Data) > 0 {
		rows = append(rows, row)
	}
	return rows
}
