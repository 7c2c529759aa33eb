package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/bridge/gateway"
	"github.com/absorb-bridge/absorb-bridge/internal/wall"
)

func previewCommand() *cobra.Command {
	var event, sink, html string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "preview",
		Short: "Show the messages of sample events",
		Long: `Prints the messages of sample events as the bridge would send them, without sending
anything. It looks the samples up in an emulated portal, so you need no Absorb account.
With a configuration it uses the configured sinks and templates. Without one it uses a
sink of every type; name slack-bot or discord-bot to see the bots.

--json prints one JSON object on each line: {"event","sink","type","payload"}. The
payload is exactly what the bridge would send; for email it is the RFC 5322 text.`,
		Example: `  absorb-bridge preview --event CertificateAwarded --sink slack
  absorb-bridge preview --event all --sink all --html preview.html`,
		Args: cobra.NoArgs,
		RunE: action(func(cmd *cobra.Command, _ []string) error {
			previews, err := makePreviews(cmd, event, sink)
			if err != nil {
				return err
			}
			switch {
			case html != "":
				return writePage(html, previews)
			case asJSON:
				return printJSON(cmd.OutOrStdout(), previews)
			}
			return printText(cmd.OutOrStdout(), previews)
		}),
	}
	configFlag(cmd)
	cmd.Flags().StringVar(&event, "event", "EnrollmentCompletedByLearner", "name of an event, or all")
	cmd.Flags().StringVar(&sink, "sink", "all", "type or name of a sink, or all")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object on each line")
	cmd.Flags().StringVar(&html, "html", "", "write a web page to this `file`")
	cmd.MarkFlagsMutuallyExclusive("json", "html")
	complete(cmd, map[string]offer{"event": these("all").and(eventNames), "sink": these("all").and(sinkNames).and(sinkTypes)})
	return cmd
}

func makePreviews(cmd *cobra.Command, event, sink string) ([]gateway.Preview, error) {
	previewer, err := newPreviewer(cmd)
	if err != nil {
		return nil, err
	}
	events, err := chooseEvents(event, previewer.Events())
	if err != nil {
		return nil, err
	}
	names := previewer.Match(sink)
	if len(names) == 0 {
		all := previewer.Match("all")
		return nil, usagef("no sink named %q, and no such type%s (there are: all, %s)", sink, bridge.DidYouMean(sink, all), strings.Join(all, ", "))
	}
	var all []gateway.Preview
	for _, e := range events {
		for _, name := range names {
			p, err := previewer.Preview(cmd.Context(), e, name)
			if err != nil {
				return nil, err
			}
			all = append(all, p)
		}
	}
	return all, nil
}

// newPreviewer returns a previewer of the configured sinks. Without a configuration, and
// without --config, it uses one sink of each type.
func newPreviewer(cmd *cobra.Command) (*gateway.Previewer, error) {
	path, chosen := configPath(cmd)
	if _, err := os.Stat(path); err != nil && !chosen {
		return gateway.NewExamplePreviewer()
	}
	c, err := loadConfig(cmd)
	if err != nil {
		return nil, err
	}
	return gateway.NewPreviewer(c)
}

// chooseEvents returns the canonical name of an event in any spelling, or of all events.
func chooseEvents(event string, all []string) ([]string, error) {
	if event == "all" {
		return all, nil
	}
	name := absorb.Canonical(event)
	if !slices.Contains(all, name) {
		return nil, usagef("no event named %q%s (there are: all, %s)", event, bridge.DidYouMean(event, all), strings.Join(all, ", "))
	}
	return []string{name}, nil
}

func printJSON(w io.Writer, previews []gateway.Preview) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	for _, p := range previews {
		line := struct {
			Event   string `json:"event"`
			Sink    string `json:"sink"`
			Type    string `json:"type"`
			Payload any    `json:"payload"`
		}{p.Event, p.Sink, p.Type, string(p.Payload.Body)}
		if strings.Contains(p.Payload.ContentType, "json") && json.Valid(p.Payload.Body) {
			line.Payload = json.RawMessage(p.Payload.Body)
		}
		if err := out.Encode(line); err != nil {
			return err
		}
	}
	return nil
}

func printText(w io.Writer, previews []gateway.Preview) error {
	for _, p := range previews {
		body := p.Payload.Body
		if pretty, err := indent(p.Payload); err == nil {
			body = pretty
		}
		if _, err := fmt.Fprintf(w, "# %s to %s (%s)\n%s\n\n", p.Event, p.Sink, p.Type, body); err != nil {
			return err
		}
	}
	return nil
}

func indent(p bridge.Payload) ([]byte, error) {
	var value json.RawMessage
	if err := json.Unmarshal(p.Body, &value); err != nil {
		return nil, err
	}
	return json.MarshalIndent(value, "", "  ")
}

func writePage(path string, previews []gateway.Preview) error {
	var rows []wall.StaticRow
	for _, p := range previews {
		if len(rows) == 0 || rows[len(rows)-1].Event != p.Event {
			rows = append(rows, wall.StaticRow{Event: p.Event})
		}
		row := &rows[len(rows)-1]
		row.Cells = append(row.Cells, wall.StaticCell{Sink: p.Sink, Platform: p.Type, Payload: p.Payload})
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := wall.WriteStatic(f, "Preview of absorb-bridge", rows); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}
