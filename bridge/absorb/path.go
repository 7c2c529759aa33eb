package absorb

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// path leads to a value inside a JSON body. Its steps are keys of objects, indexes of
// lists, and entries of lists selected by a key and its value.
type path []any // string, int or entry

// entry selects the first object of a list in which a key has a value.
type entry struct{ key, value string }

// parsePath reads "$.a.b", "$.a[0].b", "$['a key'].b" and "$.a[name=courseId].value",
// with or without the "$.".
func parsePath(text string) (path, error) {
	rest := strings.TrimPrefix(strings.TrimSpace(text), "$")
	var p path
	for rest = strings.TrimPrefix(rest, "."); rest != ""; rest = strings.TrimPrefix(rest, ".") {
		if inside, ok := strings.CutPrefix(rest, "["); ok {
			content, after, closed := cutBracket(inside)
			if !closed {
				return nil, fmt.Errorf("the JSON path %q has a [ without its ]", text)
			}
			step := parseBrackets(content)
			if step == nil {
				return nil, fmt.Errorf("the JSON path %q has %q in brackets; write an index such as [0], a quoted key such as ['a key'], or an entry such as [key=courseId]", text, content)
			}
			p = append(p, step)
			rest = after
			continue
		}
		end := strings.IndexAny(rest, ".[")
		if end < 0 {
			end = len(rest)
		}
		if end == 0 {
			return nil, fmt.Errorf("the JSON path %q has an empty key", text)
		}
		p = append(p, rest[:end])
		rest = rest[end:]
	}
	if len(p) == 0 {
		return nil, fmt.Errorf("the JSON path %q has no steps; write it like $.data.course.id", text)
	}
	return p, nil
}

// cutBracket splits a text at the first ] outside of quotes.
func cutBracket(text string) (content, after string, closed bool) {
	quote := byte(0)
	for i := range len(text) {
		switch c := text[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'', c == '"':
			quote = c
		case c == ']':
			return text[:i], text[i+1:], true
		}
	}
	return "", "", false
}

// parseBrackets reads the contents of brackets; nil if they are not a step.
func parseBrackets(content string) any {
	if n, err := strconv.Atoi(content); err == nil && n >= 0 {
		return n
	}
	if key, ok := unquote(content); ok {
		return key
	}
	key, value, ok := strings.Cut(content, "=")
	key, value = strings.TrimSpace(key), strings.TrimSpace(strings.TrimPrefix(value, "="))
	if inner, quoted := unquote(value); quoted {
		value = inner
	}
	if !ok || key == "" || value == "" || strings.ContainsAny(key+value, `'"`) {
		return nil
	}
	return entry{key, value}
}

func unquote(s string) (string, bool) {
	if len(s) < 3 || s[0] != s[len(s)-1] || s[0] != '\'' && s[0] != '"' {
		return "", false
	}
	return s[1 : len(s)-1], true
}

// of follows the path; nil if it leads nowhere. The path may lead through one text that
// is JSON itself.
func (p path) of(body map[string]any) any {
	var v any = body
	opened := false
	for _, step := range p {
		if text, ok := v.(string); ok && !opened {
			v, opened = decodeText(text), true
		}
		switch step := step.(type) {
		case string:
			object, _ := v.(map[string]any)
			v = object[step]
		case int:
			list, _ := v.([]any)
			if step >= len(list) {
				return nil
			}
			v = list[step]
		case entry:
			v = step.of(v)
		}
	}
	return v
}

func (e entry) of(v any) any {
	list, _ := v.([]any)
	for _, item := range list {
		object, _ := item.(map[string]any)
		if idText(object[e.key]) == e.value {
			return object
		}
	}
	return nil
}

// decodeText decodes a text that is a JSON object or list; nil for any other text.
func decodeText(text string) any {
	text = strings.TrimSpace(text)
	if text == "" || text[0] != '{' && text[0] != '[' || shapeOf([]byte(text)).problem() != "" || !json.Valid([]byte(text)) {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.UseNumber()
	var v any
	if decoder.Decode(&v) != nil {
		return nil
	}
	return v
}
