package subscription

import "github.com/headroomhq/headroom/internal/catalog"

// TypeOf says which kind of growth a change was; empty when the MRR did not grow, and for
// a reactivation.
func TypeOf(before, after *Subscription, cat *catalog.Catalog) catalog.RevenueType { return "" }

// Describe says what changed in plain words: "Starter to Pro, monthly".
func Describe(before, after *Subscription, cat *catalog.Catalog) string { return "" }
