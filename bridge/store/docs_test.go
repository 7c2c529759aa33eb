package store

import (
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/absorb-bridge/absorb-bridge/internal/pgtest"
)

// The queries of the manual are ones of these tables.
func TestQueriesOfTheManual(t *testing.T) {
	text, err := os.ReadFile("../../docs/scaling.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```sql\n")
	queries, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("there are none")
	}
	url := pgtest.Shared(t).Database(t)
	accept(t, openAt(t, url), event(1))
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for query := range strings.SplitSeq(strings.TrimSpace(queries), ";") {
		if _, err := conn.Exec(t.Context(), query); err != nil {
			t.Errorf("%s: %v", query, err)
		}
	}
}
