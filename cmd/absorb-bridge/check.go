package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/absorb-bridge/absorb-bridge/bridge/gateway"
)

func checkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check the configuration and the templates",
		Long: `Reads the configuration and every template, and reports all their faults with
file, line and column. Nothing is sent and no store is opened.`,
		Example: "  absorb-bridge check --config bridge.yaml",
		Args:    cobra.NoArgs,
		RunE: action(func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			parts, err := gateway.Build(c)
			if err != nil {
				return err
			}
			path, _ := configPath(cmd)
			fmt.Fprintf(cmd.OutOrStdout(), "%s is valid: %d sources, %d sinks, %d routes, %d templates\n",
				path, len(c.Sources), len(c.Sinks), len(c.Routes), len(parts.Templates.Events()))
			return nil
		}),
	}
	configFlag(cmd)
	return cmd
}
