package engine

import "bytes"

// ReadStored reads an account out of its stored state, to look at: what an account has can be
// judged by another catalog without touching it.
func ReadStored(key string, stored []byte) (*Account, error) {
	return decodeAccount(key, bytes.Clone(stored))
}
