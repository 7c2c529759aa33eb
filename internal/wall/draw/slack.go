package draw

import (
	"encoding/json"
	"strings"
)

// slackMessage is the payload of an incoming webhook, as far as it is drawn.
type slackMessage struct {
	Text        slackText
	Blocks      []slackBlock
	Attachments []slackAttachment
}

// Shown tells whether the text is shown: blocks take its place.
func (m slackMessage) Shown() bool { return len(m.Blocks) == 0 && m.Text.Text != "" }

type slackAttachment struct {
	Color     string
	Pretext   slackText
	Title     string
	TitleLink string `json:"title_link"`
	Text      slackText
	Fields    []struct {
		Title string
		Value slackText
		Short bool
	}
	Footer string
	Blocks []slackBlock
}

// Bar is the attachment's colour.
func (a slackAttachment) Bar() string {
	switch a.Color {
	case "good":
		return "#2eb886"
	case "warning":
		return "#daa038"
	case "danger":
		return "#a30200"
	}
	if hexColor(a.Color) {
		return "#" + strings.TrimPrefix(a.Color, "#")
	}
	return "#dddddd"
}

func hexColor(s string) bool {
	s = strings.TrimPrefix(s, "#")
	return len(s) == 6 && strings.Trim(strings.ToLower(s), "0123456789abcdef") == ""
}

type slackBlock struct {
	Type      string
	Text      slackText
	Fields    []slackText
	Elements  []slackElement
	Accessory *slackElement
	ImageURL  string `json:"image_url"`
	AltText   string `json:"alt_text"`
	Title     slackText
}

// slackElement is an element of a context, actions or rich_text block.
type slackElement struct {
	Type     string
	Text     slackText
	URL      string
	Style    slackStyle
	ImageURL string `json:"image_url"`
	AltText  string `json:"alt_text"`
	Name     string
	UserID   string `json:"user_id"`
	Range    string
	Indent   int
	Elements []slackElement
}

// slackStyle is a button's style, which is a word, or a rich text's, which is an
// object.
type slackStyle struct {
	Word                       string
	Bold, Italic, Strike, Code bool
}

func (s *slackStyle) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, &s.Word)
	}
	type object slackStyle
	return json.Unmarshal(data, (*object)(s))
}

// slackText is a text object, or a plain string, which is taken as mrkdwn.
type slackText struct {
	Type string
	Text string
}

func (t *slackText) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		t.Type = "mrkdwn"
		return json.Unmarshal(data, &t.Text)
	}
	type object slackText
	return json.Unmarshal(data, (*object)(t))
}

// Lines is the text as it is read.
func (t slackText) Lines() []Line {
	if t.Type == "plain_text" {
		return []Line{{Kind: "text", Runs: []Run{{Text: t.Text}}}}
	}
	return slackLayout().lines(t.Text)
}

// Markdown reads the text of a markdown block, which is CommonMark.
func (t slackText) Markdown() []Line { return markdownLayout().lines(t.Text) }

// slackLayout is mrkdwn: https://docs.slack.dev/messaging/formatting-message-text
func slackLayout() layout {
	return layout{quotes: true, dialect: dialect{
		marks:   []mark{{"*", bold}, {"_", italic}, {"~", strike}},
		bounded: true,
		angle:   slackAngle,
		literal: strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace,
	}}
}

// slackAngle reads what stands in angle brackets: links and mentions.
func slackAngle(inner string) (Run, bool) {
	if inner == "" {
		return Run{}, false
	}
	target, label, labelled := strings.Cut(inner, "|")
	label = slackLayout().literal(label)
	switch inner[0] {
	case '!':
		if labelled {
			return Run{Text: label, Ping: !strings.HasPrefix(target, "!date")}, true
		}
		return Run{Text: "@" + strings.TrimPrefix(target, "!"), Ping: true}, true
	case '@', '#':
		return Run{Text: target, Ping: true}, true
	}
	target = slackLayout().literal(target)
	if !labelled {
		label = target
	}
	return Run{Text: label, URL: target}, true
}

// Rich is a rich_text block's elements as lines.
func (b slackBlock) Rich() []Line { return richLines(b.Elements) }

func richLines(elements []slackElement) []Line {
	var all []Line
	for _, e := range elements {
		switch e.Type {
		case "rich_text_list":
			for _, item := range e.Elements {
				all = append(all, Line{Kind: "item", Marker: "•", Depth: min(e.Indent, 3), Runs: richRuns(item.Elements)})
			}
		case "rich_text_quote":
			all = append(all, Line{Kind: "quote", Runs: richRuns(e.Elements)})
		case "rich_text_preformatted":
			all = append(all, Line{Kind: "code", Runs: richRuns(e.Elements)})
		default:
			all = append(all, Line{Kind: "text", Runs: richRuns(e.Elements)})
		}
	}
	return all
}

func richRuns(elements []slackElement) []Run {
	var runs []Run
	for _, e := range elements {
		r := Run{Text: e.Text.Text, URL: e.URL, Bold: e.Style.Bold, Italic: e.Style.Italic, Strike: e.Style.Strike, Code: e.Style.Code}
		switch e.Type {
		case "emoji":
			r.Text = ":" + e.Name + ":"
		case "user":
			r.Text, r.Ping = "@"+e.UserID, true
		case "broadcast":
			r.Text, r.Ping = "@"+e.Range, true
		}
		if r.Text == "" {
			r.Text = r.URL
		}
		runs = append(runs, r)
	}
	return runs
}
