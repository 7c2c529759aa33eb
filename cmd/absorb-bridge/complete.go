package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/bridge/config"
	"github.com/absorb-bridge/absorb-bridge/sinks"
)

// offer returns a shell's completions for an argument or a flag.
type offer func(cmd *cobra.Command) []string

// complete sets the completions of flags, by name. Call it after the flags are defined.
func complete(cmd *cobra.Command, flags map[string]offer) {
	for name, o := range flags {
		if cmd.Flags().Lookup(name) != nil {
			_ = cmd.RegisterFlagCompletionFunc(name, o.forFlag) // it exists
		}
	}
}

func (o offer) forFlag(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	return o(cmd), cobra.ShellCompDirectiveNoFileComp
}

// forFirst completes the first argument.
func (o offer) forFirst(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return o(cmd), cobra.ShellCompDirectiveNoFileComp
}

func these(all ...string) offer { return func(*cobra.Command) []string { return all } }

// and returns the completions of both.
func (o offer) and(more offer) offer {
	return func(cmd *cobra.Command) []string { return append(o(cmd), more(cmd)...) }
}

func eventNames(*cobra.Command) (all []string) {
	for _, e := range absorb.Events() {
		all = append(all, e.Name)
	}
	return all
}

func sinkTypes(*cobra.Command) []string { return slices.Sorted(maps.Keys(sinks.Types())) }

// The names in the configuration; none if it cannot be read.
func sinkNames(cmd *cobra.Command) []string   { return names(cmd).Sinks }
func sourceNames(cmd *cobra.Command) []string { return names(cmd).Sources }
func routeNames(cmd *cobra.Command) []string  { return names(cmd).Routes }

func names(cmd *cobra.Command) config.Names {
	path, _ := configPath(cmd)
	n, err := config.ReadNames(path)
	if err != nil {
		return config.Names{}
	}
	return n
}

// statesIn returns the states in a flag's help, such as "pending, sent or dead".
func statesIn(help string) []string {
	return strings.FieldsFunc(strings.ReplaceAll(help, " or ", ", "), func(r rune) bool { return r == ',' || r == ' ' })
}
