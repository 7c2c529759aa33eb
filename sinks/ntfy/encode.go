package ntfy

import (
	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Limits, in bytes. A server takes texts of 4,096; a longer one becomes a file. The
// others are our own: headers have no room for more.
const (
	maxMessage = 4096
	maxTitle   = 250
	maxLabel   = 60
	maxURL     = 1000
	maxActions = 3 // ntfy's
)

// notification is a message as ntfy writes it in JSON.
type notification struct {
	Title    string   `json:"title"`
	Message  string   `json:"message"`
	Markdown bool     `json:"markdown,omitempty"`
	Priority int      `json:"priority"`
	Tags     []string `json:"tags,omitempty"`
	Click    string   `json:"click,omitempty"`
	Actions  []action `json:"actions,omitempty"`
	Icon     string   `json:"icon,omitempty"`
	Attach   string   `json:"attach,omitempty"`
	Filename string   `json:"filename,omitempty"`
	Delay    string   `json:"delay,omitempty"`
	Email    string   `json:"email,omitempty"`
	Cache    string   `json:"cache,omitempty"`
	Firebase string   `json:"firebase,omitempty"`
}

// Encode writes a message as a notification.
func (s *Sink) Encode(m bridge.Message) (bridge.Payload, error) {
	c := s.config
	form := kit.NoteForm{
		Dialect: kit.Plain(kit.Bytes), Escape: kit.Inert, Title: kit.Inert, Name: kit.Literal,
		MaxTitle: maxTitle, MaxText: maxMessage, MaxURL: maxURL, Buttons: maxActions - len(s.actions), Link: c.Click == "",
	}
	if c.Markdown {
		form.Dialect, form.Escape = kit.CommonMark(kit.Bytes), kit.EscapeCommonMark
		form.Name = func(name string) string { return "**" + name + "**" }
	}
	note := form.Write(m)
	n := notification{
		Title: note.Title, Message: note.Text, Markdown: c.Markdown, Priority: priority(c.Priority, m.Level), Tags: c.Tags, Click: c.Click,
		Icon: c.Icon, Attach: c.Attach, Filename: c.Filename, Delay: c.Delay, Email: c.Email, Cache: no(c.Cache), Firebase: no(c.Firebase),
	}
	if n.Message == "" { // the server would write "triggered"
		n.Message = form.Escape(note.Title)
	}
	if n.Click == "" {
		n.Click = note.URL
	}
	for _, a := range note.Actions {
		label, cut := kit.Shorten(a.Label, maxLabel, kit.Bytes)
		if cut {
			note.Shortened = append(note.Shortened, "action")
		}
		n.Actions = append(n.Actions, action{"action": "view", "label": label, "url": a.URL})
	}
	n.Actions = append(n.Actions, s.actions...)
	return note.Payload(m, n)
}

// no is what ntfy wants for something that is switched off.
func no(on bool) string {
	if on {
		return ""
	}
	return "no"
}

func priorities() map[string]int {
	return map[string]int{"min": 1, "low": 2, "default": 3, "high": 4, "max": 5}
}

func priority(set string, l bridge.Level) int {
	switch {
	case set != "":
		return priorities()[set]
	case l == bridge.LevelDanger:
		return 5
	case l == bridge.LevelWarning:
		return 4
	}
	return 3
}
