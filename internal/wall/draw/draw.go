// Package draw shows a payload as its platform would show the message, in HTML
// and without any script. It draws what a reader sees and judges nothing: what
// the platform would refuse is drawn all the same.
//
// All data goes through html/template; nothing of a payload is ever markup.
package draw

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"strings"
	"sync"
)

//go:embed *.html
var templateFiles embed.FS

//go:embed draw.css
var stylesheet string

// Stylesheet is the CSS that the drawings need. All its rules are below the
// class "drawing", so it may stand beside another page's own.
func Stylesheet() string { return stylesheet }

// templates are parsed once, when first needed; they never change.
var templates = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("draw").Funcs(template.FuncMap{
		"safeURL": safeURL,
		"hex":     func(color int) string { return fmt.Sprintf("#%06x", color&0xFFFFFF) },
	}).ParseFS(templateFiles, "*.html"))
})

// Slack draws a message for Slack. Like the other functions for JSON, it fails if the
// payload does not have the platform's form.
func Slack(payload []byte) (template.HTML, error) {
	return drawJSON[slackMessage]("slack.html", payload)
}

// Discord draws a message for Discord.
func Discord(payload []byte) (template.HTML, error) {
	return drawJSON[discordMessage]("discord.html", payload)
}

// GoogleChat draws a message for Google Chat.
func GoogleChat(payload []byte) (template.HTML, error) {
	return drawJSON[chatMessage]("googlechat.html", payload)
}

// Teams draws a message for Teams.
func Teams(payload []byte) (template.HTML, error) {
	return drawJSON[teamsMessage]("teams.html", payload)
}

// JSON shows JSON, indented.
func JSON(payload []byte) (template.HTML, error) {
	var indented bytes.Buffer
	if json.Indent(&indented, payload, "", "  ") == nil {
		payload = indented.Bytes()
	}
	return Text(payload)
}

// Text shows a payload as it is.
func Text(payload []byte) (template.HTML, error) {
	return execute("plain.html", strings.ToValidUTF8(string(payload), "\uFFFD"))
}

// Mail is what is drawn of a mail.
type Mail struct {
	From, To, Subject string
	Text, HTML        string
}

// Height guesses how tall the mail's HTML is, in pixels: a frame that may run no
// script cannot tell.
func (m Mail) Height() int {
	const line, frame, narrow = 26, 150, 38
	height := frame
	for l := range strings.Lines(m.Text) {
		height += line * (1 + len([]rune(l))/narrow)
	}
	return min(height, 900)
}

// Email draws a mail: its header lines, its HTML in a frame that may do nothing,
// and its text.
func Email(m Mail) (template.HTML, error) { return execute("email.html", m) }

func drawJSON[T any](name string, body []byte) (template.HTML, error) {
	var view T
	if err := json.Unmarshal(body, &view); err != nil {
		return "", fmt.Errorf("read the payload: %w", err)
	}
	return execute(name, view)
}

func execute(name string, view any) (template.HTML, error) {
	var b strings.Builder
	if err := templates().ExecuteTemplate(&b, name, view); err != nil {
		return "", fmt.Errorf("draw the payload: %w", err)
	}
	return template.HTML(b.String()), nil
}

// safeURL lets only web and mail addresses become links.
func safeURL(s string) string {
	for _, scheme := range []string{"http://", "https://", "mailto:"} {
		if strings.HasPrefix(strings.ToLower(s), scheme) {
			return s
		}
	}
	return ""
}
