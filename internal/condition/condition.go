// Package condition compiles, checks and evaluates the conditions of a catalog, written
// in CEL.
package condition

// Condition is a compiled condition. Safe for concurrent use. (Filled in by its owner.)
type Condition struct {
	Source string
}
