package telegram

import (
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Limits, in characters that are shown. Telegram's is 4,096 for all of a message.
const (
	maxText  = 4096
	maxTitle = 256
	maxURL   = 1000
)

// message is a message but for where it goes, which is known when it is sent.
type message struct {
	Text                string  `json:"text"`
	ParseMode           string  `json:"parse_mode"`
	LinkPreviewOptions  options `json:"link_preview_options"`
	DisableNotification bool    `json:"disable_notification,omitempty"`
}

type options struct {
	IsDisabled bool `json:"is_disabled"`
}

// escape makes data inert. A space of no width also keeps Telegram from making hashtags
// and commands of it.
func escape(s string) string { return literal.Replace(kit.Inert(s)) }

var literal = strings.NewReplacer(
	"&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;",
	"#", "#"+kit.ZeroWidth, "$", "$"+kit.ZeroWidth, "/", "/"+kit.ZeroWidth,
)

// Encode writes a message in Telegram's HTML.
func (s *Sink) Encode(m bridge.Message) (bridge.Payload, error) {
	form := kit.NoteForm{
		Dialect: kit.HTML(kit.Visible, "\n", escape), Escape: escape, Title: escape, Name: kit.Bold,
		MaxTitle: maxTitle, MaxText: maxText - maxTitle - 2, MaxURL: maxURL, Link: true,
	}
	note := form.Write(m)
	title := kit.Bold(note.Title)
	if note.URL != "" {
		title = `<a href="` + kit.EscapeHTML(note.URL) + `">` + title + "</a>"
	}
	return note.Payload(m, message{
		Text: strings.TrimSpace(title + "\n\n" + note.Text), ParseMode: "HTML",
		LinkPreviewOptions: options{!s.config.Preview}, DisableNotification: s.config.Silent,
	})
}
