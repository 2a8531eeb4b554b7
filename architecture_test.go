// Package headroom_test holds the rules about the whole repository that a compiler does
// not know: who may import whom, what the pure part must not touch, how long a file may be.
package headroom_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/headroomhq/headroom"

// order is the order of the packages in internal: each may import those before it, never
// those after it. A package that is not here has no place yet: find it one, by what it
// needs to know.
var order = []string{
	"fault", "clock", "money", "quantity", "interval",
	// The pure part: values and rules, no I/O.
	"sheet", "message", "event", "condition", "catalog", "account", "subscription", "meter", "entitlement",
	"packaging", "survey", "invite", "signal", "experiment", "contact", "offer", "opportunity", "revenue", "report", "engine",
	// The shell.
	"db", "telemetry", "store", "eventlog", "runner", "backup", "replay", "access", "api", "console", "browsertest",
}

// firstOfShell is where the pure part ends.
const firstOfShell = "db"

// source is a parsed Go file, not a test.
type source struct {
	path string // from the root, with slashes
	file *ast.File
	set  *token.FileSet
}

func (s source) at(n ast.Node) string {
	return fmt.Sprintf("%s:%d", s.path, s.set.Position(n.Pos()).Line)
}

// imports returns the import paths by the name each has in the file.
func (s source) imports() map[string]string {
	names := make(map[string]string)
	for _, spec := range s.file.Imports {
		full, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			panic(err) // the parser has accepted it
		}
		name := path.Base(full)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		if strings.HasPrefix(name, "v") && len(name) == 2 { // math/rand/v2
			name = path.Base(path.Dir(full))
		}
		names[name] = full
	}
	return names
}

// sources parses every Go file under the folder that is not a test.
func sources(t *testing.T, folder string) []source {
	t.Helper()
	var found []source
	walkGo(t, folder, func(name string) {
		if strings.HasSuffix(name, "_test.go") {
			return
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, source{path: filepath.ToSlash(name), file: file, set: set})
	})
	return found
}

func walkGo(t *testing.T, folder string, visit func(name string)) {
	t.Helper()
	err := filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && name != "."):
			return fs.SkipDir
		case !d.IsDir() && strings.HasSuffix(name, ".go"):
			visit(name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// packageOf returns the package a file under internal belongs to: internal/db/dbtest is db.
func packageOf(file string) string { return strings.Split(file, "/")[1] }

func TestAPackageImportsOnlyThoseBeforeIt(t *testing.T) {
	for _, s := range sources(t, "internal") {
		own := packageOf(s.path)
		place := slices.Index(order, own)
		if place < 0 {
			t.Errorf("%s: package %s has no place in the order (architecture_test.go)", s.path, own)
			continue
		}
		for _, imported := range s.imports() {
			inside, ok := strings.CutPrefix(imported, module+"/")
			if !ok {
				continue
			}
			name, internal := strings.CutPrefix(inside, "internal/")
			if !internal {
				t.Errorf("%s imports %s: nothing in internal may know sdk, examples, web or cmd", s.path, inside)
				continue
			}
			name, _, _ = strings.Cut(name, "/")
			if name != own && slices.Index(order, name) >= place {
				t.Errorf("%s imports %s, which comes after %s", s.path, name, own)
			}
		}
	}
}

// outside lists what the pure part must not import: everything through which the world
// gets in or out.
var outside = []string{"os", "net", "syscall", "database", "log", "crypto/rand", "plugin"}

// values lists what is below those and only about values.
var values = []string{"net/url", "net/netip"}

// wallClock lists what of package time reads the clock or waits for it.
var wallClock = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}

// seeded lists what of math/rand takes its seed from the caller.
var seeded = []string{"New", "NewSource", "NewPCG", "NewChaCha8", "NewZipf", "Rand", "Source", "PCG", "ChaCha8", "Zipf"}

func TestThePurePartTouchesNothingOutside(t *testing.T) {
	pure := order[:slices.Index(order, firstOfShell)]
	for _, s := range sources(t, "internal") {
		own := packageOf(s.path)
		if !slices.Contains(pure, own) {
			continue
		}
		imports := s.imports()
		for _, imported := range imports {
			for _, no := range outside {
				if !slices.Contains(values, imported) && (imported == no || strings.HasPrefix(imported, no+"/")) {
					t.Errorf("%s imports %s: package %s does no I/O, take what it needs as a value", s.path, imported, own)
				}
			}
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				t.Errorf("%s starts a goroutine: the pure part has one order of events", s.at(n))
			case *ast.SelectorExpr:
				pkg, ok := n.X.(*ast.Ident)
				if !ok {
					return true
				}
				switch imports[pkg.Name] {
				case "time":
					// internal/clock is where real time comes from.
					if own != "clock" && slices.Contains(wallClock, n.Sel.Name) {
						t.Errorf("%s calls time.%s: take the time from the record", s.at(n), n.Sel.Name)
					}
				case "math/rand", "math/rand/v2":
					if !slices.Contains(seeded, n.Sel.Name) {
						t.Errorf("%s calls rand.%s: randomness needs a seed", s.at(n), n.Sel.Name)
					}
				}
			}
			return true
		})
	}
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	commented := make(map[string]bool)
	for _, s := range sources(t, "internal") {
		dir := path.Dir(s.path)
		commented[dir] = commented[dir] || s.file.Doc != nil
	}
	for dir, ok := range commented {
		if !ok {
			t.Errorf("%s has no package comment", dir)
		}
		if strings.Count(dir, "/") > 1 {
			continue // internal/db/dbtest is told of in internal/db/README.md
		}
		readme, err := os.ReadFile(filepath.Join(dir, "README.md"))
		if err != nil {
			t.Errorf("%s has no README.md: what it is for, its words, its invariants, how it is tested, one example", dir)
		} else if lines := bytes.Count(readme, []byte("\n")); lines > 70 {
			t.Errorf("%s/README.md has %d lines, a page is 70", dir, lines)
		}
	}
}

func TestFilesStayShort(t *testing.T) {
	walkGo(t, ".", func(name string) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.HasPrefix(text, []byte("// Code generated")) {
			return
		}
		most := 500
		if strings.HasSuffix(name, "_test.go") {
			most = 800
		}
		if lines := bytes.Count(text, []byte("\n")); lines > most {
			t.Errorf("%s has %d lines, %d at most: split it where a reader would look", name, lines, most)
		}
	})
}
