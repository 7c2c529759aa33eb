package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/absorb-bridge/absorb-bridge/bridge/setup"
	"github.com/absorb-bridge/absorb-bridge/configs"
)

type initOptions struct {
	url, api, env string
	login, portal string
	sinks, set    []string
	force         bool
}

func initCommand() *cobra.Command {
	var o initOptions
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write a first bridge.yaml from a few answers",
		Long: `Asks a few questions, writes a bridge.yaml with only what you chose, and says what to do
next. Beside it, it writes the schema that editors use for completion. Flags answer
questions in advance; without a terminal they answer all of them.

bridge.yaml contains no secrets, only references to environment variables. --env-file
writes the variables to a file that only you can read. On the command line, where
others can see it, init accepts a reference such as '${NAME}', but no secret.`,
		Example: `  absorb-bridge init
  absorb-bridge init --sink academy=slack --api us --portal https://acme.myabsorb.com --url https://bridge.example.com/absorb --env-file .env
  absorb-bridge init --sink academy=slack --api us --api-login oauth --portal https://acme.myabsorb.com --env-file .env
  absorb-bridge init --sink hr=email --set hr.smtp=smtps://mail.example.com --set hr.from=lms@example.com --set hr.to=hr@example.com`,
		Args: cobra.NoArgs,
		RunE: action(func(cmd *cobra.Command, _ []string) error { return o.run(cmd) }),
	}
	configFlag(cmd)
	flags := cmd.Flags()
	flags.StringVar(&o.url, "url", "", "public `URL` of the webhook")
	flags.StringVar(&o.api, "api", "", "Integration API: a `region` (us, ca, eu, au, sandbox-us, …), its URL, or none")
	flags.StringVar(&o.login, "api-login", setup.ByPassword, "how to log in to the API: password or oauth")
	flags.StringVar(&o.portal, "portal", "", "`URL` of the portal, such as https://acme.myabsorb.com, for links and oauth")
	flags.StringArrayVar(&o.sinks, "sink", nil, "where messages go: `TYPE` or NAME=TYPE; may be repeated")
	flags.StringArrayVar(&o.set, "set", nil, "a sink's setting, `NAME.KEY=VALUE`; may be repeated")
	flags.StringVar(&o.env, "env-file", "", "write the variables to this `file`, which only you can read")
	flags.BoolVar(&o.force, "force", false, "overwrite existing files")
	complete(cmd, map[string]offer{"sink": sinkTypes, "api-login": these(setup.ByPassword, setup.ByOAuth), "api": these("us", "ca", "eu", "au", "sandbox-us", "sandbox-ca", "sandbox-eu", "sandbox-au", "none")})
	return cmd
}

func (o *initOptions) run(cmd *cobra.Command) error {
	path, chosen := configPath(cmd)
	if err := o.free(path, o.env); err != nil {
		return err
	}
	answers, err := o.given()
	if err != nil {
		return usageError{err}
	}
	switch {
	case canAsk(cmd.InOrStdin()):
		err = o.ask(cmd, &answers)
	case len(answers.Sinks) == 0:
		return usagef("set where messages go with --sink TYPE or --sink NAME=TYPE (see --help), or run init in a terminal to answer questions")
	}
	if errors.Is(err, setup.ErrEnded) {
		return usagef("%w; flags can answer too: see --help", err)
	}
	if err != nil {
		return err
	}
	if answers.API != "" && answers.Login == setup.ByOAuth && answers.Portal == "" {
		return usagef("oauth needs the portal's address: set --portal, such as --portal https://acme.myabsorb.com")
	}
	for _, s := range answers.Sinks {
		if missing := s.Missing(); len(missing) > 0 {
			return usagef("sink %s needs %s: --set %s.%s=…", s.Name, strings.Join(missing, ", "), s.Name, missing[0])
		}
	}
	files, err := answers.Write()
	if err != nil {
		return err
	}
	env, err := setup.EnvFile(files.Environment)
	if err != nil {
		return err
	}
	if err := o.write(cmd, path, files.Config, env); err != nil {
		return err
	}
	if o.env == "" {
		fmt.Fprintf(cmd.OutOrStdout(), "\nThe configuration reads these variables. All values are placeholders:\n\n%s", env)
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "\nNext:\n%s", answers.Steps(files, setup.Place{Config: path, Usual: !chosen, Env: o.env}))
	return err
}

// canAsk reports whether init can ask questions: at a terminal, or in tests with their own
// reader.
func canAsk(in io.Reader) bool {
	f, ok := in.(*os.File)
	return !ok || isTerminal(f)
}

