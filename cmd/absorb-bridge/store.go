package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

func storeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "store",
		Short:   "Back up the store, or move it from SQLite to PostgreSQL",
		Example: "  absorb-bridge store backup bridge-2026-11-23.db\n  absorb-bridge store copy --from data/bridge.db --to postgres://bridge@db/bridge",
	}
	cmd.AddCommand(backUpStore(), copyStore(), takeBackStore())
	return cmd
}

func copyStore() *cobra.Command {
	var from, to string
	cmd := &cobra.Command{
		Use:   "copy --from STORE [--to STORE]",
		Short: "Copy all events and deliveries to another store",
		Long: `Copies everything from one store to another, such as from a SQLite file to a PostgreSQL
database. Stop every bridge first. Without --to it copies to the store of the
configuration, so that no password is on the command line.

It keeps what the other store already has, and copies nothing twice. If the copy is
interrupted, run it again to continue. Once it has begun, no bridge starts with the old
store, because the new one delivers its messages; store take-back undoes that.`,
		Example: "  absorb-bridge store copy --from data/bridge.db --config bridge.yaml\n  absorb-bridge store copy --from data/bridge.db --to postgres://bridge@db/bridge",
		Args:    cobra.NoArgs,
		RunE: action(func(cmd *cobra.Command, _ []string) error {
			if to == "" {
				c, err := loadConfig(cmd)
				if err != nil {
					return err
				}
				to = c.Store.Reveal()
			}
			if from == to {
				return usagef("--from and --to are the same store, %s", store.Label(from))
			}
			return withExisting(cmd, from, func(source *store.Store) error {
				return withStore(cmd, to, func(target *store.Store) error { return copyInto(cmd, source, target, store.Label(to)) })
			})
		}),
	}
	configFlag(cmd)
	cmd.Flags().StringVar(&from, "from", "", "path or URL of the store to copy")
	cmd.Flags().StringVar(&to, "to", "", "path or URL of the other store (default: the one in the configuration)")
	_ = cmd.MarkFlagRequired("from") // it exists
	return cmd
}

func copyInto(cmd *cobra.Command, source, target *store.Store, label string) error {
	rows, err := source.Rows(cmd.Context())
	if err != nil {
		return err
	}
	err = source.Copy(cmd.Context(), target, label, func(table string, n int) {
		if n%100_000 == 0 {
			fmt.Fprintf(cmd.ErrOrStderr(), "%s: %d of %d\n", table, n, rows[table])
		}
	})
	if err != nil {
		return fmt.Errorf("%w (the copied rows are kept; run the command again to continue)", err)
	}
	if err := target.Note(cmd.Context(), done("store/copy", "into "+label)); err != nil {
		return err
	}
	there, err := target.Rows(cmd.Context())
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TABLE\tFROM\tTO")
	for _, table := range slices.Sorted(maps.Keys(rows)) {
		fmt.Fprintf(w, "%s\t%d\t%d\n", table, rows[table], there[table])
	}
	return w.Flush()
}

func takeBackStore() *cobra.Command {
	var from string
	cmd := &cobra.Command{
		Use:   "take-back --from STORE",
		Short: "Let bridges use a copied store again",
		Long: `Lets bridges use a store again that was copied. They then also deliver the messages that
were waiting in it, so do not do this while a bridge uses the other store.`,
		Example: "  absorb-bridge store take-back --from data/bridge.db",
		Args:    cobra.NoArgs,
		RunE: action(func(cmd *cobra.Command, _ []string) error {
			return withExisting(cmd, from, func(s *store.Store) error {
				if err := s.TakeBack(cmd.Context()); err != nil {
					return err
				}
				return s.Note(cmd.Context(), done("store/take-back", store.Label(from)))
			})
		}),
	}
	cmd.Flags().StringVar(&from, "from", "", "path or URL of the store")
	_ = cmd.MarkFlagRequired("from") // it exists
	return cmd
}

// done returns the audit entry of a command that changes a store directly.
func done(action, target string) store.Audit {
	return store.Audit{At: time.Now(), Who: "this machine", Action: action, Target: bridge.CleanLine(target), Changed: 1}
}

// withStore opens a store, calls f and closes the store.
func withStore(cmd *cobra.Command, where string, use func(*store.Store) error) error {
	if err := store.Check(where); err != nil {
		return usageError{err}
	}
	s, err := store.Open(cmd.Context(), where)
	if err != nil {
		return err
	}
	return errors.Join(use(s), s.Close())
}

// withExisting is withStore for a store that must exist.
func withExisting(cmd *cobra.Command, where string, use func(*store.Store) error) error {
	if store.Check(where) == nil && !store.IsShared(where) {
		if _, err := os.Stat(where); err != nil {
			return fmt.Errorf("there is no store: %w", err)
		}
	}
	return withStore(cmd, where, use)
}
