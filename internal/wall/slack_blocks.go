package wall

import (
	"fmt"
	"slices"
)

// slackBlock is the rule of one type of block: the keys that it may have beside
// type and block_id, and a check of what they hold. A nil check allows anything.
type slackBlock struct {
	keys  []string
	check func(node) string
}

// slackBlocks are the rules of Block Kit:
// https://docs.slack.dev/reference/block-kit/blocks
// Blocks that the bridge has no use for are let through by their names.
func slackBlocks() map[string]slackBlock {
	return map[string]slackBlock{
		"section":   {[]string{"text", "fields", "accessory", "expand"}, checkSlackSection},
		"header":    {[]string{"text", "level"}, func(n node) string { return slackText(n.get("text"), 150, "plain_text") }},
		"context":   {[]string{"elements"}, checkSlackContext},
		"actions":   {[]string{"elements"}, checkSlackActions},
		"divider":   {nil, nil},
		"image":     {[]string{"image_url", "slack_file", "alt_text", "title"}, checkSlackImage},
		"markdown":  {[]string{"text"}, func(n node) string { return slackLength(n.get("text"), 12000) }},
		"rich_text": {[]string{"elements"}, nil},
		"video":     {[]string{"alt_text", "author_name", "description", "provider_icon_url", "provider_name", "title", "title_url", "thumbnail_url", "video_url"}, nil},
		"table":     {[]string{"rows", "column_settings"}, nil},
	}
}

// checkSlackBlocks says what is wrong with a list of blocks, or "". A missing
// list is right.
func checkSlackBlocks(list node) string {
	if !list.present() {
		return ""
	}
	if !list.isList() || len(list.items()) > slackMaxBlocks {
		return fmt.Sprintf("want a list of at most %d blocks", slackMaxBlocks)
	}
	rules, ids := slackBlocks(), map[string]bool{}
	for _, block := range list.items() {
		rule, known := rules[block.get("type").text()]
		if !known {
			return "unsupported type: " + block.get("type").text()
		}
		for _, key := range block.keys() {
			if key != "type" && key != "block_id" && !slices.Contains(rule.keys, key) {
				return "invalid additional property: " + key
			}
		}
		if id := block.get("block_id").text(); id != "" {
			if runes(id) > 255 || ids[id] {
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

func slackLength(n node, most int) string {
	if !n.isString() || n.text() == "" || runes(n.text()) > most {
		return fmt.Sprintf("want a text of 1 to %d characters", most)
	}
	return ""
}

// slackText checks a text object of one of the types.
func slackText(n node, limit int, types ...string) string {
	if !slices.Contains(types, n.get("type").text()) {
		return "text object of the wrong type"
	}
	for _, key := range n.keys() {
		if !slices.Contains([]string{"type", "text", "emoji", "verbatim"}, key) {
			return "invalid additional property: " + key
		}
	}
	if n.get("type").text() == "mrkdwn" && n.get("emoji").present() {
		return "emoji is for plain_text"
	}
	return slackLength(n.get("text"), limit)
}

func firstFault(faults ...string) string {
	for _, f := range faults {
		if f != "" {
			return f
		}
	}
	return ""
}

func checkSlackSection(n node) string {
	if !n.get("text").present() && !n.get("fields").present() {
		return "section needs text or fields"
	}
	if n.get("text").present() {
		if fault := slackText(n.get("text"), 3000, "mrkdwn", "plain_text"); fault != "" {
			return fault
		}
	}
	if !n.get("fields").present() {
		return slackAccessory(n.get("accessory"))
	}
	fields := n.get("fields").items()
	if len(fields) == 0 || len(fields) > 10 {
		return "want 1 to 10 fields"
	}
	for _, f := range fields {
		if fault := slackText(f, 2000, "mrkdwn", "plain_text"); fault != "" {
			return fault
		}
	}
	return slackAccessory(n.get("accessory"))
}

func slackAccessory(n node) string {
	switch n.get("type").text() {
	case "button":
		return slackButton(n)
	case "image":
		return checkSlackImage(n)
	}
	return ""
}

func checkSlackContext(n node) string {
	elements := n.get("elements").items()
	if len(elements) == 0 || len(elements) > 10 {
		return "want 1 to 10 elements"
	}
	for _, e := range elements {
		fault := ""
		if e.get("type").text() == "image" {
			fault = checkSlackImage(e)
		} else {
			fault = slackText(e, 3000, "mrkdwn", "plain_text")
		}
		if fault != "" {
			return fault
		}
	}
	return ""
}

func checkSlackActions(n node) string {
	elements := n.get("elements").items()
	if len(elements) == 0 || len(elements) > 25 {
		return "want 1 to 25 elements"
	}
	for _, e := range elements {
		if e.get("type").text() != "button" {
			continue // menus and pickers: nothing that a webhook's sender could hear of
		}
		if fault := slackButton(e); fault != "" {
			return fault
		}
	}
	return ""
}

func slackButton(n node) string {
	fault := firstFault(
		slackText(n.get("text"), 75, "plain_text"),
		slackOptional(n.get("url"), 3000),
		slackOptional(n.get("value"), 2000),
		slackOptional(n.get("action_id"), 255),
	)
	if fault == "" && n.get("url").present() && !webURL(n.get("url").text()) {
		return "url of a button must be http or https"
	}
	return fault
}

func slackOptional(n node, limit int) string {
	if !n.present() {
		return ""
	}
	return slackLength(n, limit)
}

func checkSlackImage(n node) string {
	if !n.get("image_url").present() && !n.get("slack_file").present() {
		return "image needs image_url or slack_file"
	}
	return firstFault(slackOptional(n.get("image_url"), 3000), slackLength(n.get("alt_text"), 2000))
}

// slackTextLength sums all texts in blocks, as Slack's limit on the whole seems
// to count them.
func slackTextLength(n node) int {
	total := 0
	for _, item := range n.items() {
		total += slackTextLength(item)
	}
	for _, key := range n.keys() {
		if part := n.get(key); key == "text" && part.isString() {
			total += runes(part.text())
		} else if part.isList() || part.isObject() {
			total += slackTextLength(part)
		}
	}
	return total
}
