package render

// choiceFunctions choose by what is empty.
func choiceFunctions() map[string]function {
	empty := func(v any) bool { return !truth(v) }
	return map[string]function{
		"default": {func(usual any, given ...any) any {
			if len(given) == 0 || empty(given[0]) {
				return usual
			}
			return given[0]
		}, nothing},
		"coalesce": {func(all ...any) any {
			for _, v := range all {
				if truth(v) {
					return v
				}
			}
			return nil
		}, nothing},
		"empty": {empty, nothing},
		"all": {func(all ...any) bool {
			for _, v := range all {
				if empty(v) {
					return false
				}
			}
			return true
		}, nothing},
		"any": {func(all ...any) bool {
			for _, v := range all {
				if truth(v) {
					return true
				}
			}
			return false
		}, nothing},
		"ternary": {func(yes, no any, test bool) any {
			if test {
				return yes
			}
			return no
		}, nothing},
	}
}
