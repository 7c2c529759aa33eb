package store

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/internal/pgtest"
)

// TestExamine looks at a store before it is made, in use, and closed.
func TestExamine(t *testing.T) {
	for name, where := range map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return filepath.Join(t.TempDir(), "data", "bridge.db") },
		"postgres": func(t *testing.T) string { return pgtest.Shared(t).Database(t) },
	} {
		t.Run(name, func(t *testing.T) {
			where := where(t)
			if x, err := Examine(t.Context(), where); err != nil || x.Exists || x.InUse || x.Known == 0 {
				t.Errorf("before: %+v, %v", x, err)
			}
			s, err := Open(t.Context(), where)
			if err != nil {
				t.Fatal(err)
			}
			expires := time.Now().Add(time.Hour).Truncate(time.Microsecond)
			if err := s.SaveToken(t.Context(), "api user", "token", expires); err != nil {
				t.Fatal(err)
			}
			look := func(when string, inUse bool) {
				t.Helper()
				x, err := Examine(t.Context(), where)
				if err != nil || !x.Exists || x.InUse != inUse || x.Version != x.Known || x.Skew.Abs() > time.Minute {
					t.Errorf("%s: %+v, %v", when, x, err)
				}
				if token, until, err := x.Token("api user", nil); err != nil || token.Reveal() != "token" || !until.Equal(expires) {
					t.Errorf("%s: token until %v, want %v", when, until, expires)
				}
				if !IsShared(where) && x.Free == 0 {
					t.Errorf("%s: no room on the disk", when)
				}
			}
			look("in use", !s.Shared())
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			before, _ := os.ReadDir(filepath.Dir(where))
			look("closed", false)
			if after, _ := os.ReadDir(filepath.Dir(where)); len(after) != len(before) {
				t.Errorf("it made files: %v", after)
			}
		})
	}
}
