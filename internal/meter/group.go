package meter

import (
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// MaxGroups bounds the parts that a meter keeps of one window; what comes after them goes
// to the part Others.
const MaxGroups = 100

// Names of parts that no event names.
const (
	Others = "(others)" // everything beyond MaxGroups
	None   = "(none)"   // the property is missing
)

// maxPart bounds the bytes of one value in the name of a part.
const maxPart = 100

// between stands between the values of a key; it is taken out of the values.
const between = "\x1f"

// groupKey is the key of a part as it is read from an event.
type groupKey struct {
	n    int
	text [catalog.MaxBy * (maxPart + 1)]byte
}

func (k *groupKey) bytes() []byte { return k.text[:k.n] }

func groupOf(by []string, r *event.Record) *groupKey {
	k := &groupKey{}
	b := k.text[:0]
	for i, name := range by {
		if i > 0 {
			b = append(b, between...)
		}
		v := r.Prop(name)
		text := v.Text
		if v.Kind == event.Null || text == "" {
			text = None
		}
		if len(text) > maxPart {
			text = strings.ToValidUTF8(text[:maxPart], "")
		}
		for j := range len(text) {
			c := text[j]
			if c == between[0] {
				c = ' '
			}
			b = append(b, c)
		}
	}
	k.n = len(b)
	return k
}

// group is a part of a window's usage.
type group struct {
	key   string
	value quantity.Quantity
}

// groups are the parts of a window: by key, with the others apart.
type groups struct {
	list   []group
	others quantity.Quantity
}

func (g *groups) find(key []byte) (int, bool) {
	return slices.BinarySearchFunc(g.list, key, func(a group, key []byte) int { return strings.Compare(a.key, string(key)) })
}

// add counts v in the part of key.
func (g *groups) add(key []byte, v quantity.Quantity) {
	i, there := g.find(key)
	switch {
	case there:
		g.list[i].value = g.list[i].value.Add(v)
	case len(g.list) >= MaxGroups:
		g.others = g.others.Add(v)
	default:
		g.list = slices.Insert(g.list, i, group{string(key), v})
	}
}

// Group is the usage of one combination of values.
type Group struct {
	By    map[string]string // value by property; all values are Others for the rest
	Value quantity.Quantity
}

// Groups returns the parts of the usage at now in the period, by their values, Others last:
// they add up to what Read says, from the time on that the catalog has asked for them.
// Rolling windows have none. u may be nil.
func Groups(u *Usage, def *catalog.Meter, per catalog.Period, cal subscription.Calendar, now clock.Time) []Group {
	if u == nil || len(def.By) == 0 {
		return nil
	}
	c := &u.life
	if w, ok := window(def, per); ok {
		s := u.seriesOf(w)
		if s == nil || w.Kind == catalog.Rolling {
			return nil
		}
		i, ok := s.find(s.periodOf(cal, now).Start)
		if !ok {
			return nil
		}
		c = &s.spans[i].cell
	}
	if c.more == nil || c.more.groups == nil {
		return nil
	}
	var out []Group
	for _, g := range c.more.groups.list {
		values := strings.Split(g.key, between)
		by := make(map[string]string, len(def.By))
		for i, name := range def.By {
			by[name] = None // kept before the catalog asked for it
			if i < len(values) {
				by[name] = values[i]
			}
		}
		out = append(out, Group{by, g.value})
	}
	if rest := c.more.groups.others; rest != 0 {
		by := make(map[string]string, len(def.By))
		for _, name := range def.By {
			by[name] = Others
		}
		out = append(out, Group{by, rest})
	}
	return out
}
