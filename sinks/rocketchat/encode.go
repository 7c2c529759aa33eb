package rocketchat

import (
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Limits, in characters. A message holds 5,000, unless its operator changes
// Message_MaxAllowedSize.
const (
	maxText  = 3000
	maxTotal = 4500
)

// Encode writes a message as one attachment.
func (s *Sink) Encode(m bridge.Message) (bridge.Payload, error) {
	return s.Attach(m, kit.AttachmentForm{
		Type: "rocketchat", Dialect: dialect(), Escape: escape, Plain: plain, Name: escape, Above: true, MaxText: maxText, MaxTotal: maxTotal,
	})
}

// Escape makes data harmless in Rocket.Chat's markup.
func Escape(s string) string { return escape(bridge.CleanText(s)) }

// Rocket.Chat has several readers of its markup (the web's for messages and for
// attachments, the apps'), and not all of them know an escape. So what would
// mention, link or format is broken by a space of no width or written by a
// character that looks alike.
var (
	inPlain = strings.NewReplacer(
		"#", "#"+kit.ZeroWidth, "<", "<"+kit.ZeroWidth, "]", "]"+kit.ZeroWidth, "|", "｜",
	)
	inMarkup = strings.NewReplacer(
		"#", "#"+kit.ZeroWidth, "<", "<"+kit.ZeroWidth, "]", "]"+kit.ZeroWidth, "|", "｜", ">", kit.ZeroWidth+">", `\`, "＼",
	)
)

func plain(s string) string { return inPlain.Replace(kit.Inert(s)) }

func escape(s string) string { return inMarkup.Replace(kit.LookAlike(s)) }

func dialect() kit.Dialect {
	return kit.Dialect{Measure: kit.Runes, Newline: "\n", Span: func(s kit.Span) (before, after string, text func(string) string) {
		if s.Code {
			return "`", "`", escape
		}
		if s.Italic {
			before, after = before+"_", "_"+after
		}
		if s.Bold {
			before, after = before+"**", "**"+after // a single * is slanted to some of its readers
		}
		if s.URL != "" {
			// A "!" before the bracket would make a picture of the link.
			before, after = before+kit.ZeroWidth+"[", "]("+kit.LinkTarget(s.URL)+")"+after
		}
		return before, after, escape
	}}
}
