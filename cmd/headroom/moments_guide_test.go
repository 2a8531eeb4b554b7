package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// guideAmount is an amount of money as a guide's table shows it.
type guideAmount struct{ Amount, Currency string }

func (a guideAmount) String() string {
	whole, _, _ := strings.Cut(a.Amount, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return whole + " " + a.Currency
}

// guideTables turn answers into the tables of the guide, by path.
var guideTables = map[string]func(t *testing.T, c *client) string{
	"/v1/activation": func(t *testing.T, c *client) string {
		var a struct {
			Items []struct {
				Title                    string
				Expected, Reached, Stuck int
				MedianDays               float64 `json:"median_days"`
			}
		}
		c.into(t, "/v1/activation", &a)
		rows := [][]string{{"milestone", "expected", "reached", "stuck", "median days"}}
		for _, m := range a.Items {
			rows = append(rows, []string{m.Title, fmt.Sprint(m.Expected), fmt.Sprint(m.Reached), fmt.Sprint(m.Stuck), fmt.Sprintf("%.0f", m.MedianDays)})
		}
		return aligned(rows)
	},
	"/v1/moments/missed": func(t *testing.T, c *client) string {
		var a struct {
			Items []struct {
				Kind, Title, Placement string
				Moments, Accounts      int
				Value                  []guideAmount
				Reasons                []struct {
					Why     string
					Moments int
				}
			}
			Totals struct {
				Moments, Accounts int
				Value             []guideAmount
			}
		}
		c.into(t, "/v1/moments/missed", &a)
		rows := [][]string{{"moment", "where", "missed", "accounts", "a year", "why, mostly"}}
		for _, m := range a.Items {
			rows = append(rows, []string{m.Kind + ": " + m.Title, m.Placement, fmt.Sprint(m.Moments), fmt.Sprint(m.Accounts),
				summed(m.Value), fmt.Sprintf("%s (%d)", m.Reasons[0].Why, m.Reasons[0].Moments)})
		}
		rows = append(rows, []string{"all", "", fmt.Sprint(a.Totals.Moments), fmt.Sprint(a.Totals.Accounts), summed(a.Totals.Value), ""})
		return aligned(rows)
	},
	"/v1/offers/funnel": func(t *testing.T, c *client) string {
		var a struct {
			Moments []struct {
				Kind, Title, Placement string
				Steps                  []struct {
					Step  string
					Count int
				}
			}
		}
		c.into(t, "/v1/offers/funnel", &a)
		rows := [][]string{nil}
		for _, m := range a.Moments {
			row, head := []string{m.Kind + ": " + m.Title, m.Placement}, []string{"about", "where"}
			for _, s := range m.Steps {
				head, row = append(head, s.Step), append(row, fmt.Sprint(s.Count))
			}
			rows[0], rows = head, append(rows, row)
		}
		return aligned(rows)
	},
	"/v1/experiments": func(t *testing.T, c *client) string {
		var a struct {
			Items []struct {
				Variants []struct {
					Variant, Median   string
					Families, Reached int
				}
			}
		}
		c.into(t, "/v1/experiments", &a)
		rows := [][]string{{"variant", "families", "first summit held", "median time to it"}}
		for _, x := range a.Items {
			for _, v := range x.Variants {
				rows = append(rows, []string{v.Variant, fmt.Sprint(v.Families), fmt.Sprint(v.Reached), v.Median})
			}
		}
		return aligned(rows)
	},
}

func summed(all []guideAmount) string {
	words := make([]string, len(all))
	for i, a := range all {
		words[i] = a.String()
	}
	return strings.Join(words, ", ")
}

// into reads an answer.
func (c *client) into(t *testing.T, path string, out any) {
	t.Helper()
	if err := c.call(context.Background(), "GET", path, nil, out); err != nil {
		t.Fatal(err)
	}
}

// aligned writes rows in columns as wide as their widest cell.
func aligned(rows [][]string) string {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			fmt.Fprintf(&line, "%-*s  ", widths[i], cell)
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}

// stepped is how long a backtest took, which is another time each time.
var stepped = regexp.MustCompile(`stepped in [0-9.]+ s`)

var (
	figure = regexp.MustCompile(`[0-9][0-9,]*(\.[0-9]+)?%?`)
	// ofOne is the day that a line about one account begins with.
	ofOne  = regexp.MustCompile(`[0-9]{4}-[0-9]{2}-[0-9]{2}  `)
	blanks = regexp.MustCompile(`(\s|#|…|[.,]|USD|EUR)+`)
)

// strays says how what a command told strays from the guide; empty where it does not. What people of the
// sample company do follows from what they were offered, and that from what had arrived by then, so
// a few of their counts are others each time: whole numbers may be off by 5 or a tenth, and what
// happened to fewer than 6 may be missing. Money and rates follow from them and are not compared.
func strays(guide, told string) string {
	lines := func(text string) map[string][]float64 {
		out := map[string][]float64{}
		for line := range strings.SplitSeq(text, "\n") {
			if ofOne.MatchString(line) {
				continue
			}
			var counts []float64
			for _, word := range figure.FindAllString(line, -1) {
				if n, err := strconv.ParseFloat(strings.ReplaceAll(word, ",", ""), 64); err == nil && !strings.Contains(word, ".") {
					counts = append(counts, n)
				}
			}
			label := blanks.ReplaceAllString(figure.ReplaceAllString(line, ""), " ")
			for out[label] != nil { // the next line of the same form
				label += "+"
			}
			out[label] = append([]float64{}, counts...)
		}
		return out
	}
	said := lines(told)
	for label, counts := range lines(guide) {
		now, there := said[label]
		rare := len(counts) == 0 || counts[0] < 6
		if !there && !rare {
			return fmt.Sprintf("no line %q", label)
		}
		for i := range min(len(counts), len(now)) {
			if counts[i] < 5000 && now[i] < 5000 && math.Abs(counts[i]-now[i]) > max(5, counts[i]/10) {
				return fmt.Sprintf("%q: %v against %v", label, now, counts)
			}
		}
	}
	return ""
}

// TestTheGuideToMomentsDoesWhatItSays lives the four months of the guide, runs its commands and
// compares what they say with the blocks under them. With -update it writes the blocks.
func TestTheGuideToMomentsDoesWhatItSays(t *testing.T) {
	if testing.Short() {
		t.Skip("it lives four months")
	}
	const page = "../../docs/guides/moments.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	guide, ran := string(text), 0
	summitry, ravens, found := strings.Cut(guide, "\n# RavenStack\n")
	if !found {
		t.Fatal("the guide has no section on RavenStack")
	}
	t.Chdir(t.TempDir())
	root := repositoryRoot
	run1 := func(block []string, say func(command string) string) {
		got := stepped.ReplaceAllString(say(block[1]), "stepped in … s")
		ran++
		if got == block[2] || !*updateDocs && strays(block[2], got) == "" {
			return
		}
		if *updateDocs {
			guide = strings.Replace(guide, block[0], "```sh\n"+block[1]+"```\n\n```text\n"+got+"```", 1)
			return
		}
		t.Errorf("%s\n%s\nthe guide says\n%s\nthe command says\n%s", block[1], strays(block[2], got), block[2], got)
	}
	blocks := regexp.MustCompile("(?s)```sh\n([^`]*?)```\n\n```text\n(.*?)```")
	d := &demo{today: "2026-03-01", months: 4}
	shown(t, d, func(string) {
		t.Setenv("HEADROOM_URL", d.server.url())
		t.Setenv("HEADROOM_SECRET_KEY", d.key)
		c := clientFor(d.server.url(), d.key)
		for _, block := range blocks.FindAllStringSubmatch(summitry, -1) {
			run1(block, func(command string) string {
				if _, path, is := strings.Cut(command, "$HEADROOM_URL"); is {
					return guideTables[strings.Trim(path, "\"\n")](t, c)
				}
				return guideCommand(t, root, command)
			})
		}
	})
	if dir, there := ravenFiles(); there {
		for _, block := range blocks.FindAllStringSubmatch(ravens, -1) {
			run1(block, func(command string) string {
				return guideCommand(t, root, strings.ReplaceAll(command, "$RAVENSTACK", dir))
			})
		}
	} else {
		ran++
	}
	if ran != 6 {
		t.Errorf("of the guide's commands %d were run", ran)
	}
	if *updateDocs && !t.Failed() {
		if err := os.WriteFile(filepath.Join(root, "docs/guides/moments.md"), []byte(guide), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// repositoryRoot is where the guides' commands are run.
var repositoryRoot = func() string {
	root, err := filepath.Abs("../..")
	if err != nil {
		panic(err)
	}
	return root
}()

// guideCommand runs the commands of a block: sed on one of the examples, and headroom.
func guideCommand(t *testing.T, root, commands string) string {
	t.Helper()
	said := ""
	for line := range strings.SplitSeq(strings.TrimSpace(commands), "\n") {
		if rest, is := strings.CutPrefix(line, "sed 's/"); is {
			change, files, _ := strings.Cut(rest, "/' ")
			from, to, _ := strings.Cut(change, "/")
			in, out, _ := strings.Cut(files, " > ")
			text, err := os.ReadFile(filepath.Join(root, in))
			if err != nil || !strings.Contains(string(text), from) {
				t.Fatalf("%s: %v, or there is no %q in it", in, err, from)
			}
			if err := os.WriteFile(out, []byte(strings.Replace(string(text), from, to, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		args := strings.Fields(strings.ReplaceAll(line, " examples/", " "+root+"/examples/"))
		stdout, stderr, err := run(t, rootCommand(), args[1:]...)
		if err != nil {
			t.Fatalf("%s: %v\n%s", line, err, stderr)
		}
		said += stdout
	}
	return said
}

// ravenFiles is the folder of RavenStack's files, where they are.
func ravenFiles() (string, bool) {
	dir := os.Getenv("HEADROOM_RAVENSTACK")
	if dir == "" {
		dir = filepath.Join(repositoryRoot, "../shared/data/ravenstack")
	}
	_, err := os.Stat(filepath.Join(dir, "subscriptions.csv"))
	return dir, err == nil
}
