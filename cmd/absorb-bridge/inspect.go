package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/bridge/admin"
)

func testWindowCommand() *cobra.Command {
	var length time.Duration
	cmd := &cobra.Command{
		Use:   "test-window SOURCE",
		Short: "Accept the portal's Test Webhook button for a while",
		Long: `The portal's Test Webhook button signs with a random value, so its signature never
matches. While a source's test window is open, the bridge answers such a request with
200 and a sentence that the portal shows, and keeps it for inspect. It never delivers
it. A new source has an open window until its first verified event, for at most 30
minutes after the start.

Keep windows short: while one is open, an event signed with a wrong secret looks like a
test.`,
		Example: "  absorb-bridge test-window production --for 10m",
		Args:    cobra.ExactArgs(1),
		RunE: operation(func(cmd *cobra.Command, args []string, client *admin.Client) error {
			if length < 0 {
				return usagef("--for: want a duration such as 10m; 0s closes the window")
			}
			s, err := client.OpenWindow(cmd.Context(), args[0], length)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), windowLine(s, length))
			return err
		}),
	}
	configFlag(cmd)
	cmd.Flags().DurationVar(&length, "for", 10*time.Minute, "how long; 0s closes the window")
	cmd.ValidArgsFunction = offer(sourceNames).forFirst
	return cmd
}

// windowLine describes a source's test window after the command. A window that opened by
// itself cannot be closed by the command.
func windowLine(s admin.SourceView, length time.Duration) string {
	until := clock(s.TestUntil())
	if s.Secrets == 0 {
		until = "the source has a secret"
	}
	switch {
	case length > 0:
		return fmt.Sprintf("the test window of %s (%s) is open until %s; press Test Webhook in the portal, then: absorb-bridge inspect", s.Name, s.Path, until)
	case s.OnTest(time.Now()):
		return fmt.Sprintf("the test window of %s stays open until %s, because no event of the source was verified yet", s.Name, until)
	}
	return fmt.Sprintf("the test window of %s is closed", s.Name)
}

func inspectCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "inspect [ID]",
		Short: "Show what a request looks like, without its values",
		Long: `Without an id, inspect lists the requests captured in test windows. With the id of a
captured request or an event, it shows the headers, the form of the signature, the tree
of keys with the type of each value instead of the value, and what the bridge
understood. You can paste this into a bug report. It also lists the ids that the event's
template needs for lookups, and whether the webhook has them. If the portal puts an id
in an unusual place, inspect suggests lines for the source's fields.`,
		Example: "  absorb-bridge inspect\n  absorb-bridge inspect 0192f0c4-7a10-7c3e-9b1e-5f1f2a3b4c5d",
		Args:    cobra.MaximumNArgs(1),
		RunE: operation(func(cmd *cobra.Command, args []string, client *admin.Client) error {
			if len(args) == 0 {
				all, err := client.Captures(cmd.Context())
				if err != nil {
					return err
				}
				return printRows(cmd.OutOrStdout(), asJSON, all, "ID\tRECEIVED\tSOURCE\tBYTES\tFROM\tUSER AGENT", func(c admin.Captured) string {
					return cells(c.ID, clock(c.Received), c.Source, fmt.Sprint(c.Bytes), c.From, c.Agent)
				})
			}
			i, err := client.Inspect(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return printPretty(cmd.OutOrStdout(), i)
			}
			return printInspection(cmd.OutOrStdout(), i)
		}),
	}
	configFlag(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// printNeeds compares the request with the lookups of its event's template.
func printNeeds(say func(format string, texts ...string), needs []absorb.Need) {
	if len(needs) > 0 {
		say("\nlooked up by the event's template")
	}
	for _, n := range needs {
		from := map[string]string{
			absorb.FromWebhook: "in the webhook", absorb.FromLists: "not in the webhook; inferred from Absorb's lists", absorb.FromNowhere: "missing",
		}[n.From]
		if n.Field != "" {
			from += "; likely " + n.Field
		}
		say("  %-16s %-20s %s", n.Key, strings.Join(n.Parts, ", "), from)
	}
}

func printInspection(w io.Writer, i admin.Inspection) error {
	say := func(format string, texts ...string) {
		args := make([]any, len(texts))
		for i, text := range texts {
			args[i] = oneLine(text)
		}
		fmt.Fprintf(w, format+"\n", args...)
	}
	how := "captured in a test window, not delivered"
	if i.Accepted {
		how = "verified and accepted"
	}
	say("request    %s", i.ID)
	say("source     %s", i.Source)
	say("received   %s, %s", clock(i.Received), how)
	say("signature  %s", i.Signature)
	if i.Refused != "" {
		say("refused    %s", i.Refused)
	}
	if i.Problem != "" {
		say("problem    %s", i.Problem)
	}
	say("\nheaders")
	for _, name := range slices.Sorted(maps.Keys(i.Headers)) {
		say("  %s: %s", name, strings.Join(i.Headers[name], ", "))
	}
	say("\nkeys")
	for _, v := range i.Values {
		say("  %-40s %s", v.Path, v.Kind)
	}
	say("\nunderstood")
	say("  %-12s %s", "event", i.Event)
	for _, key := range slices.Sorted(maps.Keys(i.Understood)) {
		say("  %-12s %s", key, i.Understood[key])
	}
	printNeeds(say, i.Needs)
	if len(i.Overrides) > 0 {
		say("\nnot understood; if these guesses are right, add them to the source:\n  fields:")
		for _, line := range i.Overrides {
			say("    %s", line)
		}
	}
	return nil
}
