package eventlog

import "github.com/headroomhq/headroom/internal/fault"

// Verify says whether a database whose checkpoints stand at position (the oldest and the newest of its
// partitions, one call each) of the log named stream may go on with the log
// that has this identity and these bounds. Faults (Conflict): log_foreign, the log is another one; log_behind,
// it ends before the position, as a log restored from an older backup does;
// log_truncated, it begins after the next record needed.
//
// A position of 0 under an empty stream is a database that never had a log.
func Verify(stream string, position uint64, identity string, first, last uint64) error {
	if stream == "" && position == 0 {
		return nil
	}
	switch {
	case stream != identity:
		return foreign(stream, identity)
	case last < position:
		return fault.New(fault.Conflict, "log_behind", "the log ends at position %d, the database has already seen %d", last, position).
			WithMend("the log was restored from an older backup than the database: restore both from the same backup")
	case first > position+1:
		return fault.New(fault.Conflict, "log_truncated", "the log begins at position %d, the database needs it from %d on", first, position+1).
			WithMend("the database was restored from an older backup than the log: restore a newer backup of the database, or both from the same one")
	}
	return nil
}

func foreign(stream, identity string) error {
	return fault.New(fault.Conflict, "log_foreign", "the database belongs to the log %s, this log is %s", stream, identity).
		WithMend("start with the log and the database that belong together: look at --data, --nats and --database")
}
