package clock

import (
	"strings"
	"testing"
	_ "time/tzdata"
)

func TestZonesAreNamesOfTheDatabaseAndNothingElse(t *testing.T) {
	for _, c := range []struct{ name, zone, says string }{
		{"UTC is no zone at all", "UTC", ""},
		{"nor is nothing", "", ""},
		{"a city", "Europe/Berlin", ""},
		{"a city with half an hour", "Asia/Kolkata", ""},
		{"the machine's own", "Local", "another one on every machine"},
		{"a word", "Berlin", "not known"},
		{"a path out of the database", "../etc/passwd", "not known"},
		{"an offset", "+02:00", "not known"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for range 2 { // the second time from memory
				z, err := Zone(c.zone)
				if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
					t.Fatalf("%v, want it to say %q", err, c.says)
				}
				if err == nil && (z == nil) != (c.zone == "" || c.zone == "UTC") || z != nil && z.String() != c.zone {
					t.Fatalf("%s became %v", c.zone, z)
				}
			}
		})
	}
}
