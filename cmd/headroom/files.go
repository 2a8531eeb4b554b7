package main

import (
	"bufio"
	"errors"
	"io"
	"os"

	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/sheet"
	"github.com/spf13/cobra"
)

// openInput opens a file named on the command line; "-" is standard input.
func openInput(cmd *cobra.Command, name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(cmd.InOrStdin()), nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fault.New(fault.NotFound, "file_unreadable", "%s cannot be opened: %v", name, unwrapPath(err)).
			WithMend("check the name and that it may be read").WithCause(err)
	}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		f.Close()
		return nil, fault.New(fault.Invalid, "file_unreadable", "%s is a folder", name).WithMend("name the files in it: %s/*.csv", name)
	}
	return f, nil
}

// unwrapPath leaves the name out of a path error that is told with the name already.
func unwrapPath(err error) error {
	if p, ok := errors.AsType[*os.PathError](err); ok {
		return p.Err
	}
	return err
}

// readMappings reads and joins the mapping files of --map; nil when there are none.
func readMappings(names []string) (*sheet.Mapping, error) {
	var all *sheet.Mapping
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, fault.New(fault.NotFound, "file_unreadable", "--map %s cannot be read: %v", name, unwrapPath(err)).
				WithMend("check the name").WithCause(err)
		}
		m, err := sheet.ParseMapping(name, text)
		if err != nil {
			return nil, err
		}
		if all == nil {
			all = m
		} else if err := all.Merge(m); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// problemSink returns a function that writes every problem it is given to a CSV file, and
// done, which flushes and closes it. With no name both do nothing; each is nil then.
func problemSink(name string) (each func(sheet.Problem), done func() error, err error) {
	if name == "" {
		return nil, func() error { return nil }, nil
	}
	f, err := os.Create(name)
	if err != nil {
		return nil, nil, fault.New(fault.Unavailable, "file_unwritable", "--problems %s cannot be written: %v", name, unwrapPath(err)).
			WithMend("name a file in a folder that exists").WithCause(err)
	}
	buffered := bufio.NewWriter(f)
	w := sheet.NewProblemWriter(buffered)
	return w.Write, func() error {
		for _, err := range []error{w.Flush(), buffered.Flush(), f.Close()} {
			if err != nil {
				return fault.New(fault.Unavailable, "file_unwritable", "--problems %s cannot be written: %v", name, unwrapPath(err)).
					WithMend("is the disk full?").WithCause(err)
			}
		}
		return nil
	}, nil
}
