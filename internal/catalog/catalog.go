package catalog

// index is built by Parse for the engine's look-ups.
type index struct{}

// Severity says whether a finding stops the catalog from being used.
type Severity string

// The severities.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
)

// Finding is one thing wrong, or doubtful, in a catalog's text.
type Finding struct {
	Severity Severity `json:"severity"`
	Code     string   `json:"code"` // stable
	Path     string   `json:"path"` // plans.pro.entitlements.speakers.limit
	Message  string   `json:"message"`
	Mend     string   `json:"mend"`
	Value    string   `json:"value,omitempty"` // as given, shortened
	Position
}

// Change is one difference between two catalogs.
type Change struct {
	Path string `json:"path"`
	Kind string `json:"kind"` // added, removed or changed
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
	// Words says it in a sentence.
	Words string `json:"words"`
}

// Parse reads a catalog from YAML or JSON. file only names the text in findings. The
// catalog is nil when any finding is an error. Findings are in the order of the text.
func Parse(file string, text []byte) (*Catalog, []Finding) { return &Catalog{}, nil }

// ParseFiles reads a catalog spread over several texts, by file name: Parse of Bundle.
func ParseFiles(files map[string][]byte) (*Catalog, []Finding) { return Parse("", Bundle(files)) }

// Bundle joins several files to the one text that is stored and versioned: in the order
// of their names, each after a line "--- # file: NAME" that lets findings name the file.
// One file is taken as it is.
func Bundle(files map[string][]byte) []byte { return nil }

// AsError returns nil when no finding is an error, else a *fault.Error of code
// catalog_invalid that lists them.
func AsError(findings []Finding) error { return nil }

// Text returns the text the catalog was parsed from, as given.
func (c *Catalog) Text() []byte { return nil }

// Diff tells what changes from old to new, in the order of paths. old may be nil.
func Diff(old, new *Catalog) []Change { return nil }

// Schema returns the JSON Schema of a catalog file, for editors.
func Schema() []byte { return nil }

// MetersOf returns the meters an event type feeds, levels included, by key.
func (c *Catalog) MetersOf(eventType string) []*Meter { return nil }

// FeaturesOf returns the features a meter measures, by key.
func (c *Catalog) FeaturesOf(meter string) []*Feature { return nil }

// SignalsOnLimit returns the live signals on a feature's limit, by key.
func (c *Catalog) SignalsOnLimit(feature string) []*Signal { return nil }

// SignalsOnGate returns the live signals on a feature's gate, by key.
func (c *Catalog) SignalsOnGate(feature string) []*Signal { return nil }

// SignalsOnEvent returns the live signals on an event type, by key.
func (c *Catalog) SignalsOnEvent(eventType string) []*Signal { return nil }

// SignalsOnTrial returns the live signals on the end of a trial, by key.
func (c *Catalog) SignalsOnTrial() []*Signal { return nil }

// OffersAt returns the offers that may appear at a placement, by key.
func (c *Catalog) OffersAt(placement string) []*Offer { return nil }

// OffersOn returns the offers a signal leads to, by key.
func (c *Catalog) OffersOn(signal string) []*Offer { return nil }

// PlansInOrder returns all plans by family, then from the lowest up, then by price.
func (c *Catalog) PlansInOrder() []*Plan { return nil }

// EventTypes returns all event types that meters and signals expect, sorted.
func (c *Catalog) EventTypes() []string { return nil }

// Placements returns all placements that offers name, sorted.
func (c *Catalog) Placements() []string { return nil }

// PositionOf returns where the definition or value at path stands in the text.
func (c *Catalog) PositionOf(path string) (Position, bool) { return Position{}, false }
