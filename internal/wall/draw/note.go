package draw

import (
	"encoding/json"
	"fmt"
	"html"
	"html/template"
	"regexp"
	"strings"
)

// note is a message as a title and a text, which the phones' services show.
type note struct {
	Title string
	Lines []Line
	Link  string
	More  []string // labels of its buttons
}

// noteKeys are the payloads of all those services together: each has some of the keys.
type noteKeys struct {
	Title, Message, Click, URL string
	Text                       string // in HTML
	HTML                       any    // whether the message is in HTML
	Topic, Content             string // the content is Markdown
	FormattedBody              string `json:"formatted_body"` // in HTML
	Markdown                   bool
	Actions                    []struct{ Label string }
	Extras                     map[string]struct {
		ContentType string
		Click       struct{ URL string }
	}
}

// Note draws a message for ntfy, Gotify, Telegram, Pushover, Zulip or Matrix, which show
// a title and a text.
func Note(body []byte) (template.HTML, error) {
	var keys noteKeys
	if err := json.Unmarshal(body, &keys); err != nil {
		return "", fmt.Errorf("read the payload: %w", err)
	}
	view := note{Title: keys.Title, Link: keys.Click + keys.URL + keys.Extras["client::notification"].Click.URL}
	view.Lines = plainLayout().lines(keys.Message)
	if keys.Markdown || keys.Extras["client::display"].ContentType == "text/markdown" {
		view.Lines = markdownLayout().lines(strings.ReplaceAll(keys.Message, "  \n", "\n"))
	}
	if keys.HTML != nil {
		view.Lines = plainLayout().lines(words(keys.Message))
	}
	if keys.Content != "" {
		view.Title, view.Lines = keys.Topic, markdownLayout().lines(keys.Content)
	}
	if text := keys.Text + strings.ReplaceAll(keys.FormattedBody, "<br>", "\n"); text != "" {
		view.Lines = plainLayout().lines(words(text))
	}
	for _, a := range keys.Actions {
		view.More = append(view.More, a.Label)
	}
	return execute("note.html", view)
}

// plainLayout is for texts without markup.
func plainLayout() layout { return layout{} }

var tag = regexp.MustCompile(`<[^>]*>`)

// words are the words of a text in HTML.
func words(s string) string { return html.UnescapeString(tag.ReplaceAllString(s, "")) }
