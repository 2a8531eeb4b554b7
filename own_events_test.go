package headroom_test

import (
	"go/ast"
	"go/token"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/catalog"
)

func TestTheCatalogKnowsAllOccurrencesOfOurOwn(t *testing.T) {
	found := map[string]bool{}
	for _, s := range sources(t, "internal/engine") {
		ast.Inspect(s.file, func(n ast.Node) bool {
			if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
				// A source of records is written with a colon and no second dot.
				if text, err := strconv.Unquote(l.Value); err == nil && strings.HasPrefix(text, "headroom.") && strings.Count(text, ".") == 2 {
					found[text] = true
				}
			}
			return true
		})
	}
	told, known := slices.Sorted(maps.Keys(found)), slices.Sorted(slices.Values(catalog.OwnEvents()))
	if !slices.Equal(told, known) {
		t.Errorf("engine tells\n%v\nthe catalog knows\n%v", told, known)
	}
}
