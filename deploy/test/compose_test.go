package test

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// TestCompose parses the file with Compose's own loader, with the variables of the
// example.
func TestCompose(t *testing.T) {
	p := compose(t)
	for name, s := range p.Services {
		if !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) || !slices.Equal(s.SecurityOpt, []string{"no-new-privileges:true"}) {
			t.Errorf("%s has rights: %v %v %v", name, s.ReadOnly, s.CapDrop, s.SecurityOpt)
		}
		if user, _, _ := strings.Cut(s.User, ":"); user == "" || user == "0" || user == "root" {
			t.Errorf("%s runs as %q", name, s.User)
		}
		for needed, d := range s.DependsOn {
			if p.Services[needed].HealthCheck == nil || d.Condition != types.ServiceConditionHealthy {
				t.Errorf("%s does not wait until %s is well", name, needed)
			}
		}
	}
	bridge := p.Services["bridge"]
	if *bridge.Deploy.Replicas != 2 || len(bridge.Ports) > 0 || bridge.ContainerName != "" {
		t.Errorf("the bridge cannot run twice: %+v", bridge)
	}
	if len(p.Services["postgres"].Ports) > 0 || !p.Networks["store"].Internal {
		t.Error("the database can be reached from outside")
	}
}

// TestComposeConfiguration checks the bridge's configuration as its container sees it.
func TestComposeConfiguration(t *testing.T) {
	bridge := compose(t).Services["bridge"]
	config := bridge.Volumes[0]
	if config.Target != "/etc/absorb-bridge" || !config.ReadOnly {
		t.Fatalf("%+v", config)
	}
	file := filepath.Join(config.Source, "bridge.yaml")
	if !strings.Contains(read(t, file), `store: "postgres://bridge:${POSTGRES_PASSWORD}@postgres:5432/bridge`) {
		t.Error("the store is not the database of the compose file")
	}
	env := map[string]string{"BRIDGE_CONFIG": file}
	for name, value := range bridge.Environment {
		if value != nil {
			env[name] = *value
		}
	}
	check(t, env)
}

func compose(t *testing.T) *types.Project {
	t.Helper()
	dir := t.TempDir()
	filled := maps.Clone(secrets)
	filled["POSTGRES_PASSWORD"] = "0123456789abcdef"
	var env strings.Builder
	for _, line := range strings.Split(read(t, "../compose/.env.example"), "\n") {
		if name, ok := strings.CutSuffix(line, "="); ok {
			if filled[name] == "" {
				t.Errorf("nothing is known of %s", name)
			}
			line += filled[name]
		}
		env.WriteString(line + "\n")
	}
	write(t, filepath.Join(dir, "compose.yaml"), read(t, "../compose/compose.yaml"))
	write(t, filepath.Join(dir, ".env"), env.String())
	o, err := cli.NewProjectOptions([]string{filepath.Join(dir, "compose.yaml")}, cli.WithWorkingDirectory(dir), cli.WithEnvFiles(), cli.WithDotEnv)
	if err != nil {
		t.Fatal(err)
	}
	p, err := o.LoadProject(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	s := p.Services["bridge"]
	s.Volumes[0].Source = strings.Replace(s.Volumes[0].Source, dir, "../compose", 1)
	return p
}
