package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestStoreBackup copies the store of a bridge that runs, and of one that does not.
func TestStoreBackup(t *testing.T) {
	dir := t.TempDir()
	path, one, two := filepath.Join(dir, "bridge.yaml"), filepath.Join(dir, "one.db"), filepath.Join(dir, "two.db")
	rewrite(t, path, anywhere)
	do(t, "store backup "+one+" -c "+path).want(t, 1, "there is no store")
	bridge := serveInProcess(t, path)
	do(t, "emit --secret x --event all --url "+bridge.url+"/a").want(t, 0, "24 accepted")
	do(t, "store backup "+one+" -c "+path).want(t, 0, "one.db", "bytes")
	do(t, "store backup "+one+" -c "+path).want(t, 1, "one.db is there already")
	do(t, "emit --secret x --url "+bridge.url+"/a --count 6").want(t, 0, "6 accepted")
	bridge.stop()
	do(t, "audit -c "+path).want(t, 0, "store/backup", "one.db")
	do(t, "sessions end -c "+path).want(t, 0, "0 sessions ended")
	do(t, "store backup "+two+" --from "+filepath.Join(dir, "bridge.db")).want(t, 0, "two.db")
	for file, events := range map[string]string{one: "events      24", two: "events      30"} {
		do(t, "store copy --from "+file+" --to "+filepath.Join(t.TempDir(), "other.db")).want(t, 0, events)
	}
	do(t, "store backup").want(t, 2, "accepts 1 arg")
	do(t, "store backup x.db --from postgres://bridge:hidden@db/bridge").want(t, 2, "postgres://bridge@db/bridge is a PostgreSQL database", "pg_dump")
	if _, err := os.Stat("x.db"); err == nil {
		t.Error("something was written")
	}
}
