package entitlement

import (
	"errors"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/quantity"
)

// What an override may say is what its feature can be; who says something else hears which
// value was wrong and what there is instead.
func TestAnOverrideSaysWhatItsFeatureCanBe(t *testing.T) {
	cat := &catalog.Catalog{
		Meters: map[string]*catalog.Meter{"exports": {Key: "exports"}},
		Features: map[string]*catalog.Feature{
			"retention": {Key: "retention", Kind: catalog.Valued},
			"support":   {Key: "support", Kind: catalog.Valued, Values: []string{"email", "phone"}},
			"exports":   {Key: "exports", Kind: catalog.Metered, Meter: "exports"},
		},
	}
	value := func(feature, v string) Override { return Override{Feature: feature, Value: &v} }
	one, fortnight := quantity.One, catalog.Period("fortnight")
	for _, c := range []struct {
		given             string
		o                 Override
		path, value, mend string // empty: it is taken
	}{
		{"a number of days", value("retention", "90"), "", "", ""},
		{"half a day", value("retention", "0.5"), "", "", ""},
		{"a word where a number is wanted", value("retention", "soon"), "/value", "soon", "a number"},
		{"less than nothing", value("retention", "-1"), "/value", "-1", "a number"},
		{"a word of the feature", value("support", "phone"), "", "", ""},
		{"another word", value("support", "fax"), "/value", "fax", "email, phone"},
		{"a period that nobody sells", Override{Feature: "exports", Limit: &one, Per: &fortnight}, "/per", "fortnight", "lifetime"},
	} {
		t.Run(c.given, func(t *testing.T) {
			err := SetOverride(Input{Catalog: cat, State: &State{}}, c.o)
			var f *fault.Error
			switch {
			case c.path == "" && err != nil:
				t.Fatal(err)
			case c.path == "":
			case !errors.As(err, &f) || f.Code != "override_invalid" || f.Fields[0].Path != c.path || f.Fields[0].Value != c.value || !strings.Contains(f.Mend, c.mend):
				t.Errorf("%#v", err)
			}
		})
	}
}
