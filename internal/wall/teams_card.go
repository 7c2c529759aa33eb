package wall

import (
	"fmt"
	"slices"
	"strings"
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
func cardProblem(card node) string {
	if kind := card.get("type").text(); kind != "AdaptiveCard" {
		return "Property 'type' must be 'AdaptiveCard'"
	}
	if v := card.get("version").text(); !slices.Contains([]string{"1.0", "1.1", "1.2", "1.3", "1.4", "1.5"}, v) {
		return fmt.Sprintf("version %q: Teams draws cards up to 1.5", v)
	}
	if fault := elementsProblem(card.get("body"), "TextBlock"); fault != "" {
		return fault
	}
	return actionsProblem(card.get("actions"))
}

// elementsProblem checks a list of elements; one without a type is of the usual
// type.
func elementsProblem(list node, usual string) string {
	if list.present() && !list.isList() {
		return fmt.Sprintf("%s must be a list", strings.Join(list.path, "."))
	}
	for _, e := range list.items() {
		if fault := elementProblem(e, usual); fault != "" {
			return fault
		}
	}
	return ""
}

func elementProblem(e node, usual string) string {
	kind := e.get("type").text()
	if kind == "" && usual != "TextBlock" {
		kind = usual
	}
	rule, known := cardElements()[kind]
	if !known {
		return fmt.Sprintf("unknown element %q at %s", kind, strings.Join(e.path, "."))
	}
	for _, key := range rule.required {
		if !e.get(key).present() {
			return fmt.Sprintf("%s without %s at %s", kind, key, strings.Join(e.path, "."))
		}
	}
	for _, key := range rule.children {
		child := map[string]string{"columns": "Column", "images": "Image"}[key]
		if child == "" {
			child = "TextBlock"
		}
		if fault := elementsProblem(e.get(key), child); fault != "" {
			return fault
		}
	}
	return firstFault(actionsProblem(e.get("actions")), factsProblem(e.get("facts")), actionProblem(e.get("selectAction")))
}

func factsProblem(facts node) string {
	for _, f := range facts.items() {
		if !f.get("title").isString() || !f.get("value").isString() {
			return fmt.Sprintf("fact without title and value at %s", strings.Join(f.path, "."))
		}
	}
	return ""
}

func actionsProblem(actions node) string {
	for _, a := range actions.items() {
		if fault := actionProblem(a); fault != "" {
			return fault
		}
	}
	return ""
}

func actionProblem(a node) string {
	if !a.present() {
		return ""
	}
	switch kind := a.get("type").text(); kind {
	case "Action.OpenUrl":
		if !webURL(a.get("url").text()) {
			return fmt.Sprintf("Action.OpenUrl without a web address at %s", strings.Join(a.path, "."))
		}
	case "Action.ShowCard", "Action.ToggleVisibility":
	default:
		return fmt.Sprintf("%s does not work in a card from a webhook", kind)
	}
	return ""
}
