package capas

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestReadmeSpanish: README.es.md has the commands, the program, the headings and the tables of README.md in their order, and its
// numbers and links, so that a change of one is not forgotten in the other. What it says, no test can compare.
func TestReadmeSpanish(t *testing.T) {
	texts := map[string]string{}
	for _, file := range []string{"README.md", "README.es.md"} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts[file] = string(data)
	}
	comment, separator := regexp.MustCompile(`(?m) *#.*$`), regexp.MustCompile(`[.,\x{a0}]`)
	for _, c := range []struct {
		what, pattern string
		inOrder       bool // which differs within sentences
		normal        func(string) string
	}{
		{"commands", "(?s)```sh\n.*?```", true, func(s string) string { return comment.ReplaceAllString(s, "") }},
		{"program", "(?s)```go\n.*?```", true, func(s string) string { return s }},
		{"headings", `(?m)^#+ `, true, func(s string) string { return s }},
		{"tables", `(?m)(^\|.*\n)+`, true, func(s string) string { return fmt.Sprintf("%d rows", strings.Count(s, "\n")) }},
		{"links", `\]\([^)]*\)`, false, func(s string) string {
			if strings.HasPrefix(s, "](#") || strings.Contains(s, "README") {
				return ""
			}
			return s
		}},
		{"numbers", `\d+([.,\x{a0}]\d+)*`, false, func(s string) string { return separator.ReplaceAllString(s, "") }},
	} {
		find := func(file string) (out []string) {
			for _, s := range regexp.MustCompile(c.pattern).FindAllString(texts[file], -1) {
				if s = c.normal(s); s != "" {
					out = append(out, s)
				}
			}
			if !c.inOrder {
				slices.Sort(out)
			}
			return out
		}
		english, spanish := find("README.md"), find("README.es.md")
		if slices.Equal(english, spanish) {
			continue
		}
		for i := range max(len(english), len(spanish)) {
			if i >= len(english) || i >= len(spanish) || english[i] != spanish[i] {
				t.Errorf("%s: %d in README.md, %d in README.es.md; number %d differs:\n%q\n%q", c.what, len(english), len(spanish), i+1, tailFrom(english, i), tailFrom(spanish, i))
				break
			}
		}
	}
}

// tailFrom is at most three elements from i on.
func tailFrom(list []string, i int) []string {
	return list[min(i, len(list)):min(i+3, len(list))]
}
