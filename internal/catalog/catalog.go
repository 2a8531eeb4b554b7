package catalog

// index is built by Parse for the engine's look-ups.
type index struct{}
