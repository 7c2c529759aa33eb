package discord

import (
	"github.com/bwmarrin/discordgo"

	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// nativeMessage are the keys of a message (discord-api-docs: Execute Webhook), and
// which types they have.
type nativeMessage struct {
	Content         string                    `json:"content"`
	Username        string                    `json:"username"`
	AvatarURL       string                    `json:"avatar_url"`
	TTS             bool                      `json:"tts"`
	Embeds          []*discordgo.MessageEmbed `json:"embeds"`
	AllowedMentions map[string]any            `json:"allowed_mentions"` // taken, but nothing may mention
	Components      []map[string]any          `json:"components"`
	Attachments     []map[string]any          `json:"attachments"`
	Flags           int                       `json:"flags"`
	ThreadName      string                    `json:"thread_name"`
	AppliedTags     []string                  `json:"applied_tags"`
	Poll            map[string]any            `json:"poll"`
}

// CheckNative finds what Discord would refuse in a native part, by the types of
// its Go library.
func CheckNative(part map[string]any) error { return kit.CheckShape("", part, nativeMessage{}) }
