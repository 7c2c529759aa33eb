package discord

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/internal/wall/platform"
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

func (f formErrors) answer() platform.Answer {
	return platform.JSON(http.StatusBadRequest, map[string]any{"message": "Invalid Form Body", "code": 50035, "errors": map[string]any(f)})
}

// text checks a text's length after trimming, in UTF-16 units: how Discord
// counts is not documented, and this is the strictest way.
func (f formErrors) text(n platform.Node, required bool, limit int) {
	switch text := strings.TrimSpace(n.Text()); {
	case !n.Present() || n.IsString() && text == "":
		if required {
			f.add(n.Path, "BASE_TYPE_REQUIRED", "This field is required")
		}
	case !n.IsString():
		f.add(n.Path, "STRING_TYPE_CONVERT", "Could not interpret the value as string.")
	case platform.UTF16Units(text) > limit:
		f.add(n.Path, "BASE_TYPE_MAX_LENGTH", fmt.Sprintf("Must be %d or fewer in length.", limit))
	}
}

func (f formErrors) list(n platform.Node, limit int) {
	switch {
	case !n.Present():
	case !n.IsList():
		f.add(n.Path, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
	case len(n.Items()) > limit:
		f.add(n.Path, "BASE_TYPE_MAX_LENGTH", fmt.Sprintf("Must be %d or fewer in length.", limit))
	}
}

func (f formErrors) url(n platform.Node) {
	if !n.Present() || n.Text() == "" {
		return
	}
	u, err := url.Parse(n.Text())
	switch {
	case err != nil || u.Scheme == "" || u.Host == "" && u.Scheme != "attachment":
		f.add(n.Path, "URL_TYPE_INVALID_URL", "Not a well formed URL.")
	case u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "attachment":
		f.add(n.Path, "URL_TYPE_INVALID_SCHEME", fmt.Sprintf("Scheme %q is not supported. Scheme must be one of ('http', 'https').", u.Scheme))
	}
}

// check is the refusal of a message, or nil. The limits are those of
// https://docs.discord.com/developers/resources/message#embed-object-embed-limits
func check(n platform.Node) *platform.Answer {
	f := formErrors{}
	if !n.IsObject() {
		f.add(nil, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
		return platform.Refuse(f.answer())
	}
	f.text(n.Get("content"), false, 2000)
	f.text(n.Get("username"), false, 80)
	for _, word := range []string{"discord", "clyde"} {
		if strings.Contains(strings.ToLower(n.Get("username").Text()), word) {
			f.add([]string{"username"}, "USERNAME_INVALID_CONTAINS", fmt.Sprintf("Username cannot contain %q", word))
		}
	}
	f.text(n.Get("thread_name"), false, 100)
	f.url(n.Get("avatar_url"))
	f.list(n.Get("embeds"), 10)
	f.list(n.Get("allowed_mentions").Get("parse"), 100)
	total := 0
	for _, embed := range n.Get("embeds").Items() {
		total += f.embed(embed)
	}
	if total > 6000 {
		f.add([]string{"embeds"}, "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000")
	}
	if len(f) > 0 {
		return platform.Refuse(f.answer())
	}
	if isEmpty(n) {
		return platform.Refuse(errorAnswer(http.StatusBadRequest, 50006, "Cannot send an empty message"))
	}
	return nil
}

func isEmpty(n platform.Node) bool {
	for _, key := range []string{"embeds", "components", "attachments"} {
		if len(n.Get(key).Items()) > 0 {
			return false
		}
	}
	return strings.TrimSpace(n.Get("content").Text()) == "" && !n.Get("poll").Present()
}

// embed checks one embed and gives its length for the total over all of them.
func (f formErrors) embed(n platform.Node) int {
	f.text(n.Get("title"), false, 256)
	f.text(n.Get("description"), false, 4096)
	f.text(n.Get("footer").Get("text"), n.Get("footer").Present(), 2048)
	f.text(n.Get("author").Get("name"), n.Get("author").Present(), 256)
	f.list(n.Get("fields"), 25)
	for _, link := range []platform.Node{n.Get("url"), n.Get("image").Get("url"), n.Get("thumbnail").Get("url"), n.Get("author").Get("url"), n.Get("footer").Get("icon_url")} {
		f.url(link)
	}
	f.color(n.Get("color"))
	if at := n.Get("timestamp"); at.Present() {
		if _, err := time.Parse(time.RFC3339, at.Text()); err != nil {
			f.add(at.Path, "DATE_TIME_TYPE_PARSE", fmt.Sprintf("Could not parse %s. Should be ISO8601.", at.Text()))
		}
	}
	counted := []platform.Node{n.Get("title"), n.Get("description"), n.Get("footer").Get("text"), n.Get("author").Get("name")}
	for _, field := range n.Get("fields").Items() {
		f.text(field.Get("name"), true, 256)
		f.text(field.Get("value"), true, 1024)
		counted = append(counted, field.Get("name"), field.Get("value"))
	}
	total := 0
	for _, c := range counted {
		total += platform.UTF16Units(strings.TrimSpace(c.Text()))
	}
	return total
}

func (f formErrors) color(n platform.Node) {
	if !n.Present() {
		return
	}
	switch value, ok := n.Number(); {
	case !ok:
		f.add(n.Path, "NUMBER_TYPE_COERCE", fmt.Sprintf("Value %q is not int.", n.Text()))
	case value < 0:
		f.add(n.Path, "NUMBER_TYPE_MIN", "int value should be greater than or equal to 0.")
	case value > 0xFFFFFF:
		f.add(n.Path, "NUMBER_TYPE_MAX", "int value should be less than or equal to 16777215.")
	}
}
