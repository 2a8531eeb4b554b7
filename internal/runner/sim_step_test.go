package runner

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing/synctest"
	"time"
)

// This file is what can happen next, and how a run comes to its end.

// step lets one thing happen.
func (w *world) step() {
	w.steps++
	if len(w.awake()) == 0 && w.rng.IntN(8) == 0 {
		w.rise()
	}
	switch k := w.rng.IntN(100); {
	case k < 55:
		w.letGoOn()
	case k < 74:
		w.work()
	case k < 88:
		w.clients.act(w)
	case k < 96:
		w.wait()
	default:
		w.mishap()
	}
	for _, n := range w.nodes {
		n.asleep = max(0, n.asleep-1)
	}
	w.look()
}

// rise starts a node that is dead, if there is one.
func (w *world) rise() {
	for _, n := range w.nodes {
		if n.dead {
			w.start(n)
			return
		}
	}
}

// awake returns the nodes that live and are not frozen.
func (w *world) awake() []*simNode {
	var out []*simNode
	for _, n := range w.nodes {
		if !n.dead && n.asleep == 0 {
			out = append(out, n)
		}
	}
	return out
}

// letGoOn lets one task that reached out go on.
func (w *world) letGoOn() {
	var parked []*simTask
	for _, n := range w.awake() {
		for _, t := range n.tasks {
			if t.parked.Load() != nil {
				parked = append(parked, t)
			}
		}
	}
	if len(parked) == 0 {
		w.work()
		return
	}
	t := parked[w.rng.IntN(len(parked))]
	rate := w.sqlFaults
	if strings.HasPrefix(t.name, "commit") { // what most depends on
		rate = min(0.5, 2*rate)
	}
	f := w.draw(rate)
	w.note(t.node, "%s (%d): %s: %s", t.name, t.id, *t.parked.Load(), fates[f])
	t.release(f)
}

// letAll lets the node's tasks go on without faults until none can.
func (w *world) letAll(n *simNode) {
	for again := true; again; {
		again = false
		for _, t := range slices.Clone(n.tasks) {
			if t.parked.Load() != nil {
				t.release(fateFine)
				again = true
			}
		}
		w.collect(n)
	}
}

// draw says how reaching out ends, at a rate of faults.
func (w *world) draw(rate float64) simFate {
	if w.calm || w.rng.Float64() >= rate {
		if w.full && w.rng.IntN(2) == 0 {
			w.faults++
			return fateDuring
		}
		return fateFine
	}
	w.faults++
	switch k := w.rng.IntN(20); {
	case k < 6:
		return fateBefore
	case k < 12:
		return fateDuring
	case k < 18:
		return fateAfter
	case k < 19:
		return fateLast
	default:
		return fateLastly
	}
}

// work lets a node begin something that one of its loops would.
func (w *world) work() {
	nodes := w.awake()
	if len(nodes) == 0 {
		w.wait()
		return
	}
	n := nodes[w.rng.IntN(len(nodes))]
	if len(n.waiting()) > 0 && w.rng.IntN(2) == 0 {
		w.flush(n, w.flushFate())
		return
	}
	parts := n.running()
	switch k := w.rng.IntN(20); {
	case k == 0:
		w.begin(n, "lease", "renew", n.runner.renew)
	case k == 1:
		w.begin(n, "lease", "acquire", func(ctx context.Context) { w.final(n, n.runner.acquire(ctx)) })
	case k == 2:
		w.begin(n, "tick", "tick", n.tick)
	case k < 12 && len(parts) > 0:
		w.apply(n, parts[w.rng.IntN(len(parts))])
	case len(parts) > 0:
		w.checkpoint(n, parts[w.rng.IntN(len(parts))])
	}
}

func (w *world) flushFate() simFate {
	f := w.draw(w.logFaults)
	if f > fateAfter { // nodes die elsewhere
		f = fateBefore
	}
	return f
}

