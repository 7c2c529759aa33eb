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
		Long: `Reads the configuration and every template, and reports all their faults with file,
line and column. It sends nothing and does not open the store.`,
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
			for _, w := range parts.Templates.Warnings() {
				fmt.Fprintln(cmd.ErrOrStderr(), "warning:", w)
			}
			path, _ := configPath(cmd)
			fmt.Fprintf(cmd.OutOrStdout(), "%s is valid: %s, %s, %s, %s\n", path,
				count(len(c.Sources), "source"), count(len(c.Sinks), "sink"),
				count(len(c.Routes), "route"), count(len(parts.Templates.Events()), "template"))
			for _, s := range c.Sources {
				if s.API != nil && s.API.OAuth != nil && s.API.OAuth.RefreshToken.Empty() {
					fmt.Fprintf(cmd.OutOrStdout(), "source %s needs one login to the API; run: absorb-bridge login %s\n", s.Name, s.Name)
				}
			}
			return nil
		}),
	}
	configFlag(cmd)
	return cmd
}

// count returns a number with its noun: 1 source, 2 sources.
func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
