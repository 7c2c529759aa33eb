package draw

import (
	"encoding/json"
	"fmt"
	"html/template"
)

// hookMessage is the payload of Mattermost's and Rocket.Chat's incoming webhooks,
// as far as it is drawn.
type hookMessage struct {
	Platform    string `json:"-"`
	Text        string
	Username    string
	Attachments []struct {
		Color     string
		Title     string
		TitleLink string `json:"title_link"`
		Text      string
		Fields    []struct {
			Title, Value string
			Short        bool
		}
		ImageURL string `json:"image_url"`
		Footer   string
	}
}

// Lines is a text of the message as it is read.
func (m hookMessage) Lines(text string) []Line {
	if m.Platform == "rocketchat" {
		return rocketLayout().lines(text)
	}
	return markdownLayout().lines(text)
}

// Bar is an attachment's colour.
func (m hookMessage) Bar(color string) string {
	if hexColor(color) {
		return color
	}
	return "#dddddd"
}

// rocketLayout is the markup that all of Rocket.Chat's readers know.
func rocketLayout() layout {
	return layout{quotes: true, headings: true, lists: true, dialect: dialect{
		marks:    []mark{{"**", bold}, {"__", italic}, {"~~", strike}, {"*", bold}, {"_", italic}, {"~", strike}},
		labelled: true,
	}}
}

func drawHook(platform string, body []byte) (template.HTML, error) {
	view := hookMessage{Platform: platform}
	if err := json.Unmarshal(body, &view); err != nil {
		return "", fmt.Errorf("read the payload: %w", err)
	}
	return execute("hook.html", view)
}
