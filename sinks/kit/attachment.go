package kit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// Attachment is a box with a coloured edge.
type Attachment struct {
	Fallback  string            `json:"fallback"` // for notifications
	Color     string            `json:"color"`
	Title     string            `json:"title,omitempty"`
	TitleLink string            `json:"title_link,omitempty"`
	Text      string            `json:"text,omitempty"`
	Fields    []AttachmentField `json:"fields,omitempty"`
	ImageURL  string            `json:"image_url,omitempty"`
	Footer    string            `json:"footer,omitempty"`
	Collapsed *bool             `json:"collapsed,omitempty"` // whether Rocket.Chat shows the title alone
}

// AttachmentField is a name and its value. Short ones stand side by side.
type AttachmentField struct {
	Title string `json:"title"`
	Value string `json:"value"`
	Short bool   `json:"short"`
}

// AttachmentForm is how a chat wants its attachments. What it counts are runes.
type AttachmentForm struct {
	Type     string // the sink's, for native parts
	Dialect  Dialect
	Escape   func(string) string // for markup: values of fields, labels of links
	Plain    func(string) string // for what is shown as it is, but may mention: the title, the footer
	Name     func(string) string // for the names of fields
	Above    bool                // whether the title stands above the attachment, since notifications show no other text
	Footer   bool                // whether an attachment can have one; if not it is the text's last line
	MaxText  int
	MaxTotal int // of all texts
}

// Our own bounds, so that every part of a message finds room.
const (
	maxAttachmentLine    = 300 // of the title and the footer
	maxAttachmentName    = 150
	maxAttachmentValue   = 1000
	maxAttachmentFields  = 40
	maxAttachmentActions = 5
	maxAttachmentURL     = 1000
	endAttachment        = 100 // kept for the note of what was left out
)

// Attach writes a message as one attachment.
func (h *Hook) Attach(m bridge.Message, form AttachmentForm) (bridge.Payload, error) {
	e := attachmentEncoder{AttachmentForm: form, left: form.MaxTotal}
	m = m.Clean()
	if m.Title == "" {
		m.Title = "Message"
	}
	text := ""
	if form.Above {
		text = e.fit("title", m.Title, e.Escape)
		m.Actions, m.URL = OpenFirst(m), ""
	}
	a := e.encode(m)
	native := Yield(m.Native[form.Type], []string{"text"}, "attachments")
	if props, _ := native["props"].(map[string]any); props["attachments"] != nil {
		native = Yield(native, []string{"attachments", "text"}, "props")
	}
	body, err := JSON(struct {
		Channel     string       `json:"channel,omitempty"`
		Username    string       `json:"username,omitempty"`
		IconURL     string       `json:"icon_url,omitempty"`
		Text        string       `json:"text,omitempty"`
		Attachments []Attachment `json:"attachments"`
	}{h.Channel, h.Username, h.IconURL, text, []Attachment{a}}, native)
	if err != nil {
		return bridge.Payload{}, bridge.Rejectedf("the native part %s is no JSON: %v", form.Type, err)
	}
	return bridge.Payload{MessageID: m.ID, ContentType: "application/json", Body: body, Shortened: e.shortened}, nil
}

// attachmentEncoder writes an attachment and counts its text.
type attachmentEncoder struct {
	AttachmentForm
	left      int
	shortened []string
}

func (e *attachmentEncoder) encode(m bridge.Message) Attachment {
	a := Attachment{Color: fmt.Sprintf("#%06x", Color(m.Level))}
	if e.Above {
		a.Collapsed = new(false)
	} else {
		a.Title = e.fit("title", m.Title, e.Plain)
	}
	a.Fallback, _ = ShortenEscaped(m.Title, maxAttachmentLine, Runes, e.Plain)
	if len(m.URL) <= maxAttachmentURL {
		a.TitleLink = m.URL
	}
	if len(m.ImageURL) <= maxAttachmentURL {
		a.ImageURL = m.ImageURL
	}
	below := e.actions(m.Actions)
	footer := m.Footer
	if !m.Time.IsZero() {
		footer = strings.TrimPrefix(footer+" · "+m.Time.UTC().Format("2 Jan 2006, 15:04 MST"), " · ")
	}
	if e.Footer {
		a.Footer = e.fit("footer", footer, e.Plain)
	} else if footer != "" {
		below = append(below, e.fit("footer", footer, e.Escape))
	}
	text, cut := e.Dialect.Write(ParseMarkdown(m.Text), min(e.MaxText, e.left))
	e.cut("text", cut)
	e.left -= Runes(text)
	a.Text = strings.Join(append([]string{text}, below...), "\n\n")
	if text == "" {
		a.Text = strings.Join(below, "\n\n")
	}
	a.Fields = e.fields(m.Fields)
	return a
}

func (e *attachmentEncoder) cut(what string, cut bool) {
	if cut {
		e.shortened = append(e.shortened, what)
	}
}

// fit escapes a title or a footer and shortens it, and counts it.
func (e *attachmentEncoder) fit(what, plain string, escape func(string) string) string {
	text, cut := ShortenEscaped(plain, maxAttachmentLine, Runes, escape)
	e.cut(what, cut)
	e.left -= Runes(text)
	return text
}

// actions gives the line of links that takes the place of buttons, which need a
// server to press them on.
func (e *attachmentEncoder) actions(all []bridge.Action) []string {
	var links []string
	for _, a := range all {
		if len(links) == maxAttachmentActions || len(a.URL) > maxAttachmentURL/2 {
			e.cut("actions", true)
			continue
		}
		label, _ := ShortenEscaped(a.Label, 80, Runes, e.Escape)
		links = append(links, "["+label+"]("+LinkTarget(a.URL)+")")
	}
	if len(links) == 0 {
		return nil
	}
	line := strings.Join(links, " · ")
	e.left -= Runes(line)
	return []string{line}
}

// OpenFirst are a message's actions, behind one that opens its own link, for
// platforms whose title cannot be one.
func OpenFirst(m bridge.Message) []bridge.Action {
	if m.URL == "" || slices.ContainsFunc(m.Actions, func(a bridge.Action) bool { return a.URL == m.URL }) {
		return m.Actions
	}
	return append([]bridge.Action{{Label: "Open", URL: m.URL}}, m.Actions...)
}

// LinkTarget is a link's address for chats that look for mentions in all of a
// text, addresses included.
func LinkTarget(address string) string {
	if strings.HasPrefix(address, "mailto:") {
		return address
	}
	return strings.ReplaceAll(address, "@", "%40")
}

func (e *attachmentEncoder) fields(all []bridge.Field) []AttachmentField {
	var fields []AttachmentField
	for i, f := range all {
		name, cutName := ShortenEscaped(f.Name, maxAttachmentName, Runes, e.Name)
		value, cutValue := ShortenEscaped(f.Value, maxAttachmentValue, Runes, e.Escape)
		size := Runes(name) + Runes(value)
		last := len(fields) == maxAttachmentFields-1 && i < len(all)-1
		if last || size+endAttachment > e.left {
			fields = append(fields, AttachmentField{Value: fmt.Sprintf("… and %d more fields", len(all)-i)})
			e.cut(fmt.Sprintf("%d fields", len(all)-i), true)
			return fields
		}
		e.cut("field "+f.Name, cutName || cutValue)
		e.left -= size
		fields = append(fields, AttachmentField{name, value, f.Short})
	}
	return fields
}
