package main

import (
	"cmp"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/bridge/config"
)

// secretVariable is the environment variable with emit's secret, if no flag sets it.
const secretVariable = "ABSORB_SECRET"

// findSecret sets the secret and the URL from the flags or the configuration.
func (o *emitOptions) findSecret(cmd *cobra.Command) (err error) {
	switch {
	case o.secret != "":
	case o.secretFile != "":
		o.secret, err = readSecret(cmd, o.secretFile)
	case o.source != "":
		err = o.ofSource(cmd)
	default:
		if o.secret = os.Getenv(secretVariable); o.secret == "" {
			return usagef("no secret to sign the events: set --source, --secret-file or the variable %s", secretVariable)
		}
	}
	if err == nil && o.url == "" {
		err = usagef("no URL to send to: set --url or --source")
	}
	return err
}

// readSecret reads a secret from a file or from standard input.
func readSecret(cmd *cobra.Command, path string) (string, error) {
	in := cmd.InOrStdin()
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return "", fmt.Errorf("--secret-file: %w", err)
		}
		defer func() { _ = f.Close() }() // it was only read
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, 64<<10))
	if err != nil {
		return "", fmt.Errorf("--secret-file: %w", err)
	}
	secret := strings.TrimRight(string(text), "\r\n")
	if strings.TrimSpace(secret) == "" {
		return "", usagef("--secret-file: %s is empty", path)
	}
	return secret, nil
}

// ofSource sets the first secret of a source, and the URL of the bridge on this machine.
func (o *emitOptions) ofSource(cmd *cobra.Command) error {
	c, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(c.Sources, func(s config.Source) bool { return s.Name == o.source })
	if i < 0 {
		return usagef("--source: the configuration has no source %q", o.source)
	}
	s := c.Sources[i]
	if len(s.Secrets) == 0 {
		return usagef("--source: %s has no secret yet", o.source)
	}
	key, err := absorb.NewKey(s.Secrets[0], s.SecretEncoding)
	if err != nil {
		return err
	}
	o.secret = key.Bytes().Reveal()
	if o.url == "" {
		host, port, _ := net.SplitHostPort(c.Listen) // it was checked
		if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
			host = ""
		}
		o.url = "http://" + net.JoinHostPort(cmp.Or(host, "127.0.0.1"), port) + s.Path
	}
	return nil
}
