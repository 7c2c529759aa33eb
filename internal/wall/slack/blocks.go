package slack

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/absorb-bridge/absorb-bridge/internal/wall/platform"
)

// block is the rule of one type of block: the keys that it may have beside
// type and block_id, and a check of what they hold. A nil check allows anything.
type block struct {
	keys  []string
	check func(platform.Node) string
}

// blockRules are the rules of Block Kit:
// https://docs.slack.dev/reference/block-kit/blocks
// Blocks that the bridge has no use for are let through by their names.
func blockRules() map[string]block {
	return map[string]block{
		"section":   {[]string{"text", "fields", "accessory", "expand"}, checkSection},
		"header":    {[]string{"text", "level"}, func(n platform.Node) string { return checkText(n.Get("text"), 150, "plain_text") }},
		"context":   {[]string{"elements"}, checkContext},
		"actions":   {[]string{"elements"}, checkActions},
		"divider":   {nil, nil},
		"image":     {[]string{"image_url", "slack_file", "alt_text", "title"}, checkImage},
		"markdown":  {[]string{"text"}, func(n platform.Node) string { return checkLength(n.Get("text"), 12000) }},
		"rich_text": {[]string{"elements"}, nil},
		"video":     {[]string{"alt_text", "author_name", "description", "provider_icon_url", "provider_name", "title", "title_url", "thumbnail_url", "video_url"}, nil},
		"table":     {[]string{"rows", "column_settings"}, nil},
	}
}

// checkBlocks says what is wrong with a list of blocks, or "". A missing
// list is right.
func checkBlocks(list platform.Node) string {
	if !list.Present() {
		return ""
	}
	if !list.IsList() || len(list.Items()) > maxBlocks {
		return fmt.Sprintf("want a list of at most %d blocks", maxBlocks)
	}
	rules, ids := blockRules(), map[string]bool{}
	for _, block := range list.Items() {
		rule, known := rules[block.Get("type").Text()]
		if !known {
			return "unsupported type: " + block.Get("type").Text()
		}
		for _, key := range block.Keys() {
			if key != "type" && key != "block_id" && !slices.Contains(rule.keys, key) {
				return "invalid additional property: " + key
			}
		}
		if id := block.Get("block_id").Text(); id != "" {
			if platform.Runes(id) > 255 || ids[id] {
				return "block_id is too long or not unique"
			}
			ids[id] = true
		}
		if rule.check != nil {
			if fault := rule.check(block); fault != "" {
				return fault
			}
		}
	}
	return ""
}

func checkLength(n platform.Node, most int) string {
	if !n.IsString() || n.Text() == "" || platform.Runes(n.Text()) > most {
		return fmt.Sprintf("want a text of 1 to %d characters", most)
	}
	return ""
}

// checkText checks a text object of one of the types.
func checkText(n platform.Node, limit int, types ...string) string {
	if !slices.Contains(types, n.Get("type").Text()) {
		return "text object of the wrong type"
	}
	for _, key := range n.Keys() {
		if !slices.Contains([]string{"type", "text", "emoji", "verbatim"}, key) {
			return "invalid additional property: " + key
		}
	}
	if n.Get("type").Text() == "mrkdwn" && n.Get("emoji").Present() {
		return "emoji is for plain_text"
	}
	return checkLength(n.Get("text"), limit)
}

func checkSection(n platform.Node) string {
	if !n.Get("text").Present() && !n.Get("fields").Present() {
		return "section needs text or fields"
	}
	if n.Get("text").Present() {
		if fault := checkText(n.Get("text"), 3000, "mrkdwn", "plain_text"); fault != "" {
			return fault
		}
	}
	if !n.Get("fields").Present() {
		return checkAccessory(n.Get("accessory"))
	}
	fields := n.Get("fields").Items()
	if len(fields) == 0 || len(fields) > 10 {
		return "want 1 to 10 fields"
	}
	for _, f := range fields {
		if fault := checkText(f, 2000, "mrkdwn", "plain_text"); fault != "" {
			return fault
		}
	}
	return checkAccessory(n.Get("accessory"))
}

func checkAccessory(n platform.Node) string {
	switch n.Get("type").Text() {
	case "button":
		return checkButton(n)
	case "image":
		return checkImage(n)
	}
	return ""
}

func checkContext(n platform.Node) string {
	elements := n.Get("elements").Items()
	if len(elements) == 0 || len(elements) > 10 {
		return "want 1 to 10 elements"
	}
	for _, e := range elements {
		fault := ""
		if e.Get("type").Text() == "image" {
			fault = checkImage(e)
		} else {
			fault = checkText(e, 3000, "mrkdwn", "plain_text")
		}
		if fault != "" {
			return fault
		}
	}
	return ""
}

func checkActions(n platform.Node) string {
	elements := n.Get("elements").Items()
	if len(elements) == 0 || len(elements) > 25 {
		return "want 1 to 25 elements"
	}
	for _, e := range elements {
		if e.Get("type").Text() != "button" {
			continue // menus and pickers: nothing that a webhook's sender could hear of
		}
		if fault := checkButton(e); fault != "" {
			return fault
		}
	}
	return ""
}

func checkButton(n platform.Node) string {
	fault := cmp.Or(
		checkText(n.Get("text"), 75, "plain_text"),
		checkOptional(n.Get("url"), 3000),
		checkOptional(n.Get("value"), 2000),
		checkOptional(n.Get("action_id"), 255),
	)
	if fault == "" && n.Get("url").Present() && !platform.WebURL(n.Get("url").Text()) {
		return "url of a button must be http or https"
	}
	return fault
}

func checkOptional(n platform.Node, limit int) string {
	if !n.Present() {
		return ""
	}
	return checkLength(n, limit)
}

func checkImage(n platform.Node) string {
	if !n.Get("image_url").Present() && !n.Get("slack_file").Present() {
		return "image needs image_url or slack_file"
	}
	return cmp.Or(checkOptional(n.Get("image_url"), 3000), checkLength(n.Get("alt_text"), 2000))
}

// textLength sums all texts in blocks, as Slack's limit on the whole seems
// to count them.
func textLength(n platform.Node) int {
	total := 0
	for _, item := range n.Items() {
		total += textLength(item)
	}
	for _, key := range n.Keys() {
		if part := n.Get(key); key == "text" && part.IsString() {
			total += platform.Runes(part.Text())
		} else if part.IsList() || part.IsObject() {
			total += textLength(part)
		}
	}
	return total
}
