package store

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
)

// IsShared tells whether a store is a database that several processes may use at
// once.
func IsShared(where string) bool {
	return strings.HasPrefix(where, "postgres://") || strings.HasPrefix(where, "postgresql://")
}

// Check tells what is wrong with the path or the URL of a store. Its error does not
// quote it: what looks like the address of a database may hold a password.
func Check(where string) error {
	if IsShared(where) {
		return checkURL(where)
	}
	path := drive.ReplaceAllString(where, "/")
	for _, odd := range oddPlaces {
		if odd.form.MatchString(path) {
			return errors.New(odd.advice)
		}
	}
	return nil
}

const (
	wantPath  = "the path of a file, such as ./data/bridge.db"
	wantPlace = "want " + wantPath + ", or the URL of a PostgreSQL database, postgres://user:password@host:5432/database?sslmode=verify-full"
)

// drive begins a path of Windows.
var drive = regexp.MustCompile(`^[A-Za-z]:[/\\]`)

// oddPlaces are texts that are no sensible name of a file: most are addresses of
// databases in other forms. The first that fits says what to do.
var oddPlaces = []struct {
	form   *regexp.Regexp
	advice string
}{
	{regexp.MustCompile(`^\s*$`), wantPlace},
	{regexp.MustCompile(`(?i)\b(?:host|hostaddr|port|user|password|passfile|dbname|sslmode|service|server|data source)\s*=`), "this is a list of settings of a database, which is no file: " + wantPlace},
	{regexp.MustCompile(`(?i)^\s*(?:jdbc:)?postgres(?:ql)?:`), "this is not the form of a PostgreSQL URL: " + wantPlace},
	{regexp.MustCompile(`(?i)^(?::memory:|file::memory:)|[?&]mode=memory`), "a store in memory would lose what was accepted at the next start: want " + wantPath},
	{regexp.MustCompile(`(?i)^\s*(?:file|sqlite3?):`), "write the path alone, without file: or sqlite: before it: want " + wantPath},
	{regexp.MustCompile(`(?i)^\s*[a-z][a-z0-9+.-]+:`), "the bridge knows SQLite and PostgreSQL: " + wantPlace},
	{regexp.MustCompile(`:.*@|^//|@.*:[0-9]+(?:/|$)`), "this looks like the address of a database without postgres:// before it: " + wantPlace},
	{regexp.MustCompile(`\?[\w.]+=`), "a path has no settings behind it: want " + wantPath},
	{regexp.MustCompile(`[\x00-\x1f\x7f]`), "a path has no control characters: want " + wantPath},
	{regexp.MustCompile(`[/\\]\s*$`), "this is a folder: want " + wantPath},
}

// Label is how a store may be shown: its path, or its URL without the password
// and without the settings, which may hold one, too.
func Label(where string) string {
	if !IsShared(where) {
		if Check(where) != nil {
			return "(neither a file nor a database)"
		}
		return where
	}
	scheme, login, hosts, more := split(where)
	if strings.Contains(more, "@") {
		return "postgres://…"
	}
	database, _, _ := strings.Cut(more, "?")
	if user, _, _ := strings.Cut(login, ":"); user != "" {
		hosts = user + "@" + hosts
	}
	return scheme + "://" + hosts + database
}

// split takes a URL apart, whose hosts may be several. An @ in what comes after them
// is most likely one that should stand before them: the password holds a slash, say.
func split(where string) (scheme, login, hosts, more string) {
	scheme, rest, _ := strings.Cut(where, "://")
	hosts = rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		hosts, more = rest[:i], rest[i:]
	}
	if i := strings.LastIndex(hosts, "@"); i >= 0 {
		login, hosts = hosts[:i], hosts[i+1:]
	}
	return scheme, login, hosts, more
}

// checkURL tells what is wrong with the URL of a PostgreSQL database, without the
// password in it.
func checkURL(where string) error {
	_, err := pgxpool.ParseConfig(where)
	_, login, hosts, more := split(where)
	misread := login == "" && hosts != "" && strings.Contains(more, "@")
	if err == nil && !misread {
		return nil
	}
	const want = "want a URL like postgres://user:password@host:5432/database?sslmode=verify-full, with the odd characters of the password written as %XX"
	inner := errors.Unwrap(err)
	if misread || inner == nil {
		return errors.New(want) // the library's words quote the URL
	}
	u, unread := url.Parse(where)
	if unread != nil {
		return errors.New(want)
	}
	if password, set := u.User.Password(); set && strings.Contains(inner.Error(), password) {
		return errors.New(want)
	}
	return fmt.Errorf("%w; %s", inner, want)
}
