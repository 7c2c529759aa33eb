package googlechat

// The parts of a Google Chat message that are used: the reference is the schema
// Message of Google's discovery document.

type message struct {
	Text         string       `json:"text,omitempty"` // above the cards
	CardsV2      []cardWithID `json:"cardsV2"`
	FallbackText string       `json:"fallbackText,omitempty"` // what notifications show
	Thread       *thread      `json:"thread,omitempty"`
}

type thread struct {
	ThreadKey string `json:"threadKey,omitempty"`
}

type cardWithID struct {
	CardID string `json:"cardId"`
	Card   card   `json:"card"`
}

type card struct {
	Header   header    `json:"header"`
	Sections []section `json:"sections,omitempty"`
}

type header struct {
	Title    string `json:"title"`
	Subtitle string `json:"subtitle,omitempty"`
}

type section struct {
	Widgets []widget `json:"widgets"`
}

// widget is one of its parts; the others are nil.
type widget struct {
	TextParagraph *textParagraph `json:"textParagraph,omitempty"`
	DecoratedText *decoratedText `json:"decoratedText,omitempty"`
	Columns       *columns       `json:"columns,omitempty"`
	ButtonList    *buttonList    `json:"buttonList,omitempty"`
	Image         *image         `json:"image,omitempty"`
}

type textParagraph struct {
	Text string `json:"text"` // in a subset of HTML
}

type decoratedText struct {
	TopLabel string `json:"topLabel,omitempty"`
	Text     string `json:"text"` // in a subset of HTML
	WrapText bool   `json:"wrapText"`
}

type columns struct {
	ColumnItems []column `json:"columnItems"` // at most two
}

type column struct {
	Widgets []widget `json:"widgets"`
}

type buttonList struct {
	Buttons []button `json:"buttons"`
}

type button struct {
	Text    string  `json:"text"`
	OnClick onClick `json:"onClick"`
}

type onClick struct {
	OpenLink openLink `json:"openLink"`
}

type openLink struct {
	URL string `json:"url"`
}

type image struct {
	ImageURL string `json:"imageUrl"`
	AltText  string `json:"altText,omitempty"`
}
