package absorb

import (
	"fmt"
	"strconv"
	"strings"
)

// path leads to a value inside a JSON body: the keys of objects and the indexes
// of lists.
type path []any // string or int

// parsePath reads "$.a.b", "$.a[0].b", "$['a key'].b", with or without the "$.".
func parsePath(text string) (path, error) {
	rest := strings.TrimPrefix(strings.TrimSpace(text), "$")
	var p path
	for rest = strings.TrimPrefix(rest, "."); rest != ""; rest = strings.TrimPrefix(rest, ".") {
		if inside, ok := strings.CutPrefix(rest, "["); ok {
			step, after, closed := strings.Cut(inside, "]")
			if !closed {
				return nil, fmt.Errorf("the JSON path %q has a [ without its ]", text)
			}
			rest = after
			if n, err := strconv.Atoi(step); err == nil && n >= 0 {
				p = append(p, n)
				continue
			}
			key := strings.Trim(step, `'"`)
			if key == "" || len(key) != len(step)-2 {
				return nil, fmt.Errorf("the JSON path %q has %q in brackets, which is neither a number nor a quoted key", text, step)
			}
			p = append(p, key)
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
		return nil, fmt.Errorf("the JSON path %q leads to no value; write it like $.data.course.id", text)
	}
	return p, nil
}

// of follows the path; nil when it leads nowhere.
func (p path) of(body map[string]any) any {
	var v any = body
	for _, step := range p {
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
		}
	}
	return v
}
