package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	sample "github.com/headroomhq/headroom/examples/ravenstack"
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/sheet"
)

// exports is a folder of CSV files that the demo shows: what another system told about its
// accounts, subscriptions and usage.
type exports struct {
	company string
	files   map[sheet.Kind]string
	mapping *sheet.Mapping
	catalog []byte
}

// exportNames are the files looked for, by kind; the first that is there is taken.
var exportNames = []struct {
	kind  sheet.Kind
	names []string
}{
	{sheet.Accounts, []string{"accounts.csv"}},
	{sheet.Subscriptions, []string{"subscriptions.csv"}},
	{sheet.Usage, []string{"feature_usage.csv", "usage.csv"}},
}

// findExports looks at what the folder holds. map.yaml and catalog.yaml may lie beside the
// files; otherwise those of examples/ravenstack are taken.
func findExports(folder string) (*exports, error) {
	e := &exports{files: map[sheet.Kind]string{}}
	base := filepath.Base(folder)
	e.company = strings.ToUpper(base[:1]) + base[1:]
	for _, x := range exportNames {
		for _, name := range x.names {
			path := filepath.Join(folder, name)
			if _, err := os.Stat(path); err == nil && e.files[x.kind] == "" {
				e.files[x.kind] = path
			}
		}
	}
	if e.files[sheet.Subscriptions] == "" {
		return nil, fault.New(fault.NotFound, "file_not_found", "the folder %s holds no subscriptions.csv", folder).
			WithMend("put subscriptions.csv there, and accounts.csv and usage.csv if you have them")
	}
	text, err := beside(folder, "map.yaml", sample.Mapping)
	if err != nil {
		return nil, err
	}
	if e.mapping, err = sheet.ParseMapping("map.yaml", text); err != nil {
		return nil, err
	}
	if e.catalog, err = beside(folder, "catalog.yaml", sample.Catalog); err != nil {
		return nil, err
	}
	_, findings := catalog.Parse("catalog.yaml", e.catalog)
	return e, catalog.AsError(findings)
}

// beside reads a file of the folder, or returns the other text where there is none.
func beside(folder, name string, other []byte) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(folder, name))
	if errors.Is(err, os.ErrNotExist) {
		return other, nil
	}
	if err != nil {
		return nil, fault.New(fault.NotFound, "file_unreadable", "%v", err).WithMend("check that it may be read")
	}
	return text, nil
}

// today returns where the demo's clock stands: the midnight after the last day on which
// something happened in the files, and never later than now.
func (e *exports) today() (clock.Time, error) {
	var last clock.Time
	now := clock.At(time.Now())
	saw := func(t clock.Time) {
		if t <= now {
			last = max(last, t)
		}
	}
	for kind, path := range e.files {
		if err := e.read(kind, path, saw); err != nil {
			return 0, err
		}
	}
	if last == 0 {
		return 0, fault.New(fault.Invalid, "rows_all_bad", "nothing in the files has a day").
			WithMend("say in map.yaml which column tells the day a subscription started")
	}
	return min(last.Add(24*time.Hour), now), nil
}

func (e *exports) read(kind sheet.Kind, path string, saw func(clock.Time)) error {
	in, err := os.Open(path)
	if err != nil {
		return fault.New(fault.NotFound, "file_unreadable", "%v", err).WithMend("check that it may be read")
	}
	defer in.Close()
	f, err := sheet.Open(in, sheet.Options{Name: filepath.Base(path), Kind: kind, Mapping: e.mapping})
	if err != nil {
		return err
	}
	none := sheet.NewProblems(0) // they are told when the rows are imported
	switch kind {
	case sheet.Accounts:
		_, err = f.Accounts(none, func(r *sheet.AccountRow) error { saw(r.CreatedAt); return nil })
	case sheet.Subscriptions:
		_, err = f.Subscriptions(none, func(r *sheet.SubscriptionRow) error { saw(r.StartedAt); saw(r.EndedAt); return nil })
	default:
		_, err = f.Usage(none, func(r *sheet.UsageRow) error { saw(r.At); return nil })
	}
	return err
}

// fill imports the files into the demo's server.
func (e *exports) fill(ctx context.Context, d *demo) error {
	fmt.Fprintf(d.out, "importing %s as of %s\n", e.company, d.server.clock.Now().Std().Format("2 January 2006"))
	cl := clientFor(d.server.url(), d.key)
	if err := cl.call(ctx, "PUT", "/v1/catalog?file=catalog.yaml", e.catalog, nil); err != nil {
		return err
	}
	for _, x := range exportNames {
		file := e.files[x.kind]
		if file == "" {
			continue
		}
		im := importer{kind: string(x.kind), file: file, mapping: e.mapping, out: d.out, client: cl}
		if x.kind == sheet.Usage {
			im.subscriptions = e.files[sheet.Subscriptions]
		}
		if err := im.run(ctx); err != nil {
			return err
		}
	}
	return nil
}
