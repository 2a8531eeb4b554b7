package sdkjs_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/headroomhq/headroom/internal/browsertest"
	sdkjs "github.com/headroomhq/headroom/sdk/js"
)

func TestMain(m *testing.M) {
	if !sdkjs.Built() {
		fmt.Fprintln(os.Stderr, "the SDK is not built: run make sdkjs")
		os.Exit(1)
	}
	code := m.Run()
	browsertest.Remove()
	os.Exit(code)
}
