package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/absorb-bridge/absorb-bridge/bridge/admin"
)

func sessionsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "sessions",
		Short:   "Log people out of the pages",
		Example: "  absorb-bridge sessions end",
	}
	cmd.AddCommand(endSessions())
	return cmd
}

func endSessions() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "end",
		Short: "End all sessions",
		Long: `Logs everybody out of the pages, on every replica. To keep somebody out, also change the
token or the rights; sessions that began with them then end by themselves.`,
		Example: "  absorb-bridge sessions end",
		Args:    cobra.NoArgs,
		RunE: operation(func(cmd *cobra.Command, _ []string, client *admin.Client) error {
			n, err := client.EndSessions(cmd.Context())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s ended\n", count(n, "session"))
			return err
		}),
	}
	configFlag(cmd)
	return cmd
}
