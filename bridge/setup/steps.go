package setup

import (
	"fmt"
	"net/url"
	"strings"
)

// Place says where the files were written.
type Place struct {
	Config string // its path
	Usual  bool   // commands find it without --config
	Env    string // path of the file with the variables, or "" if the user sets them elsewhere
}

// Steps returns the steps from the written files to the first message.
func (a Answers) Steps(f Files, at Place) string {
	var open []string
	for _, v := range f.Environment {
		if !v.Given && v.Name != "ABSORB_SECRET" {
			open = append(open, v.Name)
		}
	}
	flag := ""
	if !at.Usual {
		flag = " --config " + at.Config
	}
	use := "set the variables above in the environment"
	keep := "the environment as ABSORB_SECRET"
	if at.Env != "" {
		use, keep = fmt.Sprintf("set -a; . %s; set +a", dotted(at.Env)), at.Env+" as ABSORB_SECRET"
	}
	var s steps
	if a.API != "" {
		s.add("Set up Absorb's Integration API: docs/absorb-api.md shows where the key is and\n   how to create an administrator for the bridge.")
	}
	if len(open) > 0 && at.Env != "" {
		s.add("Replace the placeholders in %s: %s.", at.Env, strings.Join(open, ", "))
	}
	s.add("Send a sample message:\n     %s\n     absorb-bridge send%s --sink %s --event EnrollmentCompletedByLearner", use, flag, a.Sinks[0].Name)
	s.add(`Create the webhook in Absorb: as a system administrator open Account → Client Settings →
   Webhooks → New Webhook. Choose the events, enter the public URL of the bridge
     %s
   and save. Open the webhook again: now it shows its Secret Key. Copy it into
   %s. Your TLS proxy must pass the URL to port 8080.`, a.address(), keep)
	if a.API != "" && a.Login == ByOAuth {
		s.add("Log in to the API once, in a browser:\n     %s\n     absorb-bridge login production%s", use, flag)
	}
	s.add("Start the bridge:\n     %s\n     absorb-bridge check%s && absorb-bridge serve%s", use, flag, flag)
	s.add(`Press Test Webhook in the portal: it shows the bridge's answer, "reached absorb-bridge;
   …". The portal signs that request with a random value, so the bridge does not deliver
   it. To test the whole path without the portal, send a signed sample:
     absorb-bridge emit --url http://localhost:8080%s --secret "$ABSORB_SECRET" --event CertificateAwarded`, a.path())
	s.add("If something does not work:\n     absorb-bridge doctor%s --url %s", flag, a.address())
	return s.text.String()
}

type steps struct {
	text strings.Builder
	n    int
}

func (s *steps) add(format string, args ...any) {
	s.n++
	fmt.Fprintf(&s.text, "%d. "+format+"\n", append([]any{s.n}, args...)...)
}

// address returns the webhook's URL, or an example.
func (a Answers) address() string {
	u, err := url.Parse(a.URL)
	if err != nil || a.URL == "" {
		return "https://bridge.example.com" + a.path()
	}
	u.Path = a.path()
	return u.String()
}

// dotted returns a path that contains a slash, because a shell's dot command needs one.
func dotted(path string) string {
	if strings.Contains(path, "/") {
		return path
	}
	return "./" + path
}
