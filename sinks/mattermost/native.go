package mattermost

import "github.com/absorb-bridge/absorb-bridge/sinks/kit"

// nativeMessage are the keys of an incoming webhook's message, and which types they
// have (developers.mattermost.com/integrate/webhooks/incoming).
type nativeMessage struct {
	Text        string           `json:"text"`
	Channel     string           `json:"channel"`
	Username    string           `json:"username"`
	IconURL     string           `json:"icon_url"`
	IconEmoji   string           `json:"icon_emoji"`
	Attachments []map[string]any `json:"attachments"`
	Type        string           `json:"type"`
	Props       map[string]any   `json:"props"`
	Priority    map[string]any   `json:"priority"`
}

// CheckNative finds what Mattermost would not know in a native part.
func CheckNative(part map[string]any) error { return kit.CheckShape("", part, nativeMessage{}) }
