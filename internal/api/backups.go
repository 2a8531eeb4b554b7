package api

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/headroomhq/headroom/internal/backup"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
)

// BackupRequest asks for a backup.
type BackupRequest struct {
	Directory string `json:"directory" minLength:"1" maxLength:"4000" doc:"absolute path on the server's host, empty or with an earlier backup"`
}

// BackupLine is one line of the answer: how far it is, then either the backup or what went wrong.
type BackupLine struct {
	Stage  string         `json:"stage,omitempty" doc:"verify (done counts bytes of the files of an earlier backup in the folder), tables (rows) or log (positions)"`
	Done   int64          `json:"done,omitempty" doc:"rows or positions so far"`
	Total  int64          `json:"total,omitempty" doc:"left out where it is not known"`
	Backup *BackupSummary `json:"backup,omitempty"`
	Error  *BackupProblem `json:"error,omitempty"`
}

// BackupProblem is why a backup was not taken.
type BackupProblem struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
	Mend   string `json:"mend,omitempty"`
}

// BackupSummary is what a backup holds.
type BackupSummary struct {
	Directory string     `json:"directory" doc:"on the server's host"`
	Number    int        `json:"number" doc:"rises with each backup into the same folder"`
	TakenAt   clock.Time `json:"taken_at" doc:"moment of the tables, in real time"`
	First     uint64     `json:"first" doc:"first position of the log in it"`
	Last      uint64     `json:"last" doc:"last position of the log in it"`
	Rows      int64      `json:"rows"`
	Bytes     int64      `json:"bytes" doc:"of all files"`
	Files     int        `json:"files" doc:"how many there are, the manifest included"`
}

// SummaryOf sums a manifest up.
func SummaryOf(m *backup.Manifest, dir string) BackupSummary {
	s := BackupSummary{Directory: dir, Number: m.Number, TakenAt: m.TakenAt, First: m.First, Last: m.Last, Bytes: m.Bytes(), Files: 2 + len(m.Log)}
	for _, n := range m.Rows {
		s.Rows += n
	}
	return s
}

// takeBackup takes a backup and tells its progress line by line. Whoever hangs up breaks it off.
func (s *Server) takeBackup(w http.ResponseWriter, r *http.Request) error {
	var in BackupRequest
	body := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10))
	body.DisallowUnknownFields()
	if err := body.Decode(&in); err != nil {
		return fault.New(fault.Invalid, "malformed_json", "the body is not what this call takes: %v", err).
			WithMend(`send {"directory": "/path/on/the/server"}`)
	}
	dir, err := s.backupPlace(in.Directory)
	if err != nil {
		return err
	}
	out := json.NewEncoder(w)
	conn := http.NewResponseController(w)
	begun := false
	tell := func(line BackupLine) {
		if !begun {
			w.Header().Set("Content-Type", "application/x-ndjson")
			begun = true
		}
		_ = conn.SetWriteDeadline(time.Now().Add(slack)) // it stays open as long as somebody reads
		if out.Encode(line) == nil {
			_ = conn.Flush() // who hung up ends the request's context
		}
	}
	ctx := r.Context()
	m, err := backup.Take(ctx, backup.Source{Store: s.Store, Log: s.Log, Version: s.Version}, dir, func(stage string, done, total int64) {
		tell(BackupLine{Stage: stage, Done: done, Total: total})
	})
	switch {
	case err != nil && !begun:
		return err
	case err != nil:
		s.Logger.Error("a backup was broken off", "directory", dir, "error", err)
		p := BackupProblem{Code: fault.CodeOf(err), Detail: "the backup was broken off", Mend: "look at the server's log lines"}
		if f, ok := err.(*fault.Error); ok && f.Kind != fault.Internal { //nolint:errorlint // a fault inside of something else says less
			p = BackupProblem{Code: f.Code, Detail: f.Message, Mend: f.Mend}
		}
		tell(BackupLine{Error: &p})
	default:
		s.Logger.Info("took a backup", "directory", dir, "number", m.Number, "last_position", m.Last)
		summary := SummaryOf(m, dir)
		tell(BackupLine{Backup: &summary})
	}
	return nil
}

// backupPlace says where a backup may be written: anywhere, or only below Options.Backups.
func (s *Server) backupPlace(dir string) (string, error) {
	if !filepath.IsAbs(dir) {
		return "", fault.New(fault.Invalid, "backup_directory_invalid", "directory %q is no absolute path", fault.Shorten(dir)).
			WithMend("name a folder on the server's host, beginning with /").
			WithField("directory", dir, "must be an absolute path")
	}
	dir = filepath.Clean(dir)
	if root := s.Backups; root != "" && dir != root && !strings.HasPrefix(dir, strings.TrimSuffix(root, "/")+"/") {
		return "", fault.New(fault.Denied, "backup_directory_denied", "this server writes backups only below %s", root).
			WithMend("name a folder there, or start the server with another --backups")
	}
	return dir, nil
}

func backupOperation(s *Server, op *huma.Operation) {
	describe[BackupRequest, BackupLine](s, op, "200")
	line := op.Responses["200"].Content["application/json"]
	op.Responses["200"].Content = map[string]*huma.MediaType{"application/x-ndjson": line}
}
