package catalog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/headroomhq/headroom/internal/fault"
)

// Edit is one change of a catalog's text: the value at Path becomes Value, or goes.
type Edit struct {
	// Path is dotted, as in findings: plans.pro.entitlements.speakers, routing[0].to. A key
	// that holds a dot may stand in double quotes. What is not there yet is made.
	Path string `json:"path"`
	// Value is JSON. Where there is a map already, only what differs in it is written.
	Value  json.RawMessage `json:"value,omitempty"`
	Remove bool            `json:"remove,omitempty"`
}

// MaxEdits is how many edits are taken at once: the text is read anew for each.
const MaxEdits = 200

var errTrailing = errors.New("there is more after the value")

// EditText makes edits in a catalog's text, one after the other, and leaves every other line
// as it is: comments, order, form. In a text of several files an edit is made in the file that
// has the path, else beside its siblings. The text after it holds exactly what was asked for:
// where that cannot be done, the edit is refused (fault.Invalid: edit_invalid,
// edit_path_unknown, edit_impossible, or catalog_invalid for a text that is not YAML). Edits
// that would read the text too often are refused as well (edit_too_large), and given up when
// ctx ends.
func EditText(ctx context.Context, text []byte, edits []Edit) ([]byte, error) {
	if len(edits) > MaxEdits {
		return nil, fault.New(fault.Invalid, "edit_invalid", "these are %d edits, the most is %d", len(edits), MaxEdits).
			WithMend("send them in several calls")
	}
	now, left := string(text), &budget{ctx.Err, maxReread}
	for i, e := range edits {
		next, err := e.in(now, left)
		if err != nil {
			if f, ok := errors.AsType[*fault.Error](err); ok && f.Fields == nil {
				err = f.WithField("edits["+strconv.Itoa(i)+"]", e.Path, f.Message)
			}
			return nil, err
		}
		now = next
	}
	if len(now) > MaxText {
		return nil, fault.New(fault.Invalid, "edit_invalid", "the catalog would have %d bytes, the most is %d", len(now), MaxText)
	}
	return []byte(now), nil
}

// in makes the edit in a text, and checks that nothing else came of it.
func (e Edit) in(text string, left *budget) (string, error) {
	var v any
	switch {
	case e.Path == "":
		return "", fault.New(fault.Invalid, "edit_invalid", "the path is missing").WithMend("write one such as plans.pro.title")
	case e.Remove == (len(e.Value) > 0):
		return "", fault.New(fault.Invalid, "edit_invalid", "the edit of %s needs a value, or remove: true", fault.Shorten(e.Path)).
			WithMend("send one of the two")
	case !e.Remove:
		var err error
		if v, err = readDocument(e.Value); err != nil {
			return "", fault.New(fault.Invalid, "edit_invalid", "the value for %s is not JSON: %v", fault.Shorten(e.Path), err)
		}
		if v == (plain{form: '0'}) {
			return "", fault.New(fault.Invalid, "edit_invalid", "the value for %s is null", fault.Shorten(e.Path)).
				WithMend("send remove: true to take it out")
		}
	}
	l, err := layOut(text, left)
	if err != nil {
		return "", err
	}
	want, err := apply(l.document(), e.Path, v)
	if err != nil {
		return "", err
	}
	var after string
	if e.Remove {
		after, err = l.remove(e.Path)
	} else {
		after, err = set(l, e.Path, v)
	}
	if err != nil {
		return "", err
	}
	l, err = layOut(after, left)
	if left.over() {
		return "", err
	}
	if err != nil || !same(l.document(), want) {
		return "", impossible(e.Path)
	}
	return after, nil
}

func impossible(path string) error {
	return fault.New(fault.Invalid, "edit_impossible", "%s stands in the text in a form that cannot be edited from here", fault.Shorten(path)).
		WithMend("edit the file by hand")
}

func pathUnknown(path string) error {
	return fault.New(fault.Invalid, "edit_path_unknown", "there is no %s in the catalog", fault.Shorten(path)).
		WithMend("look at the paths of GET /v1/catalog/definitions")
}

// isPlain says that path cannot be below a plain value.
func isPlain(path string) error {
	return fault.New(fault.Invalid, "edit_path_unknown", "%s is below a plain value", fault.Shorten(path)).
		WithMend("give what is above it a map as its value")
}

