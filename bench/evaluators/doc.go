// Package evaluators measures the Go SDK beside in-process evaluators of flags. It has nothing
// but benchmarks; see README.md.
package evaluators
