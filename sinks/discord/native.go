package discord

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"strings"

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
func CheckNative(part map[string]any) error {
	faults := []error{kit.CheckShape("", part, nativeMessage{})}
	for _, key := range []string{"content", "embeds", "poll"} {
		if componentsV2(part) && part[key] != nil {
			faults = append(faults, kit.Setting(key, "cannot stand beside components of version 2 (flags: 32768): write it as a component"))
		}
	}
	components, _ := part["components"].([]any)
	for i, c := range components {
		m, _ := c.(map[string]any)
		if kind, isNumber := number(m["type"]); isNumber && kind > actionRow && !componentsV2(part) {
			faults = append(faults, kit.Setting(fmt.Sprintf("components[%d].type", i), "a component of version 2, which Discord takes only with flags: %d", isComponentsV2))
		}
	}
	return errors.Join(faults...)
}

// Discord's numbers (discord-api-docs: Message Flags, Component Types).
const (
	isComponentsV2 = 1 << 15
	actionRow      = 1 // all that a message may have at its top, before version 2
)

func componentsV2(part map[string]any) bool {
	flags, _ := number(part["flags"])
	return flags&isComponentsV2 != 0
}

// number reads a number of YAML or JSON.
func number(v any) (int64, bool) {
	switch n := reflect.ValueOf(v); {
	case n.CanInt():
		return n.Int(), true
	case n.CanUint():
		return int64(n.Uint() & math.MaxInt64), true
	case n.CanFloat():
		return int64(n.Float()), true
	}
	return 0, false
}

// yield takes away what is ours when the native part has content of its own, but for
// the mentions above it. Components of version 2 stand alone.
func yield(part map[string]any, mentions string) map[string]any {
	if componentsV2(part) {
		return kit.Yield(part, []string{"embeds", "content"}, "components", "flags")
	}
	if part["content"] == nil && (part["embeds"] != nil || part["poll"] != nil) {
		part = maps.Clone(part)
		part["content"] = strings.TrimSpace(mentions)
	}
	return part
}
