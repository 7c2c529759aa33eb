// Package kit is what sinks share: settings, one HTTP attempt with its outcome
// classified, shortening, and the reading of a message's markdown.
package kit

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/go-viper/mapstructure/v2"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// Setup is what a sink is built from.
type Setup struct {
	Name     string         // the sink's name in the configuration
	Settings map[string]any // its settings there, without the keys that every sink has (type, limit)
	Client   *http.Client   // for sinks that speak HTTP; never follows redirects
}

// SettingError is a fault in one setting of a sink, for the configuration to
// report at its place in the file.
type SettingError struct {
	Key     string // path below the sink, such as "webhook_url" or "to[1]"
	Problem string // what is wrong and what to do, without the value of a secret
	Warning bool   // it is allowed, but perhaps not meant
}

// Error is "key: problem".
func (e *SettingError) Error() string { return e.Key + ": " + e.Problem }

// Setting makes a SettingError.
func Setting(key, format string, args ...any) error {
	return &SettingError{Key: key, Problem: fmt.Sprintf(format, args...)}
}

// Warning makes a SettingError of what is allowed, but perhaps not meant.
func Warning(key, format string, args ...any) error {
	return &SettingError{Key: key, Problem: fmt.Sprintf(format, args...), Warning: true}
}

// SettingErrors lists the SettingErrors in err, which may be joined ones. What
// is no SettingError comes back in one with an empty key.
func SettingErrors(err error) []*SettingError {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []*SettingError
		for _, e := range joined.Unwrap() {
			all = append(all, SettingErrors(e)...)
		}
		return all
	}
	if se, ok := errors.AsType[*SettingError](err); ok {
		return []*SettingError{se}
	}
	return []*SettingError{{Problem: err.Error()}}
}

// Listed is the setup with a setting as a list of one if it was given as a text
// alone.
func (s Setup) Listed(key string) Setup {
	if one, ok := s.Settings[key].(string); ok {
		s.Settings = maps.Clone(s.Settings)
		s.Settings[key] = []any{one}
	}
	return s
}

// Bot tells whether a sink of two kinds is meant to be a bot: also when its token
// turned out empty, so that faults are about a bot's settings.
func (s Setup) Bot(token, webhook bridge.Secret) bool {
	_, named := s.Settings["token"]
	return !token.Empty() || named && webhook.Empty()
}

// Decode fills the sink's configuration struct from its settings; see the
// function Decode.
func (s Setup) Decode(into any) error { return Decode(s.Settings, into) }

// rootName is what mapstructure calls the outermost value in its errors.
const rootName = "settings"

// Decode fills a configuration struct, field by field by its `koanf` tag, over
// the defaults that it holds already. Unknown keys and wrong types are
// SettingErrors; all of them are reported, joined.
func Decode(settings map[string]any, into any) error {
	decoder, err := mapstructure.NewDecoder(&mapstructure.DecoderConfig{
		TagName:     "koanf",
		Result:      into,
		RootName:    rootName,
		ErrorUnused: true,
		DecodeHook: mapstructure.ComposeDecodeHookFunc(
			mapstructure.StringToTimeDurationHookFunc(),
			mapstructure.StringToBasicTypeHookFunc(), // the environment has texts only
			mapstructure.TextUnmarshallerHookFunc(),
		),
	})
	if err != nil {
		return err
	}
	return settingErrors(decoder.Decode(settings))
}

// settingErrors puts mapstructure's errors into the words of someone who writes
// YAML.
func settingErrors(err error) error {
	if err == nil {
		return nil
	}
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		var all []error
		for _, e := range joined.Unwrap() {
			all = append(all, settingErrors(e))
		}
		return errors.Join(all...)
	}
	de, ok := errors.AsType[*mapstructure.DecodeError](err)
	if !ok {
		return err
	}
	key := strings.TrimPrefix(strings.TrimPrefix(de.Name(), rootName), ".")
	if keys, found := strings.CutPrefix(de.Unwrap().Error(), "has invalid keys: "); found {
		var all []error
		for unknown := range strings.SplitSeq(keys, ", ") {
			all = append(all, Setting(join(key, unknown), "unknown setting"))
		}
		return errors.Join(all...)
	}
	if te, ok := errors.AsType[*mapstructure.UnconvertibleTypeError](err); ok {
		want, have := KindWord(te.Expected.Type().String()), KindWord(fmt.Sprintf("%T", te.Value))
		if want == "a text" && (have == "a number" || have == "true or false") {
			have += "; put it in quotes"
		}
		return Setting(key, "want %s, have %s", want, have)
	}
	if words := de.Unwrap().Error(); strings.Contains(words, "strconv.ParseBool") {
		return Setting(key, "want true or false, have a text")
	} else if strings.Contains(words, "strconv.") {
		return Setting(key, "want a number, have a text")
	}
	if strings.Contains(de.Unwrap().Error(), "must be an array or slice") {
		return Setting(key, "want a list, such as [ one, two ]")
	}
	return Setting(key, "%s", de.Unwrap())
}

func join(prefix, key string) string {
	if prefix == "" {
		return key
	}
	return prefix + "." + key
}

// KindWord names a Go or JSON type as someone who writes YAML would.
func KindWord(goType string) string {
	switch {
	case strings.HasPrefix(goType, "[]"), goType == "slice", goType == "array":
		return "a list"
	case strings.HasPrefix(goType, "map"), goType == "struct", goType == "object":
		return "a mapping"
	case strings.HasPrefix(goType, "int"), strings.HasPrefix(goType, "uint"), strings.HasPrefix(goType, "float"), strings.HasPrefix(goType, "number"):
		return "a number"
	case goType == "bool":
		return "true or false"
	case goType == "string", goType == "bridge.Secret":
		return "a text"
	case goType == "time.Duration":
		return "a duration such as 30s"
	}
	return goType
}

// NewClient makes the HTTP client that sinks use: no redirects (a webhook that
// moved is a changed destination, and its answer must be seen), and a bound on
// every attempt.
func NewClient(transport http.RoundTripper, timeout time.Duration) *http.Client {
	return &http.Client{
		Transport:     transport,
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
