package backup

import (
	"context"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/headroomhq/headroom/internal/eventlog"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/store"
)

// Retention lets go of what of the log is older than Keep. It never passes the oldest
// checkpoint, nor, with Backups named, what the newest backup there holds.
type Retention struct {
	Store   *store.Store
	Log     *eventlog.Log
	Keep    time.Duration
	Backups string           // folder of backups; empty: none are waited for
	Now     func() time.Time // real time, as the log's own; time.Now when nil
	Logger  *slog.Logger
}

// RetentionEvery is how often Run looks.
const RetentionEvery = 10 * time.Minute

// Run trims now and then until ctx ends. What fails is tried again the next time.
func (r Retention) Run(ctx context.Context) {
	for {
		first, err := r.Trim(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			r.Logger.Warn("the log could not be trimmed; it is kept whole until it can", "error", err)
		case first != 0:
			r.Logger.Info("trimmed the log", "begins_at", first, "keep", r.Keep)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(RetentionEvery):
		}
	}
}

// Trim lets go of what may go now and returns the position that the log begins at then, 0
// when nothing went. The last message always stays.
func (r Retention) Trim(ctx context.Context) (uint64, error) {
	now := time.Now
	if r.Now != nil {
		now = r.Now
	}
	first, last, err := r.Log.Bounds(ctx)
	if err != nil {
		return 0, err
	}
	oldest, err := r.Store.MinPosition(ctx)
	if err != nil {
		return 0, err
	}
	end := min(oldest+1, last) // the first position that must stay, whatever its age
	if r.Backups != "" {
		held, err := r.held()
		if err != nil {
			return 0, err
		}
		end = min(end, held+1)
	}
	if end <= first {
		return 0, nil
	}
	begin, err := r.younger(ctx, first, end, now().Add(-r.Keep))
	if err != nil || begin <= first {
		return 0, err
	}
	return begin, r.Log.Trim(ctx, begin)
}

// held returns the last position that the newest backup of this log holds, of those in
// the folder itself or one below; 0 when there is none.
func (r Retention) held() (uint64, error) {
	below, err := filepath.Glob(filepath.Join(r.Backups, "*", ManifestName))
	if err != nil {
		return 0, err
	}
	held := uint64(0)
	for _, dir := range append(below, filepath.Join(r.Backups, ManifestName)) {
		m, err := ReadManifest(filepath.Dir(dir))
		switch {
		case fault.CodeOf(err) == "backup_missing":
		case err != nil:
			return 0, err
		case m.Stream == r.Log.Identity(): // otherwise of another company, or of before a restore
			held = max(held, m.Last)
		}
	}
	return held, nil
}

// younger returns the first of the positions from first to end, both included, that was
// taken at or after cutoff; end when all before it are older.
func (r Retention) younger(ctx context.Context, first, end uint64, cutoff time.Time) (uint64, error) {
	for first < end {
		middle := first + (end-first)/2
		at, err := r.Log.TakenAt(ctx, middle)
		if err != nil {
			return 0, err
		}
		if at.Before(cutoff) {
			first = middle + 1
		} else {
			end = middle
		}
	}
	return first, nil
}
