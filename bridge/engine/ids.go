package engine

import (
	"maps"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/value"
)

// otherIDs lists the ids of the webhook that the rest of a message does not show: a
// line for each, its key and the id. The message shows the ids that are given, by
// their keys or as they are, and it names what a part has a name for.
func otherIDs(s *Scope, shown ...string) (string, error) {
	event, _ := value.Get(s, "event").(map[string]any)
	inferred, _ := value.Get(s, "inferred").(map[string]any)
	seen := map[string]bool{}
	for _, key := range shown {
		seen[key], seen[foldID(event[key])], seen[foldID(key)] = true, true, true
	}
	if err := value.PerElement(96)(s.budget, []any{event}); err != nil {
		return "", err
	}
	none, each := KeysWithoutThing(), extent(s.facts)/8
	var lines []string
	keys := slices.AppendSeq(make([]string, 0, len(event)), maps.Keys(event))
	slices.Sort(keys)
	for _, key := range keys {
		if slices.Contains(none, key) {
			continue
		}
		if _, err := value.ReadText(s.budget, event[key], 16); err != nil {
			return "", err
		}
		id := foldID(event[key])
		if strings.Trim(id, "0-") == "" || seen[key] || seen[id] || inferred[key] != nil {
			continue
		}
		if len(lines) == maxOthers {
			lines = append(lines, "…")
			break
		}
		if err := s.budget.Steps(each); err != nil {
			return "", err
		}
		seen[id] = true
		written := value.TextOf(event[key])
		if name := value.NameByKey(s.facts, written); name == "" || name == written { // NameByKey leaves what it takes for no id as it is
			lines = append(lines, key+": "+bridge.CleanLine(written))
		}
	}
	return strings.Join(lines, "\n"), nil
}

// maxOthers bounds the ids that otherIDs lists.
const maxOthers = 50

// extent is how many keys called looks at.
func extent(facts map[string]any) (n int) {
	for _, part := range facts {
		m, _ := value.Plain(part).(map[string]any)
		n += len(m)
		for _, item := range value.Items(m) {
			one, _ := item.(map[string]any)
			n += 1 + len(one)
		}
	}
	return n
}

func foldID(v any) string { return strings.ToLower(strings.TrimSpace(value.TextOf(v))) }

// KeysWithoutThing are the keys of an event's facts that are the id of nothing that a reader
// could look up.
func KeysWithoutThing() []string {
	return append(bridge.PortalKeys(), "id", "type", "name", "occurredAt", "receivedAt", "body", "caughtUp", "clientId", "correlationId", "credits")
}
