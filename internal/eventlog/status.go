package eventlog

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"github.com/headroomhq/headroom/internal/fault"
)

// Status is how the log is, for people who look after it.
type Status struct {
	Identity    string
	First, Last uint64 // positions; First is Last+1 when there are no messages
	FirstAt     time.Time
	LastAt      time.Time
	Bytes       uint64
	Embedded    bool
	Replicas    int   // copies that the stream asks for
	Lagging     int   // copies in the cluster that are offline or not up to date
	Free, Disk  int64 // bytes of the embedded log's disk; 0 when the log is elsewhere
	MinFree     int64 // bytes it leaves free
}

// Status returns how the log is. Fault log_unavailable.
func (l *Log) Status(ctx context.Context) (Status, error) {
	stream, err := l.js.Stream(ctx, streamName)
	if err != nil {
		return Status{}, l.fault(err)
	}
	info := stream.CachedInfo()
	s := Status{Identity: l.identity, First: info.State.FirstSeq, Last: info.State.LastSeq, FirstAt: info.State.FirstTime, LastAt: info.State.LastTime,
		Bytes: info.State.Bytes, Embedded: l.server != nil, Replicas: info.Config.Replicas}
	if info.State.Msgs == 0 {
		s.First, s.FirstAt, s.LastAt = s.Last+1, time.Time{}, time.Time{}
	}
	if info.Cluster != nil {
		for _, peer := range info.Cluster.Replicas {
			if peer.Offline || !peer.Current {
				s.Lagging++
			}
		}
	}
	if s.Embedded {
		s.MinFree = max(l.options.MinFree, 0)
		s.Free, s.Disk, err = DiskRoom(l.options.Dir)
	}
	return s, err
}

// At returns when the server took the message at position, and its content. Fault
// log_unavailable, log_gap when it is not there.
func (l *Log) At(ctx context.Context, position uint64) (at time.Time, message []byte, err error) {
	stream, err := l.js.Stream(ctx, streamName)
	if err != nil {
		return time.Time{}, nil, l.fault(err)
	}
	m, err := stream.GetMsg(ctx, position)
	if err != nil {
		return time.Time{}, nil, fault.New(fault.Internal, "log_gap", "the log cannot give position %d: %v", position, err).
			WithMend("restore the log from a backup; without those records the figures would be wrong").WithCause(err)
	}
	return m.Time, m.Data, nil
}

// DiskRoom returns the bytes that are free for this user, and all bytes, of the disk that holds dir.
func DiskRoom(dir string) (free, all int64, err error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, 0, fmt.Errorf("disk of %s: %w", dir, err)
	}
	return int64(st.Bavail) * int64(st.Bsize), int64(st.Blocks) * int64(st.Bsize), nil //nolint:unconvert // an int32 on some systems
}
