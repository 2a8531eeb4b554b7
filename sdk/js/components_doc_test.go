package sdkjs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// docs/components.md says what elements are for and what can be set; here it is held to their sources, both ways.

func componentsDoc(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/components.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// elementSources is the text of all files of elements, by name.
func elementSources(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("src/elements/*.ts")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no elements", err)
	}
	sources := make(map[string]string)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		sources[filepath.Base(file)] = string(text)
	}
	return sources
}

// all returns the first group of every match, once each and sorted.
func all(pattern, text string) (found []string) {
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		found = append(found, m[1])
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func TestTheComponentsPageHasWhatEveryElementHas(t *testing.T) {
	doc, sources := componentsDoc(t), elementSources(t)
	everything := ""
	for _, text := range sources {
		everything += text
	}
	var defined []string
	for file, text := range sources {
		name := regexp.MustCompile(`(?m)^define\('([a-z-]+)'`).FindStringSubmatch(text)
		if name == nil {
			continue
		}
		defined = append(defined, name[1])
		t.Run(name[1], func(t *testing.T) {
			_, section, found := strings.Cut(doc, "\n## "+name[1]+"\n")
			if !found {
				t.Fatal("docs/components.md has no such section")
			}
			section, _, _ = strings.Cut(section, "\n## ")
			comment := regexp.MustCompile(`(?s)/\*\*((?:[^*]|\*[^/])*)\*/\nexport class Headroom`).FindStringSubmatch(text)
			if comment == nil {
				t.Fatalf("%s: the class has no comment", file)
			}
			words := strings.Join(strings.Fields(strings.ReplaceAll(comment[1], "\n *", " ")), " ")

			// attributes: those that are watched, and those that are only read
			attributes := all(`(?m)^\| `+"`([a-z-]+)`"+` \|`, section)
			for _, watched := range all(`'([a-z-]+)'`, strings.Join(all(`static override observed = \[([^\]]*)\]`, text), "")) {
				if !slices.Contains(attributes, watched) {
					t.Errorf("the attribute %s is not on the page", watched)
				}
			}
			for _, a := range attributes {
				if !regexp.MustCompile(`\b` + a + `\b`).MatchString(words) {
					t.Errorf("the page has an attribute %s, of which the class's comment says nothing", a)
				}
				if !strings.Contains(everything, fmt.Sprintf("Attribute('%s')", a)) && !strings.Contains(text, "'"+a+"'") {
					t.Errorf("nothing reads the attribute %s", a)
				}
			}
			// parts: as the comment lists them, and each one is made somewhere
			listed := strings.Fields(regexp.MustCompile(`Parts: ([a-z -]+)\.`).FindStringSubmatch(words)[1])
			_, line, _ := strings.Cut(section, "Parts: ")
			line, _, _ = strings.Cut(line, "\n\n")
			if told := all("`([a-z-]+)`", line); !slices.Equal(told, slices.Sorted(slices.Values(listed))) {
				t.Errorf("the page has the parts %v, the class's comment %v", told, listed)
			}
			for _, part := range listed {
				if !regexp.MustCompile(`part: '`+part+`'|[(]'`+part+`', |part: [^,}]*'`+part+`'`).MatchString(everything) && !strings.Contains(everything, "'"+part+"'") {
					t.Errorf("nothing has the part %s", part)
				}
			}
			for _, part := range all(`part: '([a-z-]+)'`, text) {
				if !slices.Contains(listed, part) {
					t.Errorf("the part %s is in no list", part)
				}
			}
			// a picture that there is
			picture := "images/components/" + name[1] + ".png"
			if _, err := os.Stat("../../docs/" + picture); err != nil || !strings.Contains(section, "("+picture+")") {
				t.Errorf("there is no picture %s: make components", picture)
			}
		})
	}
	if told := all(`(?m)^## (headroom-[a-z-]+)`, doc); !slices.Equal(told, slices.Sorted(slices.Values(defined))) {
		t.Errorf("the page has %v, the sources %v", told, defined)
	}
	// events and custom properties are those of the sources, all of them
	if told, made := all("(?m)^\\| `headroom-([a-z]+)` \\|", doc), all(`emit\('([a-z]+)'`, everything); !slices.Equal(told, made) {
		t.Errorf("the page has the events %v, the sources %v", told, made)
	}
	used := append(all(`--headroom-([a-z]+[a-z-]*)`, everything), all(`\w+: \['([a-z-]+)', '`, sources["style.ts"])...)
	slices.Sort(used)
	if told := all("(?m)^\\| `--headroom-([a-z-]+)` \\|", doc); !slices.Equal(told, slices.Compact(used)) {
		t.Errorf("the page has the custom properties %v, the sources %v", told, used)
	}
}
