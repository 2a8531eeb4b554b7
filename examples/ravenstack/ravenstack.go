// Package ravenstack holds how Headroom reads the exports of RavenStack, a company whose
// data others made and published: which column means what, and a catalog for it. The data
// itself is not here; docs/guides/demo.md says where it comes from.
package ravenstack

import _ "embed"

// Mapping says which columns of the exports mean what (headroom import --map).
//
//go:embed map.yaml
var Mapping []byte

// Catalog is what RavenStack sells, as far as its exports tell.
//
//go:embed catalog.yaml
var Catalog []byte
