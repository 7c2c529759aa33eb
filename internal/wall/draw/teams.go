package draw

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// teamsMessage is what a Teams workflow is sent, as far as it is drawn.
type teamsMessage struct {
	Text        string
	Attachments []struct{ Content teamsCard }
}

type teamsCard struct {
	Body    []teamsElement
	Actions []teamsAction
}

type teamsAction struct {
	Type, Title, URL, Style string
}

// teamsElement is any element of an Adaptive Card:
// https://adaptivecards.io/explorer/
type teamsElement struct {
	Type                string
	Text                string
	Title               string // of a fact
	Value               string // of a fact
	URL                 string
	AltText             string
	Size, Weight, Color string
	Style               string
	FontType            string
	Width               any
	HorizontalAlignment string
	IsSubtle            bool
	Bold, Italic        bool
	Strikethrough       bool
	Underline           bool
	Separator           bool
	Bleed               bool
	Spacing             string
	SelectAction        *teamsAction
	Items               []teamsElement
	Columns             []teamsElement
	Facts               []teamsElement
	Images              []teamsElement
	Inlines             []teamsElement
	Actions             []teamsAction
}

// UnmarshalJSON takes a plain string, as inlines may be, as a text run.
func (e *teamsElement) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		e.Type = "TextRun"
		return json.Unmarshal(data, &e.Text)
	}
	type object teamsElement
	return json.Unmarshal(data, (*object)(e))
}

// Lines is a text block's text, which is markdown with mentions.
func (e teamsElement) Lines() []Line {
	l := markdownLayout()
	l.angle = func(inner string) (Run, bool) {
		name, ok := strings.CutPrefix(inner, "at:")
		return Run{Text: "@" + name, Ping: true}, ok
	}
	return l.lines(mentioned.ReplaceAllString(e.Text, "<at:$1>"))
}

// mentioned is a mention in a text block.
var mentioned = regexp.MustCompile(`<at>([^<>]*)</at>`)

// FactLines is a fact's value, which is markdown too.
func (e teamsElement) FactLines() []Line { return markdownLayout().lines(e.Value) }

// FactTitle is a fact's title.
func (e teamsElement) FactTitle() []Run { return markdownLayout().parse(e.Title) }

// Runs is a rich text block's inlines, which are literal.
func (e teamsElement) Runs() []Run {
	runs := make([]Run, 0, len(e.Inlines))
	for _, in := range e.Inlines {
		r := Run{
			Text: in.Text, Bold: in.Weight == "Bolder" || in.Weight == "bolder", Italic: in.Italic, Strike: in.Strikethrough, Under: in.Underline,
			Code: strings.EqualFold(in.FontType, "monospace"), Color: in.tint(),
		}
		if in.SelectAction != nil {
			r.URL = in.SelectAction.URL
		}
		runs = append(runs, r)
	}
	return runs
}

// tint is the colour as the style sheet names it.
func (e teamsElement) tint() string {
	switch color := strings.ToLower(e.Color); color {
	case "accent", "good", "warning", "attention", "dark", "light":
		return "tint-" + color
	}
	if e.IsSubtle {
		return "tint-subtle"
	}
	return ""
}

// Class is the element's looks as the style sheet names them.
func (e teamsElement) Class() string {
	var names []string
	for prefix, value := range map[string]string{
		"size": e.Size, "weight": e.Weight, "box": e.Style, "space": e.Spacing, "align": e.HorizontalAlignment, "font": e.FontType,
	} {
		if word := strings.ToLower(value); word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyz") == "" {
			names = append(names, prefix+"-"+word)
		}
	}
	if tint := e.tint(); tint != "" {
		names = append(names, tint)
	}
	for name, on := range map[string]bool{"bleed": e.Bleed, "separated": e.Separator, "hug": e.Width == "auto"} {
		if on {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}
