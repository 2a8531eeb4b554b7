package main

import (
	"testing"

	"github.com/headroomhq/headroom/internal/account"
)

// pseudonym is under which name a user stands in the log.
func pseudonym(t *testing.T, c *company, userID string) string {
	t.Helper()
	secret, err := c.server.store.EnsureSecret(t.Context(), "pseudonyms", 32)
	if err != nil {
		t.Fatal(err)
	}
	return account.Pseudonym(secret, userID)
}
