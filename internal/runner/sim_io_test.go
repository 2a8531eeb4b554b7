package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing/synctest"
	"time"

	"github.com/headroomhq/headroom/internal/db/dbtest"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
)

// This file is where the simulated nodes meet the outside: the wire to the database and the
// log. Whoever reaches out stops there until the world lets them go on, and says how it ends.

// simFate is what becomes of reaching out.
type simFate int

const (
	fateFine   simFate = iota
	fateBefore         // it failed, and nothing happened
	fateDuring         // of a transaction: one of its statements fails
	fateAfter          // it happened, and the answer got lost
	fateLast           // the node dies before it happened
	fateLastly         // the node dies after it happened
)

var fates = [...]string{"ok", "failed", "a statement failed", "answer lost", "died before", "died after"}

// task is one thing a node does. It runs alone, from one reach to the outside to the next.
type simTask struct {
	id    int
	node  *simNode
	name  string
	ended func() // told by the world once f has returned

	parked atomic.Pointer[string] // what it waits to do; nil while it waits for something else
	resume chan simFate
	done   atomic.Bool

	writes *partition // whose checkpoint, if it writes one

	// The transaction it is in.
	commit     simFate // of the commit
	statements int     // how many more succeed; below zero: all
	full       bool    // what fails, fails because the disk is full
}

type taskKey struct{}

// taskOf returns the task that a context belongs to; nil for the world's own questions and
// for the runner's Close, which uses a context of its own.
func taskOf(ctx context.Context) *simTask {
	t, _ := ctx.Value(taskKey{}).(*simTask)
	return t
}

// spawn begins a task on the node and runs it until it reaches out for the first time.
func (w *world) spawn(n *simNode, ctx context.Context, name string, f func(ctx context.Context)) *simTask {
	time.Sleep(time.Nanosecond)
	w.tasks++
	t := &simTask{id: w.tasks, node: n, name: name, writes: w.writes, resume: make(chan simFate), statements: -1, ended: func() {}}
	n.tasks = append(n.tasks, t)
	go func() {
		defer t.done.Store(true)
		f(context.WithValue(ctx, taskKey{}, t))
	}()
	synctest.Wait()
	return t
}

// park waits until the world lets the task do it.
func (t *simTask) park(what string) simFate {
	if t.node.down.Load() {
		return fateBefore
	}
	t.parked.Store(&what)
	return <-t.resume
}

// release lets a parked task go on, until it reaches out again or ends.
func (t *simTask) release(f simFate) {
	time.Sleep(time.Nanosecond) // no two tasks begin to wait at the same instant, and so none ends waiting with another
	t.parked.Store(nil)
	t.resume <- f
	synctest.Wait()
}

var (
	errConnection = errors.New("unexpected EOF") // what a driver says when the connection breaks
	errDead       = errors.New("the node is dead")
)

// wire lets a task's questions reach the database, or not.
func (w *world) wire(ctx context.Context, op dbtest.Op, query string, do func() error) error {
	t := taskOf(ctx)
	if t == nil {
		return do()
	}
	if t.node.down.Load() || t.node.doomed.Load() {
		return errDead
	}
	switch op {
	case dbtest.Begin:
		f := t.park("begin")
		if ctx.Err() != nil {
			return ctx.Err()
		}
		t.commit, t.statements, t.full = fateFine, -1, w.full
		switch f {
		case fateBefore:
			return t.failure()
		case fateDuring:
			t.statements = w.rng.IntN(12)
		case fateLast: // at any of its statements
			t.statements, t.commit = w.rng.IntN(12), fateLast
		case fateAfter, fateLastly:
			t.commit = f
		}
		return do()
	case dbtest.Statement:
		if t.statements == 0 {
			t.statements = -1
			if t.commit == fateLast {
				t.node.doomed.Store(true)
				return errDead
			}
			if w.rng.IntN(2) == 0 { // it may have happened: the transaction is over all the same
				if err := do(); err != nil {
					return err
				}
			}
			return t.failure()
		}
		t.statements = max(t.statements-1, -1)
		return do()
	case dbtest.Commit:
		return w.commit(t, do)
	default:
		f := t.park(verb(query))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if f == fateLast || f == fateLastly {
			t.node.doomed.Store(true)
			return errDead
		}
		if f == fateBefore {
			return t.failure()
		}
		err := do()
		if f == fateAfter {
			return errConnection
		}
		return err
	}
}

func (w *world) commit(t *simTask, do func() error) error {
	switch {
	case t.commit == fateLast:
		t.node.doomed.Store(true)
		return errDead
	case t.full:
		return syscall.ENOSPC
	}
	if err := do(); err != nil {
		return err
	}
	w.commits++
	if p := t.writes; p != nil {
		if held, err := w.store.Holds(context.Background(), p.n, p.epoch); err != nil || !held {
			w.blame("a checkpoint of partition %d was written under epoch %d, which is over; %v", p.n, p.epoch, err)
		}
	}
	switch t.commit {
	case fateAfter:
		return errConnection
	case fateLastly:
		t.node.doomed.Store(true)
		return errDead
	default:
	}
	if t.park("hear of commit") != fateFine { // the answer is on its way, and may get lost there too
		return errConnection
	}
	return nil
}

func (t *simTask) failure() error {
	if t.full {
		return syscall.ENOSPC
	}
	return errConnection
}

// verb shortens a statement for the trace.
func verb(query string) string {
	words := strings.Fields(query)
	if i := slices.Index(words, "FROM"); i > 0 && i+1 < len(words) {
		return "ask " + words[i+1]
	}
	return "ask"
}

// simIdentity is the simulated log's.
const simIdentity = "simulated"

// message is one position of the log.
type simMessage struct {
	bytes []byte
	at    time.Time
}

