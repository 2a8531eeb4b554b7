package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/fault"
)

func pullCommand() *cobra.Command {
	var into, version string
	var force bool
	c := &cobra.Command{
		Use: "pull", Short: "Print the server's active catalog, or put its files into a folder", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cl, err := newClient()
			if err != nil {
				return err
			}
			path := "/v1/catalog"
			if version != "" {
				path += "?" + url.Values{"version": {version}}.Encode()
			}
			var text []byte
			if err := cl.call(cmd.Context(), "GET", path, nil, &text); err != nil {
				return err
			}
			if into == "" {
				_, err = cmd.OutOrStdout().Write(text)
				return err
			}
			written, err := pullInto(into, text, force)
			if err == nil {
				fmt.Fprintf(cmd.OutOrStdout(), "%d files in %s, %d of them written\n", len(catalog.Files(text)), into, written)
			}
			return err
		},
	}
	c.Flags().StringVar(&into, "into", "", "put the files that were applied together into this `folder`")
	c.Flags().StringVar(&version, "version", "", "another `version` than the active one")
	c.Flags().BoolVar(&force, "force", false, "overwrite files that are different")
	return c
}

// pullInto writes the files of a catalog into a folder, all or none: one that is there and
// different is kept unless force is given.
func pullInto(folder string, text []byte, force bool) (written int, err error) {
	files := catalog.Files(text)
	for name := range files {
		if !pullable(name) {
			return 0, fault.New(fault.Invalid, "file_name_invalid", "the catalog has a file %q, which is no YAML file in the folder", fault.Shorten(name)).
				WithMend("pull it without --into and part it by hand")
		}
	}
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // a folder for people
		return 0, err
	}
	root, err := os.OpenRoot(folder) // no link leads out of it
	if err != nil {
		return 0, err
	}
	defer func() { _ = root.Close() }()
	var write []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		there, err := root.ReadFile(filepath.FromSlash(name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			write = append(write, name)
		case err != nil:
			return 0, err
		case bytes.Equal(there, files[name]):
		case !force:
			return 0, fault.New(fault.Conflict, "file_exists", "%s is there, and different", filepath.Join(folder, name)).
				WithMend("commit it first, then overwrite it with --force; or pull into another folder")
		default:
			write = append(write, name)
		}
	}
	for _, name := range write {
		path := filepath.FromSlash(name)
		if err := root.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return 0, err
		}
		if err := root.WriteFile(path, files[name], 0o644); err != nil {
			return 0, err
		}
	}
	return len(write), nil
}

// pullable says whether a file of a catalog may be written: whoever may apply a catalog chooses
// the names, and must not reach what other programs read and run.
func pullable(name string) bool {
	if !filepath.IsLocal(filepath.FromSlash(name)) || !strings.HasSuffix(name, ".yaml") && !strings.HasSuffix(name, ".yml") {
		return false
	}
	for part := range strings.FieldsFuncSeq(name, func(r rune) bool { return r == '/' || r == '\\' }) {
		if strings.HasPrefix(part, ".") {
			return false
		}
	}
	return true
}
