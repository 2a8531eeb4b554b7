package react_test

import (
	"os/exec"
	"testing"
)

func TestTheReferenceOfTheSDKIsCurrent(t *testing.T) {
	if out, err := exec.CommandContext(t.Context(), "node", "../reference.mjs", "--check").CombinedOutput(); err != nil {
		t.Fatalf("%v: run `make reference`\n%s", err, out)
	}
}
