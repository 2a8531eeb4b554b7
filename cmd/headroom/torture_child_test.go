package main

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
)

// Child is what this test binary does when a test runs it as a process of its own:
//
//	nats ADDRESS-PORT DIR          a NATS server with JetStream that syncs always
//	skewed SKEW DATA LISTEN        a server whose clock is wrong by SKEW, and by what each line on
//	                               the standard input says from then on
//
// It ends when its standard input does, which is when the test has ended.
func Child(args []string) error {
	switch args[0] {
	case "nats":
		var port int
		if _, err := fmt.Sscan(args[1], &port); err != nil {
			return err
		}
		nats, err := natsserver.NewServer(&natsserver.Options{Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: args[2], SyncAlways: true, NoLog: true, NoSigs: true})
		if err != nil {
			return err
		}
		nats.Start()
		lines := bufio.NewScanner(os.Stdin)
		for lines.Scan() { // until the test ends
		}
		return lines.Err()
	case "skewed":
		return skewed(args[1], args[2], args[3])
	}
	return fmt.Errorf("no part of the name %q", args[0])
}

// skewed runs a server whose wall clock jumps.
func skewed(first, data, listen string) error {
	var skew atomic.Int64
	set := func(text string) error {
		d, err := time.ParseDuration(text)
		skew.Store(int64(d))
		return err
	}
	if err := set(first); err != nil {
		return err
	}
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	s, err := start(context.Background(), serverOptions{data: data, listen: listen, partitions: 4, secretKey: os.Getenv("HEADROOM_SECRET_KEY"), logger: logger,
		now: func() time.Time { return time.Now().Add(time.Duration(skew.Load())) }})
	if err != nil {
		return err
	}
	defer s.close()
	lines := make(chan string)
	go func() {
		defer close(lines)
		in := bufio.NewScanner(os.Stdin)
		for in.Scan() {
			lines <- strings.TrimSpace(in.Text())
		}
	}()
	for {
		select {
		case line, ok := <-lines:
			if !ok {
				return nil
			}
			if err := set(line); err != nil {
				return err
			}
			logger.Info("the clock jumps", "by", line)
		case err := <-s.runner.Failed():
			return err
		}
	}
}
