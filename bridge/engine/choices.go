package engine

import "github.com/absorb-bridge/absorb-bridge/bridge/value"

// choiceFunctions choose by what is empty.
func choiceFunctions() map[string]function {
	empty := func(v any) bool { return !value.Truth(v) }
	return map[string]function{
		"default": {func(usual any, given ...any) any {
			if len(given) == 0 || empty(given[0]) {
				return usual
			}
			return given[0]
		}, value.Free},
		"coalesce": {func(all ...any) any {
			for _, v := range all {
				if value.Truth(v) {
					return v
				}
			}
			return nil
		}, value.Free},
		"empty": {empty, value.Free},
		"all": {func(all ...any) bool {
			for _, v := range all {
				if empty(v) {
					return false
				}
			}
			return true
		}, value.Free},
		"any": {func(all ...any) bool {
			for _, v := range all {
				if value.Truth(v) {
					return true
				}
			}
			return false
		}, value.Free},
		"ternary": {func(yes, no any, test bool) any {
			if test {
				return yes
			}
			return no
		}, value.Free},
	}
}
