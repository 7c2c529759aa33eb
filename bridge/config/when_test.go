package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// withWhen is a small configuration with a route's condition as YAML.
func withWhen(yaml string) string {
	return `sources: { p: { path: /absorb, secrets: [ sixteen-characters ], api: { region: us, key: k, username: u, password: p } } }
sinks: { log: { type: console } }
routes:
  - name: Prüfung
    events: [ "EnrollmentCompleted*" ]
` + yaml + `
    to: [ log ]
`
}

// TestFaultsInConditionsHaveAPlace: the mark is below the word that is wrong,
// however YAML wrote it.
func TestFaultsInConditionsHaveAPlace(t *testing.T) {
	for style, yaml := range map[string]string{
		"plain":            `    when: course.name contains "ä" and usr.firstName == "x"`,
		"single quotes":    `    when: 'course.name contains ''its'' and usr.firstName == "x"'`,
		"double quotes":    `    when: "course.name contains \"\u00e4\x41\t\" and usr.firstName == 'x'"`,
		"plain on lines":   "    when: course.name contains \"a\"\n      and usr.firstName == \"x\"",
		"folded":           "    when: >-\n      course.name contains \"a\"\n      and usr.firstName == \"x\"",
		"folded, indented": "    when: >\n      course.name contains \"a\"\n        and (\n          usr.firstName == \"x\")",
		"literal":          "    when: |\n      course.name contains \"a\"\n\n      and usr.firstName == \"x\"",
		"quotes on lines":  "    when: \"course.name contains 'a' \\\n      and usr.firstName == 'x'\"",
		"windows":          "    when: |\r\n      course.name contains \"a\"\r\n      and usr.firstName == \"x\"\r",
		"beside others":    `    when: "usr.firstName == 'x'"`,
	} {
		text := withWhen(yaml)
		_, err := Parse("bridge.yaml", []byte(text), nil)
		problems, ok := errors.AsType[bridge.Problems](err)
		if !ok || len(problems) != 1 {
			t.Errorf("%s: %v", style, err)
			continue
		}
		p := problems[0]
		line := []rune(strings.Split(text, "\n")[p.Line-1])
		if !strings.HasPrefix(string(line[p.Column-1:]), "usr.firstName") || !strings.Contains(p.Excerpt, "usr") {
			t.Errorf("%s: the mark is at %d:%d:\n%v", style, p.Line, p.Column, err)
		}
		if want := `routes[0].when: no part named "usr": no template looks it up; did you mean "user"?`; p.Message != want {
			t.Errorf("%s: %s", style, p.Message)
		}
	}
}

// TestConditionFromTheEnvironment: its faults are told where the value starts.
func TestConditionFromTheEnvironment(t *testing.T) {
	_, err := Parse("bridge.yaml", []byte(withWhen(`    when: "${CONDITION}"`)), []string{"CONDITION=true && usr.id == nil"})
	if err == nil || !strings.HasPrefix(err.Error(), `bridge.yaml:6:11: routes[0].when: no part named "usr"`) {
		t.Error(err)
	}
}

func TestAllFaultsOfAConditionInOneGo(t *testing.T) {
	_, err := Parse("bridge.yaml", []byte(withWhen(`    when: cours.name == 3 and lowr(user.nam) == "x"`)), nil)
	problems, _ := errors.AsType[bridge.Problems](err)
	if len(problems) != 3 {
		t.Errorf("%d problems: %v", len(problems), err)
	}
}

// TestPartsOfOwnTemplates: what an admin's template looks up may be used, and has
// the fields of the resource that its path leads to.
func TestPartsOfOwnTemplates(t *testing.T) {
	dir := t.TempDir()
	load := func(template, when string) (*Config, error) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "own.yaml"), []byte(template), 0o600); err != nil {
			t.Fatal(err)
		}
		return Parse("bridge.yaml", fmt.Appendf(nil, "templates: %q\n%s", dir, withWhen("    when: "+when)), nil)
	}
	const template = `event: EnrollmentCompletedByLearner
lookups:
  user: /users/{{ .event.userId }}
  boss: /users/{{ .user.supervisorId }}
  prices: /own/{{ .event.courseId }}/prices
message: { title: x }
`
	if c, err := load(template, `boss.emailAddress == "x" and prices.any.thing > 3`); err != nil || len(c.Warnings) != 0 {
		t.Errorf("%v, %v", c, err)
	}
	if _, err := load(template, `boss.mail == "x"`); err == nil || !strings.Contains(err.Error(), `boss has no field named "mail"`) {
		t.Error(err)
	}
	// The templates' own fault is told when they are loaded for use.
	if c, err := load("lookups: [", `boss.mail == "x"`); err != nil {
		t.Error(err)
	} else if _, err := c.LoadTemplates(Localization{}); err == nil {
		t.Error("the template has a fault")
	}
}

func TestWarningsOfConditions(t *testing.T) {
	text := withWhen(`    when: department.name == "x" and course.name == "y"`)
	c := parseText(t, text)
	if want := `[routes[0].when reads department, which is always missing, because no template of the route's events looks it up]`; fmt.Sprint(c.Warnings) != want {
		t.Errorf("warnings %v", c.Warnings)
	}
	text = strings.Replace(withWhen(`    when: course.name == "y" or event.userId == "z"`), ", api: { region: us, key: k, username: u, password: p }", "", 1)
	if c := parseText(t, text); len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], "reads course, which is always missing for source p, because the source has no api") {
		t.Errorf("warnings %v", c.Warnings)
	}
}

// TestNoSecretBehindACondition: a condition that lacks its closing quote holds the
// lines that follow, and they may hold secrets.
func TestNoSecretBehindACondition(t *testing.T) {
	for _, yaml := range []string{"    when: \"usr.id == nil\n    token: literal-token \"", "    when: usr.id ==\n      \"smtp://me:literal-token@example.com\""} {
		_, err := Parse("bridge.yaml", []byte(withWhen(yaml)), nil)
		if err == nil || strings.Contains(err.Error(), "literal-token") {
			t.Error(err)
		}
	}
}

// FuzzWithin: whatever the file holds at a text's place, the place that is found
// is in the file.
func FuzzWithin(f *testing.F) {
	f.Add(`"a\x41 \
  b" `, "aA b", 3)
	f.Add("'it''s'", "it's", 4)
	f.Add("|\n  a\n\n  b\n", "a\n\nb\n", 3)
	f.Add(`"\`, "x", 1)
	f.Fuzz(func(t *testing.T, source, text string, offset int) {
		if i, ok := align([]rune(source), 0, []rune(text), offset); i < 0 || ok && i > len([]rune(source)) {
			t.Errorf("place %d of %d", i, len([]rune(source)))
		}
	})
}
