package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/admin"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

func deliveriesCommand() *cobra.Command {
	return deliveryCommands("deliveries", "", "List, retry, cancel and move deliveries",
		`Lists deliveries, newest first, and changes them. It works through the running bridge
(admin.listen), or on the store if no bridge runs with this configuration.

A delivery is pending (waiting for its first attempt or a retry), sent, dead (refused,
or tried for too long; you can retry it) or cancelled. The state failed means dead, or
pending after a failed attempt. Without --state, retry takes failed deliveries; it also
tries a broken sink at once. A pending delivery is orphaned if its sink is no longer in
the configuration: move it to another sink.`)
}

func deadCommand() *cobra.Command {
	return deliveryCommands("dead", string(bridge.Dead), "List, retry and cancel dead letters",
		`Lists dead letters, newest first: deliveries that a platform refused, or that failed
for too long. Fix the template or the sink, then retry them. The bridge writes each
message again with the current template.`)
}

// deliveryCommands returns the commands about deliveries, or about those in one state.
func deliveryCommands(name, state, short, long string) *cobra.Command {
	var f filterFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use: name, Short: short, Long: long,
		Example: fmt.Sprintf("  absorb-bridge %s --sink academy --since 2h\n  absorb-bridge %s show 0192f0c4-7a10-7c3e-9b1e-5f1f2a3b4c5d\n  absorb-bridge %s retry --sink academy", name, name, name),
		Args:    cobra.NoArgs,
		RunE: operation(func(cmd *cobra.Command, _ []string, client *admin.Client) error {
			chosen, err := f.filter(nil)
			if err != nil {
				return err
			}
			chosen.State = orState(state, chosen.State)
			all, err := client.Deliveries(cmd.Context(), chosen)
			if err != nil {
				return err
			}
			return printRows(cmd.OutOrStdout(), asJSON, all, "ID\tRECEIVED\tEVENT\tSINK\tSTATE\tATTEMPTS\tLAST ANSWER", deliveryLine)
		}),
	}
	configFlag(cmd)
	states := ""
	if state == "" {
		states = "pending, sent, dead, cancelled, failed or orphaned"
	}
	f.add(cmd, states)
	cmd.Flags().IntVar(&f.Limit, "limit", 50, "maximum number of lines")
	cmd.Flags().StringVar(&f.Before, "before", "", "only those before this id: the next page")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object on each line")
	cmd.AddCommand(showDelivery(name),
		deliveryChange(name, state, "retry", "Send them now, as if for the first time", "will be sent now"),
		deliveryChange(name, state, "cancel", "Cancel them", "cancelled"),
		deliveryChange(name, state, "move", "Move waiting and dead deliveries to another sink", "moved"))
	return cmd
}

func orState(fixed, chosen string) string {
	if fixed != "" {
		return fixed
	}
	return chosen
}

func deliveryChange(name, state, verb, short, done string) *cobra.Command {
	var f filterFlags
	var to string
	f.State = state
	if state == "" && verb == "retry" {
		f.State = store.Failed
	}
	example := fmt.Sprintf("  absorb-bridge %s %s 0192f0c4-7a10-7c3e-9b1e-5f1f2a3b4c5d\n  absorb-bridge %s %s --sink academy --since 3d", name, verb, name, verb)
	target := (*string)(nil)
	if verb == "move" {
		example = fmt.Sprintf("  absorb-bridge %s move --sink old --to academy", name)
		target = &to
	}
	cmd := change{"deliveries/" + verb, verb + " [ID...]", short, example, done}.command(&f, target)
	states := "" // fixed for dead letters
	if state == "" {
		states = "pending, dead, cancelled, failed or orphaned"
	}
	f.add(cmd, states)
	if target != nil {
		cmd.Flags().StringVar(&to, "to", "", "sink to move them to (required)")
		_ = cmd.MarkFlagRequired("to")
		complete(cmd, map[string]offer{"to": sinkNames})
	}
	return cmd
}

func deliveryLine(d admin.DeliveryLine) string {
	state := string(d.State)
	if d.Orphaned {
		state = "orphaned"
	}
	words := d.Error
	if d.State == bridge.Pending && d.Due.After(time.Now()) {
		words = strings.TrimSpace("next attempt at " + clock(d.Due) + "  " + words)
	}
	return cells(d.ID, clock(d.Received), d.Event, d.Sink, state, fmt.Sprint(d.Attempts), words)
}

func showDelivery(name string) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "show ID", Short: "Show one with its facts, message and attempts",
		Example: "  absorb-bridge " + name + " show 0192f0c4-7a10-7c3e-9b1e-5f1f2a3b4c5d",
		Args:    cobra.ExactArgs(1),
		RunE: operation(func(cmd *cobra.Command, args []string, client *admin.Client) error {
			d, err := client.Delivery(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return printPretty(cmd.OutOrStdout(), d)
			}
			return printDelivery(cmd.OutOrStdout(), d)
		}),
	}
	configFlag(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func printDelivery(w io.Writer, d admin.DeliveryView) error {
	state := string(d.State)
	if d.Orphaned {
		state += ": the configuration has no sink " + d.Sink + "; move the delivery to another sink"
	}
	for _, line := range [][2]string{
		{"delivery", d.ID}, {"event", d.EventID + " " + d.Event}, {"source", d.Source}, {"route", d.Route}, {"sink", d.Sink}, {"state", state},
		{"received", clock(d.Received)}, {"due", clock(d.Due)}, {"updated", clock(d.Updated)}, {"receipt", d.Receipt},
	} {
		if line[1] != "" && line[1] != "-" {
			fmt.Fprintf(w, "%-10s %s\n", line[0], oneLine(line[1]))
		}
	}
	fmt.Fprintf(w, "\nattempts\n")
	for _, a := range d.Tries {
		fmt.Fprintf(w, "  %s  %s\n", clock(a.At), oneLine(fmt.Sprintf("%s %d after %v: %s", a.Outcome, a.Status, a.Took.Round(time.Millisecond), a.Detail)))
	}
	if len(d.Tries) == 0 {
		fmt.Fprintln(w, "  none yet")
	}
	fmt.Fprintf(w, "\nmessage, as the bridge would send it now\n")
	switch {
	case d.Message == nil:
		fmt.Fprintf(w, "  none: %s\n", oneLine(d.Problem))
	default:
		body := []byte(d.Message.Body)
		if pretty, err := indent(bridge.Payload{Body: body}); err == nil {
			body = pretty
		}
		fmt.Fprintln(w, bridge.CleanText(string(body)))
	}
	fmt.Fprintf(w, "\nfacts\n")
	return printPretty(w, d.Facts)
}
