package replay

import (
	"bufio"
	"cmp"
	"container/heap"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"slices"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
)

// Events that are not in the order of time are put into it: in runs that fit into memory, which
// lie in a temporary file (in TMPDIR) until they are merged.

// runBytes is how much of the events is sorted at once.
const runBytes = 256 << 20

// sorter gathers encoded records and writes sorted runs.
type sorter struct {
	buffer []byte
	index  []placed
	file   *os.File
	runs   []int64 // where each ends
	at     int64
}

type placed struct {
	at          clock.Time
	start, size int
}

func (s *sorter) add(r *event.Record) error {
	start := len(s.buffer)
	s.buffer = event.AppendRecord(s.buffer, r)
	s.index = append(s.index, placed{r.ReceivedAt, start, len(s.buffer) - start})
	if len(s.buffer) < runBytes {
		return nil
	}
	return s.flush()
}

// flush writes what is gathered as a run.
func (s *sorter) flush() error {
	slices.SortStableFunc(s.index, func(a, b placed) int { return cmp.Compare(a.at, b.at) })
	w := bufio.NewWriterSize(s.file, 1<<20)
	var head [12]byte
	for _, x := range s.index {
		binary.LittleEndian.PutUint64(head[:], uint64(x.at))
		binary.LittleEndian.PutUint32(head[8:], uint32(x.size))
		_, _ = w.Write(head[:]) // Flush tells
		_, _ = w.Write(s.buffer[x.start : x.start+x.size])
		s.at += int64(len(head) + x.size)
	}
	s.runs = append(s.runs, s.at)
	s.buffer, s.index = s.buffer[:0], s.index[:0]
	if err := w.Flush(); err != nil {
		return fault.New(fault.Unavailable, "file_unwritable", "the events cannot be sorted: %v", err).
			WithMend("set TMPDIR to a directory with room for the events")
	}
	return nil
}

// sortedRun is a run that is being read.
type sortedRun struct {
	r    *bufio.Reader
	n    int // its place: of equal times the earlier run comes first
	at   clock.Time
	text []byte
}

func (r *sortedRun) next() error {
	var head [12]byte
	if _, err := io.ReadFull(r.r, head[:]); err != nil {
		return err
	}
	r.at = clock.Time(binary.LittleEndian.Uint64(head[:]))
	r.text = slices.Grow(r.text[:0], int(binary.LittleEndian.Uint32(head[8:])))[:binary.LittleEndian.Uint32(head[8:])]
	_, err := io.ReadFull(r.r, r.text)
	return err
}

type runHeap []*sortedRun

func (h runHeap) Len() int { return len(h) }
func (h runHeap) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].n < h[j].n
}
func (h runHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *runHeap) Push(x any)   { *h = append(*h, x.(*sortedRun)) }
func (h *runHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// feedSorted is feed for events in any order.
func (o *offlineRun) feedSorted(ctx context.Context, in io.Reader, workers int, send func(*block) error) error {
	file, err := os.CreateTemp("", "headroom-sort-")
	if err != nil {
		return fault.New(fault.Unavailable, "file_unwritable", "no temporary file can be made: %v", err).
			WithMend("set TMPDIR to a directory with room for the events")
	}
	defer func() { _ = file.Close(); _ = os.Remove(file.Name()) }()
	s := &sorter{file: file}
	err = o.decode(ctx, in, workers, func(b *block) error {
		defer b.release()
		// The lists are each in the order of the file, which is what is kept of equal times: an
		// account is in one of them.
		for n := range b.lists {
			for i := range b.lists[n] {
				if err := s.add(&b.lists[n][i]); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err == nil {
		err = s.flush()
	}
	if err != nil {
		return err
	}
	return merge(ctx, s, send)
}

// merge sends the records of all runs in the order of time.
func merge(ctx context.Context, s *sorter, send func(*block) error) error {
	s.buffer, s.index = nil, nil
	var runs runHeap
	var from int64
	for n, to := range s.runs {
		r := &sortedRun{r: bufio.NewReaderSize(io.NewSectionReader(s.file, from, to-from), 256<<10), n: n}
		from = to
		switch err := r.next(); {
		case err == nil:
			runs = append(runs, r)
		case !errors.Is(err, io.EOF):
			return err
		}
	}
	heap.Init(&runs)
	var texts [offlineParts][]byte
	size := 0
	var first, last clock.Time
	flush := func() error {
		b := &block{first: first, last: last}
		for n := range texts {
			var rs event.Records
			if err := rs.Decode(string(texts[n])); err != nil {
				return err
			}
			b.lists[n] = rs.List
			texts[n] = texts[n][:0]
		}
		size, first = 0, 0
		return send(b)
	}
	for len(runs) > 0 {
		r := runs[0]
		rec, _, err := event.DecodeRecord(r.text)
		if err != nil {
			return err
		}
		if first == 0 {
			first = r.at
		}
		last = r.at
		n := event.Partition(rec.Key, offlineParts)
		texts[n] = append(texts[n], r.text...)
		if size += len(r.text); size >= blockBytes {
			if err := flush(); err != nil {
				return err
			}
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		switch err := r.next(); {
		case err == nil:
			heap.Fix(&runs, 0)
		case errors.Is(err, io.EOF):
			heap.Pop(&runs)
		default:
			return err
		}
	}
	if size > 0 {
		return flush()
	}
	return nil
}
