// Package dbtest runs tests on every SQL engine.
package dbtest

import (
	"testing"

	"github.com/headroomhq/headroom/internal/db"
)

// Each runs f as a subtest on SQLite and on PostgreSQL. open opens the subtest's own empty
// database; called again, it opens the same one (on SQLite, close the first before).
func Each(t *testing.T, f func(t *testing.T, open func() *db.DB)) { panic("soon") }

// PostgresURL returns the URL of a fresh PostgreSQL database, dropped when t ends.
func PostgresURL(t testing.TB) string { panic("soon") }
