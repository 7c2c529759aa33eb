package setup

import (
	"errors"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge/config"
	"github.com/absorb-bridge/absorb-bridge/sinks"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// load loads what was written, in an environment that has its variables alone.
func load(t *testing.T, f Files) *config.Config {
	t.Helper()
	var environ []string
	env, err := EnvFile(f.Environment)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(env) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(line, "#") {
			environ = append(environ, name+"="+strings.Replace(systemd(value), config.MadeUp, "filled in by an admin", 1))
		}
	}
	c, err := config.Parse("bridge.yaml", []byte(f.Config), environ)
	if err != nil {
		t.Fatalf("%v\n%s", err, f.Config)
	}
	if len(c.Warnings) > 0 {
		t.Errorf("warnings %q\n%s", c.Warnings, f.Config)
	}
	return c
}

// TestEveryType writes a sink of each type with nothing but what it cannot do
// without.
func TestEveryType(t *testing.T) {
	var all []Sink
	for _, name := range slices.Sorted(maps.Keys(sinks.Types())) {
		s := Sink{Name: "my-" + name, Type: name, Settings: map[string]string{}}
		for _, key := range s.Missing() {
			example := sinks.Types()[name].Example[key]
			if list, ok := example.([]any); ok {
				example = list[0]
			}
			s.Settings[key] = example.(string)
		}
		all = append(all, s)
		one := Answers{Sinks: []Sink{s}}
		f, err := one.Write()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if c := load(t, f); len(c.Sinks) != 1 || c.Sinks[0].Type != name || len(c.Routes) != 1 || c.Sources[0].API != nil {
			t.Errorf("%s: %+v", name, c)
		}
		for _, v := range f.Environment {
			if v.Name != "ABSORB_SECRET" && !strings.HasPrefix(v.Name, "MY_") {
				t.Errorf("%s: the variable %s", name, v.Name)
			}
		}
	}
	f, err := Answers{URL: "https://bridge.example.com/hooks/absorb", API: "sandbox-eu", Sinks: all}.Write()
	if err != nil {
		t.Fatal(err)
	}
	c := load(t, f)
	if len(c.Sinks) != len(all) || len(c.Routes) != 2 || c.Sources[0].Path != "/hooks/absorb" || c.Sources[0].API.Region != "sandbox-eu" {
		t.Errorf("%+v", c)
	}
	if !c.Routes[0].Story || c.Routes[1].Story || !slices.Equal(c.Routes[1].To, []string{"my-webhook"}) {
		t.Errorf("routes %+v", c.Routes)
	}
}

// TestEveryNeedIsAskedFor holds sink types to questions for what they need.
func TestEveryNeedIsAskedFor(t *testing.T) {
	for name, typ := range sinks.Types() {
		for _, f := range kit.Fields(typ.Config) {
			if (f.Need == "") != (f.Ask == "") || f.Key == "" {
				t.Errorf("%s.%s: need %q, ask %q", name, f.Key, f.Need, f.Ask)
			}
		}
	}
}

