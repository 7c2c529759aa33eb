package setup

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/sinks"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// ErrEnded means that the input ended before all questions were answered.
var ErrEnded = errors.New("the input ended before the last question")

// Interview asks questions, one per line, and reads the answers. It repeats a question
// until the answer is valid.
type Interview struct {
	in  *bufio.Scanner
	out io.Writer
}

// NewInterview writes questions to out and reads answers from in.
func NewInterview(in io.Reader, out io.Writer) *Interview {
	return &Interview{bufio.NewScanner(in), out}
}

// ask repeats a question until check accepts the answer. An empty answer means the
// fallback.
func (i *Interview) ask(question, fallback string, check func(string) error) (string, error) {
	if fallback != "" {
		question += " [" + fallback + "]"
	}
	for {
		fmt.Fprintf(i.out, "%s: ", question)
		if !i.in.Scan() {
			fmt.Fprintln(i.out)
			return "", errors.Join(ErrEnded, i.in.Err())
		}
		answer := strings.TrimSpace(i.in.Text())
		if answer == "" {
			answer = fallback
		}
		err := check(answer)
		if err == nil {
			return answer, nil
		}
		fmt.Fprintf(i.out, "  %v\n", err)
	}
}

// URL asks for the public URL of the webhook.
func (i *Interview) URL() (string, error) {
	return i.ask("What is the public URL of the bridge, such as https://bridge.example.com/absorb? (Enter: not known yet)", "", CheckURL)
}

// API asks for the Integration API.
func (i *Interview) API() (string, error) {
	answer, err := i.ask("Which region is the portal's Integration API in: us, ca, eu, au, sandbox-us, …? Its URL works too. The API turns ids into names. (Enter: no API)", "", func(s string) error {
		return CheckAPI(noneIsEmpty(s))
	})
	return noneIsEmpty(answer), err
}

// Login asks how the bridge logs in to the API.
func (i *Interview) Login() (string, error) {
	return i.ask("How does the bridge log in to the API: password (user name and password of an administrator), or oauth (Absorb recommends it; you log in once, in a browser)?", ByPassword, CheckLogin)
}

// Portal asks for the portal's address. If it is needed, the answer must not be empty.
func (i *Interview) Portal(needed bool) (string, error) {
	question := "What is the portal's address in a browser, such as https://acme.myabsorb.com?"
	if !needed {
		question += " (Enter: not known yet; messages then have no links)"
	}
	answer, err := i.ask(question, "", func(s string) error {
		address, err := PortalOf(s)
		if err == nil && address == "" && needed {
			err = errors.New("the login needs the portal's address")
		}
		return err
	})
	if err != nil {
		return "", err
	}
	return PortalOf(answer)
}

func noneIsEmpty(s string) string {
	if s == "none" || s == "no" {
		return ""
	}
	return s
}

// YesNo asks a question whose default answer is yes.
func (i *Interview) YesNo(question string) (bool, error) {
	answer, err := i.ask(question, "yes", func(s string) error {
		if !slices.Contains([]string{"y", "yes", "n", "no"}, strings.ToLower(s)) {
			return errors.New("want yes or no")
		}
		return nil
	})
	return strings.HasPrefix(strings.ToLower(answer), "y"), err
}

// Sinks asks for the destinations of messages. It asks for secrets only if there is a
// place to keep them.
func (i *Interview) Sinks(secrets bool) (all []Sink, err error) {
	types := slices.Sorted(maps.Keys(sinks.Types()))
	answer, err := i.ask("Where should messages go? Choose one or more, separated by commas: "+strings.Join(types, ", "), "console", func(s string) error {
		var errs []error
		for _, name := range listOf(s) {
			errs = append(errs, CheckType(name.(string)))
		}
		return errors.Join(errs...)
	})
	if err != nil {
		return nil, err
	}
	for _, name := range listOf(answer) {
		s := Sink{Type: name.(string), Settings: map[string]string{}}
		free := s.Type
		for n := 2; CheckName(free, all) != nil; n++ {
			free = fmt.Sprintf("%s%d", s.Type, n)
		}
		if s.Name, err = i.ask("Name of the "+s.Type+" sink", free, func(n string) error { return CheckName(n, all) }); err != nil {
			return nil, err
		}
		if err := i.Settings(&s, secrets); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// Settings asks for the needed settings that a sink does not have yet.
func (i *Interview) Settings(s *Sink, secrets bool) error {
	for _, f := range kit.Fields(sinks.Types()[s.Type].Config) {
		if f.Ask == "" || s.Settings[f.Key] != "" || f.Secret && !secrets || !s.wants(f) {
			continue
		}
		empty := f.Secret || f.Need == "perhaps" || f.Or() != ""
		question := s.Name + ": " + f.Ask
		switch {
		case f.Need == "perhaps":
			question += " (Enter: none)"
		case f.Or() != "" && s.Settings[f.Or()] == "" && s.first(f):
			question += " (Enter: fill it in later, or give " + f.Or() + " next)"
		case f.Secret:
			question += " (Enter: fill it in later)"
		}
		answer, err := i.ask(question, "", func(answer string) error {
			if answer == "" && empty {
				return nil
			}
			return CheckSetting(s.Type, f.Key, answer)
		})
		if err != nil {
			return err
		}
		s.Settings[f.Key] = answer
	}
	return nil
}

// wants reports whether to ask for a setting, given the previous answers.
func (s *Sink) wants(f kit.Field) bool {
	switch {
	case f.With() != "":
		return s.Settings[f.With()] != ""
	case f.Or() != "":
		return s.Settings[f.Or()] == ""
	}
	return f.Need != ""
}

// first reports whether a setting comes before its alternative.
func (s *Sink) first(f kit.Field) bool {
	for _, other := range kit.Fields(sinks.Types()[s.Type].Config) {
		if other.Key == f.Key || other.Key == f.Or() {
			return other.Key == f.Key
		}
	}
	return false
}