// given returns the answers from flags.
func (o *initOptions) given() (a setup.Answers, err error) {
	a.URL, a.Login = o.url, o.login
	if a.API = o.api; a.API == "none" {
		a.API = ""
	}
	errs := []error{named("--url", setup.CheckURL(a.URL)), named("--api", setup.CheckAPI(a.API)), named("--api-login", setup.CheckLogin(a.Login))}
	a.Portal, err = setup.PortalOf(o.portal)
	errs = append(errs, named("--portal", err))
	for _, text := range o.sinks {
		name, kind, both := strings.Cut(text, "=")
		if !both {
			kind = name
		}
		errs = append(errs, named("--sink", setup.CheckType(kind)), named("--sink", setup.CheckName(name, a.Sinks)))
		a.Sinks = append(a.Sinks, setup.Sink{Name: name, Type: kind, Settings: map[string]string{}})
	}
	if err := errors.Join(errs...); err != nil {
		return a, err
	}
	for _, text := range o.set {
		errs = append(errs, named("--set", a.Set(text)))
	}
	return a, errors.Join(errs...)
}

func named(flag string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", flag, err)
	}
	return nil
}

// ask asks for the answers that no flag gave.
func (o *initOptions) ask(cmd *cobra.Command, a *setup.Answers) (err error) {
	i := setup.NewInterview(cmd.InOrStdin(), cmd.ErrOrStderr())
	flags := cmd.Flags()
	if !flags.Changed("url") {
		if a.URL, err = i.URL(); err != nil {
			return err
		}
	}
	if !flags.Changed("api") {
		if a.API, err = i.API(); err != nil {
			return err
		}
	}
	if a.API != "" && !flags.Changed("api-login") {
		if a.Login, err = i.Login(); err != nil {
			return err
		}
	}
	if !flags.Changed("portal") {
		if a.Portal, err = i.Portal(a.API != "" && a.Login == setup.ByOAuth); err != nil {
			return err
		}
	}
	return o.askPlaces(i, a, !flags.Changed("env-file"))
}

// askPlaces asks where to keep secrets, if no flag says so, and where messages go.
func (o *initOptions) askPlaces(i *setup.Interview, a *setup.Answers, secrets bool) (err error) {
	if secrets {
		yes, err := i.YesNo("Keep secrets in the file .env, which only you can read?")
		if err != nil {
			return err
		}
		if yes {
			o.env = ".env"
		}
		if err := o.free(o.env); err != nil {
			return err
		}
	}
	if len(a.Sinks) == 0 {
		a.Sinks, err = i.Sinks(o.env != "")
		return err
	}
	for n := range a.Sinks {
		if err := i.Settings(&a.Sinks[n], o.env != ""); err != nil {
			return err
		}
	}
	return nil
}

// free reports an error for a file that exists.
func (o *initOptions) free(paths ...string) error {
	for _, path := range paths {
		if _, err := os.Lstat(path); path != "" && !o.force && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s exists already: choose another path, or overwrite it with --force", path)
		}
	}
	return nil
}

func (o *initOptions) write(cmd *cobra.Command, path, config, env string) error {
	if err := writeNew(path, config, 0o644, o.force); err != nil {
		return err
	}
	fmt.Fprintln(cmd.OutOrStdout(), "wrote", path)
	schema := filepath.Join(filepath.Dir(path), "bridge.schema.json")
	switch have, err := os.ReadFile(schema); {
	case err == nil && string(have) == configs.Bridge:
	case err == nil && !o.force:
		fmt.Fprintf(cmd.ErrOrStderr(), "%s exists and was not changed; absorb-bridge schema prints the schema of this version\n", schema)
	default:
		if err := writeNew(schema, configs.Bridge, 0o644, true); err != nil {
			return err
		}
		fmt.Fprintln(cmd.OutOrStdout(), "wrote", schema)
	}
	if o.env == "" {
		return nil
	}
	if err := writeNew(o.env, env, 0o600, o.force); err != nil {
		return err
	}
	fmt.Fprintln(cmd.OutOrStdout(), "wrote", o.env)
	return nil
}

// writeNew writes a file. It overwrites a file only with force: it then replaces the file,
// so that its mode is right too.
func writeNew(path, text string, mode os.FileMode, force bool) error {
	if force {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	if _, err := f.WriteString(text); err != nil {
		return errors.Join(err, f.Close())
	}
	return f.Close()
}
