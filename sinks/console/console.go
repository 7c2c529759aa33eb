// Package console is the sink that prints messages, for trying things out.
package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/plain"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// maxText bounds the text of one message, in runes.
const maxText = 4000

// Config is a console sink's settings.
type Config struct {
	Stream string `koanf:"stream" enum:"stdout,stderr"`
}

func defaults() Config { return Config{Stream: "stdout"} }

// Sink prints messages as plain text.
type Sink struct {
	mu  sync.Mutex // guards out: one message at a time
	out io.Writer
}

var _ bridge.Sink = (*Sink)(nil)

// Type describes console sinks.
func Type() kit.Type {
	return kit.Type{New: New, Escape: bridge.CleanText, CheckNative: kit.NoNative, Config: defaults(), Example: map[string]any{}}
}

// New builds a console sink.
func New(setup kit.Setup) (bridge.Sink, error) {
	c := defaults()
	if err := setup.Decode(&c); err != nil {
		return nil, err
	}
	switch c.Stream {
	case "stdout":
		return &Sink{out: plain.NewWriter(os.Stdout)}, nil
	case "stderr":
		return &Sink{out: plain.NewWriter(os.Stderr)}, nil
	}
	return nil, kit.Setting("stream", "want stdout or stderr, have %q", c.Stream)
}

// Encode lays the message out as lines of text. Control characters are gone, so
// data cannot drive the terminal.
func (s *Sink) Encode(m bridge.Message) (bridge.Payload, error) {
	m = m.Clean()
	p := bridge.Payload{MessageID: m.ID, ContentType: "text/plain; charset=utf-8"}
	var b strings.Builder
	fmt.Fprintf(&b, "── %s\n", m.Title)
	text, cut := kit.Shorten(inLines(m.Text), maxText, kit.Runes)
	if cut {
		p.Shortened = append(p.Shortened, "text")
	}
	for line := range strings.Lines(text) {
		fmt.Fprintf(&b, "   %s\n", strings.TrimRight(line, "\n"))
	}
	for _, f := range m.Fields {
		value, _ := kit.Shorten(f.Value, maxText, kit.Runes)
		fmt.Fprintf(&b, "   %s: %s\n", f.Name, strings.ReplaceAll(value, "\n", "\n     "))
	}
	for _, link := range links(m) {
		fmt.Fprintf(&b, "   → %s\n", link)
	}
	p.Body = []byte(b.String())
	return p, nil
}

func inLines(markdown string) string {
	var lines []string
	for _, block := range kit.ParseMarkdown(markdown) {
		var line strings.Builder
		if block.Item {
			line.WriteString(strings.Repeat("  ", block.Depth) + block.Marker + " ")
		}
		for _, span := range block.Spans {
			line.WriteString(span.Text)
			if span.URL != "" && span.URL != span.Text {
				line.WriteString(" (" + span.URL + ")")
			}
		}
		lines = append(lines, line.String())
	}
	return strings.Join(lines, "\n")
}

func links(m bridge.Message) []string {
	var all []string
	if m.URL != "" {
		all = append(all, m.URL)
	}
	for _, a := range m.Actions {
		all = append(all, a.Label+": "+a.URL)
	}
	return all
}

// Send prints the message.
func (s *Sink) Send(ctx context.Context, p bridge.Payload) (bridge.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return bridge.Receipt{}, &bridge.SendError{Detail: err.Error()}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.out.Write(p.Body); err != nil {
		kind := bridge.Temporary
		if errors.Is(err, os.ErrClosed) {
			kind = bridge.DestinationBroken
		}
		return bridge.Receipt{}, &bridge.SendError{Kind: kind, Detail: err.Error()}
	}
	return bridge.Receipt{Detail: "printed"}, nil
}
