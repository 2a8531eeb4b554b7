package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headroomhq/headroom/internal/fault"
)

// The statuses of a finding.
const (
	statusOK     = "ok"
	statusWarn   = "warn"   // somebody should look at it by day
	statusBroken = "broken" // something does not work now
)

// finding is what one check came to. Its fields are fixed: programs read them.
type finding struct {
	Check  string `json:"check"`
	Status string `json:"status"`
	Found  string `json:"found"`
	Mend   string `json:"mend"` // empty when the status is ok
}

// findings gathers them in the order of the checks: the cause before what follows from it.
type findings struct {
	Checks []finding `json:"checks"`
}

func (f *findings) ok(check, format string, args ...any) {
	f.Checks = append(f.Checks, finding{check, statusOK, fmt.Sprintf(format, args...), ""})
}

func (f *findings) warn(check, mend, format string, args ...any) {
	f.Checks = append(f.Checks, finding{check, statusWarn, fmt.Sprintf(format, args...), mend})
}

func (f *findings) broken(check, mend, format string, args ...any) {
	f.Checks = append(f.Checks, finding{check, statusBroken, fmt.Sprintf(format, args...), mend})
}

// fault adds what an error says, with its mend or, when it has none, the one given.
func (f *findings) fault(check string, err error, mend string) {
	found := oneLine(err)
	if of := new(fault.Error); asFault(err, &of) {
		found = strings.Join(strings.Fields(of.Message), " ")
		if of.Kind == fault.Internal && of.Cause != nil {
			found += ": " + of.Cause.Error()
		}
		if of.Mend != "" {
			mend = of.Mend
		}
	}
	f.Checks = append(f.Checks, finding{check, statusBroken, found, mend})
}

func (f *findings) count(status string) (n int) {
	for _, c := range f.Checks {
		if c.Status == status {
			n++
		}
	}
	return n
}

// print writes the findings for people, or as a document.
func (f *findings) print(out io.Writer, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(f)
	}
	wide := 0
	for _, c := range f.Checks {
		wide = max(wide, len(c.Check))
	}
	for _, c := range f.Checks {
		fmt.Fprintf(out, "%-6s  %-*s  %s\n", c.Status, wide, c.Check, c.Found)
		if c.Mend != "" {
			fmt.Fprintf(out, "%-6s  %-*s  mend: %s\n", "", wide, "", c.Mend)
		}
	}
	switch broken, warn := f.count(statusBroken), f.count(statusWarn); {
	case broken+warn == 0:
		fmt.Fprintln(out, "nothing is wrong here")
	default:
		fmt.Fprintf(out, "%d broken, %d to look at, %d fine\n", broken, warn, f.count(statusOK))
	}
	return nil
}

// patient is what doctor works with.
type patient struct {
	data, database, nats string
	replay               bool
}

// stopped says whether the data of a stopped server is to be looked at, and not a running one.
func (p patient) stopped() bool { return p.data != "" || p.database != "" || p.nats != "" || p.replay }

// doctorCommand returns `headroom doctor`.
func doctorCommand() *cobra.Command {
	var p patient
	var output string
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Say what is wrong here and how to mend it",
		Long: "Say what is wrong here and how to mend it: of the running server at HEADROOM_URL, seen with the key in\n" +
			"HEADROOM_SECRET_KEY, or with --data of the data of a stopped one. No record and no row is changed;\n" +
			"of stopped data the log's files are recovered as a start would do it. It ends with status 1 when something is broken.",
		Example: "  headroom doctor\n" +
			"  headroom doctor --output json\n" +
			"  headroom doctor --data ./data\n" +
			"  headroom doctor --data ./data --replay\n" +
			"  headroom doctor --data ./data --database postgres://user@host/headroom --nats nats://host:4222",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			asJSON, err := jsonOutput(output)
			if err != nil {
				return err
			}
			return examine(cmd.Context(), p, cmd.OutOrStdout(), asJSON)
		},
	}
	f := c.Flags()
	f.StringVar(&p.data, "data", "", "data `directory` of a stopped server")
	f.StringVar(&p.database, "database", "", "its postgres:// `URL`, when it has one")
	f.StringVar(&p.nats, "nats", "", "its nats:// `URL`, when it has one")
	f.BoolVar(&p.replay, "replay", false, "with the data of a stopped server: rebuild all state from the log and compare, which takes a while")
	f.StringVar(&output, "output", "text", "text or json")
	return c
}

// examine runs the checks, prints what they found and fails when something is broken.
func examine(ctx context.Context, p patient, out io.Writer, asJSON bool) error {
	f := &findings{Checks: []finding{}}
	if p.stopped() {
		examineData(ctx, p, f)
	} else {
		base := os.Getenv("HEADROOM_URL")
		if base == "" {
			base = "http://127.0.0.1:8080"
		}
		examineServer(ctx, clientFor(base, os.Getenv("HEADROOM_SECRET_KEY")), f)
	}
	if err := f.print(out, asJSON); err != nil {
		return err
	}
	if n := f.count(statusBroken); n > 0 {
		return fault.New(fault.Conflict, "doctor_found", "%d of %d checks found something broken", n, len(f.Checks)).
			WithMend("see what is said beside each, from the top: what stands first is often the cause of the rest")
	}
	return nil
}
