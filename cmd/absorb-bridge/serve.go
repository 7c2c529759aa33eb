package main

import (
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/absorb-bridge/absorb-bridge/bridge/config"
	"github.com/absorb-bridge/absorb-bridge/bridge/gateway"
)

func serveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the bridge",
		Long: `Receives webhooks and delivers messages until you stop it (Ctrl-C or SIGTERM). The store
keeps accepted events, and the next start delivers the rest.

It reads the configuration and the templates again when a file changes, and on SIGHUP.
If they have faults, it keeps the previous ones.`,
		Example: "  absorb-bridge serve --config /etc/absorb-bridge/bridge.yaml",
		Args:    cobra.NoArgs,
		RunE: action(func(cmd *cobra.Command, _ []string) error {
			signals := catchHangUps()
			defer signals.stop()
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			paceHeap(cmd.Context())
			l := newLog(cmd.ErrOrStderr(), c.Log)
			defer collect(l)()
			g, err := gateway.New(cmd.Context(), c, l)
			if err != nil {
				return err
			}
			g.Version(versionText())
			g.ReloadFrom(func() (*config.Config, error) { return loadConfig(cmd) })
			go signals.each(func() { _ = g.ReloadFor("the signal SIGHUP") }) // it logs its errors
			return g.Run(cmd.Context())
		}),
	}
	configFlag(cmd)
	return cmd
}

// hangUps are the SIGHUPs that came. One waits until somebody listens: who sends it
// while the store's tables are changed at the start means the reload all the same.
type hangUps chan os.Signal

func catchHangUps() hangUps {
	h := make(hangUps, 1)
	signal.Notify(h, syscall.SIGHUP)
	return h
}

// each calls f for every signal until they are stopped.
func (h hangUps) each(f func()) {
	for range h {
		f()
	}
}

func (h hangUps) stop() {
	signal.Stop(h)
	close(h)
}
