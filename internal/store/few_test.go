package store

// SetFew sets up to how many accounts that pass a filter are looked up one by one.
func SetFew(s *Store, n int) { s.few = n }
