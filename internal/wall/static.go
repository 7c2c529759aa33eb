package wall

import (
	"cmp"
	"fmt"
	"html/template"
	"io"
	"slices"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/internal/wall/draw"

	"github.com/absorb-bridge/absorb-bridge/internal/wall/email"
)

// RenderPayload draws an encoded message as the platform would show it. It needs
// Stylesheet. A platform that has no drawing is shown as text. An error means
// that the payload is not of the platform's form.
func RenderPayload(platform string, p bridge.Payload) (template.HTML, error) {
	if platform != Email {
		return drawPayload(platform, p.Body)
	}
	mail, _, err := email.Read(p.Body)
	if err != nil {
		return "", err
	}
	return draw.Email(draw.Mail{From: mail.From, To: mail.To, Subject: mail.Subject, Text: mail.Text, HTML: mail.HTML})
}

// Stylesheet is the CSS that RenderPayload's HTML needs.
func Stylesheet() template.CSS { return template.CSS(draw.Stylesheet()) }

// StaticRow is one event on a static page: what each sink would be sent.
type StaticRow struct {
	Event string
	Cells []StaticCell
}

// StaticCell is what one sink would be sent.
type StaticCell struct {
	Sink     string // its name
	Platform string
	Payload  bridge.Payload
}

type staticCell struct {
	Title     string
	Drawing   template.HTML
	Raw       string
	Shortened []string
}

type staticRow struct {
	Event string
	Cells []staticCell
}

// WriteStatic writes a page that needs no server: a row for each event, and in
// it every sink's drawing. It holds no script and loads nothing. Platforms
// come in the order of Platforms, then others by name.
func WriteStatic(w io.Writer, title string, rows []StaticRow) error {
	view := struct {
		Title string
		Style template.CSS
		Rows  []staticRow
	}{Title: title, Style: template.CSS(pageStyle())}
	for _, row := range rows {
		r := staticRow{Event: row.Event}
		for _, c := range ordered(row.Cells) {
			drawing, err := RenderPayload(c.Platform, c.Payload)
			if err != nil {
				return fmt.Errorf("draw %s for %s: %w", row.Event, c.Sink, err)
			}
			title := Title(c.Platform)
			if c.Sink != c.Platform {
				title += " · " + c.Sink
			}
			r.Cells = append(r.Cells, staticCell{title, drawing, readable(c.Payload.Body), c.Payload.Shortened})
		}
		view.Rows = append(view.Rows, r)
	}
	if err := pageTemplates().ExecuteTemplate(w, "static.html", view); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return nil
}

// ordered is a row's cells by platform, then as they came.
func ordered(cells []StaticCell) []StaticCell {
	known := everyPlatform()
	return slices.SortedStableFunc(slices.Values(cells), func(a, b StaticCell) int {
		return cmp.Or(rank(known, a.Platform)-rank(known, b.Platform), cmp.Compare(a.Platform, b.Platform))
	})
}

func rank(known []string, name string) int {
	if i := slices.Index(known, name); i >= 0 {
		return i
	}
	return len(known)
}
