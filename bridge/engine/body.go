package engine

import (
	"mime"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/value"
)

// The ways of printing a value in a body, besides jsonPrinting.
const (
	formPrinting   = "form"
	markupPrinting = "markup"
	csvPrinting    = "csv"
	linesPrinting  = "lines"
	otherPrinting  = "other"
)

// escapers are the functions whose results are safe somewhere: a body of another
// media type calls one for each value.
func escapers() []string {
	return []string{"json", "toJson", "urlquery", "html", "line", "quote", "b64enc", "sha256sum", "int", "int64", "float64", "len"}
}

func bodyPrinting(mediaType string) string {
	media, _, _ := mime.ParseMediaType(mediaType) // what is none is nothing that is known
	switch {
	case media == "application/json", strings.HasSuffix(media, "+json"),
		slices.Contains([]string{"application/x-ndjson", "application/jsonl", "application/json-seq"}, media):
		return jsonPrinting
	case media == "application/x-www-form-urlencoded":
		return formPrinting
	case media == "application/xml", media == "text/xml", media == "text/html", strings.HasSuffix(media, "+xml"):
		return markupPrinting
	case media == "text/csv":
		return csvPrinting
	case media == "text/plain":
		return linesPrinting
	}
	return otherPrinting
}

// bodyPrinters are the printers of the ways above.
func bodyPrinters() map[string]printer {
	return map[string]printer{
		jsonPrinting:   printJSON,
		formPrinting:   func(_ *Scope, v any) (string, error) { return PercentEscape(value.TextOf(v)), nil },
		markupPrinting: printMarkup,
		csvPrinting:    printCSV,
		linesPrinting:  func(_ *Scope, v any) (string, error) { return line(value.TextOf(v)), nil },
		otherPrinting:  func(_ *Scope, v any) (string, error) { return value.TextOf(v), nil },
	}
}

// line is a text on one line.
func line(s string) string { return bridge.CleanLine(s) }

// printCSV is for bodies in CSV (RFC 4180): between quotes a value is a part of a
// field, elsewhere it is a whole one. Spreadsheets take what begins as a formula for
// one, quotes or not; an apostrophe makes it text.
func printCSV(s *Scope, v any) (string, error) {
	field := strings.ReplaceAll(value.TextOf(v), `"`, `""`)
	if _, isNumber := value.Numeric(field); !isNumber && strings.IndexAny(field, "=+-@\t\r") == 0 {
		field = "'" + field
	}
	for _, c := range s.out.buf.Bytes()[s.quotes.seen:] {
		if c == '"' {
			s.quotes.inside = !s.quotes.inside
		}
	}
	if s.quotes.seen = s.out.buf.Len(); s.quotes.inside || !strings.ContainsAny(field, "\",;\t\r\n") {
		return field, nil
	}
	return `"` + field + `"`, nil
}

// Body compiles a text that makes a body of a media type. Values are written as the
// type needs, so that none of them breaks out of its place. In a type of which that is
// not known each value must go through a function that escapes.
func (c *Compiler) Body(name, text, mediaType string) (*Text, error) {
	t, err := c.CompileText(name, text, bodyPrinting(mediaType))
	if t != nil {
		t.whole = true
	}
	return t, err
}
