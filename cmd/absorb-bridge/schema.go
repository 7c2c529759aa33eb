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
		Long: `Prints the JSON schema of bridge.yaml (config, the default) or of a template. With it,
editors complete keys, explain them, and mark mistakes. Editors with the YAML language
server read the schema's place from the first line of the file, such as
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
