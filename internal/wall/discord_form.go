package wall

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// formErrors is the tree below "errors" in Discord's answer 50035.
type formErrors map[string]any

// add puts an error at a path of keys and indices.
func (f formErrors) add(path []string, code, message string) {
	branch := map[string]any(f)
	for _, key := range path {
		next, ok := branch[key].(map[string]any)
		if !ok {
			next = map[string]any{}
			branch[key] = next
		}
		branch = next
	}
	list, _ := branch["_errors"].([]any)
	branch["_errors"] = append(list, map[string]any{"code": code, "message": message})
}

func (f formErrors) answer() answer {
	return jsonAnswer(http.StatusBadRequest, map[string]any{"message": "Invalid Form Body", "code": 50035, "errors": map[string]any(f)})
}

// text checks a text's length after trimming, in UTF-16 units: how Discord
// counts is not documented, and this is the strictest way.
func (f formErrors) text(n node, required bool, limit int) {
	switch text := strings.TrimSpace(n.text()); {
	case !n.present() || n.isString() && text == "":
		if required {
			f.add(n.path, "BASE_TYPE_REQUIRED", "This field is required")
		}
	case !n.isString():
		f.add(n.path, "STRING_TYPE_CONVERT", "Could not interpret the value as string.")
	case utf16Units(text) > limit:
		f.add(n.path, "BASE_TYPE_MAX_LENGTH", fmt.Sprintf("Must be %d or fewer in length.", limit))
	}
}

func (f formErrors) list(n node, limit int) {
	switch {
	case !n.present():
	case !n.isList():
		f.add(n.path, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
	case len(n.items()) > limit:
		f.add(n.path, "BASE_TYPE_MAX_LENGTH", fmt.Sprintf("Must be %d or fewer in length.", limit))
	}
}

func (f formErrors) url(n node) {
	if !n.present() || n.text() == "" {
		return
	}
	u, err := url.Parse(n.text())
	switch {
	case err != nil || u.Scheme == "" || u.Host == "" && u.Scheme != "attachment":
		f.add(n.path, "URL_TYPE_INVALID_URL", "Not a well formed URL.")
	case u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "attachment":
		f.add(n.path, "URL_TYPE_INVALID_SCHEME", fmt.Sprintf("Scheme %q is not supported. Scheme must be one of ('http', 'https').", u.Scheme))
	}
}

// checkDiscord is the refusal of a message, or nil. The limits are those of
// https://docs.discord.com/developers/resources/message#embed-object-embed-limits
func checkDiscord(n node) *answer {
	f := formErrors{}
	if !n.isObject() {
		f.add(nil, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
		return refuse(f.answer())
	}
	f.text(n.get("content"), false, 2000)
	f.text(n.get("username"), false, 80)
	for _, word := range []string{"discord", "clyde"} {
		if strings.Contains(strings.ToLower(n.get("username").text()), word) {
			f.add([]string{"username"}, "USERNAME_INVALID_CONTAINS", fmt.Sprintf("Username cannot contain %q", word))
		}
	}
	f.text(n.get("thread_name"), false, 100)
	f.url(n.get("avatar_url"))
	f.list(n.get("embeds"), 10)
	f.list(n.get("allowed_mentions").get("parse"), 100)
	total := 0
	for _, embed := range n.get("embeds").items() {
		total += f.embed(embed)
	}
	if total > 6000 {
		f.add([]string{"embeds"}, "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000")
	}
	if len(f) > 0 {
		return refuse(f.answer())
	}
	if emptyDiscord(n) {
		return refuse(discordError(http.StatusBadRequest, 50006, "Cannot send an empty message"))
	}
	return nil
}

func emptyDiscord(n node) bool {
	for _, key := range []string{"embeds", "components", "attachments"} {
		if len(n.get(key).items()) > 0 {
			return false
		}
	}
	return strings.TrimSpace(n.get("content").text()) == "" && !n.get("poll").present()
}

// embed checks one embed and gives its length for the total over all of them.
func (f formErrors) embed(n node) int {
	f.text(n.get("title"), false, 256)
	f.text(n.get("description"), false, 4096)
	f.text(n.get("footer").get("text"), n.get("footer").present(), 2048)
	f.text(n.get("author").get("name"), n.get("author").present(), 256)
	f.list(n.get("fields"), 25)
	for _, link := range []node{n.get("url"), n.get("image").get("url"), n.get("thumbnail").get("url"), n.get("author").get("url"), n.get("footer").get("icon_url")} {
		f.url(link)
	}
	f.color(n.get("color"))
	if at := n.get("timestamp"); at.present() {
		if _, err := time.Parse(time.RFC3339, at.text()); err != nil {
			f.add(at.path, "DATE_TIME_TYPE_PARSE", fmt.Sprintf("Could not parse %s. Should be ISO8601.", at.text()))
		}
	}
	counted := []node{n.get("title"), n.get("description"), n.get("footer").get("text"), n.get("author").get("name")}
	for _, field := range n.get("fields").items() {
		f.text(field.get("name"), true, 256)
		f.text(field.get("value"), true, 1024)
		counted = append(counted, field.get("name"), field.get("value"))
	}
	total := 0
	for _, c := range counted {
		total += utf16Units(strings.TrimSpace(c.text()))
	}
	return total
}

func (f formErrors) color(n node) {
	if !n.present() {
		return
	}
	switch value, ok := n.number(); {
	case !ok:
		f.add(n.path, "NUMBER_TYPE_COERCE", fmt.Sprintf("Value %q is not int.", n.text()))
	case value < 0:
		f.add(n.path, "NUMBER_TYPE_MIN", "int value should be greater than or equal to 0.")
	case value > 0xFFFFFF:
		f.add(n.path, "NUMBER_TYPE_MAX", "int value should be less than or equal to 16777215.")
	}
}
