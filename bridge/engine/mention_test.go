package engine

import (
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

func TestAddressesThatCannotBeMentioned(t *testing.T) {
	for _, email := range []any{nil, 5, "", "ann", "@x", "ann@", "a b@example.com", "a@b>", `a"b@example.com`, "a|b@c", "a\u202Eb@c.example", strings.Repeat("x", 300) + "@y.example"} {
		people := []bridge.Person{}
		s := NewScope(t.Context(), nil)
		s.People = &people
		got := mention(s, map[string]any{"firstName": "Ann", "emailAddress": email})
		if got != "Ann" || len(people) != 0 {
			t.Errorf("%v: %v, %+v", email, got, people)
		}
	}
}
