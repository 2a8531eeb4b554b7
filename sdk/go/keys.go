package headroom

// Feature is the key of any feature. Use the typed keys below where the kind is known:
// `headroom catalog generate` writes a constant of the right type for every feature of a
// catalog, so that a mistyped key and a question of the wrong kind do not compile.
type Feature = string

// BooleanFeature is the key of a feature that an account has or has not.
type BooleanFeature string

// MeteredFeature is the key of a feature of which an account may use so much.
type MeteredFeature string

// SeatsFeature is the key of a feature that counts people.
type SeatsFeature string

// ValueFeature is the key of a feature that has a value: a service tier, a number of days.
type ValueFeature string

// FeatureKey is any of the types of keys of a feature: a plain string, or a typed key.
type FeatureKey interface {
	~string
}
