package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/gateway"
)

func sendCommand() *cobra.Command {
	var event, sink string
	cmd := &cobra.Command{
		Use:   "send",
		Short: "Send a real sample message to a configured sink",
		Long: `Sends the message of a sample event to a configured sink, and prints the platform's
answer. The people and courses in it are made up.`,
		Example: "  absorb-bridge send --sink academy --event CertificateAwarded",
		Args:    cobra.NoArgs,
		RunE: action(func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			previewer, err := gateway.NewPreviewer(c)
			if err != nil {
				return err
			}
			events, err := chooseEvents(event, previewer.Events())
			if err != nil {
				return err
			}
			if names := previewer.Match("all"); !slices.Contains(names, sink) {
				return usagef("no sink named %q in the configuration%s (there are: %s)", sink, bridge.DidYouMean(sink, names), strings.Join(names, ", "))
			}
			for _, e := range events {
				receipt, err := previewer.Send(cmd.Context(), e, sink)
				if err != nil {
					return fmt.Errorf("send %s to %s: %w", e, sink, err)
				}
				words := strings.TrimSpace(receipt.Detail + " " + receipt.ID)
				if receipt.Status != 0 { // a console has none
					words = strings.TrimSpace(fmt.Sprintf("answered %d %s", receipt.Status, words))
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s to %s: accepted, %s\n", e, sink, words)
			}
			return nil
		}),
	}
	configFlag(cmd)
	cmd.Flags().StringVar(&event, "event", "EnrollmentCompletedByLearner", "name of an event, or all")
	cmd.Flags().StringVar(&sink, "sink", "", "name of the sink (required)")
	_ = cmd.MarkFlagRequired("sink")
	complete(cmd, map[string]offer{"event": these("all").and(eventNames), "sink": sinkNames})
	return cmd
}