// append writes a message to the log and returns its position.
func (w *world) append(records []event.Record) uint64 {
	var m event.Message
	for i := range records {
		p := event.AllPartitions
		if !records[i].Kind.Broadcast() {
			p = event.Partition(records[i].Key, w.partitions)
		}
		m.Add(p, &records[i])
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.flaw.forgetful && len(w.log) > 0 && w.rng.IntN(8) == 0 {
		w.log = w.log[:len(w.log)-1] // a log that gives a position twice
	}
	w.log = append(w.log, simMessage{m.Bytes(), time.Now()})
	grown := w.grown
	w.grown = make(chan struct{})
	close(grown)
	return uint64(len(w.log))
}

// last returns the position at which the log ends.
func (w *world) last() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return uint64(len(w.log))
}

// grows says whether the log has a position, and what tells that it has more than now.
func (w *world) grows(position uint64) (there bool, grown chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return position <= uint64(len(w.log)), w.grown
}

// message returns what the log has at a position.
func (w *world) message(position uint64) simMessage {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log[position-1]
}

// waiting returns the node's submissions that are not in the log yet.
func (n *simNode) waiting() []*simSubmission {
	n.w.mu.Lock()
	defer n.w.mu.Unlock()
	return slices.Clone(n.pending)
}

// endpoint is the log as one node sees it: runner.Log and runner.Writer.
type simLog struct {
	w *world
	n *simNode
}

func (e *simLog) Identity() string { return simIdentity }

func (e *simLog) Bounds(ctx context.Context) (first, end uint64, err error) {
	if t := taskOf(ctx); t != nil && t.park("ask for the log's bounds") != fateFine {
		return 0, 0, errLog()
	}
	return 1, e.w.last(), nil
}

func errLog() error {
	return fault.New(fault.Unavailable, "log_unavailable", "the log does not answer")
}

// Read hands over messages in order from a position on, and fails when it is told to.
func (e *simLog) Read(ctx context.Context, from uint64, f func(uint64, time.Time, []byte) error) error {
	t := taskOf(ctx)
	if t.park("begin to read") != fateFine && ctx.Err() == nil {
		return errLog()
	}
	for next := max(from, 1); ; next++ {
		for {
			there, grown := e.w.grows(next)
			if there {
				break
			}
			select {
			case <-grown:
			case <-ctx.Done():
				return nil
			}
		}
		outcome := t.park(fmt.Sprint("read ", next))
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // as eventlog's
		case outcome == fateLast || outcome == fateLastly:
			t.node.doomed.Store(true)
			return errDead
		case outcome != fateFine:
			return errLog()
		}
		m := e.w.message(next)
		if err := f(next, m.at, m.bytes); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return nil //nolint:nilerr // as eventlog's
		}
	}
}

// Ask tells all nodes that somebody waits.
func (e *simLog) Ask(position uint64) error {
	for _, n := range e.w.nodes {
		if !n.dead {
			for _, p := range n.runner.partitions() {
				p.asked.Store(max(p.asked.Load(), position))
			}
		}
	}
	return nil
}

// Asked is not used: see Ask.
func (e *simLog) Asked(func(uint64)) (func(), error) { return func() {}, nil }

// submission is what waits in a node's memory to be written to the log.
type simSubmission struct {
	records  []event.Record
	landed   chan struct{}
	position uint64
	err      error
}

// Submit waits until the world flushes the node's submissions.
func (e *simLog) Submit(ctx context.Context, records ...event.Record) (uint64, error) {
	t := taskOf(ctx)
	switch t.park("submit") {
	case fateFine:
	case fateLast, fateLastly:
		t.node.doomed.Store(true)
		return 0, errDead
	default:
		return 0, fault.New(fault.Busy, "log_busy", "too much waits")
	}
	s := &simSubmission{records: slices.Clone(records), landed: make(chan struct{})}
	e.w.mu.Lock()
	e.n.pending = append(e.n.pending, s)
	e.w.mu.Unlock()
	select {
	case <-s.landed:
	case <-ctx.Done(): // it may still be written
		return 0, ctx.Err()
	}
	switch heard := t.park("hear of flush"); {
	case ctx.Err() != nil:
		return 0, ctx.Err()
	case heard != fateFine:
		return 0, errLog()
	}
	return s.position, s.err
}

// flush writes some of a node's submissions as one message, or as two of which the second
// may fail.
func (w *world) flush(n *simNode, f simFate) {
	waiting := n.waiting()
	k := 1 + w.rng.IntN(len(waiting))
	group := waiting[:k]
	w.mu.Lock()
	n.pending = n.pending[k:]
	w.mu.Unlock()
	var records []event.Record
	for _, s := range group {
		records = append(records, s.records...)
	}
	written, position := 0, uint64(0)
	if f == fateFine || f == fateAfter {
		written = len(records)
	}
	if f == fateDuring { // it takes two messages, and the second fails
		written = w.rng.IntN(len(records))
	}
	if written > 0 {
		position = w.append(records[:written])
	}
	if f == fateFine && w.flaw.hasty && w.rng.IntN(4) == 0 {
		w.mu.Lock()
		w.log = w.log[:position-1] // acknowledged, and not on disk when the power failed
		w.mu.Unlock()
	}
	for _, s := range group {
		if written -= len(s.records); f != fateFine && (f == fateAfter || written < 0) {
			s.err = errLog()
			if w.full {
				s.err = fault.New(fault.Unavailable, "disk_full", "the disk is full")
			}
		}
		s.position = position
		close(s.landed)
	}
	w.note(n, "flush %d records of %d submissions at %d: %s", len(records), len(group), position, fates[f])
	synctest.Wait()
}
