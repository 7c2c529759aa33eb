package store

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
)

func keys(t *testing.T, secrets ...bridge.Secret) *Keys {
	t.Helper()
	k, err := NewKeys(secrets)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// The keys of the tests, and a token that is easy to find in a file.
const (
	firstKey  = bridge.Secret("the first key, 32 characters long")
	secondKey = bridge.Secret("the second key, 32 characters too")
	plain     = "Zq7vX2-of-the-portal"
)

func use(t *testing.T, s *Store, k *Keys, unreadable int) {
	t.Helper()
	if n, err := s.UseKeys(t.Context(), k); n != unreadable || err != nil {
		t.Fatalf("%d tokens cannot be read, %v; want %d", n, err, unreadable)
	}
}

func save(t *testing.T, s *Store, name, token string) {
	t.Helper()
	if err := s.SaveToken(t.Context(), name, token, noon); err != nil {
		t.Fatal(err)
	}
}

// TestTokensAreEncrypted stores tokens in clear, then by one key after the other, and
// reads what is really in the table.
func TestTokensAreEncrypted(t *testing.T) { both(t, testTokensAreEncrypted) }

func testTokensAreEncrypted(t *testing.T, s *Store) {
	stored := func() (all string) {
		t.Helper()
		texts, err := list(t.Context(), s, func(r scanner) (text string, err error) { return text, r.Scan(&text) }, `SELECT token FROM tokens ORDER BY name`)
		if err != nil || len(texts) != 2 {
			t.Fatal(texts, err)
		}
		return strings.Join(texts, " ")
	}
	readable := func(when string) {
		t.Helper()
		for _, name := range []string{"access", "refresh"} {
			if got, expires, err := s.Token(t.Context(), name); got != name+plain || !expires.Equal(noon) || err != nil {
				t.Fatalf("%s: %q until %v, %v", when, got, expires, err)
			}
		}
	}
	use(t, s, keys(t), 0)
	save(t, s, "access", "access"+plain)
	save(t, s, "refresh", "refresh"+plain)
	if stored() != "access"+plain+" refresh"+plain {
		t.Fatalf("without a key: %s", stored())
	}
	for _, step := range []struct {
		when string
		keys []bridge.Secret
	}{
		{"a first key", []bridge.Secret{firstKey}},
		{"a second one before it", []bridge.Secret{secondKey, firstKey}},
		{"the second one alone", []bridge.Secret{secondKey}},
	} {
		use(t, s, keys(t, step.keys...), 0)
		readable(step.when)
		if strings.Contains(stored(), plain) {
			t.Fatalf("%s: %s", step.when, stored())
		}
	}
	if s.Shared() {
		leftInTable(t, s)
	}
	save(t, s, "access", "access"+plain) // a new one
	before := stored()
	if strings.Contains(before, plain) {
		t.Fatalf("a new one is stored as it is: %s", before)
	}

	for when, k := range map[string]*Keys{"another key": keys(t, firstKey), "no key": keys(t), "nothing configured": nil} {
		use(t, s, k, 2)
		if got, _, err := s.Token(t.Context(), "refresh"); got != "" || !errors.Is(err, absorb.ErrUnreadable) {
			t.Errorf("%s: %q, %v", when, got, err)
		}
		if stored() != before {
			t.Fatalf("%s: a token that could not be read was changed", when)
		}
	}
	save(t, s, "refresh", "refresh"+plain) // somebody logs in
	use(t, s, keys(t, secondKey, firstKey), 0)
	readable("the key is back")
}

// leftInTable looks for tokens in the file of PostgreSQL's table, which a superuser may
// read.
func leftInTable(t *testing.T, s *Store) {
	t.Helper()
	db := s.engine.reads()
	if _, err := db.ExecContext(t.Context(), `CHECKPOINT`); err != nil {
		t.Skip(err)
	}
	var size, at int
	err := db.QueryRowContext(t.Context(), `SELECT length(file), position(convert_to($1, 'UTF8') IN file)
		FROM (SELECT pg_read_binary_file(pg_relation_filepath('tokens')) AS file) AS files`, plain).Scan(&size, &at)
	if err != nil {
		t.Skip(err)
	}
	if size == 0 || at > 0 {
		t.Errorf("the table's file of %d bytes has a token at %d", size, at)
	}
}

// TestSealedTokens: a stored token belongs to its name, and one that was damaged is not
// read.
func TestSealedTokens(t *testing.T) {
	k := keys(t, firstKey)
	one, other := k.seal("name", plain), k.seal("name", plain)
	if one == other {
		t.Error("the same token is stored alike twice")
	}
	for _, c := range []struct {
		why, name, stored string
	}{
		{"another name", "other", one},
		{"a shorter text", "name", one[:len(one)-8]},
		{"nothing behind the form", "name", sealed},
		{"no base64", "name", sealed + "…"},
	} {
		if token, _, err := k.open(c.name, c.stored); token != "" || !errors.Is(err, absorb.ErrUnreadable) {
			t.Errorf("%s: %q, %v", c.why, token, err)
		}
	}
}

// TestNothingIsLeftOfTokens looks through all files of a SQLite store and of its backup:
// with a key from the beginning, and with one that came later.
func TestNothingIsLeftOfTokens(t *testing.T) {
	for _, later := range []bool{false, true} {
		dir := t.TempDir()
		path := filepath.Join(dir, "bridge.db")
		s := openAt(t, path)
		if !later {
			use(t, s, keys(t, firstKey), 0)
		}
		for _, token := range []string{"older" + plain, plain, plain + strings.Repeat(" long", 2000), plain + "newest"} {
			save(t, s, "refresh", token)
			save(t, s, token[:4]+" access", token)
		}
		if later {
			use(t, s, keys(t, firstKey), 0)
		}
		if _, err := Backup(t.Context(), path, filepath.Join(dir, "backup.db")); err != nil {
			t.Fatal(err)
		}
		look := func(when string) {
			files, err := os.ReadDir(dir)
			if err != nil || len(files) < 3 {
				t.Fatal(files, err)
			}
			for _, f := range files {
				data, err := os.ReadFile(filepath.Join(dir, f.Name()))
				if err != nil || strings.Contains(string(data), plain) {
					t.Errorf("key later: %v, %s: %s has a token, %v", later, when, f.Name(), err)
				}
			}
		}
		look("in use")
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		look("closed")
	}
}

// TestExaminedTokens are those that can be read.
func TestExaminedTokens(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bridge.db")
	s := openAt(t, path)
	use(t, s, keys(t, firstKey), 0)
	expires := time.Now().Add(time.Hour).Truncate(time.Microsecond)
	if err := s.SaveToken(t.Context(), "name", plain, expires); err != nil {
		t.Fatal(err)
	}
	x, err := Examine(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if got, until, err := x.Token("name", keys(t, secondKey, firstKey)); got != plain || !until.Equal(expires) || err != nil {
		t.Errorf("%q until %v, %v", got.Reveal(), until, err)
	}
	if got, _, err := x.Token("name", nil); !got.Empty() || !errors.Is(err, absorb.ErrUnreadable) {
		t.Errorf("without a key: %q, %v", got.Reveal(), err)
	}
}
