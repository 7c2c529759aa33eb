// Package test checks the chart, the Compose file and the image with the programs and types
// that read them in use: Helm, Kubernetes, Compose and BuildKit. The bridge checks the
// configurations in them. It is a separate module, so that none of these is a dependency of
// the bridge.
package test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// programs are the programs that the tests run; TestMain builds them.
var programs struct{ dir, helm, bridge string }

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "absorb-bridge-deploy")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		programs.dir, programs.bridge = dir, filepath.Join(dir, "absorb-bridge")
		if _, err := run("go", "build", "-C", "../..", "-o", programs.bridge, "./cmd/absorb-bridge"); err != nil {
			fmt.Fprintln(os.Stderr, "build the bridge:", err)
			return 1
		}
		// The go command builds its modules' tools once and keeps them.
		if programs.helm, err = run("go", "tool", "-n", "helm"); err != nil {
			fmt.Fprintln(os.Stderr, "build helm:", err)
			return 1
		}
		return m.Run()
	}())
}

func run(name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
}

// secrets are the values that an operator fills in.
var secrets = map[string]string{
	"ABSORB_SECRET": "a-secret-of-a-source",
	"SLACK_URL":     "https://hooks.slack.com/services/T0/B0/x",
	"ADMIN_TOKEN":   "0123456789abcdef0123456789abcdef",
	"DATABASE_URL":  "postgres://bridge:p@database.example.com:5432/bridge?sslmode=verify-full",
}

// check lets the bridge check its configuration in an environment.
func check(t *testing.T, env map[string]string) {
	t.Helper()
	cmd := exec.Command(programs.bridge, "check")
	cmd.Env = []string{}
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	if out, err := cmd.CombinedOutput(); err != nil || strings.Contains(string(out), "overrides no key") {
		t.Errorf("%v\n%s", err, out)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
