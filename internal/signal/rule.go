package signal

import (
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
)

// Value is something that a condition looked at: usage.emails.percent and 92, said as "92% of emails used".
type Value struct{ Name, Is, Said string }

// OnRule fires a rule whose condition has come true, at a daily look: once as long as it holds.
// looked tells what the condition looked at.
func OnRule(st *State, r *catalog.Signal, holds bool, looked func() []Value, c Context) []Signal {
	if r.State == retired || r.When.Rule == nil {
		return nil
	}
	return st.whileSo(r, 0, holds, c, func() (string, map[string]string, []Part) {
		title := r.Title
		if title == "" || title == r.Key {
			title = capital(strings.ReplaceAll(r.Key, "_", " "))
		}
		data := map[string]string{"rule": r.When.Rule.Source}
		var words []string
		for _, v := range looked() {
			words = append(words, v.Said)
			data[v.Name] = v.Is
		}
		evidence := title
		if len(words) > 0 {
			evidence += ": " + strings.Join(words, ", ")
		}
		return evidence, data, []Part{
			{Name: "rule", Points: 45, Why: "its condition came true"},
			{Name: "how pressing", Points: 10, Why: "it holds now"},
		}
	})
}
