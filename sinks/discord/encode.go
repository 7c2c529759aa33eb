package discord

import (
	"cmp"
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
	maxContent     = 2000
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

// encode writes a message as its title and one embed, with more keys beside it. The
// title, and the people who are mentioned, stand above the embed: notifications do not
// show embeds, and these tell nobody.
func encode(m bridge.Message, table kit.Table, thread conversation, more map[string]any) (bridge.Payload, error) {
	m = m.SpellMentions(table.Has).CleanMarked()
	mentioned := table.Mentioned(m)
	e := &encoder{
		embed: &discordgo.MessageEmbed{Color: kit.Color(m.Level)},
		mentions: kit.Mentions{People: m.Mentions, Write: func(p bridge.Person) string {
			id, _ := table.ID(p)
			return "<@" + id + ">"
		}},
	}
	title := e.fit("title", cmp.Or(m.Title, "Message"), maxTitle, e.mentions.Named(escape))
	e.description(m)
	e.footer(m)
	e.fields(m.Fields)
	if m.ImageURL != "" && len(m.ImageURL) <= maxURL {
		e.embed.Image = &discordgo.MessageEmbedImage{URL: m.ImageURL}
	}
	if !m.Time.IsZero() {
		e.embed.Timestamp = m.Time.UTC().Format(time.RFC3339)
	}
	params := &discordgo.WebhookParams{Content: strings.TrimLeft(kit.Line(mentioned, "<@%s>", maxContent-maxTitle-1)+" "+title, " ")}
	more = maps.Clone(more)
	if params.Embeds = []*discordgo.MessageEmbed{e.embed}; e.bare() {
		more["embeds"] = []any{} // an edit takes that of the earlier message away
	}
	maps.Copy(more, yield(m.Native["discord"], strings.TrimSuffix(params.Content, title)))
	body, err := marshal(params, more, mentioned)
	if err != nil {
		return bridge.Payload{}, bridge.Rejectedf("the native part for Discord is no JSON: %v", err)
	}
	return bridge.Payload{
		MessageID: m.ID, ContentType: "application/json", Body: body,
		Thread: thread.String(), Replaces: m.Replaces, Shortened: e.shortened,
	}, nil
}

// marshal lays more keys over the payload, and forbids every mention in both but of
// the people given: nothing from Absorb may ping anybody. An empty list forbids, a
// missing one allows.
func marshal(params *discordgo.WebhookParams, more map[string]any, mentioned []string) ([]byte, error) {
	keys := map[string]any{"components": nil} // discordgo always writes it
	maps.Copy(keys, more)
	allowed := map[string]any{"parse": []string{}}
	if len(mentioned) > 0 {
		allowed["users"] = mentioned
	}
	keys["allowed_mentions"] = allowed
	return kit.JSON(params, keys)
}

// encoder fills an embed and counts its text.
type encoder struct {
	embed     *discordgo.MessageEmbed
	mentions  kit.Mentions
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

// bare tells whether the embed has nothing to show, which Discord refuses.
func (e *encoder) bare() bool {
	m := e.embed
	return m.Description == "" && len(m.Fields) == 0 && m.Footer == nil && m.Image == nil
}

// description is the text, and below it the actions: a webhook of a channel may
// not show buttons.
func (e *encoder) description(m bridge.Message) {
	text, cut := dialect(e.mentions).Write(kit.ParseMarkdown(m.Text), maxText)
	if cut {
		e.shortened = append(e.shortened, "text")
	}
	between := "\n\n"
	for i, a := range kit.OpenFirst(m) {
		label, _ := kit.ShortenEscaped(a.Label, maxLabel, kit.UTF16, escape)
		link := between + "[" + label + "](" + kit.LinkTarget(a.URL) + ")"
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
	e.embed.Footer = &discordgo.MessageEmbedFooter{Text: e.fit("footer", m.Footer, maxFooter, e.mentions.Named(plain))}
}

func (e *encoder) fields(all []bridge.Field) {
	for i, f := range all {
		name, _ := kit.ShortenEscaped(f.Name, maxName, kit.UTF16, e.mentions.Named(escape))
		value, cut := kit.ShortenEscaped(f.Value, maxValue, kit.UTF16, e.mentions.Live(escape))
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

// escape puts a backslash before everything that formats, links or mentions. What
// would do so without such a character is broken by a space of no width, also for
// readers of mention logs and for bots that look for it.
func escape(s string) string {
	var b strings.Builder
	for _, r := range kit.LineStarts(kit.Inert(s)) {
		if strings.ContainsRune("\\*_~`|>#-+[]()<:", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// plain is for a text that is shown without markdown.
func plain(s string) string { return kit.Inert(s) }

func dialect(mentions kit.Mentions) kit.Dialect {
	return kit.Dialect{Measure: kit.UTF16, Newline: "\n", Mentions: mentions, Span: func(s kit.Span) (before, after string, text func(string) string) {
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
			before, after = before+"[", "]("+kit.LinkTarget(s.URL)+")"+after
		}
		return before, after, escape
	}}
}
