package backup

// WriteManifest lets a test pretend that a backup ended earlier.
func WriteManifest(dir string, m *Manifest) error { return m.write(dir) }
