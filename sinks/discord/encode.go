package discord

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Discord's limits. What it counts is not documented; UTF-16 units are the most
// that it can be.
const (
	maxTitle       = 256
	maxDescription = 4096
	maxFields      = 25
	maxName        = 256
	maxValue       = 1024
	maxEmbed       = 6000 // all texts of all embeds together
	maxURL         = 2048
)

// Our own bounds, so that every part of a message finds room.
const (
	maxText    = 2500 // of the description, before the actions
	maxFooter  = 300
	maxActions = 5
	maxLabel   = 80
	endText    = 400 // kept for the footer and the note of what was left out
)

// blank stands where Discord demands a text and there is none.
const blank = "\u200B"

// Encode writes a message as one embed.
func (s *Sink) Encode(m bridge.Message) (bridge.Payload, error) {
	m = m.Clean()
	e := &encoder{embed: &discordgo.MessageEmbed{Color: kit.Color(m.Level)}}
	e.title(m)
	e.description(m)
	e.footer(m)
	e.fields(m.Fields)
	if m.ImageURL != "" && len(m.ImageURL) <= maxURL {
		e.embed.Image = &discordgo.MessageEmbedImage{URL: m.ImageURL}
	}
	if !m.Time.IsZero() {
		e.embed.Timestamp = m.Time.UTC().Format(time.RFC3339)
	}
	body, err := marshal(&discordgo.WebhookParams{
		Username:  s.config.Username,
		AvatarURL: s.config.AvatarURL,
		Embeds:    []*discordgo.MessageEmbed{e.embed},
	}, m.Native["discord"])
	if err != nil {
		return bridge.Payload{}, bridge.Rejectedf("the native part for Discord is no JSON: %v", err)
	}
	return bridge.Payload{MessageID: m.ID, ContentType: "application/json", Body: body, Shortened: e.shortened}, nil
}

// marshal lays the message's native part over the payload, and forbids every
// mention in both: nothing from Absorb may ping anybody. An empty list forbids,
// a missing one allows.
func marshal(params *discordgo.WebhookParams, native map[string]any) ([]byte, error) {
	keys := map[string]any{"components": nil} // discordgo always writes it
	maps.Copy(keys, native)
	keys["allowed_mentions"] = map[string]any{"parse": []string{}}
	return kit.JSON(params, keys)
}

// encoder fills an embed and counts its text.
type encoder struct {
	embed     *discordgo.MessageEmbed
	used      int
	shortened []string
}

// fit escapes and shortens a text, and counts it.
func (e *encoder) fit(what, plain string, limit int, escape func(string) string) string {
	text, cut := kit.ShortenEscaped(plain, limit, kit.UTF16, escape)
	e.used += kit.UTF16(text)
	if cut {
		e.shortened = append(e.shortened, what)
	}
	return text
}

func (e *encoder) title(m bridge.Message) {
	e.embed.Title = e.fit("title", m.Title, maxTitle, escape)
	if e.embed.Title == "" {
		e.embed.Title = "Message"
		e.used += len(e.embed.Title)
	}
	if len(m.URL) <= maxURL {
		e.embed.URL = m.URL
	}
}

// description is the text, and below it the actions: a webhook of a channel may
// not show buttons.
func (e *encoder) description(m bridge.Message) {
	text, cut := dialect().Write(kit.ParseMarkdown(m.Text), maxText)
	if cut {
		e.shortened = append(e.shortened, "text")
	}
	between := "\n\n"
	for i, a := range m.Actions {
		label, _ := kit.ShortenEscaped(a.Label, maxLabel, kit.UTF16, escape)
		link := between + "[" + label + "](" + a.URL + ")"
		if i == maxActions || kit.UTF16(text+link) > maxDescription {
			e.shortened = append(e.shortened, "actions")
			break
		}
		text, between = text+link, " · "
	}
	text = strings.TrimLeft(text, "\n")
	e.embed.Description = text
	e.used += kit.UTF16(text)
}

func (e *encoder) footer(m bridge.Message) {
	if m.Footer == "" {
		return
	}
	// A footer is shown as it is, without markdown.
	e.embed.Footer = &discordgo.MessageEmbedFooter{Text: e.fit("footer", m.Footer, maxFooter, plain)}
}

func (e *encoder) fields(all []bridge.Field) {
	for i, f := range all {
		name, _ := kit.ShortenEscaped(f.Name, maxName, kit.UTF16, escape)
		value, cut := kit.ShortenEscaped(f.Value, maxValue, kit.UTF16, escape)
		if name == "" {
			name = blank
		}
		size := kit.UTF16(name) + kit.UTF16(value)
		last := len(e.embed.Fields) == maxFields-1 && i < len(all)-1
		if last || e.used+size+endText > maxEmbed {
			e.embed.Fields = append(e.embed.Fields, &discordgo.MessageEmbedField{Name: blank, Value: fmt.Sprintf("*… and %d more fields*", len(all)-i)})
			e.shortened = append(e.shortened, fmt.Sprintf("%d fields", len(all)-i))
			return
		}
		if cut {
			e.shortened = append(e.shortened, "field "+f.Name)
		}
		e.used += size
		e.embed.Fields = append(e.embed.Fields, &discordgo.MessageEmbedField{Name: name, Value: value, Inline: f.Short})
	}
}

// Escape makes data harmless in Discord's markdown.
func Escape(s string) string { return escape(bridge.CleanText(s)) }

// escape puts a backslash before everything that formats, links or mentions, and
// a zero-width space behind each @, for readers of mention logs and for bots
// that look for it.
func escape(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune("\\*_~`|>#-+[]()<:", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
		if r == '@' {
			b.WriteString(blank)
		}
	}
	return b.String()
}

// plain takes the mentions out of a text that is shown without markdown.
func plain(s string) string { return strings.ReplaceAll(s, "@", "@"+blank) }

func dialect() kit.Dialect {
	return kit.Dialect{Measure: kit.UTF16, Newline: "\n", Span: func(s kit.Span) (before, after string, text func(string) string) {
		if s.Code {
			return "`", "`", func(x string) string { return plain(strings.ReplaceAll(x, "`", "ˋ")) }
		}
		if s.Italic {
			before, after = before+"*", "*"+after
		}
		if s.Bold {
			before, after = before+"**", "**"+after
		}
		if s.URL != "" && len(s.URL) <= maxURL/4 {
			before, after = before+"[", "]("+s.URL+")"+after
		}
		return before, after, escape
	}}
}
