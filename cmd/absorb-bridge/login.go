package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/bridge/admin"
	"github.com/absorb-bridge/absorb-bridge/bridge/config"
	"github.com/absorb-bridge/absorb-bridge/bridge/gateway"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// loginWithin is the maximum time for the consent.
const loginWithin = 15 * time.Minute

type loginOptions struct {
	port                int
	redirect, authorize string
	scopes              []string
	paste, print        bool
}

func loginCommand() *cobra.Command {
	var o loginOptions
	cmd := &cobra.Command{
		Use:   "login SOURCE",
		Short: "Log in to a source's Integration API by OAuth, in a browser",
		Long: `Gets the first refresh token of a source that uses OAuth (api.oauth). It prints an
address of the portal. Open it in a browser, log in as the bridge's administrator, and
consent. The portal then sends the browser to http://127.0.0.1:8400/callback on this
machine. Register that address in the portal as a redirect address of the OAuth client.

With --paste the browser can be on another machine. It ends at an address without a
page: paste that address into the terminal. If the portal requires another redirect
address, pass it with --redirect, which implies --paste.

The command writes the token to the store. A running bridge and its replicas use it
without a restart. With --print it prints the token instead, for a secrets manager: set
it as api.oauth.refresh_token. Only one bridge can use a token, since each use gives a
new one.`,
		Example: "  absorb-bridge login production\n  absorb-bridge login production --paste\n  absorb-bridge login production --print > refresh-token",
		Args:    cobra.ExactArgs(1),
		RunE:    action(func(cmd *cobra.Command, args []string) error { return o.run(cmd, args[0]) }),
	}
	configFlag(cmd)
	flags := cmd.Flags()
	flags.IntVar(&o.port, "port", 8400, "port to wait for the browser on")
	flags.BoolVar(&o.paste, "paste", false, "read the browser's last address from the terminal instead of waiting for the browser")
	flags.StringVar(&o.redirect, "redirect", "", "another redirect `URL`, as registered in the portal; implies --paste")
	flags.StringVar(&o.authorize, "authorize", "", "`URL` of the portal's consent page (default: authorize beside api.oauth.token_url)")
	flags.StringSliceVar(&o.scopes, "scope", []string{absorb.ConsentScope}, "scope to request; may be repeated")
	flags.BoolVar(&o.print, "print", false, "print the refresh token instead of storing it")
	cmd.MarkFlagsMutuallyExclusive("port", "redirect")
	cmd.ValidArgsFunction = offer(sourceNames).forFirst
	return cmd
}

func (o *loginOptions) run(cmd *cobra.Command, source string) error {
	for flag, text := range map[string]string{"--redirect": o.redirect, "--authorize": o.authorize} {
		if u, err := url.Parse(text); text != "" && (err != nil || u.Scheme == "" || u.Host == "") {
			return usagef("%s: want a whole URL, such as https://acme.myabsorb.com/oauth/authorize", flag)
		}
	}
	c, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	api, err := apiByOAuth(c, source)
	if err != nil {
		return err
	}
	if !o.print { // fail before the consent
		if err := keepLogin(cmd.Context(), c, source, admin.Login{DryRun: true}); err != nil {
			return err
		}
	}
	consent, code, err := o.consent(cmd, source, api)
	if err != nil {
		return err
	}
	got, err := consent.Trade(cmd.Context(), code)
	if err != nil {
		return err
	}
	if o.print {
		fmt.Fprintln(cmd.ErrOrStderr(), "The token is not in the store. Set it as api.oauth.refresh_token, for one bridge only:")
		_, err = fmt.Fprintln(cmd.OutOrStdout(), got.Refresh.Reveal())
		return err
	}
	if err := keepLogin(cmd.Context(), c, source, admin.Login{Access: got.Access.Reveal(), Expires: got.Expires, Refresh: got.Refresh.Reveal()}); err != nil {
		return fmt.Errorf("the portal gave a token, but it could not be stored; fix this, then log in again: %w", err)
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "source %s is logged in; the token is in the store %s. To test it, run: absorb-bridge doctor\n", source, store.Label(c.Store.Reveal()))
	return err
}

// apiByOAuth returns the API of a source that uses OAuth.
func apiByOAuth(c *config.Config, name string) (config.API, error) {
	var known []string
	for _, s := range c.Sources {
		if s.Name == name && (s.API == nil || s.API.OAuth == nil) {
			return config.API{}, fmt.Errorf("source %s has no api.oauth, so there is nothing to log in to; docs/absorb-api.md shows how to configure it", name)
		}
		if s.Name == name {
			return *s.API, nil
		}
		known = append(known, s.Name)
	}
	return config.API{}, fmt.Errorf("no source named %q in the configuration%s", name, bridge.DidYouMean(name, known))
}

// keepLogin passes the tokens to the running bridge, or writes them into the store.
func keepLogin(ctx context.Context, c *config.Config, source string, l admin.Login) (err error) {
	client, closer, err := gateway.Connect(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closer()) }()
	return client.Login(ctx, source, l)
}

// consent lets somebody consent in a browser, and returns the resulting code.
func (o *loginOptions) consent(cmd *cobra.Command, source string, api config.API) (*absorb.Consent, string, error) {
	ctx, cancel := context.WithTimeoutCause(cmd.Context(), loginWithin, fmt.Errorf("nobody consented within %s", loginWithin))
	defer cancel()
	redirect, wait := o.redirect, pasted
	if redirect == "" {
		redirect = "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(o.port)) + callbackPath
	}
	if !o.paste && o.redirect == "" {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(o.port)))
		if err != nil {
			return nil, "", fmt.Errorf("wait for the browser: %w (set another --port, or use --paste)", err)
		}
		defer func() { _ = l.Close() }() // already closed if the server ran
		wait = func(ctx context.Context, _ *cobra.Command, c *absorb.Consent) (string, error) {
			return called(ctx, l, c)
		}
	}
	consent, err := gateway.NewConsent(source, api, o.authorize, redirect, o.scopes)
	if err != nil {
		return nil, "", err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), `1. In the settings of the portal's OAuth client, register this redirect address:
     %s
2. Open this address in a browser, log in as the bridge's administrator, and consent:
     %s
`, redirect, consent.Address())
	code, err := wait(ctx, cmd, consent)
	return consent, code, err
}

// pasted reads the pasted address.
func pasted(ctx context.Context, cmd *cobra.Command, c *absorb.Consent) (string, error) {
	fmt.Fprint(cmd.ErrOrStderr(), "3. Paste the address that the browser shows at the end, although no page opens:\n   ")
	lines := make(chan string, 1)
	go func() { // without an answer it ends with the process
		line, _ := bufio.NewReader(io.LimitReader(cmd.InOrStdin(), 1<<16)).ReadString('\n')
		lines <- line
	}()
	select {
	case line := <-lines:
		return c.Pasted(line)
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}
