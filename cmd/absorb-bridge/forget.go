package main

import (
	"fmt"
	"maps"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/absorb-bridge/absorb-bridge/bridge/admin"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

func forgetCommand() *cobra.Command {
	var ask admin.Forget
	var yes, asJSON bool
	cmd := &cobra.Command{
		Use:   "forget --user ID",
		Short: "Remove a person from the store",
		Long: `Removes a person from the store: the events by and about them with messages and
attempts, their name, and captured requests. In events about others it blanks the
mention. It cancels unsent messages about the person. It cannot remove sent messages.

Without --yes it only prints what it would remove, like --dry-run. It works through the
running bridge, or on the store if no bridge runs with this configuration. Afterwards
it rewrites the store's file, so that the file has no traces of the person. Meanwhile the
bridge accepts events, and it delivers them afterwards.`,
		Example: "  absorb-bridge forget --user 10000000-0000-4000-a000-000000000001 --dry-run\n  absorb-bridge forget --user 10000000-0000-4000-a000-000000000001 --email mira@example.com --yes",
		Args:    cobra.NoArgs,
		RunE: operation(func(cmd *cobra.Command, _ []string, client *admin.Client) error {
			dry := ask.DryRun
			ask.DryRun = dry || !yes
			r, err := client.Forget(cmd.Context(), ask)
			if err != nil {
				return err
			}
			if err := printRemoval(cmd, r, ask.DryRun, asJSON); err != nil {
				return err
			}
			if !dry && !yes {
				return usagef("nothing was removed; to remove it, add --yes")
			}
			return nil
		}),
	}
	configFlag(cmd)
	flags := cmd.Flags()
	flags.StringVar(&ask.User, "user", "", "the person's id in the portal (required)")
	flags.StringVar(&ask.Email, "email", "", "also look for this email address")
	flags.BoolVar(&ask.DryRun, "dry-run", false, "only say what would be removed")
	flags.BoolVar(&yes, "yes", false, "remove it")
	flags.BoolVar(&asJSON, "json", false, "print JSON")
	_ = cmd.MarkFlagRequired("user")
	return cmd
}

func printRemoval(cmd *cobra.Command, r store.Removal, dry, asJSON bool) error {
	if asJSON {
		return printPretty(cmd.OutOrStdout(), r)
	}
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	header, verb := "TABLE\tREMOVED\tBLANKED", "were"
	if dry {
		header, verb = "TABLE\tTO REMOVE\tTO BLANK", "would be"
	}
	fmt.Fprintln(w, header)
	all := maps.Clone(r.Blanked)
	maps.Copy(all, r.Rows)
	for _, table := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(w, "%s\t%d\t%d\n", table, r.Rows[table], r.Blanked[table])
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if r.Cancelled > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "%d unsent messages %s cancelled\n", r.Cancelled, verb)
	}
	return nil
}
