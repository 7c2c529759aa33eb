package slack

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/slack-go/slack"

	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// nativeMessage are the keys of a message, and which types they have. Blocks are
// looked at one by one.
type nativeMessage struct {
	Text            string           `json:"text"`
	Blocks          []any            `json:"blocks"`
	Attachments     []map[string]any `json:"attachments"`
	MarkdownText    string           `json:"markdown_text"`
	Username        string           `json:"username"`
	IconEmoji       string           `json:"icon_emoji"`
	IconURL         string           `json:"icon_url"`
	Channel         string           `json:"channel"`
	ThreadTS        string           `json:"thread_ts"`
	ReplyBroadcast  bool             `json:"reply_broadcast"`
	ResponseType    string           `json:"response_type"`
	UnfurlLinks     bool             `json:"unfurl_links"`
	UnfurlMedia     bool             `json:"unfurl_media"`
	Markdown        bool             `json:"mrkdwn"`
	LinkNames       bool             `json:"link_names"`
	ReplaceOriginal bool             `json:"replace_original"`
	DeleteOriginal  bool             `json:"delete_original"`
	Parse           string           `json:"parse"`
	Metadata        map[string]any   `json:"metadata"`
}

// wants are the types of blocks, and what each cannot do without
// (docs.slack.dev/reference/block-kit/blocks).
func wants() map[string][]string {
	return map[string][]string{
		"section": {"text|fields"}, "header": {"text"}, "image": {"alt_text", "image_url|slack_file"}, "context": {"elements"},
		"actions": {"elements"}, "divider": nil, "markdown": {"text"}, "rich_text": {"elements"}, "table": {"rows"},
		"video": {"alt_text", "title", "thumbnail_url", "video_url"}, "file": {"external_id", "source"}, "context_actions": {"elements"},
		"alert": nil, "card": nil, "carousel": nil, "container": nil, "data_table": nil, "plan": nil, "task_card": nil,
	}
}

// CheckNative finds what Slack would refuse in a native part: unknown keys of the
// message, and blocks that its Go library cannot read or that lack something.
func CheckNative(part map[string]any) error {
	faults := []error{kit.CheckShape("", part, nativeMessage{})}
	blocks, ok := part["blocks"].([]any)
	if !ok {
		return faults[0]
	}
	faults = append(faults, kit.CheckKinds("blocks", blocks, wants()))
	for i, b := range blocks {
		faults = append(faults, readable(fmt.Sprintf("blocks[%d]", i), b))
	}
	return errors.Join(faults...)
}

// yield takes our blocks away when the native part has other content. Attachments
// alone have no text for notifications but that of their own fallback.
func yield(part map[string]any, words string) map[string]any {
	part = kit.Yield(part, []string{"blocks"}, "attachments")
	part = kit.Yield(part, []string{"blocks", "text"}, "markdown_text")
	attachments, _ := part["attachments"].([]any)
	if len(attachments) == 0 || part["blocks"] != nil || part["text"] != nil {
		return part
	}
	first, ok := attachments[0].(map[string]any)
	if !ok {
		return part
	}
	if first = maps.Clone(first); first["fallback"] == nil {
		first["fallback"] = words
	}
	part["text"], part["attachments"] = nil, append([]any{first}, attachments[1:]...)
	return part
}

// readable tells why Slack's library cannot read a block.
func readable(path string, block any) error {
	data, err := json.Marshal([]any{block})
	if err != nil {
		return kit.Setting(path, "is no JSON: %v", err)
	}
	if m, ok := block.(map[string]any); !ok || m["type"] == nil || typeIsMade(block) {
		return nil // told already, or not known yet
	}
	err = json.Unmarshal(data, new(slack.Blocks))
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if wrong.Field != "" {
			path += "." + wrong.Field
		}
		return kit.Setting(path, "want %s, have %s", kit.KindWord(wrong.Type.Kind().String()), kit.KindWord(wrong.Value))
	}
	if err != nil {
		return kit.Setting(path, "%v", err)
	}
	return nil
}

// typeIsMade tells whether a template makes the type of a block, or of something in
// it.
func typeIsMade(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		for key, element := range v {
			if key == "type" && element == "" || typeIsMade(element) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, typeIsMade)
	}
	return false
}