// apply steps the next message that waits for the partition, as its loop would.
func (w *world) apply(n *simNode, p *partition) {
	if p.isGone() && w.rng.IntN(2) == 0 { // the loop notices, or takes what waits: Go does not say which
		n.drop(p)
		return
	}
	if len(p.in) == 0 || n.busy[fmt.Sprint("step ", p.epoch, p.n)] {
		return
	}
	w.begin(n, fmt.Sprint("step ", p.epoch, p.n), fmt.Sprint("step partition ", p.n), func(ctx context.Context) {
		it := <-p.in
		if err := p.apply(ctx, it); err != nil {
			n.drop(p)
			if ctx.Err() == nil && !p.isGone() {
				w.blame("partition %d stopped at %d: %v", p.n, it.position, err)
			}
		}
	})
}

// running returns the partitions whose loops run.
func (n *simNode) running() []*partition {
	n.w.mu.Lock()
	defer n.w.mu.Unlock()
	return slices.Clone(n.parts)
}

// drop ends a partition's loop.
func (n *simNode) drop(p *partition) {
	n.w.mu.Lock()
	defer n.w.mu.Unlock()
	n.parts = slices.DeleteFunc(n.parts, func(q *partition) bool { return q == p })
}

// checkpoint commits or forwards, as the partition's loop would.
func (w *world) checkpoint(n *simNode, p *partition) {
	loop := fmt.Sprint("commit ", p.epoch, p.n)
	if n.busy[loop] || p.isGone() {
		return
	}
	if p.outbox && (p.at.Load() == p.committed || w.rng.IntN(2) == 0) {
		w.begin(n, loop, fmt.Sprint("forward from partition ", p.n), p.forward)
		return
	}
	w.writes = p
	defer func() { w.writes = nil }()
	w.begin(n, loop, fmt.Sprint("commit partition ", p.n), func(ctx context.Context) {
		if err := p.commit(ctx); err != nil && ctx.Err() == nil && !p.isGone() {
			w.blame("partition %d cannot commit: %v", p.n, err)
		}
	})
}

// tick puts the node's time into the log when it is due, a wrong one where its clock goes wrong.
func (n *simNode) tick(ctx context.Context) { n.ticked = n.runner.tickAfter(ctx, n.ticked) }

// wait lets time pass: mostly little, sometimes more than a lease, rarely days.
func (w *world) wait() {
	d := time.Duration(1+w.rng.IntN(30)) * time.Millisecond
	switch k := w.rng.IntN(200); {
	case k < 1:
		d = time.Duration(1+w.rng.IntN(25)) * 24 * time.Hour
	case k < 4:
		d = time.Duration(1+w.rng.IntN(30)) * time.Hour
	case k < 24:
		d = time.Duration(3+w.rng.IntN(5)) * time.Second
	case k < 60:
		d = time.Duration(100+w.rng.IntN(1500)) * time.Millisecond
	}
	// What is repeated after more than 35 days counts again, and so may a forward that a node
	// frozen for so long sends once more.
	if time.Since(w.began)+d > 33*24*time.Hour {
		d = time.Second
	}
	w.note(nil, "%s pass", d)
	time.Sleep(d)
	synctest.Wait()
}

// mishap is what happens to whole nodes and disks.
func (w *world) mishap() {
	n := w.nodes[w.rng.IntN(len(w.nodes))]
	switch k := w.rng.IntN(12); {
	case n.dead && k < 9:
		w.start(n)
	case n.dead:
	case k < 2:
		w.faults++
		w.note(n, "is killed")
		w.kill(n)
	case k < 5:
		w.faults++
		n.asleep = 10 + w.rng.IntN(120)
		w.note(n, "freezes for %d steps", n.asleep)
	case k < 6:
		w.note(n, "is closed")
		w.close(n)
	case k < 7 && w.rng.IntN(2) == 0:
		w.full = !w.full
		w.note(nil, "disk full: %v", w.full)
	case k < 9:
		n.skew = time.Duration(w.rng.Int64N(int64(6*time.Minute))) - 3*time.Minute
		w.note(n, "its clock goes wrong by %s", n.skew)
	case k < 10:
		n.runner.mu.Lock()
		if n.runner.restart != nil { // its connection to the log breaks
			n.runner.restart()
		}
		n.runner.mu.Unlock()
		synctest.Wait()
		w.note(n, "reads from where its last partition stands")
	default:
		w.begin(n, "lease", "acquire", func(ctx context.Context) { w.final(n, n.runner.acquire(ctx)) })
	}
}

