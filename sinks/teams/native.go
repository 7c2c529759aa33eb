package teams

import (
	"errors"
	"fmt"

	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// nativeCard are the keys of an Adaptive Card, and which types they have.
type nativeCard struct {
	Schema            string           `json:"$schema"`
	Type              string           `json:"type"`
	Version           string           `json:"version"`
	Body              []map[string]any `json:"body"`
	Actions           []map[string]any `json:"actions"`
	SelectAction      map[string]any   `json:"selectAction"`
	FallbackText      string           `json:"fallbackText"`
	BackgroundImage   any              `json:"backgroundImage"`
	MinHeight         string           `json:"minHeight"`
	RTL               bool             `json:"rtl"`
	Speak             string           `json:"speak"`
	Lang              string           `json:"lang"`
	VerticalAlignment string           `json:"verticalContentAlignment"`
	Refresh           map[string]any   `json:"refresh"`
	Authentication    map[string]any   `json:"authentication"`
	Metadata          map[string]any   `json:"metadata"`
	MSTeams           map[string]any   `json:"msteams"`
}

// elements are the types of a card's elements, and what each cannot do without.
func elements() map[string][]string {
	return map[string][]string{
		"TextBlock": {"text"}, "RichTextBlock": {"inlines"}, "Image": {"url"}, "ImageSet": {"images"}, "Media": {"sources"},
		"Container": {"items"}, "ColumnSet": nil, "FactSet": {"facts"}, "ActionSet": {"actions"}, "Table": nil, "Carousel": nil,
		"Icon": nil, "Badge": nil, "CodeBlock": nil, "CompoundButton": nil, "ProgressBar": nil, "ProgressRing": nil, "Rating": nil,
		"Input.Text": {"id"}, "Input.Number": {"id"}, "Input.Date": {"id"}, "Input.Time": {"id"}, "Input.Toggle": {"id"}, "Input.ChoiceSet": {"id"},
	}
}

func actions() map[string][]string {
	return map[string][]string{
		"Action.OpenUrl": {"url"}, "Action.ShowCard": {"card"}, "Action.ToggleVisibility": {"targetElements"}, "Action.Submit": nil, "Action.Execute": nil,
	}
}

// CheckNative finds what Teams would refuse in a native part, which is laid over
// the card.
func CheckNative(part map[string]any) error {
	for _, key := range []string{"attachments", "@type", "sections", "potentialAction"} {
		if part[key] != nil {
			return kit.Setting(key, "only an Adaptive Card's own keys go here, such as body and actions. Of a whole message paste what stands in the content of its attachment; a MessageCard must be made an Adaptive Card")
		}
	}
	if fault := kit.CheckShape("", part, nativeCard{}); fault != nil {
		return fault
	}
	return errors.Join(checkBody("body", part["body"]), kit.CheckKinds("actions", part["actions"], actions()))
}

// checkBody checks a list of elements, and those within them.
func checkBody(path string, list any) error {
	faults := []error{kit.CheckKinds(path, list, elements())}
	all, _ := list.([]any)
	for i, element := range all {
		m, _ := element.(map[string]any)
		at := fmt.Sprintf("%s[%d]", path, i)
		if m["items"] != nil {
			faults = append(faults, checkBody(at+".items", m["items"]))
		}
		if m["actions"] != nil {
			faults = append(faults, kit.CheckKinds(at+".actions", m["actions"], actions()))
		}
		columns, _ := m["columns"].([]any)
		for j, column := range columns {
			if c, _ := column.(map[string]any); c["items"] != nil {
				faults = append(faults, checkBody(fmt.Sprintf("%s.columns[%d].items", at, j), c["items"]))
			}
		}
	}
	return errors.Join(faults...)
}
