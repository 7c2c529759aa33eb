package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/absorb-bridge/absorb-bridge/bridge/doctor"
)

func doctorCommand() *cobra.Command {
	var url string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check a setup, running or not, and say how to fix each fault",
		Long: `Checks everything that the bridge needs: configuration, store, disk, clock, ports,
templates, file permissions and the Integration API. It connects to each sink without
sending a message. With --url it also follows the route of a webhook: DNS, certificate,
proxy, path. It changes nothing, and you can run it beside a running bridge.

It prints one line for each check: ok, warn or fail, what it found, and what to do.
It exits with 1 if any check fails.`,
		Example: "  absorb-bridge doctor\n  absorb-bridge doctor --url https://bridge.example.com/absorb --json",
		Args:    cobra.NoArgs,
		RunE: action(func(cmd *cobra.Command, _ []string) error {
			path, _ := configPath(cmd)
			findings := doctor.Run(cmd.Context(), doctor.Options{Path: path, Environ: os.Environ(), URL: url, Version: versionText()})
			failed := 0
			out := json.NewEncoder(cmd.OutOrStdout())
			out.SetEscapeHTML(false)
			for _, f := range findings {
				if f.Status == doctor.Fail {
					failed++
				}
				if asJSON {
					if err := out.Encode(f); err != nil {
						return err
					}
					continue
				}
				printFinding(cmd, f)
			}
			if failed > 0 {
				return fmt.Errorf("%s failed", count(failed, "check"))
			}
			return nil
		}),
	}
	configFlag(cmd)
	cmd.Flags().StringVar(&url, "url", "", "the webhook's `URL`, as in the portal")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object on each line")
	return cmd
}

func printFinding(cmd *cobra.Command, f doctor.Finding) {
	remedy := ""
	if f.Remedy != "" {
		remedy = " → " + f.Remedy
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%-4s  %-20s  %s%s\n", f.Status, f.Check, f.Found, remedy)
}
