package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/absorb-bridge/absorb-bridge/bridge/admin"
	"github.com/absorb-bridge/absorb-bridge/bridge/catchup"
)

func catchUpCommand() *cobra.Command {
	var source, since, until string
	var dry, asJSON bool
	cmd := &cobra.Command{
		Use:   "catch-up --source NAME --since TIME",
		Short: "Find events that the webhooks missed, and deliver them",
		Long: `Asks the Integration API what happened in a period, compares it with the events that
arrived, and delivers the missing ones, marked as caught up. With --dry-run it only
lists them. It works through the running bridge. If none runs with this configuration,
it stores the events for the next start.

Absorb can list people, departments and groups by the day on which they were added, and
enrollments with their completions, certificates and credits. It cannot list other
events.`,
		Example: "  absorb-bridge catch-up --source production --since 6h --dry-run\n  absorb-bridge catch-up --source production --since 2026-11-23T14:00:00Z --until 2026-11-23T18:00:00Z",
		Args:    cobra.NoArgs,
		RunE: operation(func(cmd *cobra.Command, _ []string, client *admin.Client) error {
			ask := admin.CatchUp{Source: source, DryRun: dry}
			var err error
			if ask.Since, err = admin.ParseTime(since, time.Now()); err != nil {
				return usagef("--since: %w", err)
			}
			if ask.Until, err = admin.ParseTime(until, time.Now()); err != nil {
				return usagef("--until: %w", err)
			}
			r, err := client.CatchUp(cmd.Context(), ask)
			if err != nil {
				return err
			}
			if err := printRows(cmd.OutOrStdout(), asJSON, r.Missing, "HAPPENED\tEVENT\tUSER\tABOUT", missingLine); err != nil {
				return err
			}
			summary(cmd, r, dry)
			return nil
		}),
	}
	configFlag(cmd)
	flags := cmd.Flags()
	flags.StringVar(&source, "source", "", "source whose portal to ask (required)")
	flags.StringVar(&since, "since", "", "start of the period: 2h, 3d, 2026-11-23 or 2026-11-23T14:00:00Z (required)")
	flags.StringVar(&until, "until", "", "end of the period, in the form of --since (default: now)")
	flags.BoolVar(&dry, "dry-run", false, "only list what is missing")
	flags.BoolVar(&asJSON, "json", false, "print one JSON object on each line")
	complete(cmd, map[string]offer{"source": sourceNames})
	_ = cmd.MarkFlagRequired("source")
	_ = cmd.MarkFlagRequired("since")
	return cmd
}

func missingLine(m catchup.Missing) string {
	var about []string
	for _, key := range slices.Sorted(maps.Keys(m.Entities)) {
		about = append(about, key+" "+m.Entities[key])
	}
	return cells(clock(m.At), m.Event, m.User, strings.Join(about, ", "))
}

// summary prints the result below the list.
func summary(cmd *cobra.Command, r catchup.Report, dry bool) {
	out := cmd.ErrOrStderr()
	for _, list := range slices.Sorted(maps.Keys(r.Refused)) {
		fmt.Fprintf(out, "warning: cannot check %s: %s\n", list, r.Refused[list])
	}
	done := fmt.Sprintf("%d caught up", r.Created)
	if dry {
		done = "nothing was created"
	}
	fmt.Fprintf(out, "checked %s: Absorb lists %d events, %d were missing; %s\n", strings.Join(r.Events, ", "), r.Listed, len(r.Missing), done)
}
