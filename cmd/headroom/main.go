// Command headroom is the account expansion engine: the server, and every analysis that
// works without one.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	_ "time/tzdata" // time zones for machines that have none of their own

	"github.com/spf13/cobra"

	"github.com/headroomhq/headroom/internal/fault"
)

// version is set by the build: -ldflags "-X main.version=1.2.3".
var version = "dev"

func main() {
	leaveRoomForSyncs()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := rootCommand().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "headroom: "+oneLine(err))
		os.Exit(1)
	}
}

// leaveRoomForSyncs lets two more threads run Go code than there are cores, unless
// GOMAXPROCS says otherwise. A thread that waits for the disk keeps its place until the
// runtime notices, up to 10 ms later; with as many places as a machine of two cores has, the log's sync
// and a checkpoint's leave none for anything else. See docs/performance.md.
func leaveRoomForSyncs() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 2)
	}
}

// rootCommand puts every command in its place.
func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "headroom",
		Short:         "The open-source account expansion engine",
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(serveCommand(), catalogCommand(), importCommand(),
		reportCommand(), revenueCommand(), limitsCommand(), signalsCommand(), benchCommand(), demoCommand(), replayCommand(), backupCommand(), restoreCommand(), doctorCommand())
	return root
}

// oneLine is what a person sees of an error: what is wrong, and the mend.
func oneLine(err error) string {
	var f *fault.Error
	if errors.As(err, &f) && f.Kind == fault.Internal && f.Cause != nil {
		return err.Error() + ": " + f.Cause.Error()
	}
	return strings.Join(strings.Fields(err.Error()), " ") // suggestions come on lines of their own
}
