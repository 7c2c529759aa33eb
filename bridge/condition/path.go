package condition

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/expr-lang/expr/types"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// Path checks the path of a fact, such as user.emailAddress or user.customFields.*, in
// which a star stands for every key. The error says what is wrong.
func (s Schema) Path(text string) error {
	steps := strings.Split(text, ".")
	if slices.Contains(steps, "") || strings.ContainsAny(text, " \t[]\"'") {
		return fmt.Errorf("want a path such as user.emailAddress or event.body.*, have %q", text)
	}
	part, ok := s.parts[steps[0]]
	if !ok && !s.open {
		return fmt.Errorf("no part named %q: no template looks it up%s", steps[0], bridge.DidYouMean(steps[0], slices.Collect(maps.Keys(s.parts))))
	}
	shape, known := part.(types.Map)
	if len(steps) == 1 || !known || steps[1] == "*" || shape[steps[1]] != nil {
		return nil
	}
	if steps[0] == "event" && (strings.HasSuffix(steps[1], "Id") || strings.HasSuffix(steps[1], "Ids")) {
		return nil
	}
	return fmt.Errorf("%s has no field named %q%s", steps[0], steps[1], bridge.DidYouMean(steps[1], slices.Collect(maps.Keys(shape))))
}
