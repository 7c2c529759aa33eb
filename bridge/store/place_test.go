package store

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is neither the path of a file nor a URL of PostgreSQL is refused before
// anything is made of it, and shown nowhere.
func TestOddPlaces(t *testing.T) {
	const secret = "pa55-of-the-database"
	for where, advice := range map[string]string{
		"":    "want the path of a file",
		" \t": "want the path of a file",
		"host=127.0.0.1 port=5432 user=b password=" + secret: "list of settings",
		"user='b' password = '" + secret + "' dbname=bridge": "list of settings",
		"Server=db;User Id=b;Password=" + secret:             "list of settings",
		"postgres:b:" + secret + "@db/bridge":                "form of a PostgreSQL URL",
		"postgresql:/b:" + secret + "@db/bridge":             "form of a PostgreSQL URL",
		"POSTGRES://b:" + secret + "@db/bridge":              "form of a PostgreSQL URL",
		"jdbc:postgresql://db/bridge?password=" + secret:     "settings",
		"jdbc:postgresql://db/bridge":                        "form of a PostgreSQL URL",
		"mysql://b:" + secret + "@db/bridge":                 "knows SQLite and PostgreSQL",
		"redis:b:" + secret + "@db":                          "knows SQLite and PostgreSQL",
		"file:bridge.db?_pragma=key(" + secret + ")":         "without file:",
		"file:///var/lib/bridge.db":                          "without file:",
		"sqlite://bridge.db":                                 "without file:",
		"sqlite3:bridge.db":                                  "without file:",
		":memory:":                                           "in memory",
		"file::memory:?cache=shared":                         "in memory",
		"bridge.db?mode=memory":                              "in memory",
		"bridge.db?_key=" + secret:                           "no settings behind it",
		"//b:" + secret + "@db:5432/bridge":                  "without postgres://",
		"b-1:" + secret + "@db":                              "knows SQLite",
		"./b:" + secret + "@db":                              "without postgres://",
		"b@db.example.com:5432/bridge":                       "without postgres://",
		"bridge.db\n":                                        "control characters",
		"data/":                                              "folder",
	} {
		err := Check(where)
		if err == nil || !strings.Contains(err.Error(), advice) {
			t.Errorf("%q: %v, want %q", where, err, advice)
			continue
		}
		dir := t.TempDir()
		t.Chdir(dir)
		_, opened := Open(t.Context(), where)
		if opened == nil || strings.Contains(opened.Error()+err.Error()+Label(where), secret) {
			t.Errorf("%q: opened, or its password is shown: %v", where, opened)
		}
		if made, _ := os.ReadDir(dir); len(made) > 0 {
			t.Errorf("%q: it made %s", where, made[0].Name())
		}
	}
	for _, where := range []string{
		"bridge.db", "./data/bridge.db", "../b r i d g e.db", "/var/lib/absorb-bridge/bridge.db", `C:\Users\me@work\bridge.db`, "D:/bridge.db", "data/c#/what?.db",
		"me@home/bridge.db", filepath.Join(t.TempDir(), "user"), "postgres://b:" + secret + "@db:5432/bridge",
	} {
		if err := Check(where); err != nil {
			t.Errorf("%q: %v", where, err)
		}
	}
}
