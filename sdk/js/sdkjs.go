// Package sdkjs serves the built JavaScript SDK that is embedded in the binary: the core, the
// elements and the snippet, for pages of any origin.
package sdkjs

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

// dist is what `npm run build` in sdk/js writes. Only .gitkeep is committed, so a plain
// `go build` embeds an empty folder, and every address says how to build it.
//
//go:embed all:dist
var dist embed.FS

// types of what is served; nothing else is, least of all HTML.
var types = map[string]string{".js": "text/javascript; charset=utf-8", ".map": "application/json"}

// Built says whether this binary holds the SDK.
func Built() bool {
	_, err := fs.Stat(dist, "dist/headroom.js")
	return err == nil
}

// Handler returns the SDK built into this binary. Mount it at Prefix.
func Handler() http.Handler {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // only a name that is no valid path fails here, and ours is a constant
	}
	return New(files)
}

// Prefix is where Handler is mounted.
const Prefix = "/sdk/"

// New returns a handler for the scripts in files. Everything is read once: it is small, and a
// handler that only looks names up in a map cannot be talked into leaving its folder.
func New(files fs.FS) http.Handler {
	h := make(handler)
	_ = fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || types[path.Ext(name)] == "" {
			return nil //nolint:nilerr // what cannot be read is not served
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return nil //nolint:nilerr // as above
		}
		sum := sha256.Sum256(content)
		h[Prefix+name] = &script{content: content, kind: types[path.Ext(name)], tag: hex.EncodeToString(sum[:12]),
			packed: sync.OnceValue(func() []byte { return pack(content) })}
		return nil
	})
	return h
}

// handler is the scripts by request path.
type handler map[string]*script

type script struct {
	content   []byte
	kind, tag string
	packed    func() []byte // on first use: start stays fast
}

// ServeHTTP answers a page of any origin, also one that isolates itself (Cross-Origin-Embedder-Policy).
func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Access-Control-Allow-Origin", "*")
	header.Set("Cross-Origin-Resource-Policy", "cross-origin")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "scripts are read by GET and HEAD only", http.StatusMethodNotAllowed)
		return
	}
	s := h[r.URL.Path]
	if s == nil {
		header.Set("Cache-Control", "no-store")
		text := "no such script is in the SDK"
		if len(h) == 0 {
			text = "this server was built without the SDK: run make build"
		}
		http.Error(w, text, http.StatusNotFound)
		return
	}
	s.serve(w, r)
}

func (s *script) serve(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	// Names stay the same from version to version, and files import each other: those of two versions must not meet.
	header.Set("Cache-Control", "no-cache")
	header.Set("Vary", "Accept-Encoding")
	body, tag := s.content, `"`+s.tag+`"`
	if strings.Contains(strings.ReplaceAll(r.Header.Get("Accept-Encoding"), "gzip;q=0", ""), "gzip") {
		body, tag = s.packed(), `"`+s.tag+`-gz"`
		header.Set("Content-Encoding", "gzip")
	}
	header.Set("ETag", tag)
	if match := r.Header.Get("If-None-Match"); match == "*" || strings.Contains(match, tag) {
		header.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header.Set("Content-Type", s.kind)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // a reader who went away is not our error
	}
}

func pack(content []byte) []byte {
	var packed bytes.Buffer
	zip, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression) // the level is one
	_, _ = zip.Write(content)                                    // into memory
	_ = zip.Close()
	return packed.Bytes()
}
