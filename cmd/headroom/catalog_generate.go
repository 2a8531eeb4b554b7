package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/fault"
)

// catalogGenerateCommand returns `headroom catalog generate`.
func catalogGenerateCommand() *cobra.Command {
	var g catalog.Generation
	var out string
	c := &cobra.Command{
		Use: "generate [FILE|FOLDER]", Short: "Write the catalog's keys as code", Args: cobra.MaximumNArgs(1),
		Long: "Writes a constant for every feature, plan, add-on, meter, event type, placement and value, so that a mistyped\n" +
			"key does not compile. Of a file or folder, otherwise of the catalog that is active on the server.\n" +
			"The Go code uses the types of github.com/headroomhq/headroom/sdk/go.",
		Example: "  headroom catalog generate --lang go --package keys --out keys/keys.go catalog.yaml\n  headroom catalog generate --lang ts --out src/keys.ts",
		RunE: func(cmd *cobra.Command, args []string) error {
			cat, err := generateFrom(cmd, args)
			if err != nil {
				return err
			}
			text, err := catalog.Generate(cat, g)
			if err != nil {
				return err
			}
			if out == "" {
				_, err = cmd.OutOrStdout().Write(text)
				return err
			}
			if err := os.WriteFile(out, text, 0o644); err != nil { //nolint:gosec // source code, which others may read
				return fault.New(fault.Invalid, "file_not_written", "%s cannot be written: %v", out, err).WithMend("give a file in a folder that exists with --out")
			}
			return nil
		},
	}
	c.Flags().StringVar(&g.Lang, "lang", "", "`go` or ts")
	c.Flags().StringVar(&g.Package, "package", "", "`name` of the Go package (default: catalogkeys)")
	c.Flags().StringVar(&out, "out", "", "`file` to write to (default: the standard output)")
	_ = c.MarkFlagRequired("lang") // it is there
	return c
}

// generateFrom reads the catalog that was named, or the server's.
func generateFrom(cmd *cobra.Command, args []string) (*catalog.Catalog, error) {
	if len(args) == 1 {
		c, findings, err := readCatalog(args[0])
		if err != nil {
			return nil, err
		}
		return c, catalog.AsError(findings)
	}
	cl, err := newClient()
	if err != nil {
		return nil, err
	}
	var text []byte
	if err := cl.call(cmd.Context(), "GET", "/v1/catalog", nil, &text); err != nil {
		return nil, err
	}
	c, findings := catalog.Parse("the server's catalog", text)
	return c, catalog.AsError(findings)
}
