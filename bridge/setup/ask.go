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

// ErrEnded is that nobody answers any more.
var ErrEnded = errors.New("the input ended before the last question")

// Interview asks questions, one a line, and reads the answers. A question is asked
// again until its answer will do.
type Interview struct {
	in  *bufio.Scanner
	out io.Writer
}

// NewInterview asks on out and reads from in.
func NewInterview(in io.Reader, out io.Writer) *Interview {
	return &Interview{bufio.NewScanner(in), out}
}

// ask asks until check is content with the answer, or with the fallback when the
// answer is empty.
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

// URL asks where the internet reaches the bridge.
func (i *Interview) URL() (string, error) {
	return i.ask("Under which URL does the internet reach the bridge, such as https://bridge.example.com/absorb? (Enter: not known yet)", "", CheckURL)
}

// API asks for the Integration API.
func (i *Interview) API() (string, error) {
	answer, err := i.ask("Which region is the portal in, for names instead of ids: us, ca, eu, au, sandbox-us, …, or the API's URL? (Enter: no API)", "", func(s string) error {
		return CheckAPI(noneIsEmpty(s))
	})
	return noneIsEmpty(answer), err
}

// Login asks how the bridge logs in to the API.
func (i *Interview) Login() (string, error) {
	return i.ask("How does the bridge log in to the API: password (user name and password of an administrator), or oauth (Absorb recommends it; you log in once, in a browser)?", ByPassword, CheckLogin)
}

// Portal asks where the portal is. Where that is needed, Enter is no answer.
func (i *Interview) Portal(needed bool) (string, error) {
	question := "Which address does the portal have in a browser, such as https://acme.myabsorb.com?"
	if !needed {
		question += " (Enter: not known yet; messages then link to nothing)"
	}
	answer, err := i.ask(question, "", func(s string) error {
		address, err := PortalOf(s)
		if err == nil && address == "" && needed {
			err = errors.New("the login needs it")
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

// YesNo asks a question that Enter answers with yes.
func (i *Interview) YesNo(question string) (bool, error) {
	answer, err := i.ask(question, "yes", func(s string) error {
		if !slices.Contains([]string{"y", "yes", "n", "no"}, strings.ToLower(s)) {
			return errors.New("want yes or no")
		}
		return nil
	})
	return strings.HasPrefix(strings.ToLower(answer), "y"), err
}

// Sinks asks where messages go. Secrets are asked for if there is a place to keep
// them.
func (i *Interview) Sinks(secrets bool) (all []Sink, err error) {
	types := slices.Sorted(maps.Keys(sinks.Types()))
	answer, err := i.ask("Where should messages go? One or more of "+strings.Join(types, ", ")+", with commas", "console", func(s string) error {
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

// Settings asks for what a sink needs and does not have yet.
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

// wants tells whether a setting is to be asked for after those before it.
func (s *Sink) wants(f kit.Field) bool {
	switch {
	case f.With() != "":
		return s.Settings[f.With()] != ""
	case f.Or() != "":
		return s.Settings[f.Or()] == ""
	}
	return f.Need != ""
}

// first tells whether a setting comes before the one that may take its place.
func (s *Sink) first(f kit.Field) bool {
	for _, other := range kit.Fields(sinks.Types()[s.Type].Config) {
		if other.Key == f.Key || other.Key == f.Or() {
			return other.Key == f.Key
		}
	}
	return false
}