// segment splits the first key or index off a path. A key that is there goes before a shorter
// one, so that keys with dots are found.
func segment(path string, keys []string) (key string, index int, rest string, err error) {
	if strings.HasPrefix(path, "[") {
		digits, rest, ok := strings.Cut(path[1:], "]")
		n, err := strconv.Atoi(digits)
		if !ok || err != nil || n < 0 || len(digits) > 5 {
			return "", 0, "", pathUnknown(path)
		}
		return "", n, strings.TrimPrefix(rest, "."), nil
	}
	if strings.HasPrefix(path, `"`) {
		d := json.NewDecoder(strings.NewReader(path))
		if err := d.Decode(&key); err != nil {
			return "", 0, "", pathUnknown(path)
		}
		return key, -1, strings.TrimPrefix(path[d.InputOffset():], "."), nil
	}
	at := strings.IndexAny(path, ".[")
	if at < 0 {
		at = len(path)
	}
	for _, k := range keys {
		if len(k) > at && strings.HasPrefix(path, k) && (len(k) == len(path) || path[len(k)] == '.' || path[len(k)] == '[') {
			at = len(k)
		}
	}
	if at == 0 {
		return "", 0, "", pathUnknown(path)
	}
	return path[:at], -1, strings.TrimPrefix(path[at:], "."), nil
}

// below returns the path of a key below another.
func below(path, key string) string {
	if !keyForm.MatchString(key) {
		key = quoted(key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// shorthands are maps that may be written as the one value below the key given.
func shorthand(parent, key string) string {
	switch {
	case parent == "entitlements":
		return "limit"
	case key == "trial":
		return "length"
	}
	return ""
}

// longhand returns the map for which a plain value stands, or nil when it stands for none.
func longhand(short plain, parent, key string) *mapping {
	name := shorthand(parent, key)
	if name == "" || short.form == 'b' || short.form == '0' {
		return nil
	}
	long := newMapping()
	long.set(name, short)
	return long
}

// nest wraps a value in the maps and lists that a path names.
func nest(path string, v any) (any, error) {
	if path == "" {
		return v, nil
	}
	key, index, rest, err := segment(path, nil)
	if err != nil {
		return nil, err
	}
	inner, err := nest(rest, v)
	switch {
	case err != nil:
		return nil, err
	case index > 0:
		return nil, pathUnknown(path)
	case index == 0:
		return []any{inner}, nil
	}
	o := newMapping()
	o.set(key, inner)
	return o, nil
}

// apply makes an edit in a document: v at path, or nothing there when v is nil.
func apply(document *mapping, path string, v any) (any, error) {
	return change(document, path, v, "", "")
}

func change(at any, path string, v any, parent, name string) (any, error) {
	if path == "" {
		return v, nil
	}
	switch at := at.(type) {
	case *mapping:
		key, index, rest, err := segment(path, at.keys)
		if err != nil || index >= 0 {
			return nil, pathUnknown(path)
		}
		was, known := at.values[key]
		switch {
		case v == nil && !known:
			return nil, pathUnknown(path)
		case v == nil && rest == "":
			at.remove(key)
			return at, nil
		}
		if !known {
			was = plain{form: '0'}
		}
		now, err := change(was, rest, v, name, key)
		if err != nil {
			return nil, err
		}
		at.set(key, now)
		return at, nil
	case []any:
		_, index, rest, err := segment(path, nil)
		if err != nil || index < 0 || index > len(at) || index == len(at) && v == nil {
			return nil, pathUnknown(path)
		}
		if v == nil && rest == "" {
			return append(at[:index:index], at[index+1:]...), nil
		}
		var was any = plain{form: '0'}
		if index < len(at) {
			was = at[index]
		}
		now, err := change(was, rest, v, "", "")
		if err != nil {
			return nil, err
		}
		return append(append(at[:index:index], now), at[min(index+1, len(at)):]...), nil
	}
	if v == nil {
		return nil, pathUnknown(path)
	}
	short := at.(plain)
	if short.form == '0' {
		return nest(path, v)
	}
	if path == shorthand(parent, name) {
		return v, nil // it stays as short as it is
	}
	long := longhand(short, parent, name)
	if long == nil {
		return nil, isPlain(path)
	}
	return change(long, path, v, "", "")
}

// VersionOf returns the version that a text has, valid or not.
func VersionOf(text []byte) string {
	sum := sha256.Sum256(text)
	return "c-" + hex.EncodeToString(sum[:8])
}
