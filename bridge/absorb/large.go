package absorb

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Limits of an answer. The bridge decodes it, caches it and stores it with the event,
// so a portal that answers everything with megabytes could fill the memory and the
// disk.
const (
	usualAnswer = 8 << 10   // bytes; most of Absorb's answers are smaller
	longAnswer  = 64 << 10  // bytes; few are larger
	maxAnswer   = 4 << 20   // bytes read: a group with 50,000 members has 2 MB
	maxKept     = 256 << 10 // bytes that may remain of a large one
	maxLong     = 16        // answers above usualAnswer in memory at a time; others wait
	maxLarge    = 2         // … and of these, answers above longAnswer
	mostValues  = 100_000   // values in an answer, which need more memory than their bytes
	deepest     = 64        // nested lists and objects
	maxText     = 4 << 10   // bytes that remain of a text in a large one
	maxListed   = 100       // entries that remain of a list of ids
)

// read reads an answer. An answer that is longer than usual takes a place in the memory
// until it is released, and a large one takes two.
func (c *Client) read(ctx context.Context, resp *http.Response) (body []byte, release func(), err error) {
	var taken []chan struct{}
	release = func() {
		for _, places := range taken {
			<-places
		}
	}
	var read bytes.Buffer
	for _, part := range []struct {
		most   int
		places chan struct{} // for the next answers
	}{{usualAnswer, c.long}, {longAnswer, c.large}, {maxAnswer + 1, nil}} {
		_, err = read.ReadFrom(io.LimitReader(resp.Body, int64(part.most-read.Len())))
		if err != nil || read.Len() < part.most || part.places == nil || resp.StatusCode != http.StatusOK {
			break
		}
		select {
		case part.places <- struct{}{}:
			taken = append(taken, part.places)
		case <-ctx.Done():
			return read.Bytes(), release, ctx.Err()
		}
	}
	return read.Bytes(), release, err
}

// fault says why a small JSON text is not decoded: it would become too many values, or
// is nested too deep.
func fault(body []byte) string {
	values, depth, levels, inText := 0, 0, 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case inText && c == '\\':
			i++
		case c == '"':
			inText = !inText
		case inText:
		case c == '{', c == '[':
			depth, levels = depth+1, max(levels, depth+1)
			values++
		case c == '}', c == ']':
			depth--
		case c == ',':
			values++
		}
	}
	switch {
	case values > mostValues:
		return fmt.Sprintf("the answer has more than %d values", mostValues)
	case levels > deepest:
		return fmt.Sprintf("the answer is nested more than %d levels deep", deepest)
	}
	return ""
}

func decodeAnswer(body []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		return nil, &APIError{Status: http.StatusOK, Message: "the answer is not JSON; it begins with " + excerpt(body), Temporary: true}
	}
	if v = trim(v); len(body) < usualAnswer {
		return v, nil
	}
	v = shorten(v)
	if left, err := json.Marshal(v); err != nil || len(left) > maxKept {
		return nil, &APIError{Status: http.StatusOK, Message: fmt.Sprintf("the answer is larger than %d bytes, even without long texts and lists of ids", maxKept)}
	}
	return v, nil
}

// trim cuts lists of ids to their first 100 entries and adds the count, in an answer
// and in the entries of a list. A group's "userIds" may have 50,000, and no message
// shows them.
func trim(v any) any {
	switch v := v.(type) {
	case []any:
		for _, entry := range v {
			trim(entry)
		}
	case map[string]any:
		for key, value := range v {
			list, ok := value.([]any)
			switch {
			case !ok:
			case strings.HasSuffix(key, "Ids"):
				v[key+"Count"] = json.Number(fmt.Sprint(len(list)))
				if len(list) > maxListed {
					v[key] = list[:maxListed:maxListed]
				}
			default:
				trim(list)
			}
		}
	}
	return v
}

// shorten cuts every long text.
func shorten(v any) any {
	switch v := v.(type) {
	case string:
		if len(v) > maxText {
			return strings.ToValidUTF8(v[:maxText], "") + "…" // a copy, so that the rest can be freed
		}
	case []any:
		for i := range v {
			v[i] = shorten(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = shorten(v[key])
		}
	}
	return v
}
