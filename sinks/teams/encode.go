package teams

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

const (
	// maxMessage is what Teams takes, in bytes of the whole message
	// (learn.microsoft.com/connectors/teams).
	maxMessage = 28 << 10

	// budget is what we use of it: others have measured that less passes.
	budget = 20_000
)

// Our own bounds in bytes of JSON, so that every part of a message finds room.
const (
	maxTitle   = 600
	maxSummary = 300
	maxText    = 9000 // a line of a list takes 250 beside its words
	maxName    = 200
	maxValue   = 1500
	maxFooter  = 600
	maxLabel   = 150
	maxURL     = 1000
	maxActions = 5 // as many as Microsoft's renderer draws
	forNote    = 300
)

// Encode writes a message as one Adaptive Card. Data stands in text runs only,
// which know no markup and no mention; people who are mentioned are listed below.
func (s *Sink) Encode(m bridge.Message) (bridge.Payload, error) {
	e := &encoder{mentions: s.entities(m)}
	m = m.Clean()
	if m.Title == "" {
		m.Title = "Message"
	}
	body, err := marshal(m.Title, e.card(m), kit.Yield(m.Native["teams"], []string{"actions"}, "body"))
	if err != nil {
		return bridge.Payload{}, bridge.Rejectedf("the native part for Teams is no JSON: %v", err)
	}
	if len(body) > maxMessage {
		return bridge.Payload{}, bridge.Rejectedf("with its native part the message has %d bytes; Teams takes %d", len(body), maxMessage)
	}
	return bridge.Payload{MessageID: m.ID, ContentType: "application/json", Body: body, Shortened: e.shortened}, nil
}

// marshal lays the message's native part over the card, and puts it into the
// envelope that workflows expect.
func marshal(title string, c card, native map[string]any) ([]byte, error) {
	content, err := kit.JSON(c, native)
	if err != nil {
		return nil, err
	}
	return kit.JSON(envelope{
		Type:        "message",
		Summary:     summary(title),
		Attachments: []attachment{{ContentType: "application/vnd.microsoft.card.adaptive", Content: json.RawMessage(content)}},
	}, nil)
}

// summary is what a notification shows in place of "Card".
func summary(title string) string {
	short, _ := kit.Shorten(literal(bridge.CleanLine(title)), maxSummary, kit.JSONBytes)
	return short
}

// size is the length of a value's JSON, in bytes.
func size(v any) int {
	data, _ := kit.JSON(v, nil) // structs of texts, which can always be written
	return len(data)
}

// encoder makes a card and counts its bytes.
type encoder struct {
	left      int
	shortened []string
	mentions  []entity
}

func (e *encoder) cut(what string, cut bool) {
	if cut {
		e.shortened = append(e.shortened, what)
	}
}

// card makes the parts that are bounded first; fields get the room that is left.
func (e *encoder) card(m bridge.Message) card {
	c := card{
		Schema: "http://adaptivecards.io/schemas/adaptive-card.json", Type: "AdaptiveCard", Version: "1.4",
		MSTeams: msTeams{Width: "Full", Entities: e.mentions}, Actions: e.actions(m.Actions),
	}
	head := append([]element{e.title(m)}, e.text(m.Text)...)
	end := mentionLine(e.mentions)
	if m.ImageURL != "" && len(m.ImageURL) <= maxURL {
		alt, _ := kit.Shorten(m.Title, 200, kit.Runes)
		end = append(end, element{Type: "Image", URL: m.ImageURL, AltText: literal(alt)})
	}
	if small := e.footer(m); small != "" {
		r := run(small)
		r.Size, r.Subtle = "Small", true
		end = append(end, richText(r))
	}
	c.Body = append(head, end...)
	e.left = budget - maxSummary - size(envelope{Attachments: []attachment{{Content: c}}}) - forNote
	c.Body = append(append(head, e.fields(m.Fields)...), end...)
	return c
}

// title is a bar in the level's colour.
func (e *encoder) title(m bridge.Message) element {
	text, cut := kit.Shorten(m.Title, maxTitle, kit.JSONBytes)
	e.cut("title", cut)
	r := run(text)
	r.Size, r.Weight = "Medium", "Bolder"
	if m.URL != "" && len(m.URL) <= maxURL {
		open := openURL("", m.URL)
		r.SelectAction = &open
	}
	return element{Type: "Container", Style: style(m.Level), Bleed: true, Items: []element{richText(r)}}
}

func style(l bridge.Level) string {
	switch l {
	case bridge.LevelSuccess:
		return "good"
	case bridge.LevelWarning:
		return "warning"
	case bridge.LevelDanger:
		return "attention"
	default:
		return "accent"
	}
}

