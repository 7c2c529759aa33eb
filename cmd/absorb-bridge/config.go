package main

import (
	"cmp"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/absorb-bridge/absorb-bridge/bridge/config"
)

// configFlag adds --config to a command.
func configFlag(cmd *cobra.Command) {
	cmd.Flags().StringP("config", "c", "", "configuration file (default $BRIDGE_CONFIG, else ./bridge.yaml)")
	_ = cmd.MarkFlagFilename("config", "yaml", "yml") // it exists
}

// configPath returns the path of the configuration, and whether the user set it.
func configPath(cmd *cobra.Command) (path string, chosen bool) {
	flag, _ := cmd.Flags().GetString("config")
	path = cmp.Or(flag, os.Getenv("BRIDGE_CONFIG"))
	if path == "" {
		return "bridge.yaml", false
	}
	return path, true
}

// loadConfig reads the configuration and prints its warnings.
func loadConfig(cmd *cobra.Command) (*config.Config, error) {
	path, _ := configPath(cmd)
	c, err := config.Load(path, os.Environ())
	if err != nil {
		return nil, err
	}
	for _, w := range c.Warnings {
		fmt.Fprintln(cmd.ErrOrStderr(), "warning:", w)
	}
	return c, nil
}

// newLog logs text for people on a terminal and JSON for machines.
func newLog(w io.Writer, c config.Log) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(cmp.Or(c.Level, "info"))) // checked when the configuration was loaded
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: readableDurations}
	if c.Format == "text" || c.Format != "json" && isTerminal(w) {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}

// collect redirects Go's standard log, to which libraries write, to a log: such as what a server
// sends on a connection where nothing was asked for. The caller ends it.
func collect(l *slog.Logger) (end func()) {
	out, flags := log.Writer(), log.Flags()
	log.SetFlags(0)
	log.SetOutput(slog.NewLogLogger(l.Handler(), slog.LevelWarn).Writer())
	return func() {
		log.SetOutput(out)
		log.SetFlags(flags)
	}
}

// readableDurations writes durations such as 1m30s; JSON would contain nanoseconds.
func readableDurations(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.StringValue(a.Value.Duration().String())
	}
	return a
}

func isTerminal(w any) bool {
	if outer, ok := w.(interface{ Unwrap() io.Writer }); ok {
		return isTerminal(outer.Unwrap())
	}
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
