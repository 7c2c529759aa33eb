package draw

import (
	"errors"
	"io"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// chatMessage is a Google Chat message, as far as it is drawn.
type chatMessage struct {
	Text    string
	CardsV2 []struct{ Card chatCard }
	Thread  struct{ ThreadKey string }
}

// Lines is the text as it is read.
func (m chatMessage) Lines() []Line { return chatLayout().lines(m.Text) }

type chatCard struct {
	Header   struct{ Title, Subtitle, ImageURL string }
	Sections []struct {
		Header  chatHTML
		Widgets []chatWidget
	}
	FixedFooter struct{ PrimaryButton, SecondaryButton *chatButton }
}

type chatWidget struct {
	TextParagraph *struct{ Text chatHTML }
	DecoratedText *struct {
		TopLabel, BottomLabel string
		Text                  chatHTML
		StartIcon             *chatIcon
		Icon                  *chatIcon
		Button                *chatButton
		OnClick               *chatClick
	}
	ButtonList *struct{ Buttons []chatButton }
	Image      *struct{ ImageURL, AltText string }
	Divider    *struct{}
	Columns    *struct {
		ColumnItems []struct{ Widgets []chatWidget }
	}
	Grid *struct {
		Title string
		Items []struct{ Title, Subtitle string }
	}
	ChipList *struct {
		Chips []struct{ Label string }
	}
}

type chatIcon struct {
	KnownIcon    string
	IconURL      string
	MaterialIcon struct{ Name string }
}

// Sign is a character in place of the icon, whose picture is Google's.
func (i chatIcon) Sign() string {
	signs := map[string]string{
		"PERSON": "👤", "CLOCK": "🕘", "STAR": "★", "BOOKMARK": "🔖", "DESCRIPTION": "📄", "EMAIL": "✉", "INVITE": "📅", "MEMBERSHIP": "🪪",
		"MULTIPLE_PEOPLE": "👥", "TICKET": "🎟", "MAP_PIN": "📍", "EVENT_SEAT": "💺", "CONFIRMATION_NUMBER_ICON": "🎟", "DOLLAR": "💲",
	}
	if sign, ok := signs[i.KnownIcon]; ok {
		return sign
	}
	return "•"
}

type chatClick struct{ OpenLink *struct{ URL string } }

// Target is where a click leads, or "".
func (c *chatClick) Target() string {
	if c == nil || c.OpenLink == nil {
		return ""
	}
	return c.OpenLink.URL
}

type chatButton struct {
	Text    string
	Type    string
	OnClick *chatClick
}

// chatHTML is text in the subset of HTML that cards take:
// https://developers.google.com/workspace/chat/format-messages#card-formatting
type chatHTML string

// Lines is the text as it is read. Tags outside the subset vanish.
func (h chatHTML) Lines() []Line {
	var runs []Run
	styles := []Run{{}}
	for z := html.NewTokenizer(strings.NewReader(string(h))); ; {
		kind := z.Next()
		if kind == html.ErrorToken && z.Err() != nil {
			if !errors.Is(z.Err(), io.EOF) {
				runs = append(runs, Run{Text: string(h)})
			}
			return []Line{{Kind: "text", Runs: runs}}
		}
		token := z.Token()
		style := styles[len(styles)-1]
		switch {
		case kind == html.TextToken:
			style.Text = token.Data
			runs = append(runs, style)
		case token.DataAtom == atom.Br:
			runs = append(runs, Run{Text: "\n"})
		case kind == html.StartTagToken && token.DataAtom == atom.Li:
			runs = append(runs, Run{Text: "\n• "})
		case kind == html.StartTagToken && styled(token, &style):
			styles = append(styles, style)
		case kind == html.EndTagToken && styled(token, &style) && len(styles) > 1:
			styles = styles[:len(styles)-1]
		}
	}
}

// styled puts a tag's style into r and tells whether the tag has one.
func styled(token html.Token, r *Run) bool {
	switch token.DataAtom {
	case atom.B, atom.Strong:
		r.Bold = true
	case atom.I, atom.Em:
		r.Italic = true
	case atom.U:
		r.Under = true
	case atom.S, atom.Strike, atom.Del:
		r.Strike = true
	case atom.Code:
		r.Code = true
	case atom.Font, atom.Time:
	case atom.A:
		for _, a := range token.Attr {
			if a.Key == "href" {
				r.URL = a.Val
			}
		}
	default:
		return false
	}
	return true
}

// chatLayout is the markup of a message's text:
// https://developers.google.com/workspace/chat/format-messages
func chatLayout() layout {
	return layout{lists: true, dialect: dialect{
		marks:   []mark{{"*", bold}, {"_", italic}, {"~", strike}},
		bounded: true,
		angle: func(inner string) (Run, bool) {
			if strings.HasPrefix(inner, "users/") {
				return Run{Text: "@" + strings.TrimPrefix(inner, "users/"), Ping: true}, true
			}
			target, label, labelled := strings.Cut(inner, "|")
			if safeURL(target) == "" {
				return Run{}, false
			}
			if !labelled {
				label = target
			}
			return Run{Text: label, URL: target}, true
		},
	}}
}
