package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/absorb-bridge/absorb-bridge/bridge/admin"
)

func sessionsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "sessions",
		Short:   "End the sessions of people who are logged in to the pages",
		Example: "  absorb-bridge sessions end",
	}
	cmd.AddCommand(endSessions())
	return cmd
}

func endSessions() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "end",
		Short: "End all sessions",
		Long: `Ends the sessions of everybody who is logged in to the pages, with every replica: all
have to log in again. To keep somebody out, change the token or the rights as well; a
session that was begun with them ends by itself then.`,
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
