package draw

import (
	"encoding/json"
	"fmt"
	"html/template"
)

// hookMessage is the payload of Mattermost's and Rocket.Chat's incoming webhooks,
// as far as it is drawn.
type hookMessage struct {
	markup      layout
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

// Lines formats a text of the message.
func (m hookMessage) Lines(text string) []Line {
	return m.markup.lines(text)
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

// Mattermost draws a message for Mattermost.
func Mattermost(payload []byte) (template.HTML, error) { return drawHook(markdownLayout(), payload) }

// RocketChat draws a message for Rocket.Chat.
func RocketChat(payload []byte) (template.HTML, error) { return drawHook(rocketLayout(), payload) }

func drawHook(markup layout, body []byte) (template.HTML, error) {
	view := hookMessage{markup: markup}
	if err := json.Unmarshal(body, &view); err != nil {
		return "", fmt.Errorf("read the payload: %w", err)
	}
	return execute("hook.html", view)
}
