package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/absorb-bridge/absorb-bridge/bridge/gateway"
)

// readyWithin is the maximum time for the bridge's answer.
const readyWithin = 5 * time.Second

func readyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ready",
		Short: "Ask whether the running bridge accepts events",
		Long: `Asks the running bridge (admin.listen) whether its store accepts events. Use it as a
health check where no other program can ask, such as in a container. It exits with 0
if the store accepts events, else with 1.`,
		Example: "  absorb-bridge ready",
		Args:    cobra.NoArgs,
		RunE: action(func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), readyWithin)
			defer cancel()
			if err := gateway.Ready(ctx, c); err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), "ready")
			return err
		}),
	}
	configFlag(cmd)
	return cmd
}
