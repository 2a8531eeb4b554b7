package catalog

import _ "embed"

//go:embed schema.json
var schema []byte

// Schema returns the JSON Schema (2020-12) of a catalog file, for editors. It must not be
// changed.
func Schema() []byte { return schema }
