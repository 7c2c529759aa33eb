package setup

import (
	"fmt"
	"strings"
	"unicode"
)

// EnvFile returns the variables in a form that a shell, systemd's EnvironmentFile and
// Compose read in the same way.
func EnvFile(all []Variable) (string, error) {
	var b strings.Builder
	for _, v := range all {
		if v.About != "" {
			fmt.Fprintf(&b, "# %s\n", v.About)
		}
		value, ok := envQuote(v.Value)
		if !ok {
			return "", fmt.Errorf("the value of %s has a line break, a control character, or a backquote together with a quote or a backslash, which a file of variables cannot contain; put the value into its own file, and write ${file:PATH} in the configuration", v.Name)
		}
		fmt.Fprintf(&b, "%s=%s\n", v.Name, value)
	}
	return b.String(), nil
}

var inDoubleQuotes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`)

// envQuote quotes a value. Single quotes are safe in all three readers, except for a
// single quote and a backslash, which some readers interpret. In double quotes all know
// the same escapes, but Compose has none for a backquote.
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
