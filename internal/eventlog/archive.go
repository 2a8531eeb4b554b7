package eventlog

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/headroomhq/headroom/internal/fault"
)

// A log kept outside of JetStream: frames one after the other, packed with zstd.
//
//	archive = "hrlog" version(1) frame*
//	frame   = position(8) time(8, nanoseconds since 1970 UTC) length(4) crc(4) message , little-endian;
//	          the CRC-32C is of position, time, length and message
const (
	archiveMagic   = "hrlog\x01"
	frameHeader    = 24
	archiveBuffers = 1 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ArchiveWriter writes messages in rising order without gaps. Close must be called; it
// does not close what is written to.
type ArchiveWriter struct {
	packed *zstd.Encoder
	out    *bufio.Writer
	last   uint64
	bytes  int64
}

// NewArchiveWriter begins an archive.
func NewArchiveWriter(w io.Writer) (*ArchiveWriter, error) {
	packed, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	a := &ArchiveWriter{packed: packed, out: bufio.NewWriterSize(packed, archiveBuffers)}
	_, err = a.out.WriteString(archiveMagic)
	return a, err
}

// Add appends the message at position, which the log took at that time.
func (a *ArchiveWriter) Add(position uint64, at time.Time, message []byte) error {
	if a.last != 0 && position != a.last+1 {
		return fmt.Errorf("archive: position %d after %d", position, a.last)
	}
	var head [frameHeader]byte
	binary.LittleEndian.PutUint64(head[0:], position)
	binary.LittleEndian.PutUint64(head[8:], uint64(at.UnixNano()))
	binary.LittleEndian.PutUint32(head[16:], uint32(len(message)))
	crc := crc32.Update(crc32.Checksum(head[:20], castagnoli), castagnoli, message)
	binary.LittleEndian.PutUint32(head[20:], crc)
	if _, err := a.out.Write(head[:]); err != nil {
		return err
	}
	_, err := a.out.Write(message)
	a.last, a.bytes = position, a.bytes+int64(frameHeader+len(message))
	return err
}

// Bytes returns how much was added, before packing.
func (a *ArchiveWriter) Bytes() int64 { return a.bytes }

// Close ends the archive.
func (a *ArchiveWriter) Close() error {
	return errors.Join(a.out.Flush(), a.packed.Close())
}

// ReadArchive calls f for every message of an archive in order; message belongs to f. Fault
// archive_damaged (Invalid) when a frame is not what was written.
func ReadArchive(r io.Reader, f func(position uint64, at time.Time, message []byte) error) error {
	packed, err := zstd.NewReader(r, zstd.WithDecoderMaxMemory(256<<20), zstd.WithDecoderConcurrency(2))
	if err != nil {
		return err
	}
	defer packed.Close()
	in := bufio.NewReaderSize(packed, archiveBuffers)
	magic := make([]byte, len(archiveMagic))
	if _, err := io.ReadFull(in, magic); err != nil || string(magic) != archiveMagic {
		return damaged("it does not begin as one", err)
	}
	var before uint64
	for {
		var head [frameHeader]byte
		if _, err := io.ReadFull(in, head[:]); err == io.EOF {
			return nil
		} else if err != nil {
			return damaged(fmt.Sprintf("it breaks off after position %d", before), err)
		}
		position := binary.LittleEndian.Uint64(head[0:])
		at := time.Unix(0, int64(binary.LittleEndian.Uint64(head[8:]))).UTC()
		length := binary.LittleEndian.Uint32(head[16:])
		if length > messageLimit || before != 0 && position != before+1 {
			return damaged(fmt.Sprintf("the frame after position %d is none", before), nil)
		}
		message := make([]byte, length)
		if _, err := io.ReadFull(in, message); err != nil {
			return damaged(fmt.Sprintf("it breaks off in position %d", position), err)
		}
		if crc32.Update(crc32.Checksum(head[:20], castagnoli), castagnoli, message) != binary.LittleEndian.Uint32(head[20:]) {
			return damaged(fmt.Sprintf("position %d is not what was written", position), nil)
		}
		if err := f(position, at, message); err != nil {
			return err
		}
		before = position
	}
}

func damaged(how string, cause error) error {
	return fault.New(fault.Invalid, "archive_damaged", "a log archive is damaged: %s", how).
		WithMend("use another copy of the backup").WithCause(cause)
}

// errEnough ends a bounded read.
var errEnough = errors.New("enough")

// ReadTo is Read for the positions from from to to, both included, which must be in the log.
func (l *Log) ReadTo(ctx context.Context, from, to uint64, f func(position uint64, at time.Time, message []byte) error) error {
	if from > to {
		return nil
	}
	err := l.Read(ctx, from, func(position uint64, at time.Time, message []byte) error {
		if err := f(position, at, message); err != nil {
			return err
		}
		if position == to {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	if err == nil {
		return ctx.Err()
	}
	return err
}

// TakenAt returns when the server took the message at position. Fault log_unavailable.
func (l *Log) TakenAt(ctx context.Context, position uint64) (time.Time, error) {
	stream, err := l.js.Stream(ctx, streamName)
	if err != nil {
		return time.Time{}, l.fault(err)
	}
	m, err := stream.GetMsg(ctx, position)
	if err != nil {
		return time.Time{}, l.fault(err)
	}
	return m.Time, nil
}

// appendAhead is how many messages of a restore are on their way at once.
const appendAhead = 8

// Refill appends messages to a log that was opened with Options.First, each to the position
// it had. messages calls its argument for each, in order. Fault archive_damaged when the
// log gives one another position.
func (l *Log) Refill(ctx context.Context, messages func(add func(position uint64, message []byte) error) error) error {
	type flight struct {
		position uint64
		p        *published
	}
	var flying []flight
	land := func() error {
		first := flying[0]
		flying = flying[1:]
		got, err := first.p.wait(ctx)
		if err == nil && got != first.position {
			err = damaged(fmt.Sprintf("the log took position %d as %d", first.position, got), nil)
		}
		return err
	}
	err := messages(func(position uint64, message []byte) error {
		if len(flying) == appendAhead {
			if err := land(); err != nil {
				return err
			}
		}
		p, err := l.publish(message, nil)
		if err != nil {
			return err
		}
		flying = append(flying, flight{position, p})
		return nil
	})
	for err == nil && len(flying) > 0 {
		err = land()
	}
	return err
}
