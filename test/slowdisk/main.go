//go:build linux

// Slowdisk mounts a directory that behaves as a slow, small or unlucky disk does: every
// sync takes the time it is told to, the room ends, and at a power cut what was not synced
// is gone. It is for tests and measurements only.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "slowdisk:", err)
		os.Exit(1)
	}
}

// run is the command: it mounts, and unmounts at the end.
func run(args []string, in io.Reader, out io.Writer) (err error) {
	flags := flag.NewFlagSet("slowdisk", flag.ContinueOnError)
	delay := flags.Duration("delay", 2*time.Millisecond, "what a sync takes at least")
	upTo := flags.Duration("up-to", 0, "what a sync takes at most, at random (default: the delay)")
	stall := flags.Duration("stall", 0, "what a sync takes now and then")
	oneIn := flags.Int("one-in", 100, "how rarely a sync stalls")
	free := flags.Int64("free", -1, "bytes of room; unbounded when negative")
	seed := flags.Uint64("seed", 1, "of delays and of what survives a power cut")
	store := flags.String("store", "", "directory that holds the content (default: a temporary one, removed at the end)")
	lie := flags.Bool("lie", false, "say of every sync that it is done, and do nothing")
	commands := flags.Bool("commands", false, "read commands from the standard input, and end with it")
	flags.Usage = func() {
		fmt.Fprintln(flags.Output(), "usage: slowdisk [flags] DIR\n\nMounts a slow disk at DIR until it is interrupted.")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	if flags.NArg() != 1 {
		flags.Usage()
		return errors.New("name one directory to mount at")
	}
	if *store == "" {
		if *store, err = os.MkdirTemp("", "slowdisk-"); err != nil {
			return err
		}
		defer os.RemoveAll(*store)
	}
	at, err := filepath.Abs(flags.Arg(0))
	if err != nil {
		return err
	}
	d := newDisk(*store, *seed)
	d.lies = *lie
	d.setFree(*free)
	d.setDelay(*delay, *upTo)
	d.setStall(*stall, *oneIn)
	if err := d.mount(at); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.unmount()) }()
	fmt.Fprintf(out, "mounted %s\n", at)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	if *commands {
		// ^C on a terminal is for who started us; our end is the end of the commands.
		signal.Ignore(os.Interrupt)
		return obey(d, in, out)
	}
	<-stop
	return nil
}

// obey carries out commands, one a line, and answers each with a line that begins with ok
// or error.
func obey(d *disk, in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		answer, err := command(d, strings.Fields(lines.Text()))
		if err != nil {
			answer = "error " + strings.ReplaceAll(err.Error(), "\n", " ")
		}
		if _, err := fmt.Fprintln(out, strings.TrimSpace(answer)); err != nil {
			return err
		}
	}
	return lines.Err()
}

// command carries out one command:
//
//	delay 2ms 50ms    what a sync takes, from and to
//	stall 2s 100      one sync in so many takes that long; 0s for none
//	free 1048576      bytes of room from now on; -1 for no bound
//	cut 7             power cut: what was not synced is gone, or a part of it by that seed
//	sync              all that was written stands, as after a while without a power cut
//	syncs             how many syncs there were
func command(d *disk, words []string) (string, error) {
	bad := func() (string, error) {
		return "", fmt.Errorf("cannot read the command %q", strings.Join(words, " "))
	}
	arg := func(i int) string {
		if i < len(words) {
			return words[i]
		}
		return ""
	}
	switch arg(0) {
	case "delay":
		from, err1 := time.ParseDuration(arg(1))
		to, err2 := time.ParseDuration(arg(2))
		if err1 != nil || err2 != nil {
			return bad()
		}
		d.setDelay(from, to)
	case "stall":
		length, err1 := time.ParseDuration(arg(1))
		oneIn, err2 := strconv.Atoi(arg(2))
		if err1 != nil || err2 != nil {
			return bad()
		}
		d.setStall(length, oneIn)
	case "free":
		bytes, err := strconv.ParseInt(arg(1), 10, 64)
		if err != nil {
			return bad()
		}
		d.setFree(bytes)
	case "cut":
		seed, err := strconv.ParseUint(arg(1), 10, 64)
		if err != nil {
			return bad()
		}
		lost, err := d.cut(rand.New(rand.NewPCG(seed, 0)))
		return fmt.Sprintf("ok %d pages of %d files, %d names", lost.pages, lost.files, lost.names), err
	case "sync":
		d.settle()
	case "syncs":
		return fmt.Sprintf("ok %d", d.syncs.Load()), nil
	default:
		return bad()
	}
	return "ok", nil
}