func TestInterview(t *testing.T) {
	var out strings.Builder
	i := NewInterview(strings.NewReader(strings.Join([]string{
		"bridge.example.com", "https://bridge.example.com/absorb", // a slip, then right
		"mars", "eu", "saml", "oauth", "", "acme.myabsorb.com", "https://me@acme.myabsorb.eu", "https://acme.myabsorb.eu/#/dashboard", "maybe", "y",
		"slak", "slack, email, slack, discord",
		"Team", "academy", "not a url", "https://hooks.slack.com/services/T0/B0/x",
		"hr", "mail.example.com", "smtp://mail.example.com", "lms", "a 'secret' of mine", "nobody", "LMS <lms@example.com>", "hr@example.com, boss@example.com",
		"academy", "guests", "", "xoxb-1-2", "#guests", // the name is taken; a bot
		"", "", "", // the defaults, to be filled in later
	}, "\n")+"\n"), &out)
	var a Answers
	var err error
	var keep bool
	if a.URL, err = i.URL(); err == nil {
		if a.API, err = i.API(); err == nil {
			a.Login, err = i.Login()
		}
		if err == nil {
			a.Portal, err = i.Portal(true)
		}
		if err == nil {
			if keep, err = i.YesNo("Keep?"); err == nil {
				a.Sinks, err = i.Sinks(keep)
			}
		}
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for _, want := range []string{
		"want a whole URL", "want a region", "want password or oauth", "the login needs the portal's address", "want the portal's address, such as", "leave out the user name", "want yes or no", `did you mean "slack"?`, "lower-case letters", "want a URL like https://hooks.slack.com",
		"want smtps://HOST", "want one address", "there is a sink named", "[discord]",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it never says %q", want)
		}
	}
	f, err := a.Write()
	if err != nil {
		t.Fatal(err)
	}
	c := load(t, f)
	if api := c.Sources[0].API; api.OAuth == nil || api.Username != "" || api.OAuth.TokenURL != "https://acme.myabsorb.eu/oauth/token" {
		t.Errorf("the API is %+v", api)
	}
	names := []string{}
	for _, s := range c.Sinks {
		names = append(names, s.Name+" "+s.Type)
	}
	if !slices.Equal(names, []string{"academy slack", "hr email", "guests slack", "discord discord"}) {
		t.Errorf("sinks %q", names)
	}
	if c.Sinks[2].Settings["channel"] != "#guests" || c.Sinks[1].Settings["smtp"] != "smtp://mail.example.com" || len(c.Sinks[1].Settings["to"].([]any)) != 2 {
		t.Errorf("%+v", c.Sinks)
	}
	for _, secret := range []string{"services/T0", "a 'secret'", "xoxb-1-2"} {
		if strings.Contains(f.Config, secret) {
			t.Errorf("the configuration holds %q:\n%s", secret, f.Config)
		}
	}
	if env, err := EnvFile(f.Environment); err != nil || !strings.Contains(env, `HR_PASSWORD="a 'secret' of mine"`) || !strings.Contains(env, "GUESTS_TOKEN='xoxb-1-2'") {
		t.Errorf("the environment is\n%s", env)
	}
	steps := a.Steps(f, Place{Config: "bridge.yaml", Usual: true, Env: ".env"})
	for _, want := range []string{"https://bridge.example.com/absorb\n", ". ./.env;", "DISCORD_WEBHOOK_URL.\n", "send --sink academy ", "localhost:8080/absorb", "docs/absorb-api.md", "absorb-bridge login production\n", "ABSORB_OAUTH_SECRET"} {
		if !strings.Contains(steps, want) {
			t.Errorf("%q is not in the steps:\n%s", want, steps)
		}
	}
	if strings.Contains(steps, "HR_PASSWORD") {
		t.Errorf("what was given is to be filled in:\n%s", steps)
	}
}

func TestInterviewEnds(t *testing.T) {
	if _, err := NewInterview(strings.NewReader("nonsense\n"), io.Discard).URL(); !errors.Is(err, ErrEnded) {
		t.Error(err)
	}
}

// TestStepsAreTheReadmes compares the words.
func TestStepsAreTheReadmes(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	flat := func(s string) string { return strings.Join(strings.Fields(strings.ReplaceAll(s, "*", "")), " ") }
	steps := flat(Answers{Sinks: []Sink{{Name: "a", Type: "console"}}}.Steps(Files{}, Place{Config: "x.yaml"}))
	for _, words := range []string{
		"Send a sample message", "Create the webhook in Absorb", "as a system administrator open Account → Client Settings → Webhooks → New Webhook. Choose the events, enter the public URL of the bridge",
		"and save. Open the webhook again: now it shows its Secret Key. Copy it", "Start the bridge:", "Press Test Webhook in the portal: it shows the bridge's answer",
		"The portal signs that request with a random value, so the bridge does not deliver it",
	} {
		if !strings.Contains(flat(string(readme)), words) {
			t.Errorf("the readme does not say %q", words)
		}
		if !strings.Contains(steps, words) {
			t.Errorf("the steps do not say %q:\n%s", words, steps)
		}
	}
}

func TestSet(t *testing.T) {
	for text, want := range map[string]string{
		"hr.smtp": "NAME.KEY=VALUE", "hr=x": "NAME.KEY=VALUE", "nobody.smtp=x": `no sink named "nobody": add it with --sink`, "hr.stmp=x": `did you mean "smtp"?`,
		"hr.smtp=mail": "want smtps://HOST", "hr.password=hunter2": "${HR_PASSWORD}", "hr.smtp=smtp://mail.example.com": "", "hr.password=${PW}": "", "hr.to=a@example.com,b@example.com": "",
	} {
		a := Answers{Sinks: []Sink{{Name: "hr", Type: "email", Settings: map[string]string{}}}}
		err := a.Set(text)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("a secret is shown: %v", err)
		}
	}
}

func TestVariablesDoNotCollide(t *testing.T) {
	for sink, want := range map[string]string{"academy": "ACADEMY_KEY", "my-team": "MY_TEAM_KEY", "bridge": "SINK_BRIDGE_KEY", "absorb_api": "SINK_ABSORB_API_KEY", "1st": "SINK_1ST_KEY"} {
		if got := variable(sink, "key"); got != want {
			t.Errorf("%s: %s", sink, got)
		}
	}
	if CheckName("my_team", []Sink{{Name: "my-team"}}) == nil {
		t.Error("two sinks have one variable")
	}
}