// close ends a node as a server that is told to stop does: what was under way breaks off,
// then the runner's own Close, without faults.
func (w *world) close(n *simNode) {
	n.cancel()
	synctest.Wait()
	for round := 0; len(n.tasks) > 0; round++ {
		for _, t := range slices.Clone(n.tasks) {
			if t.parked.Load() != nil {
				t.release(fateBefore)
			}
		}
		if w.collect(n); len(n.tasks) > 0 {
			time.Sleep(10 * time.Millisecond)
			synctest.Wait()
		}
		if round > 200 {
			w.blame("node %d does not stop: %s", n.n, n.tasks[0].name)
			break
		}
	}
	n.pending = nil
	n.runner.Close()
	n.dead = true
	n.down.Store(true)
	w.look()
}

// settle ends all faults and lets everything come to rest: every client hears how his
// request ended, every partition has an owner, a checkpoint at the log's end and nothing to forward.
func (w *world) settle() error {
	w.note(nil, "from here on everything goes well")
	w.calm, w.full = true, false
	for _, n := range w.nodes {
		n.asleep, n.skew = 0, 0
		if n.dead && w.rng.IntN(2) == 0 {
			w.start(n)
		}
	}
	if len(w.awake()) == 0 {
		w.start(w.nodes[0])
	}
	for round := range 400 {
		w.steps++
		for _, n := range w.awake() {
			switch round % 20 {
			case 0:
				w.begin(n, "lease", "renew", n.runner.renew)
			case 10:
				w.begin(n, "lease", "acquire", func(ctx context.Context) { w.final(n, n.runner.acquire(ctx)) })
			}
			for _, p := range n.runner.partitions() {
				for len(p.in) > 0 && !n.busy[fmt.Sprint("step ", p.epoch, p.n)] {
					w.apply(n, p)
					w.collect(n)
				}
				if p.outbox || p.at.Load() > p.committed {
					w.checkpoint(n, p)
				}
			}
			for len(n.waiting()) > 0 {
				w.flush(n, fateFine)
			}
			w.letAll(n)
		}
		if w.look(); w.wrong != nil {
			return w.wrong
		}
		asked := w.clients.finish(w)
		if !asked && w.atRest() {
			w.note(nil, "at rest")
			return nil
		}
		time.Sleep(300 * time.Millisecond)
		synctest.Wait()
	}
	return fmt.Errorf("it does not come to rest: %s", w.restless())
}

// atRest says whether every partition is owned, committed up to the log's end and has nothing to forward.
func (w *world) atRest() bool { return w.restless() == "" }

func (w *world) restless() string {
	owned := map[int]bool{}
	for _, n := range w.awake() {
		if len(n.waiting()) > 0 {
			return "submissions wait"
		}
		for _, p := range n.runner.partitions() {
			if w.epochs[p.n] != p.epoch {
				continue // of a node that does not know yet that it has lost it
			}
			owned[p.n] = true
			if p.committed != uint64(len(w.log)) || p.outbox {
				return fmt.Sprintf("partition %d has committed %d of %d, outbox %v", p.n, p.committed, len(w.log), p.outbox)
			}
		}
	}
	if len(owned) < w.partitions {
		return fmt.Sprintf("%d of %d partitions have an owner", len(owned), w.partitions)
	}
	return ""
}
