package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/absorb-bridge/absorb-bridge/bridge/admin"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

func eventsCommand() *cobra.Command {
	var f filterFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "events",
		Short: "List events, and route them again",
		Long: `Lists the events that the bridge accepted, newest first. It works through the running
bridge (admin.listen), or on the store if no bridge runs with this configuration.

An event is waiting (for its lookups and routes), routed, or unrouted: no route took
it. After you add a route, replay routes events again. It never repeats a delivery that
exists already.`,
		Example: "  absorb-bridge events --since 1d\n  absorb-bridge events show 0192f0c4-7a10-7c3e-9b1e-5f1f2a3b4c5d\n  absorb-bridge events replay --state unrouted --since 7d",
		Args:    cobra.NoArgs,
		RunE: operation(func(cmd *cobra.Command, _ []string, client *admin.Client) error {
			chosen, err := f.filter(nil)
			if err != nil {
				return err
			}
			all, err := client.Events(cmd.Context(), chosen)
			if err != nil {
				return err
			}
			return printRows(cmd.OutOrStdout(), asJSON, all, "ID\tRECEIVED\tSOURCE\tEVENT\tSTATE\tDELIVERIES", eventLine)
		}),
	}
	configFlag(cmd)
	f.add(cmd, "waiting, routed or unrouted")
	cmd.Flags().IntVar(&f.Limit, "limit", 50, "maximum number of lines")
	cmd.Flags().StringVar(&f.Before, "before", "", "only those before this id: the next page")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object on each line")
	cmd.AddCommand(showEvent(), replayEvents())
	return cmd
}

func eventLine(e store.EventRow) string {
	var counts []string
	for _, state := range slices.Sorted(maps.Keys(e.Deliveries)) {
		counts = append(counts, fmt.Sprintf("%d %s", e.Deliveries[state], state))
	}
	return cells(e.ID, clock(e.Received), e.Source, e.Event, eventState(e), strings.Join(counts, ", "))
}

func eventState(e store.EventRow) string {
	state := e.State
	if e.CaughtUp {
		state += ", caught up"
	}
	if e.Alike > 0 {
		state += fmt.Sprintf(", %d more like it", e.Alike)
	}
	return state
}

func showEvent() *cobra.Command {
	cmd := &cobra.Command{
		Use: "show ID", Short: "Show one event: webhook, lookups, routes and deliveries (JSON)",
		Example: "  absorb-bridge events show 0192f0c4-7a10-7c3e-9b1e-5f1f2a3b4c5d",
		Args:    cobra.ExactArgs(1),
		RunE: operation(func(cmd *cobra.Command, args []string, client *admin.Client) error {
			e, err := client.Event(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return printPretty(cmd.OutOrStdout(), e)
		}),
	}
	configFlag(cmd)
	return cmd
}

func replayEvents() *cobra.Command {
	var f filterFlags
	cmd := change{
		operation: "events/replay", use: "replay [ID...]", short: "Look events up and route them again",
		example: "  absorb-bridge events replay --state unrouted --since 7d", done: "will be routed again",
	}.command(&f, nil)
	f.add(cmd, "waiting, routed or unrouted")
	return cmd
}

func reloadCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "reload",
		Short: "Make the running bridge read its configuration again",
		Long: `Tells the running bridge to read its configuration and templates again, and prints their
faults. The bridge also does so by itself when a file changes; this command waits for
the result.`,
		Example: "  absorb-bridge reload --config bridge.yaml",
		Args:    cobra.NoArgs,
		RunE: operation(func(cmd *cobra.Command, _ []string, client *admin.Client) error {
			if err := client.Reload(cmd.Context()); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), "the configuration was reloaded and is in use")
			return nil
		}),
	}
	configFlag(cmd)
	return cmd
}
