package googlechat

import (
	"errors"

	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// What follows are the keys of a message that may be set (the schema Message of
// Google's discovery document), and which types they have. Widgets' own parts are
// not looked into.

type nativeMessage struct {
	CardsV2                 []nativeCardWithID `json:"cardsV2"`
	Text                    string             `json:"text"`
	FallbackText            string             `json:"fallbackText"`
	Thread                  nativeThread       `json:"thread"`
	AccessoryWidgets        []map[string]any   `json:"accessoryWidgets"`
	Attachment              []map[string]any   `json:"attachment"`
	Cards                   []map[string]any   `json:"cards"`
	Elements                []map[string]any   `json:"elements"`
	MarkupSyntax            string             `json:"markupSyntax"`
	ActionResponse          map[string]any     `json:"actionResponse"`
	QuotedMessageMetadata   map[string]any     `json:"quotedMessageMetadata"`
	PrivateMessageViewer    map[string]any     `json:"privateMessageViewer"`
	ClientAssignedMessageID string             `json:"clientAssignedMessageId"`
	CreateTime              string             `json:"createTime"`
	Name                    string             `json:"name"`
}

type nativeThread struct {
	ThreadKey string `json:"threadKey"`
	Name      string `json:"name"`
}

type nativeCardWithID struct {
	CardID string     `json:"cardId"`
	Card   nativeCard `json:"card"`
}

type nativeCard struct {
	Header              nativeHeader     `json:"header"`
	Sections            []nativeSection  `json:"sections"`
	CardActions         []map[string]any `json:"cardActions"`
	FixedFooter         map[string]any   `json:"fixedFooter"`
	PeekCardHeader      nativeHeader     `json:"peekCardHeader"`
	DisplayStyle        string           `json:"displayStyle"`
	SectionDividerStyle string           `json:"sectionDividerStyle"`
	ExpressionData      []any            `json:"expressionData"`
	Name                string           `json:"name"`
}

type nativeHeader struct {
	Title        string `json:"title"`
	Subtitle     string `json:"subtitle"`
	ImageURL     string `json:"imageUrl"`
	ImageType    string `json:"imageType"`
	ImageAltText string `json:"imageAltText"`
}

type nativeSection struct {
	Header                    string         `json:"header"`
	ID                        string         `json:"id"`
	Widgets                   []nativeWidget `json:"widgets"`
	Collapsible               bool           `json:"collapsible"`
	UncollapsibleWidgetsCount int            `json:"uncollapsibleWidgetsCount"`
	CollapseControl           map[string]any `json:"collapseControl"`
}

type nativeWidget struct {
	TextParagraph       map[string]any   `json:"textParagraph"`
	DecoratedText       map[string]any   `json:"decoratedText"`
	Columns             map[string]any   `json:"columns"`
	ButtonList          map[string]any   `json:"buttonList"`
	Image               map[string]any   `json:"image"`
	Grid                map[string]any   `json:"grid"`
	Divider             map[string]any   `json:"divider"`
	ChipList            map[string]any   `json:"chipList"`
	Carousel            map[string]any   `json:"carousel"`
	TextInput           map[string]any   `json:"textInput"`
	SelectionInput      map[string]any   `json:"selectionInput"`
	DateTimePicker      map[string]any   `json:"dateTimePicker"`
	EventActions        []map[string]any `json:"eventActions"`
	HorizontalAlignment string           `json:"horizontalAlignment"`
	Visibility          string           `json:"visibility"`
	ID                  string           `json:"id"`
}

// CheckNative finds what Google Chat would refuse in a native part.
func CheckNative(part map[string]any) error {
	fault := kit.CheckShape("", part, nativeMessage{})
	if part["cards"] != nil {
		fault = errors.Join(fault, kit.Warning("cards", "Google has deprecated these cards; they take the place of the bridge's own. Write cardsV2, as its Card Builder does"))
	}
	return fault
}
