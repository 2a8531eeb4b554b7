package sdkjs_test

import (
	"os"
	"testing"
)

// docs/components.md says what elements are for and what can be set; here it is held to their sources.

func componentsDoc(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/components.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
