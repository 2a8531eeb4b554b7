package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/fault"
)

// catalogCommand returns `headroom catalog`.
func catalogCommand() *cobra.Command {
	c := &cobra.Command{Use: "catalog", Short: "Check, compare and apply the catalog"}
	var dry bool
	var match, note, output string
	lint := &cobra.Command{
		Use: "lint FILE|FOLDER", Short: "Check a catalog without a server", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			asJSON, err := jsonOutput(output)
			if err != nil {
				return err
			}
			_, findings, err := readCatalog(args[0])
			if err != nil {
				return err
			}
			return showFindings(findings, asJSON)
		},
	}
	diff := &cobra.Command{
		Use: "diff FILE|FOLDER", Short: "What applying would change on the server", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return applyCatalog(cmd, args[0], true, "", "", output)
		},
	}
	apply := &cobra.Command{
		Use: "apply FILE|FOLDER", Short: "Make a catalog the active one", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return applyCatalog(cmd, args[0], dry, match, note, output)
		},
	}
	pull := &cobra.Command{
		Use: "pull", Short: "Print the server's active catalog", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cl, err := newClient()
			if err != nil {
				return err
			}
			var text []byte
			if err := cl.call(cmd.Context(), "GET", "/v1/catalog", nil, &text); err != nil {
				return err
			}
			_, err = os.Stdout.Write(text)
			return err
		},
	}
	for _, one := range []*cobra.Command{lint, diff, apply} {
		one.Flags().StringVar(&output, "output", "text", "text or json")
	}
	apply.Flags().BoolVar(&dry, "dry-run", false, "only say what would change")
	apply.Flags().StringVar(&match, "if-match", "", "apply only while this `version` is active")
	apply.Flags().StringVar(&note, "note", "", "why, for the history of versions")
	schema := &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema that lets an editor complete a catalog", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := cmd.OutOrStdout().Write(catalog.Schema())
			return err
		},
	}
	c.AddCommand(lint, diff, apply, pull, schema, catalogGenerateCommand())
	return c
}

// jsonOutput says whether --output asks for JSON.
func jsonOutput(output string) (bool, error) {
	if output != "text" && output != "json" {
		return false, fault.New(fault.Invalid, "output_unknown", "--output %q is not known", output).WithMend("use text or json")
	}
	return output == "json", nil
}

// readCatalog reads a catalog from a file, or from all YAML files of a folder.
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
	files := map[string][]byte{}
	err = filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".yaml") && !strings.HasSuffix(name, ".yml") {
			return err
		}
		files[name], err = os.ReadFile(name) //nolint:gosec // the folder is the user's own
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	if len(files) == 0 {
		return nil, nil, fault.New(fault.NotFound, "file_not_found", "the folder %s holds no .yaml file", path)
	}
	c, findings := catalog.ParseFiles(files)
	return c, findings, nil
}

func showFindings(findings []catalog.Finding, asJSON bool) error {
	if asJSON {
		if findings == nil {
			findings = []catalog.Finding{}
		}
		b, err := json.MarshalIndent(map[string]any{"findings": findings}, "", "  ")
		if err != nil {
			return err
		}
		fmt.Println(string(b))
	} else {
		for _, f := range findings {
			fmt.Println(f)
		}
	}
	errors := 0
	for _, f := range findings {
		if f.Severity == catalog.SeverityError {
			errors++
		}
	}
	if errors > 0 {
		return fault.New(fault.Invalid, "catalog_invalid", "errors in the catalog: %d", errors).WithMend("mend the lines named above")
	}
	if !asJSON {
		fmt.Println("the catalog is valid")
	}
	return nil
}

func applyCatalog(cmd *cobra.Command, path string, dry bool, match, note, output string) error {
	asJSON, err := jsonOutput(output)
	if err != nil {
		return err
	}
	c, findings, err := readCatalog(path)
	if err != nil {
		return err
	}
	if catalog.HasErrors(findings) {
		return showFindings(findings, asJSON)
	}
	cl, err := newClient()
	if err != nil {
		return err
	}
	q := url.Values{"file": {path}, "note": {note}, "author": {os.Getenv("USER")}}
	if dry {
		q.Set("dry_run", "true")
	}
	var text []byte
	if err := cl.call(cmd.Context(), "PUT", "/v1/catalog?"+q.Encode(), c.Text(), &text, "If-Match", match); err != nil {
		return err
	}
	if asJSON {
		fmt.Println(string(text)) // the document of PUT /v1/catalog
		return nil
	}
	var answer struct {
		Version, Previous string
		Changes           []catalog.Change
		Findings          []catalog.Finding
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return err
	}
	for _, f := range answer.Findings {
		fmt.Println(f)
	}
	for _, ch := range answer.Changes {
		fmt.Println(ch)
	}
	switch {
	case answer.Version == answer.Previous:
		fmt.Println("nothing to change: " + answer.Version + " is active")
	case dry:
		fmt.Println("would become " + answer.Version + "; apply it with `headroom catalog apply " + path + "`")
	default:
		fmt.Println(answer.Version + " is active")
	}
	return nil
}
