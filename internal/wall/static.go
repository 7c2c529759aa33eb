package wall

import (
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/internal/wall/draw"
)

// RenderPayload draws an encoded message as the platform would show it. It needs
// Stylesheet. A platform that has no drawing is shown as text. An error means
// that the payload is not of the platform's form.
func RenderPayload(platform string, p bridge.Payload) (template.HTML, error) {
	if platform != Email {
		return draw.Payload(platform, p.Body)
	}
	mail, _, err := readMail(p.Body)
	if err != nil {
		return "", err
	}
	return draw.Email(draw.Mail{From: mail.From, To: mail.To, Subject: mail.Subject, Text: mail.Text, HTML: mail.HTML})
}

// Stylesheet is the CSS that RenderPayload's HTML needs.
func Stylesheet() string { return draw.Stylesheet() }

// StaticRow is one event on a static page: what each platform would be sent.
type StaticRow struct {
	Event string
	Cells map[string]bridge.Payload // by platform
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
// it every platform's drawing. It holds no script and loads nothing. Platforms
// come in the order of Platforms, then others by name.
func WriteStatic(w io.Writer, title string, rows []StaticRow) error {
	view := struct {
		Title string
		Style template.CSS
		Rows  []staticRow
	}{Title: title, Style: template.CSS(pageStyle())}
	for _, row := range rows {
		r := staticRow{Event: row.Event}
		for _, platform := range order(row.Cells) {
			p := row.Cells[platform]
			drawing, err := RenderPayload(platform, p)
			if err != nil {
				return fmt.Errorf("draw %s for %s: %w", row.Event, platform, err)
			}
			r.Cells = append(r.Cells, staticCell{Title(platform), drawing, readable(p.Body), p.Shortened})
		}
		view.Rows = append(view.Rows, r)
	}
	if err := pageTemplates().ExecuteTemplate(w, "static.html", view); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return nil
}

// order lists the platforms of a row's cells.
func order(cells map[string]bridge.Payload) []string {
	known := Platforms()
	names := slices.Sorted(maps.Keys(cells))
	slices.SortStableFunc(names, func(a, b string) int {
		return rank(known, a) - rank(known, b)
	})
	return names
}

func rank(known []string, name string) int {
	if i := slices.Index(known, name); i >= 0 {
		return i
	}
	return len(known)
}
