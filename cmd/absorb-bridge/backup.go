package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

func backUpStore() *cobra.Command {
	var from string
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy a SQLite store to a new file; the bridge can run",
		Long: `Copies a SQLite store, as it is at one moment, to a new file that only you can read. The
bridge can run meanwhile. The disk needs room for the copy.

Without --from it copies the store of the configuration. When the file appears, it is
complete, checked and on disk. It never overwrites an existing file.`,
		Example: "  absorb-bridge store backup --config bridge.yaml bridge-2026-11-23.db\n  absorb-bridge store backup --from data/bridge.db bridge-2026-11-23.db",
		Args:    cobra.ExactArgs(1),
		RunE: action(func(cmd *cobra.Command, args []string) error {
			if from == "" {
				c, err := loadConfig(cmd)
				if err != nil {
					return err
				}
				from = c.Store.Reveal()
			}
			for _, place := range []string{from, args[0]} {
				if err := store.Check(place); err != nil {
					return usageError{err}
				}
			}
			if store.IsShared(from) {
				return usagef("%s is a PostgreSQL database: back it up with pg_dump", store.Label(from))
			}
			size, err := store.Backup(cmd.Context(), from, args[0])
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: %d bytes\n", args[0], size)
			if err := store.NoteIn(cmd.Context(), from, done("store/backup", args[0])); err != nil {
				fmt.Fprintln(cmd.ErrOrStderr(), "warning: the backup is complete, but the audit trail does not list it:", err)
			}
			return nil
		}),
	}
	configFlag(cmd)
	cmd.Flags().StringVar(&from, "from", "", "path of the store (default: the one in the configuration)")
	return cmd
}
