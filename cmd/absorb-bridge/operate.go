package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/bridge/admin"
	"github.com/absorb-bridge/absorb-bridge/bridge/gateway"
	"github.com/absorb-bridge/absorb-bridge/bridge/plain"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// operation adapts the work of a command that calls the running bridge to cobra's RunE.
func operation(work func(*cobra.Command, []string, *admin.Client) error) func(*cobra.Command, []string) error {
	return action(func(cmd *cobra.Command, args []string) (err error) {
		c, err := loadConfig(cmd)
		if err != nil {
			return err
		}
		client, closer, err := gateway.Connect(cmd.Context(), c)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, closer()) }()
		return work(cmd, args, client)
	})
}

// filterFlags are the flags that select events or deliveries.
type filterFlags struct {
	store.Filter
	since, until string
	all          bool
}

func (f *filterFlags) add(cmd *cobra.Command, states string) {
	flags := cmd.Flags()
	flags.StringVar(&f.Sink, "sink", "", "only those of this sink")
	flags.StringVar(&f.Route, "route", "", "only those of this route")
	flags.StringVar(&f.Source, "source", "", "only those of this source")
	flags.StringVar(&f.Event, "event", "", "only those of this event type, such as CertificateAwarded")
	flags.StringVar(&f.Text, "text", "", "only those with this text in the event, its facts, or the platform's answer")
	flags.StringVar(&f.since, "since", "", "only those of events that arrived since then: 2h, 3d, 2026-11-23 or 2026-11-23T14:00:00Z")
	flags.StringVar(&f.until, "until", "", "only those of events that arrived before then, in the form of --since")
	if states != "" {
		flags.StringVar(&f.State, "state", f.State, "only those in this state: "+states)
	}
	complete(cmd, map[string]offer{
		"sink": sinkNames, "route": routeNames, "source": sourceNames, "event": eventNames, "state": these(statesIn(states)...),
	})
}

// filter returns the selection of the flags; args are ids.
func (f *filterFlags) filter(args []string) (store.Filter, error) {
	chosen := f.Filter
	chosen.IDs = args
	if f.Event != "" {
		chosen.Event = absorb.Canonical(f.Event)
	}
	for _, t := range []struct {
		flag, text string
		into       *time.Time
	}{{"--since", f.since, &chosen.Since}, {"--until", f.until, &chosen.Until}} {
		at, err := admin.ParseTime(t.text, time.Now())
		if err != nil {
			return chosen, usagef("%s: %w", t.flag, err)
		}
		*t.into = at
	}
	return chosen, nil
}

// change is a command that changes the events or deliveries that ids or flags select.
type change struct {
	operation           string // see admin.Client.Change
	use, short, example string
	done                string // printed after the number of changed ones
}

// command returns the command. to receives the flag for another sink, or is nil.
func (c change) command(f *filterFlags, to *string) *cobra.Command {
	cmd := &cobra.Command{
		Use: c.use, Short: c.short, Example: c.example,
		RunE: operation(func(cmd *cobra.Command, args []string, client *admin.Client) error {
			chosen, err := f.filter(args)
			if err != nil {
				return err
			}
			if len(args) > 0 && !cmd.Flags().Changed("state") {
				chosen.State = "" // an id selects in any state
			}
			s := admin.Selection{Filter: chosen, All: f.all}
			if to != nil {
				s.To = *to
			}
			n, err := client.Change(cmd.Context(), c.operation, s)
			if err != nil {
				return narrowed(err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%d %s\n", n.Changed, c.done)
			if left := len(args) - n.Changed; left > 0 {
				return fmt.Errorf("%d of the %d ids were not changed: there is nothing with this id, or its state does not allow it; see show ID", left, len(args))
			}
			if n.Instead != "" {
				fmt.Fprintln(cmd.ErrOrStderr(), "warning:", n.Instead)
			}
			return nil
		}),
	}
	configFlag(cmd)
	cmd.Flags().BoolVar(&f.all, "all", false, "change all of them")
	return cmd
}

// narrowed explains why the bridge refuses to change everything.
func narrowed(err error) error {
	if e, ok := errors.AsType[*admin.Error](err); ok && strings.HasPrefix(e.Message, admin.NoFilter) {
		return usagef("select deliveries or events with ids or flags, or all of them with --all")
	}
	return err
}

// printRows prints one JSON object per line, or a table.
func printRows[T any](w io.Writer, asJSON bool, rows []T, header string, line func(T) string) error {
	if asJSON {
		out := json.NewEncoder(w)
		out.SetEscapeHTML(false)
		for _, row := range rows {
			if err := out.Encode(row); err != nil {
				return err
			}
		}
		return nil
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, header)
	for _, row := range rows {
		fmt.Fprintln(table, line(row))
	}
	return table.Flush()
}

// cells joins texts to a line of a table. Foreign text in them cannot move the cursor or
// the columns.
func cells(texts ...string) string {
	for i, text := range texts {
		texts[i] = oneLine(text)
	}
	return strings.Join(texts, "\t")
}

// oneLine returns foreign text on one line, without invisible characters.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if plain.Hidden(r) {
			return -1
		}
		return r
	}, bridge.CleanLine(text))
}

// clock returns a time in the local time zone.
func clock(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

// printPretty prints a value as indented JSON.
func printPretty(w io.Writer, value any) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	return out.Encode(value)
}
