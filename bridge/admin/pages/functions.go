package pages

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// functions returns the functions that the page templates call.
func functions() template.FuncMap {
	return template.FuncMap{
		"iso":       func(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) },
		"utc":       func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") },
		"took":      took,
		"thousands": thousands,
		"plural":    plural,
		"title":     bridge.EventTitle,
		"pretty":    pretty,
		"word":      func(v any) string { return strings.ReplaceAll(fmt.Sprint(v), "_", " ") },
		"tone":      tone,
		"operation": operationTitle,
		"page":      with,
		"escape":    url.PathEscape,
		"base":      filepath.Base,
		"map":       pairs,
		"high":      func(most int) int { return most * 9 / 10 },
	}
}

// took writes a short time as people read it.
func took(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return "under 1 ms"
	case d < time.Second:
		return strconv.FormatInt(d.Milliseconds(), 10) + " ms"
	}
	return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
}

// thousands writes a number with a narrow space between groups of three digits.
func thousands(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "\u202f" + text[i:]
	}
	return text
}

// plain is text that pages show unchanged.
type plain string

// maxPretty is the size up to which a page indents a text, in bytes.
const maxPretty = 256 << 10

// pretty indents JSON, given as bytes or as a value.
func pretty(v any) string {
	var b bytes.Buffer
	switch v := v.(type) {
	case json.RawMessage:
		if json.Indent(&b, v, "", "  ") != nil {
			b.Reset()
			b.Write(v)
		}
	case plain:
		b.WriteString(string(v))
	default:
		out := json.NewEncoder(&b)
		out.SetEscapeHTML(false)
		out.SetIndent("", "  ")
		if err := out.Encode(v); err != nil {
			return err.Error()
		}
	}
	text := strings.ToValidUTF8(b.String(), "\uFFFD")
	if len(text) > maxPretty {
		text = strings.ToValidUTF8(text[:maxPretty], "") + "\n…"
	}
	return strings.TrimRight(text, "\n")
}

// tone returns the colour of a state, an outcome or a sink's health.
func tone(state any) string {
	switch fmt.Sprint(state) {
	case "sent", "routed", "healthy", "works":
		return "good"
	case "dead", "broken", "rejected", "orphaned", "fails":
		return "bad"
	case "limited", "failing", "probing", "temporary", "unrouted":
		return "warn"
	}
	return "plain"
}

func operationTitle(operation string) string {
	switch operation {
	case "deliveries/retry":
		return "Retry"
	case "deliveries/cancel":
		return "Cancel"
	case "deliveries/move":
		return "Move"
	case "events/replay":
		return "Route again"
	}
	return operation
}

// with returns a query with one value changed; it begins with a question mark.
func with(q url.Values, key, value string) string {
	changed := url.Values{}
	for k, v := range q {
		if k != "done" && k != "n" {
			changed[k] = v
		}
	}
	changed.Set(key, value)
	if value == "" {
		changed.Del(key)
	}
	return "?" + changed.Encode()
}

// pairs makes a map of names and values, for a template that includes another.
func pairs(all ...any) (map[string]any, error) {
	if len(all)%2 != 0 {
		return nil, fmt.Errorf("the last name has no value")
	}
	m := map[string]any{}
	for i := 0; i < len(all); i += 2 {
		name, ok := all[i].(string)
		if !ok {
			return nil, fmt.Errorf("%v is not a name", all[i])
		}
		m[name] = all[i+1]
	}
	return m, nil
}
