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
		Short: "Check a set-up, running or not, and say what to do about each fault",
		Long: `Looks at everything that the bridge needs: configuration, store, disk, clock, ports,
templates, file permissions, the Integration API, and each sink, to which it connects
without posting. With --url it goes the way of a webhook, too: DNS, certificate, proxy,
path. Nothing is posted and nothing is changed, and it is safe beside a running bridge.

It prints a line for each: ok, warn or fail, what was found and what to do. Exit status
1 if anything fails.`,
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
	cmd.Flags().StringVar(&url, "url", "", "webhook's `URL` as the portal has it")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line")
	return cmd
}

func printFinding(cmd *cobra.Command, f doctor.Finding) {
	remedy := ""
	if f.Remedy != "" {
		remedy = " → " + f.Remedy
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%-4s  %-20s  %s%s\n", f.Status, f.Check, f.Found, remedy)
}
