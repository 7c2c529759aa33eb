package draw

import (
	"strings"
	"time"
)

// discordMessage is the payload of a webhook, as far as it is drawn.
type discordMessage struct {
	Content  string
	Username string
	Embeds   []discordEmbed
}

// Lines is the content as it is read.
func (m discordMessage) Lines() []Line { return discordLayout().lines(m.Content) }

type discordEmbed struct {
	Title       string
	URL         string
	Description string
	Color       int
	Timestamp   string
	Author      struct{ Name, URL string }
	Fields      []discordField
	Footer      struct{ Text string }
	Image       struct{ URL string }
	Thumbnail   struct{ URL string }
}

type discordField struct {
	Name, Value string
	Inline      bool
}

// Heading is the title, which may be formatted but holds no links of its own.
func (e discordEmbed) Heading() []Run { return discordLayout().parse(e.Title) }

// Body is the description as it is read.
func (e discordEmbed) Body() []Line { return discordLayout().lines(e.Description) }

// When is the timestamp as Discord shows it beside the footer.
func (e discordEmbed) When() string {
	t, err := time.Parse(time.RFC3339, e.Timestamp)
	if err != nil {
		return ""
	}
	return t.UTC().Format("02/01/2006 15:04")
}

// Label is the field's name as it is read.
func (f discordField) Label() []Run { return discordLayout().parse(f.Name) }

// Lines is the field's value as it is read.
func (f discordField) Lines() []Line { return discordLayout().lines(f.Value) }

// discordLayout is Discord's markdown:
// https://support.discord.com/hc/en-us/articles/210298617
func discordLayout() layout {
	return layout{quotes: true, headings: true, lists: true, dialect: dialect{
		marks:     []mark{{"**", bold}, {"__", under}, {"~~", strike}, {"||", hidden}, {"*", italic}, {"_", italic}},
		backslash: true,
		labelled:  true,
		angle:     discordAngle,
	}}
}

// discordAngle reads what stands in angle brackets: mentions, times, emoji and
// links without a preview.
func discordAngle(inner string) (Run, bool) {
	switch {
	case strings.HasPrefix(inner, "@"), strings.HasPrefix(inner, "#"), strings.HasPrefix(inner, "/"):
		return Run{Text: inner, Ping: true}, true
	case strings.HasPrefix(inner, "t:"), strings.HasPrefix(inner, "id:"), strings.HasPrefix(inner, ":"):
		return Run{Text: inner, Code: true}, true
	case safeURL(inner) != "":
		return Run{Text: inner, URL: inner}, true
	}
	return Run{}, false
}

// markdownLayout is the CommonMark that Slack's markdown blocks and Teams' text
// blocks take.
func markdownLayout() layout {
	return layout{lists: true, dialect: dialect{
		marks:     []mark{{"**", bold}, {"__", bold}, {"~~", strike}, {"*", italic}, {"_", italic}},
		backslash: true,
		labelled:  true,
	}}
}
