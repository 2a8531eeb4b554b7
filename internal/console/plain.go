package console

import (
	"bytes"
	"html/template"
	"net/http"
)

// plain is the page of a binary that was built without the console: the server works, and
// this says what is missing and how to get it.
var plain = template.Must(template.New("plain").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Headroom</title>
<style nonce="{{.Nonce}}">
body { font: 1rem/1.6 system-ui, sans-serif; max-width: 40rem; margin: 12vh auto 0; padding: 0 1.25rem }
h1 { font-size: 1.5rem; margin: 0 }
pre { padding: .75rem 1rem; border: 1px solid #8886; border-radius: .5rem; overflow-x: auto }
</style>
</head>
<body>
<main>
<h1>Headroom is running</h1>
<p>This program was built without the console. The API works without it.</p>
<p>To have the console here, build it and then the program again (Node 20 or newer):</p>
<pre tabindex="0" aria-label="Commands that build the console"><code>cd web
npm ci
npm run build
cd ..
go build ./cmd/headroom</code></pre>
<p>What the API can do: <a href="/openapi.json">/openapi.json</a></p>
</main>
</body>
</html>
`))

func servePlain(w http.ResponseWriter, r *http.Request) {
	nonce := newNonce()
	var page bytes.Buffer
	if err := plain.Execute(&page, struct{ Nonce string }{nonce}); err != nil {
		http.Error(w, "the page could not be written", http.StatusInternalServerError)
		return
	}
	securePage(w.Header(), nonce)
	writePage(w, r, page.Bytes())
}
