package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/absorb-bridge/absorb-bridge/configs"
)

func schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema [config|template]",
		Short: "Print the JSON schema of bridge.yaml or of a template, for editors",
		Long: `Prints the JSON schema of bridge.yaml (config, the default) or of an event's
template. An editor that knows it completes keys, says what they mean, and marks
mistakes. Editors with the YAML language server find it by a first line such as
# yaml-language-server: $schema=./bridge.schema.json`,
		Example:   "  absorb-bridge schema > bridge.schema.json\n  absorb-bridge schema template > templates/template.schema.json",
		Args:      cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs),
		ValidArgs: []string{"config", "template"},
		RunE: action(func(cmd *cobra.Command, args []string) error {
			text := configs.Bridge
			if len(args) > 0 && args[0] == "template" {
				text = configs.Template
			}
			_, err := fmt.Fprint(cmd.OutOrStdout(), text)
			return err
		}),
	}
}
