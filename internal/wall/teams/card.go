package teams

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/internal/wall/platform"
)

// cardElement is the rule of one type of card element: the keys that it must
// have, and those that hold further elements.
type cardElement struct {
	required []string
	children []string
}

// cardElements are the elements of Adaptive Cards 1.5, the newest version that
// Teams draws: https://adaptivecards.io/schemas/1.5.0/adaptive-card.json
func cardElements() map[string]cardElement {
	return map[string]cardElement{
		"TextBlock":     {required: []string{"text"}},
		"RichTextBlock": {required: []string{"inlines"}},
		"Image":         {required: []string{"url"}},
		"ImageSet":      {required: []string{"images"}, children: []string{"images"}},
		"Media":         {required: []string{"sources"}},
		"FactSet":       {required: []string{"facts"}},
		"Container":     {required: []string{"items"}, children: []string{"items"}},
		"ColumnSet":     {children: []string{"columns"}},
		"Column":        {children: []string{"items"}},
		"ActionSet":     {required: []string{"actions"}},
		"Table":         {},
		"Input.Text":    {required: []string{"id"}},
	}
}

// cardProblem is why Teams would not post a card, or "".
func cardProblem(card platform.Node) string {
	if kind := card.Get("type").Text(); kind != "AdaptiveCard" {
		return "Property 'type' must be 'AdaptiveCard'"
	}
	if v := card.Get("version").Text(); !slices.Contains([]string{"1.0", "1.1", "1.2", "1.3", "1.4", "1.5"}, v) {
		return fmt.Sprintf("version %q: Teams draws cards up to 1.5", v)
	}
	if fault := elementsProblem(card.Get("body"), "TextBlock"); fault != "" {
		return fault
	}
	return actionsProblem(card.Get("actions"))
}

// elementsProblem checks a list of elements; one without a type is of the usual
// type.
func elementsProblem(list platform.Node, usual string) string {
	if list.Present() && !list.IsList() {
		return fmt.Sprintf("%s must be a list", strings.Join(list.Path, "."))
	}
	for _, e := range list.Items() {
		if fault := elementProblem(e, usual); fault != "" {
			return fault
		}
	}
	return ""
}

func elementProblem(e platform.Node, usual string) string {
	kind := e.Get("type").Text()
	if kind == "" && usual != "TextBlock" {
		kind = usual
	}
	rule, known := cardElements()[kind]
	if !known {
		return fmt.Sprintf("unknown element %q at %s", kind, strings.Join(e.Path, "."))
	}
	for _, key := range rule.required {
		if !e.Get(key).Present() {
			return fmt.Sprintf("%s without %s at %s", kind, key, strings.Join(e.Path, "."))
		}
	}
	for _, key := range rule.children {
		child := map[string]string{"columns": "Column", "images": "Image"}[key]
		if child == "" {
			child = "TextBlock"
		}
		if fault := elementsProblem(e.Get(key), child); fault != "" {
			return fault
		}
	}
	return cmp.Or(actionsProblem(e.Get("actions")), factsProblem(e.Get("facts")), actionProblem(e.Get("selectAction")))
}

func factsProblem(facts platform.Node) string {
	for _, f := range facts.Items() {
		if !f.Get("title").IsString() || !f.Get("value").IsString() {
			return fmt.Sprintf("fact without title and value at %s", strings.Join(f.Path, "."))
		}
	}
	return ""
}

func actionsProblem(actions platform.Node) string {
	for _, a := range actions.Items() {
		if fault := actionProblem(a); fault != "" {
			return fault
		}
	}
	return ""
}

func actionProblem(a platform.Node) string {
	if !a.Present() {
		return ""
	}
	switch kind := a.Get("type").Text(); kind {
	case "Action.OpenUrl":
		if !platform.WebURL(a.Get("url").Text()) {
			return fmt.Sprintf("Action.OpenUrl without a web address at %s", strings.Join(a.Path, "."))
		}
	case "Action.ShowCard", "Action.ToggleVisibility":
	default:
		return fmt.Sprintf("%s does not work in a card from a webhook", kind)
	}
	return ""
}
