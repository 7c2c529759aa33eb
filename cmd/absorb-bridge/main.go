// Command absorb-bridge brings what happens in Absorb LMS to team chat and mail.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // time zones for systems without a database, such as an empty image

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/plain"
)

// Exit codes, for scripts.
const (
	exitDone   = 0
	exitFailed = 1 // the command failed, or the configuration is invalid
	exitUsage  = 2 // the command line is wrong
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// rootCommand returns the command with all subcommands.
func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "absorb-bridge",
		Short: "Sends Absorb LMS events to team chat and email",
		Long: `absorb-bridge receives the signed webhooks of an Absorb LMS portal, looks up the
names behind their ids, and sends messages to Slack, Discord, Google Chat,
Microsoft Teams, email and other sinks.

To try it without any account:  absorb-bridge demo`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetFlagErrorFunc(unknownFlag)
	root.AddCommand(
		serveCommand(), demoCommand(), initCommand(), checkCommand(), loginCommand(), doctorCommand(), previewCommand(),
		sendCommand(), emitCommand(), eventsCommand(), deliveriesCommand(), deadCommand(),
		storeCommand(), catchUpCommand(), forgetCommand(), reloadCommand(), readyCommand(), testWindowCommand(), inspectCommand(), auditCommand(), sessionsCommand(), schemaCommand(), versionCommand(),
	)
	return root
}

// unknownFlag adds the flag that was probably meant.
func unknownFlag(cmd *cobra.Command, err error) error {
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return err
	}
	var known []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
	return fmt.Errorf("%w%s", err, bridge.DidYouMean(unknown.GetSpecifiedName(), known))
}

// run is the whole program. Results go to stdout, everything else to stderr. Foreign text
// cannot control the terminal in either.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	out, problems := plain.NewWriter(stdout), plain.NewWriter(stderr)
	code := execute(ctx, args, out, problems)
	if err := errors.Join(out.Close(), problems.Close()); err != nil && code == exitDone {
		return exitFailed
	}
	return code
}

func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := rootCommand()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)

	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitDone
	}
	if f, ok := errors.AsType[failure](err); ok {
		fmt.Fprintln(stderr, f.error)
		return exitFailed
	}
	fmt.Fprintf(stderr, "absorb-bridge: %v\nSee %s --help.\n", err, cmd.CommandPath())
	return exitUsage
}

// failure is the error of a command's work. All other errors from cobra are usage errors.
type failure struct{ error }

func (f failure) Unwrap() error { return f.error }

// action adapts a command's work to cobra's RunE.
func action(work func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		if err := work(cmd, args); err != nil {
			if usage, ok := errors.AsType[usageError](err); ok {
				return usage
			}
			return failure{err}
		}
		return nil
	}
}

// usageError is an error in the arguments that only the command can detect.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }
