package main

import (
	"bytes"
	"testing"

	"github.com/spf13/cobra"
)

// run runs a command as the shell would and returns what it printed.
func run(t *testing.T, c *cobra.Command, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	c.SetOut(&out)
	c.SetErr(&errs)
	c.SilenceErrors, c.SilenceUsage = true, true
	c.SetArgs(args)
	err = c.Execute()
	return out.String(), errs.String(), err
}
