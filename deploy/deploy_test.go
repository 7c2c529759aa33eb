// Package deploy_test checks the systemd unit and its configuration. The checks of the
// chart, the Compose file and the image need other modules; they are in ./test.
package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge/config"
	"github.com/absorb-bridge/absorb-bridge/bridge/gateway"
)

const unit = "systemd/absorb-bridge.service"

// credentials is where systemd puts a unit's secrets.
const credentials = "/run/credentials/absorb-bridge.service"

// exposure is the highest score, of 100, that systemd's security review may give. It rates
// what a compromised service could still do.
const exposure = "15"

// TestUnit lets systemd read the unit. A program that exists on this machine replaces
// the bridge.
func TestUnit(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze is missing: apt-get install systemd")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	installed := strings.ReplaceAll(read(t, unit), "/usr/local/bin/absorb-bridge", self)
	file := filepath.Join(t.TempDir(), "absorb-bridge.service")
	write(t, file, installed)
	for _, args := range [][]string{
		{"verify", "--man=no", "--recursive-errors=no", file},
		{"security", "--no-pager", "--offline=true", "--threshold=" + exposure, file},
	} {
		out, err := exec.Command("systemd-analyze", args...).CombinedOutput()
		if err != nil {
			t.Errorf("systemd-analyze %s: %v\n%s", args[0], err, out)
		}
		if args[0] == "verify" && len(out) > 0 {
			t.Errorf("systemd-analyze verify warns:\n%s", out)
		}
	}
}

// TestUnitsOfTheManual lets systemd read the backup units of operations.md.
func TestUnitsOfTheManual(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze is missing: apt-get install systemd")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	units := regexp.MustCompile("(?s)```ini\n# /etc/systemd/system/(\\S+)\n(.*?)```").FindAllStringSubmatch(read(t, "../docs/operations.md"), -1)
	args := []string{"verify", "--man=no", "--recursive-errors=no"}
	for _, u := range units {
		file := filepath.Join(dir, u[1])
		write(t, file, strings.ReplaceAll(u[2], "/usr/local/sbin/absorb-bridge-backup", self))
		args = append(args, file)
	}
	if out, err := exec.Command("systemd-analyze", args...).CombinedOutput(); err != nil || len(out) > 0 || len(units) != 2 {
		t.Errorf("systemd-analyze: %d units: %v\n%s", len(units), err, out)
	}
}

// TestUnitConfiguration checks the unit's configuration with only the credentials that
// the unit loads.
func TestUnitConfiguration(t *testing.T) {
	dir := t.TempDir()
	var loaded, used []string
	for _, m := range regexp.MustCompile(`(?m)^LoadCredential=(\w+):/etc/absorb-bridge/credentials/(\w+)$`).FindAllStringSubmatch(read(t, unit), -1) {
		if m[1] != m[2] {
			t.Errorf("the credential %s is read from the file %s", m[1], m[2])
		}
		loaded = append(loaded, m[1])
		write(t, filepath.Join(dir, m[1]), "https://hooks.slack.com/services/T0/B0/"+m[1]+"\n")
	}
	text := read(t, "systemd/bridge.yaml")
	for _, m := range regexp.MustCompile(regexp.QuoteMeta("${file:"+credentials+"/")+`(\w+)}`).FindAllStringSubmatch(text, -1) {
		used = append(used, m[1])
	}
	if len(loaded) == 0 || !slices.Equal(loaded, used) {
		t.Errorf("the unit loads %q, the configuration uses %q", loaded, used)
	}
	file := filepath.Join(dir, "bridge.yaml")
	write(t, file, strings.ReplaceAll(text, credentials, dir))
	c, err := config.Load(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gateway.Build(c); err != nil {
		t.Error(err)
	}
	if len(c.Warnings) > 0 {
		t.Error(c.Warnings)
	}
	if c.Store != "/var/lib/absorb-bridge/bridge.db" {
		t.Errorf("the store %s is not in the unit's StateDirectory", c.Store)
	}
}

// TestEnvironmentExample checks that every variable belongs to the bridge or to Go.
func TestEnvironmentExample(t *testing.T) {
	environ := []string{}
	for _, line := range strings.Split(read(t, "systemd/environment.example"), "\n") {
		if assignment := regexp.MustCompile(`^# (\w+=\S+)$`).FindStringSubmatch(line); assignment != nil {
			environ = append(environ, assignment[1])
		}
	}
	c, err := config.Parse("bridge.yaml", []byte(`
sources: { production: { path: /absorb, secrets: [ a-secret-of-a-source ] } }
sinks: { log: { type: console } }
routes: [ { name: everything, events: [ "*" ], to: [ log ] } ]
`), environ)
	if err != nil || len(c.Warnings) > 0 || len(environ) == 0 || c.Log.Level != "debug" {
		t.Errorf("%d assignments: %v, %+v", len(environ), err, c)
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

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
