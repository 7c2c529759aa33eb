package rocketchat

import "github.com/absorb-bridge/absorb-bridge/sinks/kit"

// nativeMessage are the keys of an incoming webhook's message, and which types they
// have (docs.rocket.chat, Integrations).
type nativeMessage struct {
	Text        string           `json:"text"`
	Channel     string           `json:"channel"`
	RoomID      string           `json:"roomId"`
	Alias       string           `json:"alias"`
	Username    string           `json:"username"`
	Avatar      string           `json:"avatar"`
	IconURL     string           `json:"icon_url"`
	Emoji       string           `json:"emoji"`
	IconEmoji   string           `json:"icon_emoji"`
	Attachments []map[string]any `json:"attachments"`
	ParseURLs   bool             `json:"parseUrls"`
	TMID        string           `json:"tmid"`
}

// CheckNative finds what Rocket.Chat would not know in a native part.
func CheckNative(part map[string]any) error { return kit.CheckShape("", part, nativeMessage{}) }