// text is a block for each line: line breaks in a run are not shown everywhere.
func (e *encoder) text(markdown string) []element {
	var all []element
	left := maxText
	for _, b := range kit.ParseMarkdown(markdown) {
		for i, line := range lines(b) {
			block := richText()
			if i > 0 || b.Item {
				block.Spacing = "None"
			}
			for _, r := range line {
				room := left - size(block) - size(r) + kit.JSONBytes(r.Text)
				short, cut := kit.Shorten(r.Text, room, kit.JSONBytes)
				if r.Text = short; short != "" {
					block.Inlines = append(block.Inlines, r)
				}
				if cut {
					e.cut("text", true)
					return appendFilled(all, block)
				}
			}
			left -= size(block)
			all = appendFilled(all, block)
		}
	}
	return all
}

func appendFilled(all []element, block element) []element {
	if len(block.Inlines) == 0 {
		return all
	}
	return append(all, block)
}

// lines are a paragraph's or a list item's runs, line by line.
func lines(b kit.Block) [][]textRun {
	all := [][]textRun{nil}
	if b.Item {
		all[0] = []textRun{run(strings.Repeat("\u2003", b.Depth) + b.Marker + " ")}
	}
	for _, s := range b.Spans {
		for i, text := range strings.Split(s.Text, "\n") {
			if i > 0 {
				all = append(all, nil)
			}
			if text != "" {
				all[len(all)-1] = append(all[len(all)-1], styled(text, s))
			}
		}
	}
	return all
}

func styled(text string, s kit.Span) textRun {
	r := run(text)
	r.Italic = s.Italic
	if s.Bold {
		r.Weight = "Bolder"
	}
	if s.Code {
		r.FontType = "Monospace"
	}
	if s.URL != "" && len(s.URL) <= maxURL && !strings.HasPrefix(s.URL, "mailto:") {
		open := openURL("", s.URL)
		r.SelectAction = &open
	}
	return r
}

// fields puts short fields side by side, in pairs. What finds no room is
// counted.
func (e *encoder) fields(all []bridge.Field) []element {
	var rows []element
	half := false // the last row has an empty place
	for i, f := range all {
		column := element{Type: "Column", Width: "stretch", Items: e.field(f)}
		row := element{Type: "ColumnSet", Columns: []element{column}}
		if e.left -= size(row) + 1; e.left < 0 {
			left := len(all) - i
			e.cut(fmt.Sprintf("%d fields", left), true)
			note := run(fmt.Sprintf("… and %d more fields", left))
			note.Italic, note.Subtle = true, true
			return append(rows, richText(note))
		}
		if f.Short && half {
			last := &rows[len(rows)-1]
			last.Columns = append(last.Columns, column)
			half = false
			continue
		}
		rows = append(rows, row)
		half = f.Short && i+1 < len(all) && all[i+1].Short
	}
	return rows
}

func (e *encoder) field(f bridge.Field) []element {
	var items []element
	if name, _ := kit.Shorten(f.Name, maxName, kit.JSONBytes); name != "" {
		r := run(name)
		r.Size, r.Subtle = "Small", true
		items = append(items, richText(r))
	}
	value, cut := kit.Shorten(f.Value, maxValue, kit.JSONBytes)
	e.cut("field "+f.Name, cut)
	for line := range strings.SplitSeq(value, "\n") {
		if line == "" {
			continue
		}
		block := richText(run(line))
		block.Spacing = "None"
		items = append(items, block)
	}
	return items
}

func (e *encoder) footer(m bridge.Message) string {
	text, cut := kit.Shorten(bridge.CleanLine(m.Footer), maxFooter, kit.JSONBytes)
	e.cut("footer", cut)
	if !m.Time.IsZero() {
		text = strings.TrimPrefix(text+" · "+m.Time.UTC().Format("2 Jan 2006, 15:04 MST"), " · ")
	}
	return text
}

func (e *encoder) actions(all []bridge.Action) []action {
	var list []action
	for _, a := range all {
		if len(list) == maxActions || len(a.URL) > maxURL {
			e.cut("actions", true)
			continue
		}
		label, _ := kit.Shorten(a.Label, maxLabel, kit.JSONBytes)
		list = append(list, openURL(label, a.URL))
	}
	return list
}

// Escape makes data harmless in a card's text blocks and facts, which are
// markdown.
func Escape(s string) string {
	var b strings.Builder
	for _, r := range kit.LineStarts(kit.Inert(bridge.CleanText(s))) {
		if strings.ContainsRune("\\`*_{}[]()#+-.!|<>~&", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
