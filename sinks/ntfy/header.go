package ntfy

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// header is all of a notification but its text, as ntfy reads it from a request.
func (n notification) header() http.Header {
	h := http.Header{}
	for name, value := range map[string]string{
		"Title": n.Title, "Priority": strconv.Itoa(n.Priority), "Tags": strings.Join(n.Tags, ","), "Click": n.Click, "Icon": n.Icon,
		"Attach": n.Attach, "Filename": n.Filename, "Delay": n.Delay, "Email": n.Email, "Cache": n.Cache, "Firebase": n.Firebase,
	} {
		if value != "" {
			h.Set(name, word(value))
		}
	}
	if n.Markdown {
		h.Set("Markdown", "yes")
	}
	if len(n.Actions) > 0 {
		list, _ := kit.JSON(n.Actions, nil) // texts can always be written
		h.Set("Actions", word(string(list)))
	}
	return h
}

// maxWord is how many bytes one encoded word holds, so that it has at most 75
// characters (RFC 2047).
const maxWord = 45

// word is a text as a header may have it. What is not plain ASCII, or looks encoded
// already, is encoded.
func word(s string) string {
	if !strings.Contains(s, "=?") && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
		return s
	}
	var words []string
	for s != "" {
		part := bridge.Cut(s, maxWord)
		words = append(words, "=?UTF-8?B?"+base64.StdEncoding.EncodeToString([]byte(part))+"?=")
		s = s[len(part):]
	}
	return strings.Join(words, " ")
}

// action is a button as ntfy has it.
type action map[string]any

// readActions reads buttons in ntfy's short form: "view, Open, https://example.com".
// Later parts are like "clear=true".
func readActions(all []string) ([]action, error) {
	var actions []action
	for i, text := range all {
		a := action{}
		for n, part := range strings.Split(text, ",") {
			key, value, named := strings.Cut(strings.TrimSpace(part), "=")
			if positions := []string{"action", "label", "url"}; n < len(positions) && !(named && slices.Contains(actionKeys(), key)) {
				key, value = positions[n], strings.TrimSpace(part)
			}
			if !slices.Contains(actionKeys(), key) || value == "" {
				return nil, actionFault(i)
			}
			a[key] = value
			if key == "clear" {
				a[key] = value == "true"
			}
		}
		kind, _ := a["action"].(string)
		address, _ := a["url"].(string)
		if !slices.Contains([]string{"view", "http", "broadcast"}, kind) || a["label"] == nil || kind != "broadcast" && !isLink(address) {
			return nil, actionFault(i)
		}
		actions = append(actions, a)
	}
	if len(actions) > maxActions {
		return nil, kit.Setting("actions", "ntfy shows at most %d", maxActions)
	}
	return actions, nil
}

func actionKeys() []string {
	return []string{"action", "label", "url", "method", "body", "intent", "clear"}
}

func actionFault(i int) error {
	return kit.Setting(fmt.Sprintf("actions[%d]", i), `want a button in the form "view, LABEL, URL" or "http, LABEL, URL, method=POST, body=TEXT"`)
}
