// Command gallery serves every component of Headroom in every state, under the policy that a strict page has:
// `make gallery`. It needs no server of Headroom: the states are in the page.
package main

import (
	"embed"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	sdkjs "github.com/headroomhq/headroom/sdk/js"
)

//go:embed *.html *.css *.js
var files embed.FS

// policy allows what the components need, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https:; connect-src 'self'; require-trusted-types-for 'script'"

func main() {
	address := "127.0.0.1:4400"
	if len(os.Args) > 1 {
		address = os.Args[1]
	}
	if err := serve(address); err != nil {
		fmt.Fprintln(os.Stderr, "gallery:", err)
		os.Exit(1)
	}
}

func serve(address string) error {
	if !sdkjs.Built() {
		return fmt.Errorf("the SDK is not built: run make gallery")
	}
	listener, err := net.Listen("tcp", address) //nolint:noctx // until it is interrupted
	if err != nil {
		return fmt.Errorf("%w: give another address: go run ./sdk/js/gallery 127.0.0.1:4401", err)
	}
	fmt.Printf("The components are at http://%s/\n", listener.Addr())
	server := &http.Server{Handler: handler(), ReadHeaderTimeout: time.Minute}
	return server.Serve(listener)
}

func handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle(sdkjs.Prefix, sdkjs.Handler())
	mux.Handle("/", http.FileServerFS(files))
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("Cache-Control", "no-store")
		mux.ServeHTTP(w, r)
	})
}
