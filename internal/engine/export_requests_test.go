package engine

// Stored returns an account as a checkpoint stores it.
func (s *State) Stored(key string) []byte { return s.get(key).encode() }
