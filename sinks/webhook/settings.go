package webhook

import (
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Config is a webhook sink's settings.
type Config struct {
	URL     bridge.Secret            `koanf:"url" need:"always" ask:"URL to post to, https://…"`
	Method  string                   `koanf:"method" enum:"POST,PUT,PATCH"` // POST, PUT or PATCH
	Headers map[string]bridge.Secret `koanf:"headers"`                      // sent along, such as Authorization

	// Secrets sign every request. While they change there are two, and both sign.
	Secrets []bridge.Secret `koanf:"secrets" list:"or text" need:"perhaps" ask:"Key that signs each request: whsec_ and 32 random bytes in base64"`

	// Format is what is posted: event, or cloudevents for the same as a CloudEvent.
	Format string `koanf:"format" enum:"event,cloudevents"`

	// Body is a template that makes what is posted in place of a format, and
	// ContentType its media type, application/json unless set.
	Body        string `koanf:"body"`
	ContentType string `koanf:"content_type"`

	Expect Expect `koanf:"expect"`

	// AllowPrivate lets the endpoint be in a private network, and speak http.
	AllowPrivate bool `koanf:"allow_private"`
}

func defaults() Config { return Config{Method: http.MethodPost, Format: formatEvent} }

// The formats that need no template.
const (
	formatEvent       = "event"
	formatCloudEvents = "cloudevents"
)

const jsonType = "application/json"

// check looks at all settings and prepares what is made of them.
func (s *Sink) check() error {
	faults := kit.Faults{s.checkURL(), s.checkBody(), s.config.Expect.check()}
	methods := []string{http.MethodPost, http.MethodPut, http.MethodPatch}
	faults.If(!slices.Contains(methods, s.config.Method), "method", "want %s, have %q", strings.Join(methods, ", "), s.config.Method)
	for i, secret := range s.config.Secrets {
		key, err := signingKey(secret)
		faults.If(err != nil, fmt.Sprintf("secrets[%d]", i), "%v", err)
		s.keys, s.secrets = append(s.keys, key), append(s.secrets, secret)
	}
	for _, name := range slices.Sorted(maps.Keys(s.config.Headers)) {
		faults.Add(s.addHeader(name, s.config.Headers[name]))
	}
	return faults.Err()
}

func (s *Sink) checkURL() error {
	if s.config.URL.Empty() {
		return kit.Setting("url", "required: where to post")
	}
	u, err := url.Parse(s.config.URL.Reveal())
	if err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" {
		return kit.Setting("url", "want a URL like https://example.com/hook")
	}
	if s.config.AllowPrivate {
		return nil
	}
	if u.Scheme == "http" {
		return kit.Setting("url", "want https: what is posted would be readable on its way; for an endpoint in your own network set allow_private: true")
	}
	if address, err := netip.ParseAddr(u.Hostname()); err == nil && !public(address) {
		return kit.Setting("url", "leads to an address that is not public; for an endpoint in your own network set allow_private: true")
	}
	return nil
}

func (s *Sink) checkBody() error {
	c := &s.config
	formats := []string{formatEvent, formatCloudEvents}
	switch {
	case !slices.Contains(formats, c.Format):
		return kit.Setting("format", "want %s, have %q%s", strings.Join(formats, ", "), c.Format, bridge.DidYouMean(c.Format, formats))
	case c.Body != "" && c.Format != formatEvent:
		return kit.Setting("body", "a template takes the place of a format; leave one of the two out")
	case c.Body == "" && c.ContentType != "":
		return kit.Setting("content_type", "belongs to a body of your own; without one it is that of the format")
	case c.Body != "" && c.ContentType == "":
		c.ContentType = jsonType
	}
	if _, _, err := mime.ParseMediaType(c.ContentType); err != nil && c.Body != "" {
		return kit.Setting("content_type", "want a media type such as application/json or text/plain; charset=utf-8")
	}
	return nil
}

// isOf tells whether a media type is that of json or xml, or of a format in it.
func isOf(format, mediaType string) bool {
	media, _, err := mime.ParseMediaType(mediaType)
	return err == nil && (media == "application/"+format || media == "text/"+format || strings.HasSuffix(media, "+"+format))
}

// minRedacted is how long a header's value must be to be taken for a secret when
// an answer repeats it: "eu" may stand anywhere.
const minRedacted = 6

// addHeader takes over one of the admin's headers.
func (s *Sink) addHeader(name string, value bridge.Secret) error {
	key := "headers." + name
	canonical := http.CanonicalHeaderKey(name)
	switch {
	case !httpguts.ValidHeaderFieldName(name):
		return kit.Setting(key, "this cannot be the name of a header")
	case !httpguts.ValidHeaderFieldValue(value.Reveal()):
		return kit.Setting(key, "has characters that a header cannot have, such as a line break")
	case canonical == "Content-Type":
		return kit.Setting(key, "write it as content_type")
	case strings.HasPrefix(canonical, "Webhook-"),
		slices.Contains([]string{"Host", "Content-Length", "Transfer-Encoding", "Connection", "Trailer", "Upgrade"}, canonical):
		return kit.Setting(key, "is set by the bridge itself")
	}
	s.header.Set(canonical, value.Reveal())
	for _, piece := range append(strings.Fields(value.Reveal()), value.Reveal()) {
		if len(piece) >= minRedacted {
			s.secrets = append(s.secrets, bridge.Secret(piece))
		}
	}
	return nil
}
