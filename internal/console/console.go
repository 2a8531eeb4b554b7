// Package console serves the built web console that is embedded in the binary. It knows
// nothing of the API: it is files, the address they answer at, how long a browser may keep
// them, and the content security policy they run under.
package console

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

// dist is what `npm run build` in web/ writes. Only .gitkeep is committed, so a plain
// `go build` embeds an empty folder and serves the page of plain.go instead.
//
//go:embed all:dist
var dist embed.FS

// noncePlaceholder stands in index.html wherever the nonce of the response belongs; Vite
// writes it there (html.cspNonce in web/vite.config.ts).
const noncePlaceholder = "__CSP_NONCE__"

// Handler returns the console built into this binary. It answers GET and HEAD at every
// path it is asked for: files as they are, pages of the console with index.html, anything
// else with 404. Mount it at "/" beneath the API's own routes.
func Handler() http.Handler {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // only a name that is no valid path fails here, and ours is a constant
	}
	return New(files)
}

// Built says whether this binary holds a console.
func Built() bool {
	_, err := fs.Stat(dist, "dist/index.html")
	return err == nil
}

// New returns a handler for the console in files, whose root holds index.html and a folder
// assets with names that change with their content. Without index.html every page is the
// plain one that says how to build the console.
func New(files fs.FS) http.Handler {
	h := &handler{files: map[string]*file{}}
	// Everything is read once: the console is under a megabyte, and a handler that only
	// looks names up in a map cannot be talked into leaving its folder.
	_ = fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(path.Base(name), ".") {
			return nil //nolint:nilerr // what cannot be read is not served
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return nil //nolint:nilerr // as above
		}
		if name == "index.html" {
			h.index = content
			return nil
		}
		h.files["/"+name] = newFile(name, content)
		return nil
	})
	return h
}

type handler struct {
	files map[string]*file // by request path
	index []byte           // nil when the console was not built
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "same-origin")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "the console answers GET and HEAD only", http.StatusMethodNotAllowed)
		return
	}
	if f, ok := h.files[r.URL.Path]; ok {
		f.serve(w, r)
		return
	}
	if !isPage(r) {
		header.Set("Cache-Control", "no-store")
		http.Error(w, "nothing is here", http.StatusNotFound)
		return
	}
	if h.index == nil {
		servePlain(w, r)
		return
	}
	h.servePage(w, r)
}

// isPage says whether r asks for a page of the console, whose addresses exist only in the
// browser, rather than for a file that is missing: a script answered with HTML fails in
// ways nobody understands. Mistyped API paths are not pages either.
func isPage(r *http.Request) bool {
	p := r.URL.Path
	switch {
	case p == "/" || p == "/index.html":
		return true
	case strings.HasPrefix(p, "/v1/"), strings.HasPrefix(p, "/assets/"):
		return false
	case strings.Contains(path.Base(p), ".") && !strings.HasPrefix(p, "/accounts/") && !strings.HasPrefix(p, "/offers/decisions/"): // an account's key may be acme.com, a decision's id has a dot
		return false
	}
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}

// servePage answers with index.html, in which a fresh nonce is put. The page must not be
// kept: a nonce used twice protects nobody.
func (h *handler) servePage(w http.ResponseWriter, r *http.Request) {
	nonce := newNonce()
	body := bytes.ReplaceAll(h.index, []byte(noncePlaceholder), []byte(nonce))
	securePage(w.Header(), nonce)
	writePage(w, r, body)
}

// securePage sets the headers of every page: no code and no style but our own files and
// what carries the nonce, no frame around us, nothing kept.
func securePage(header http.Header, nonce string) {
	header.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-"+nonce+"'; "+
		"img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; "+
		"base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("X-Frame-Options", "DENY")
	header.Set("Cache-Control", "no-store")
}

func writePage(w http.ResponseWriter, r *http.Request, body []byte) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // a reader who went away is not our error
	}
}

// newNonce returns 128 random bits; crypto/rand never fails on the systems Go supports.
func newNonce() string {
	var random [16]byte
	_, _ = rand.Read(random[:])
	return base64.RawURLEncoding.EncodeToString(random[:])
}

// file is one embedded file with what its answers have in common.
type file struct {
	content     []byte
	contentType string
	cache       string
	tag         string
	// gzipped returns the content packed, nil where packing does not make it smaller. It
	// packs on first use: start stays fast, and most files are asked for again.
	gzipped func() []byte
}

func newFile(name string, content []byte) *file {
	f := &file{content: content, cache: "no-cache"}
	if strings.HasPrefix(name, "assets/") {
		f.cache = "public, max-age=31536000, immutable" // the name holds a hash of the content
	}
	f.contentType = mime.TypeByExtension(path.Ext(name))
	if f.contentType == "" {
		f.contentType = http.DetectContentType(content)
	}
	sum := sha256.Sum256(content)
	f.tag = hex.EncodeToString(sum[:12])
	f.gzipped = sync.OnceValue(func() []byte { return pack(content) })
	return f
}

func pack(content []byte) []byte {
	var packed bytes.Buffer
	zip, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil
	}
	if _, err := zip.Write(content); err != nil || zip.Close() != nil || packed.Len() >= len(content) {
		return nil
	}
	return packed.Bytes()
}

func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", f.contentType)
	header.Set("Cache-Control", f.cache)
	header.Set("Vary", "Accept-Encoding")
	body, tag := f.content, `"`+f.tag+`"`
	if acceptsGzip(r) {
		if packed := f.gzipped(); packed != nil {
			body, tag = packed, `"`+f.tag+`-gz"`
			header.Set("Content-Encoding", "gzip")
		}
	}
	header.Set("ETag", tag)
	if match := r.Header.Get("If-None-Match"); match == "*" || strings.Contains(match, tag) {
		header.Del("Content-Encoding")
		header.Del("Content-Type")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodGet {
		_, _ = w.Write(body)
	}
}

// acceptsGzip reads Accept-Encoding as browsers send it; "gzip;q=0" is a refusal.
func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, quality, _ := strings.Cut(strings.TrimSpace(part), ";")
		if name == "gzip" || name == "*" {
			quality = strings.ReplaceAll(quality, " ", "")
			return quality != "q=0" && !strings.HasPrefix(quality, "q=0.0")
		}
	}
	return false
}
