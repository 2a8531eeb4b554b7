package main

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/fault"
)

// catalogCommand returns `headroom catalog`.
func catalogCommand() *cobra.Command {
	c := &cobra.Command{Use: "catalog", Short: "Begin, check, compare and apply the catalog"}
	schema := &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema that lets an editor complete a catalog", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := cmd.OutOrStdout().Write(catalog.Schema())
			return err
		},
	}
	c.AddCommand(initCommand(), lintCommand(), diffCommand(), applyCommand(), pullCommand(), versionsCommand(), rollbackCommand(), schema, catalogGenerateCommand())
	return c
}

func lintCommand() *cobra.Command {
	var output string
	var server, strict bool
	c := &cobra.Command{
		Use: "lint [FILE|FOLDER]", Short: "Check a catalog; with --server, by what accounts use, too", Args: cobra.MaximumNArgs(1),
		Long: "Check a catalog without a server. With --server the rules that need to know what accounts use speak, too: of the file as if it\n" +
			"were applied, or of the active catalog where no file is named. docs/lint.md lists all rules.\n\n" +
			"Ends with status 1 when anything found is an error; with --strict, when it is a warning.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if output != "text" && output != "json" && output != "sarif" {
				return fault.New(fault.Invalid, "output_unknown", "--output %q is not known", output).WithMend("use text, json or sarif")
			}
			var findings []catalog.Finding
			switch {
			case len(args) == 1:
				next, found, err := readCatalog(args[0])
				if err != nil {
					return err
				}
				findings = found
				if server && next != nil {
					answer, err := putCatalog(cmd.Context(), next, application{path: args[0], dry: true})
					if err != nil {
						return err
					}
					findings = answer.Findings
				}
			case !server:
				return fault.New(fault.Invalid, "file_missing", "no catalog is named").WithMend("name a file or folder, or ask the server with --server")
			default:
				cl, err := patientClient()
				if err != nil {
					return err
				}
				var answer struct{ Findings []catalog.Finding }
				if err := cl.call(cmd.Context(), "GET", "/v1/catalog/lint", nil, &answer); err != nil {
					return err
				}
				findings = answer.Findings
			}
			return showFindings(cmd.OutOrStdout(), findings, output, strict)
		},
	}
	c.Flags().StringVar(&output, "output", "text", "text, json or sarif")
	c.Flags().BoolVar(&server, "server", false, "ask the server of HEADROOM_URL what accounts use")
	c.Flags().BoolVar(&strict, "strict", false, "end with status 1 for warnings, too")
	return c
}

// jsonOutput says whether --output asks for JSON.
func jsonOutput(output string) (bool, error) {
	if output != "text" && output != "json" {
		return false, fault.New(fault.Invalid, "output_unknown", "--output %q is not known", output).WithMend("use text or json")
	}
	return output == "json", nil
}

// readCatalog reads a catalog from a file, or from all YAML files of a folder. The files of a
// folder go by their names within it, so that the version is the same wherever it stands.
func readCatalog(path string) (*catalog.Catalog, []catalog.Finding, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, fault.New(fault.NotFound, "file_not_found", "the catalog %s cannot be read: %v", path, err).
			WithMend("give a YAML file, or a folder of them")
	}
	if !info.IsDir() {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, nil, err
		}
		c, findings := catalog.Parse(path, text)
		return c, findings, nil
	}
	files, err := folderFiles(path)
	if err != nil {
		return nil, nil, err
	}
	c, findings := catalog.ParseFiles(files)
	for i := range findings {
		if findings[i].File != "" {
			findings[i].File = filepath.Join(path, filepath.FromSlash(findings[i].File))
		}
	}
	return c, findings, nil
}

// folderFiles reads the YAML files of a folder and those below it, by name within it.
func folderFiles(path string) (map[string][]byte, error) {
	files := map[string][]byte{}
	err := filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".yaml") && !strings.HasSuffix(name, ".yml") {
			return err
		}
		within, err := filepath.Rel(path, name)
		if err != nil {
			return err
		}
		files[filepath.ToSlash(within)], err = os.ReadFile(name) //nolint:gosec // the folder is the user's own
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fault.New(fault.NotFound, "file_not_found", "the folder %s holds no .yaml file", path).
			WithMend("name the folder that the catalog's files are in")
	}
	return files, nil
}

// showFindings prints findings in the form asked for. The error says whether they let the
// catalog pass.
func showFindings(w io.Writer, findings []catalog.Finding, output string, strict bool) error {
	if findings == nil {
		findings = []catalog.Finding{}
	}
	switch output {
	case "json":
		b, err := json.MarshalIndent(map[string]any{"findings": findings}, "", "  ")
		if err != nil {
			return err
		}
		fmt.Fprintln(w, string(b))
	case "sarif":
		b, err := catalog.SARIF(findings, version)
		if err != nil {
			return err
		}
		fmt.Fprintln(w, string(b))
	default:
		for _, f := range findings {
			fmt.Fprintln(w, f)
		}
	}
	errors, warnings := 0, 0
	for _, f := range findings {
		switch f.Severity {
		case catalog.SeverityError:
			errors++
		case catalog.SeverityWarning:
			warnings++
		}
	}
	switch {
	case errors > 0:
		return fault.New(fault.Invalid, "catalog_invalid", "errors in the catalog: %d", errors).WithMend("mend the lines named above")
	case strict && warnings > 0:
		return fault.New(fault.Invalid, "catalog_doubtful", "warnings about the catalog: %d", warnings).WithMend("mend the lines named above, or say under lint: which do not matter")
	case output == "text":
		fmt.Fprintln(w, "the catalog is valid")
	}
	return nil
}
