package catalog

import (
	"strconv"
)

// TextPaths lists the paths of all that stands in a text; nil when it cannot be read.
func TextPaths(text []byte) []string {
	l, err := layOut(string(text), &budget{func() error { return nil }, maxReread})
	if err != nil {
		return nil
	}
	var paths []string
	var walk func(v any, path string)
	walk = func(v any, path string) {
		if path != "" {
			paths = append(paths, path)
		}
		switch v := v.(type) {
		case *mapping:
			for _, key := range v.keys {
				walk(v.values[key], below(path, key))
			}
		case []any:
			for i, one := range v {
				walk(one, path+"["+strconv.Itoa(i)+"]")
			}
		}
	}
	walk(l.document(), "")
	return paths
}
