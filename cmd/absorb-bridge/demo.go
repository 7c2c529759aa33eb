package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/absorb-bridge/absorb-bridge/internal/demo"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
)

// demoOptions are the demo's flags.
type demoOptions struct {
	demo.Options
	quirks   []string
	webhooks string
	length   time.Duration
}

func demoCommand() *cobra.Command {
	var o demoOptions
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run everything on this machine, without any account",
		Long: `Runs the bridge between an emulated Absorb portal and emulated chat platforms. All
24 events happen once, then a random one every few seconds. The wall, a web page,
shows what each platform received. Everything listens on loopback. When the demo
ends (Ctrl-C), nothing is left.

The webhooks are lean, like Absorb's typical payload: they name the person, but not
the course or other subject of the event. --portal-profile adds quirks of real
portals:

` + quirksHelp() + `
With --no-bridge only the portal's API and the platforms run, and the demo prints a
bridge.yaml for your own bridge. Set the ports, so that the file still fits when you
start the demo again. Only email then needs the new certificate (ca).`,
		Example: `  absorb-bridge demo
  absorb-bridge demo --wall-port 8090 --bridge-port 8080
  absorb-bridge demo --webhooks full --portal-profile slow-tokens,denied-departments
  absorb-bridge demo --no-bridge --wall-port 8090 --portal-port 8091 --mail-port 8092 | tee bridge.yaml`,
		Args: cobra.NoArgs,
		RunE: action(func(cmd *cobra.Command, _ []string) error { return runDemo(cmd, o) }),
	}
	flags := cmd.Flags()
	flags.IntVar(&o.Ports.Bridge, "bridge-port", 0, "port for webhooks (default: a free one)")
	flags.IntVar(&o.Ports.Admin, "admin-port", 0, "port of the bridge's pages (default: a free one)")
	flags.IntVar(&o.Ports.Wall, "wall-port", 0, "port of the wall (default: a free one)")
	flags.IntVar(&o.Ports.Mail, "mail-port", 0, "port of the emulated mail server (default: a free one)")
	flags.IntVar(&o.Ports.Portal, "portal-port", 0, "port of the emulated portal (default: a free one)")
	flags.StringSliceVar(&o.quirks, "portal-profile", nil, "quirks of the portal, separated by commas (default: none)")
	flags.StringVar(&o.webhooks, "webhooks", "lean", "what the portal's webhooks name: lean or full")
	flags.BoolVar(&o.NoBridge, "no-bridge", false, "run only the portal and the platforms, for your own bridge")
	flags.DurationVar(&o.Every, "every", 3*time.Second, "time between two events after the first round")
	flags.DurationVar(&o.length, "for", 0, "end after this long (default: at Ctrl-C)")
	for _, name := range []string{"bridge-port", "admin-port", "every", "webhooks"} {
		cmd.MarkFlagsMutuallyExclusive("no-bridge", name)
	}
	complete(cmd, map[string]offer{"webhooks": these("lean", "full"), "portal-profile": these(quirkNames()...)})
	return cmd
}

func runDemo(cmd *cobra.Command, o demoOptions) (err error) {
	if o.Every <= 0 {
		return usagef("--every: want a duration above 0, such as 3s")
	}
	if o.Quirks, err = portal.QuirksNamed(o.quirks...); err != nil {
		return usagef("--portal-profile: %v", err)
	}
	if o.Webhooks, err = portal.ProfileNamed(o.webhooks); err != nil {
		return usagef("--webhooks: %v", err)
	}
	o.Out = cmd.OutOrStdout()
	o.Log = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	ctx := cmd.Context()
	if o.length > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.length)
		defer cancel()
	}
	return demo.Run(ctx, o.Options)
}

func quirkNames() (all []string) {
	for _, m := range portal.AllQuirks() {
		all = append(all, m.Name)
	}
	return all
}

// quirksHelp is a line for each quirk.
func quirksHelp() string {
	var b strings.Builder
	for _, m := range portal.AllQuirks() {
		fmt.Fprintf(&b, "  %-20s %s\n", m.Name, m.About)
	}
	return b.String()
}
