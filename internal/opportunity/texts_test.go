package opportunity

import (
	"bytes"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/fault"
)

func TestSealedTextsAreBoundedByWhatTheySay(t *testing.T) {
	seal := func(text string) *string {
		s, err := account.SealText(bytes.Repeat([]byte{1}, account.KeySize), strings.Repeat("a", account.PseudonymLength), "note", text)
		if err != nil {
			t.Fatal(err)
		}
		return &s
	}
	lost := Lost
	long, short := strings.Repeat("x", maxNote), strings.Repeat("x", maxName)
	for _, c := range []struct {
		name  string
		edit  Edit
		field string
	}{
		{"a note of the longest", Edit{Note: seal(long)}, ""},
		{"a note too long", Edit{Note: seal(long + "x")}, "/note"},
		{"a reason of the longest", Edit{LostReason: seal(short), Stage: &lost}, ""},
		{"a reason too long", Edit{LostReason: seal(short + "x"), Stage: &lost}, "/lost_reason"},
		{"a reason of what is not lost", Edit{LostReason: seal("dear")}, "/lost_reason"},
	} {
		_, _, err := Apply(Opportunity{ID: "o", Stage: Open}, c.edit, 1)
		var at string
		if f, ok := err.(*fault.Error); ok && len(f.Fields) == 1 {
			at = f.Fields[0].Path
			if f.Fields[0].Value != "" {
				t.Errorf("%s: the fault shows %q", c.name, f.Fields[0].Value)
			}
		}
		if at != c.field || (err == nil) != (c.field == "") {
			t.Errorf("%s: %v, want a fault of %q", c.name, err, c.field)
		}
	}
}

func TestTextsAreCheckedBeforeTheyAreSealed(t *testing.T) {
	text := func(s string) *string { return &s }
	for _, c := range []struct {
		name  string
		edit  Edit
		wrong bool
	}{
		{"none", Edit{}, false},
		{"a note", Edit{Note: text("called\nher back")}, false},
		{"no note any more", Edit{Note: text("")}, false},
		{"a note that is no text", Edit{Note: text("\xff")}, true},
		{"a note too long", Edit{Note: text(strings.Repeat("x", maxNote+1))}, true},
		{"a reason", Edit{LostReason: text("too dear")}, false},
		{"a reason of spaces", Edit{LostReason: text("  ")}, true},
		{"a reason of two lines", Edit{LostReason: text("too\ndear")}, true},
	} {
		if err := c.edit.CheckTexts("o"); (err != nil) != c.wrong {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
