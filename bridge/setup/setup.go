// Package setup writes a first bridge.yaml from a few answers. The file contains only
// what was chosen, with comments, and references to variables instead of secrets.
package setup

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/sinks"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Answers are the choices for the new configuration.
type Answers struct {
	URL    string // public URL of the webhook, or "" if it is not known yet
	API    string // a region, the address of an API, or "" for none
	Login  string // to the API: ByPassword (or "") or ByOAuth
	Portal string // its address, needed for ByOAuth; "" if it is not known yet
	Sinks  []Sink
}

// The ways to log in to an API.
const (
	ByPassword = "password"
	ByOAuth    = "oauth"
)

// Sink is one destination of messages.
type Sink struct {
	Name, Type string
	Settings   map[string]string // lists are separated by commas; secrets become variables
}

// defaultPath is the webhook's path while the URL is not known.
const defaultPath = "/absorb"

// path returns the webhook's path.
func (a Answers) path() string {
	if u, err := url.Parse(a.URL); err == nil && len(u.Path) > 1 {
		return u.Path
	}
	return defaultPath
}

// CheckURL accepts a webhook's URL, or "".
func CheckURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case text == "":
		return nil
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("want a whole URL such as https://bridge.example.com/absorb, have %q", text)
	case u.RawQuery != "" || u.Fragment != "" || u.User != nil || strings.ContainsAny(u.Path, " ?#"):
		return errors.New("want a URL that ends with its path, such as https://bridge.example.com/absorb")
	}
	return nil
}

// CheckAPI accepts a region, the URL of an API, or "".
func CheckAPI(text string) error {
	if _, known := absorb.BaseURL(text); known || text == "" {
		return nil
	}
	if u, err := url.Parse(text); err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http") {
		return nil
	}
	return fmt.Errorf("want a region (us, ca, eu or au, or the sandbox of one, such as sandbox-us) or the API's URL, have %q", text)
}

// CheckLogin accepts ByPassword and ByOAuth.
func CheckLogin(text string) error {
	if text != ByPassword && text != ByOAuth {
		return fmt.Errorf("want %s or %s, have %q", ByPassword, ByOAuth, text)
	}
	return nil
}

// PortalOf returns the address of a portal, given the address of any of its pages. For
// "" it returns "".
func PortalOf(text string) (string, error) {
	u, err := url.Parse(text)
	switch {
	case text == "":
		return "", nil
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return "", errors.New("want the portal's address, such as https://acme.myabsorb.com")
	case u.User != nil:
		return "", errors.New("leave out the user name and the password of the portal's address")
	}
	return u.Scheme + "://" + u.Host, nil
}

// CheckType accepts the name of a sink type.
func CheckType(name string) error {
	known := slices.Sorted(maps.Keys(sinks.Types()))
	if !slices.Contains(known, name) {
		return fmt.Errorf("no sink type %q%s (there are: %s)", name, bridge.DidYouMean(name, known), strings.Join(known, ", "))
	}
	return nil
}

// sinkName matches the names that a sink may have.
var sinkName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

// CheckName accepts a valid name that no other sink has.
func CheckName(name string, others []Sink) error {
	if !sinkName.MatchString(name) {
		return fmt.Errorf("names are lower-case letters, digits, - and _, have %q", name)
	}
	for _, s := range others {
		if variable(s.Name, "") == variable(name, "") {
			return fmt.Errorf("there is a sink named %q already: choose another name", s.Name)
		}
	}
	return nil
}

// reference is a value that comes from the environment.
var reference = regexp.MustCompile(`^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$`)

// CheckSetting checks a setting of a sink type by building a sink with it.
func CheckSetting(typeName, key, value string) error {
	t := sinks.Types()[typeName]
	fields := kit.Fields(t.Config)
	i := slices.IndexFunc(fields, func(f kit.Field) bool { return f.Key == key })
	if i < 0 {
		var known []string
		for _, f := range fields {
			known = append(known, f.Key)
		}
		return fmt.Errorf("%s sinks have no setting %q%s (there are: %s)", typeName, key, bridge.DidYouMean(key, known), strings.Join(known, ", "))
	}
	if strings.Contains(value, "${") {
		return nil // its value is not known yet
	}
	settings := maps.Clone(t.Example)
	if _, bot := t.BotExample[key]; bot && settings[key] == nil {
		settings = maps.Clone(t.BotExample)
	}
	settings[key] = any(value)
	if fields[i].List {
		settings[key] = listOf(value)
	}
	_, err := t.New(kit.Setup{Name: "new", Settings: settings, Client: kit.NewClient(nil, 0)})
	for _, fault := range kit.SettingErrors(err) {
		if fault.Key == key || strings.HasPrefix(fault.Key, key+"[") {
			return errors.New(fault.Problem)
		}
	}
	return nil
}

// Set sets a sink's setting from the text NAME.KEY=VALUE. A secret must be a reference.
func (a Answers) Set(text string) error {
	place, value, both := strings.Cut(text, "=")
	name, key, dotted := strings.Cut(place, ".")
	if !both || !dotted {
		return fmt.Errorf("want NAME.KEY=VALUE, have %q", place)
	}
	i := slices.IndexFunc(a.Sinks, func(s Sink) bool { return s.Name == name })
	if i < 0 {
		return fmt.Errorf("%s: no sink named %q: add it with --sink", place, name)
	}
	s := a.Sinks[i]
	for _, f := range kit.Fields(sinks.Types()[s.Type].Config) {
		if f.Key == key && f.Secret && !reference.MatchString(value) {
			return fmt.Errorf("%s: other users can see the command line; write a reference such as '${%s}', and set that variable", place, variable(name, key))
		}
	}
	if err := CheckSetting(s.Type, key, value); err != nil {
		return fmt.Errorf("%s: %w", place, err)
	}
	s.Settings[key] = value
	return nil
}

func listOf(text string) (all []any) {
	for one := range strings.SplitSeq(text, ",") {
		if one = strings.TrimSpace(one); one != "" {
			all = append(all, one)
		}
	}
	return all
}

// Missing returns the needed settings that have no value. Secrets are never missing,
// because they become variables.
func (s Sink) Missing() (keys []string) {
	for _, f := range s.chosen() {
		if !f.Secret && s.Settings[f.Key] == "" {
			keys = append(keys, f.Key)
		}
	}
	return keys
}

// chosen returns the settings to write for the sink: those with an answer, and those
// that are needed.
func (s Sink) chosen() (all []kit.Field) {
	fields := kit.Fields(sinks.Types()[s.Type].Config)
	meant := func(key string) bool {
		return s.Settings[key] != "" || slices.ContainsFunc(fields, func(f kit.Field) bool { return f.With() == key && s.Settings[f.Key] != "" })
	}
	chosen := map[string]bool{}
	for _, f := range fields {
		switch {
		case meant(f.Key), f.Need == "always":
			chosen[f.Key] = true
		case f.Or() != "": // the first of the two, unless the other is meant
			chosen[f.Key] = !chosen[f.Or()] && !meant(f.Or())
		case f.With() != "":
			chosen[f.Key] = chosen[f.With()]
		}
		if chosen[f.Key] {
			all = append(all, f)
		}
	}
	return all
}
