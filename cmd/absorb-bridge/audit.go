package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/absorb-bridge/absorb-bridge/bridge/admin"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

func auditCommand() *cobra.Command {
	var asJSON bool
	var before string
	var limit int
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "List who changed what",
		Long: `Lists what people changed with the pages, the API or a command, newest first: retries,
cancellations, moves, replays, catch-ups, removed people, test windows, reloads, backups,
logins and logouts. It also lists failed logins. If one address fails very often, one
line counts its further failures.`,
		Example: "  absorb-bridge audit\n  absorb-bridge audit --limit 200 --json",
		Args:    cobra.NoArgs,
		RunE: operation(func(cmd *cobra.Command, _ []string, client *admin.Client) error {
			all, err := client.Audits(cmd.Context(), before, limit)
			if err != nil {
				return err
			}
			return printRows(cmd.OutOrStdout(), asJSON, all, "WHEN\tWHO\tWHAT\tCHANGED\tCHOSEN BY", func(a store.Audit) string {
				return cells(clock(a.At), a.Who, a.Action, fmt.Sprint(a.Changed), a.Target)
			})
		}),
	}
	configFlag(cmd)
	cmd.Flags().IntVar(&limit, "limit", 50, "maximum number of lines")
	cmd.Flags().StringVar(&before, "before", "", "only those before this id: the next page")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object on each line")
	return cmd
}
