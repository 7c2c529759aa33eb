package setup

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestEnvFile reads back what is written as the three do who read such a file.
func TestEnvFile(t *testing.T) {
	values := []string{
		"plain", "a$b#c \"q\" `x`", "a'b", `a'b$c\d"e`, `ends\`, `\n\t$x`, `"x"`, "'x'", "$$", "${X}", "$(false)", "a # b'", " blanks ' around ", `\\'`, `a\'b`, "!'!", "%'%", "Zürich's", "#", "=", "",
	}
	file := filepath.Join(t.TempDir(), "env")
	for _, value := range values {
		text, err := EnvFile([]Variable{{Name: "A", Value: value, About: "it's \"one\""}, {Name: "B", Value: "last"}})
		if err != nil {
			t.Errorf("%q: %v", value, err)
			continue
		}
		_, quoted, _ := strings.Cut(text, "A=")
		quoted, _, _ = strings.Cut(quoted, "\n")
		for reader, read := range map[string]func(string) string{"systemd": systemd, "Compose": compose} {
			if have := read(quoted); have != value {
				t.Errorf("%s reads %s as %q, want %q", reader, quoted, have, value)
			}
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := exec.LookPath("sh"); err != nil {
			continue // the other two still count
		}
		if have, err := exec.Command("sh", "-c", `. "$0"; printf %s "$A$B"`, file).Output(); err != nil || string(have) != value+"last" {
			t.Errorf("a shell reads %s as %q, %v", quoted, have, err)
		}
	}
	for _, value := range []string{"a\nb", "a\rb", "\x00", "'`", "\\`"} {
		if _, err := EnvFile([]Variable{{Name: "A", Value: value}}); err == nil || !strings.Contains(err.Error(), "${file:") || strings.Contains(err.Error(), value) {
			t.Errorf("%q: %v", value, err)
		}
	}
}

// systemd reads a quoted value as systemd.exec(5) says of EnvironmentFile: nothing is
// special between single quotes; between double quotes a backslash escapes what a
// shell needs escaped.
func systemd(quoted string) string {
	if inner, ok := strings.CutPrefix(quoted, "'"); ok {
		return strings.TrimSuffix(inner, "'")
	}
	return unescape(quoted[1:len(quoted)-1], "\"\\`$")
}

// compose reads a quoted value as Compose does: between single quotes a backslash
// keeps a quote from ending it; between double quotes there are escapes of letters,
// too, and variables.
func compose(quoted string) string {
	if inner, ok := strings.CutPrefix(quoted, "'"); ok {
		if strings.Contains(inner, `\`) {
			return "read otherwise by some versions"
		}
		return strings.TrimSuffix(inner, "'")
	}
	inner := quoted[1 : len(quoted)-1]
	for i := 0; i < len(inner); i++ {
		switch inner[i] {
		case '$':
			return "the value of a variable"
		case '\\':
			if i++; !strings.ContainsRune(`"\$`, rune(inner[i])) {
				return "an escape"
			}
		}
	}
	return unescape(inner, `"\$`)
}

func unescape(s, escaped string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && strings.IndexByte(escaped, s[i+1]) >= 0 {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
