package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// useEnvFile sets the variables of a file as a shell would.
func useEnvFile(t *testing.T, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "='"); ok && !strings.HasPrefix(line, "#") {
			t.Setenv(name, strings.TrimSuffix(value, "'"))
		}
	}
}

func TestInitByFlags(t *testing.T) {
	t.Chdir(t.TempDir())
	do(t, "init").want(t, 2, "--sink TYPE", "--help")
	do(t, "init --sink slak --url nowhere --api mars").want(t, 2, `did you mean "slack"?`, "--url: want a whole URL", "--api: want a region")
	do(t, "init --sink hr=email").want(t, 2, "sink hr needs smtp, from, to", "--set hr.smtp=")
	do(t, "init --sink slack --set slack.webhook_url=https://hooks.slack.com/services/x").want(t, 2, "${SLACK_WEBHOOK_URL}")
	do(t, "init --sink console --api us --api-login saml --portal acme").want(t, 2, "--api-login: want password or oauth", "--portal: want the portal's address")
	do(t, "init --sink console --api us --api-login oauth").want(t, 2, "oauth needs the portal's address")
	if left, _ := os.ReadDir("."); len(left) > 0 {
		t.Fatalf("a command that failed wrote %v", left)
	}

	do(t, "init --sink academy=slack --sink crm=webhook --sink hr=email --set hr.smtp=smtps://mail.example.com --set hr.from=lms@example.com --set hr.to=hr@example.com"+
		" --set hr.username=${MAIL_USER} --api us --url https://bridge.example.com/absorb --env-file secrets.env").
		want(t, 0, "wrote bridge.yaml", "wrote bridge.schema.json", "wrote secrets.env", "https://bridge.example.com/absorb", ". ./secrets.env", "--sink academy")
	info, err := os.Stat("secrets.env")
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file with secrets is %v, %v", info.Mode(), err)
	}
	env, err := os.ReadFile("secrets.env")
	if err != nil || !strings.Contains(string(env), "MAIL_USER=") || !strings.Contains(string(env), "HR_PASSWORD=") {
		t.Errorf("%v\n%s", err, env)
	}
	useEnvFile(t, string(env))
	do(t, "check").want(t, 0, "bridge.yaml is valid: 1 source, 3 sinks, 2 routes")

	before, _ := os.ReadFile("bridge.yaml")
	do(t, "init --sink console").want(t, 1, "bridge.yaml exists already", "--force")
	do(t, "init --sink console --config other.yaml --env-file secrets.env").want(t, 1, "secrets.env exists already")
	if after, _ := os.ReadFile("bridge.yaml"); !bytes.Equal(before, after) {
		t.Error("the configuration was overwritten")
	}
	do(t, "init --sink console --force --api us --api-login oauth --portal https://acme.myabsorb.com/ --env-file secrets.env").want(t, 0, "login production")
	if env, err = os.ReadFile("secrets.env"); err != nil {
		t.Fatal(err)
	}
	useEnvFile(t, string(env))
	do(t, "check").want(t, 0, "absorb-bridge login production")
	do(t, "init --sink console --force").want(t, 0, "ABSORB_SECRET='replace-me'")
	do(t, "check").want(t, 0, "1 source, 1 sink, 1 route")
}

// TestInitByAnswers has somebody at the keyboard.
func TestInitByAnswers(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	ask := func(answers string, args ...string) result {
		var out, errs bytes.Buffer
		root := rootCommand()
		root.SetArgs(append([]string{"init"}, args...))
		root.SetIn(strings.NewReader(answers))
		root.SetOut(&out)
		root.SetErr(&errs)
		code := exitDone
		if err := root.ExecuteContext(t.Context()); err != nil {
			code = exitFailed
			errs.WriteString(err.Error())
		}
		return result{code, out.String(), errs.String()}
	}
	ask("\n").want(t, 1, "the input ended", "flags can answer too")
	const url = "https://hooks.slack.com/services/T0/B0/typed-secret"
	r := ask("\nnone\nhttps://acme.myabsorb.com/#/dashboard?x=1\nyes\nslack\nacademy\n" + url + "\n")
	r.want(t, 0, "wrote .env", "Create the webhook in Absorb")
	if strings.Contains(r.out+r.errors, "typed-secret") {
		t.Error("a secret is printed")
	}
	env, err := os.ReadFile(filepath.Join(dir, ".env"))
	if err != nil || !strings.Contains(string(env), "ACADEMY_WEBHOOK_URL='"+url+"'") {
		t.Errorf("%v\n%s", err, env)
	}
	useEnvFile(t, string(env))
	do(t, "check").want(t, 0, "is valid")
	if written, err := os.ReadFile("bridge.yaml"); err != nil || !strings.Contains(string(written), "portal: \"https://acme.myabsorb.com\"\n") {
		t.Errorf("the portal's address is not there: %v\n%s", err, written)
	}
	ask("us\noauth\n\nhttps://acme.myabsorb.com\n", "--force", "--url", "", "--env-file", ".env", "--sink", "console").want(t, 0, "docs/absorb-api.md", "login production")
	ask("\n", "--force", "--url", "", "--api", "none", "--env-file", ".env", "--sink", "console").want(t, 0, "wrote bridge.yaml")
}
