package engine

// What tests look at from outside of the package.

// Timers returns how many entries the timers take in memory.
func (s *State) Timers() int { return len(s.due.heap) }

// Memory returns the accounts in use and at rest, and the estimated bytes of both.
func (s *State) Memory() (inUse, atRest, bytes int) {
	bytes = s.rested
	for _, a := range s.accounts {
		bytes += a.cost()
	}
	return len(s.accounts), len(s.resting), bytes
}
