package setup

import (
	"fmt"
	"strings"
	"unicode"
)

// EnvFile is the variables in a form that a shell, systemd's EnvironmentFile and
// Compose read alike.
func EnvFile(all []Variable) (string, error) {
	var b strings.Builder
	for _, v := range all {
		if v.About != "" {
			fmt.Fprintf(&b, "# %s\n", v.About)
		}
		value, ok := envQuote(v.Value)
		if !ok {
			return "", fmt.Errorf("the value of %s has a line break, a control character, or quotes or backslashes beside a backquote: no file of variables can have it; put it into a file of its own, and write ${file:PATH} in the configuration", v.Name)
		}
		fmt.Fprintf(&b, "%s=%s\n", v.Name, value)
	}
	return b.String(), nil
}

var inDoubleQuotes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`)

// envQuote quotes a value. Between single quotes all three readers take everything as
// it is, but for a quote; of a backslash some make more. Between double quotes all
// know the same escapes, but Compose none of a backquote.
func envQuote(value string) (string, bool) {
	switch {
	case strings.ContainsFunc(value, unicode.IsControl):
		return "", false
	case !strings.ContainsAny(value, `'\`):
		return "'" + value + "'", true
	case !strings.Contains(value, "`"):
		return `"` + inDoubleQuotes.Replace(value) + `"`, true
	}
	return "", false
}
