package setup

import (
	"fmt"
	"net/url"
	"strings"
)

// Place is where the files were written.
type Place struct {
	Config string // its path
	Usual  bool   // commands find it without --config
	Env    string // path of the file with the variables, or "" when they are to be exported
}

// Steps says what to do next, to the first message.
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
		s.add("Set up Absorb's Integration API: docs/absorb-api.md shows where the key is, how to make\n   an administrator for the bridge, and each other click.")
	}
	if len(open) > 0 && at.Env != "" {
		s.add("Fill in what is made up in %s: %s.", at.Env, strings.Join(open, ", "))
	}
	s.add("See what it will say:\n     %s\n     absorb-bridge send%s --sink %s --event EnrollmentCompletedByLearner", use, flag, a.Sinks[0].Name)
	s.add(`Make the webhook in Absorb: as a system administrator open Account → Client Settings →
   Webhooks → New Webhook. Choose the events, give the URL
     %s
   under which the internet reaches the bridge (a TLS proxy in front passes it to port
   8080), and save. Open the webhook again: now it shows its Secret Key. Copy it into
   %s.`, a.address(), keep)
	if a.API != "" && a.Login == ByOAuth {
		s.add("Log in to the API, once, in a browser:\n     %s\n     absorb-bridge login production%s", use, flag)
	}
	s.add("Start it:\n     %s\n     absorb-bridge check%s && absorb-bridge serve%s", use, flag, flag)
	s.add(`Press Test Webhook in the portal: it shows the bridge's answer, "reached absorb-bridge;
   …". That request is signed with a random value, so it is not delivered. To try the
   whole way without the portal, sign and send a sample:
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

// address is the webhook's URL, or one that shows its form.
func (a Answers) address() string {
	u, err := url.Parse(a.URL)
	if err != nil || a.URL == "" {
		return "https://bridge.example.com" + a.path()
	}
	u.Path = a.path()
	return u.String()
}

// dotted is a path as a shell's dot wants it: with a slash in it.
func dotted(path string) string {
	if strings.Contains(path, "/") {
		return path
	}
	return "./" + path
}
