package portal

import (
	"crypto/hmac"
	crand "crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
)

// Style is how names are written.
type Style string

// The styles of event names and of keys.
const (
	Words      Style = "words"  // Certificate Awarded
	Pascal     Style = "pascal" // CertificateAwarded
	Camel      Style = "camel"  // certificateAwarded
	Dotted     Style = "dotted" // certificate.awarded
	Snake      Style = "snake"  // certificate_awarded
	UpperSnake Style = "upper"  // CERTIFICATE_AWARDED
	Lower      Style = "lower"  // certificateawarded
)

// SignatureForm is how a signature is written: a form, with or without a prefix.
type SignatureForm string

// The forms of signatures.
const (
	Hex       SignatureForm = "hex"
	HexUpper  SignatureForm = "hex-upper"
	HexDashed SignatureForm = "hex-dashed"
	Base64    SignatureForm = "base64"
	Base64Raw SignatureForm = "base64-raw" // without padding
	Base64URL SignatureForm = "base64-url"
	Prefixed  SignatureForm = "sha256="
	HMAC      SignatureForm = "hmac-sha256="
	V1        SignatureForm = "v1="
	V1Comma   SignatureForm = "v1,"
)

// Profile is how a portal writes its webhooks. Absorb does not publish their exact form,
// so a receiver must accept all of these.
type Profile struct {
	Name      string
	Events    Style
	Keys      Style
	Nested    bool // the event's own keys are inside "data", the user is an object
	Lean      bool // without the ids of courses, certificates and so on
	Timeless  bool // without a time
	List      bool // inside a list
	NoZone    bool // times without a zone
	Form      SignatureForm
	UserAgent string
}

// DefaultProfile is the most likely one.
func DefaultProfile() Profile {
	return Profile{Name: "default", Events: Words, Keys: Camel, Form: HexUpper, UserAgent: "Absorb-Webhooks/1.0"}
}

// ArticleProfile is exactly the typical payload of Absorb's article on webhooks: the event,
// the learner, the admin and the transaction, without a time and without the id of a course
// or a certificate.
func ArticleProfile() Profile {
	p := DefaultProfile()
	p.Name, p.Lean, p.Timeless = "article", true, true
	return p
}

// ProfileNamed returns the profile that the commands call lean or full.
func ProfileNamed(name string) (Profile, error) {
	switch name {
	case "lean":
		return ArticleProfile(), nil
	case "full":
		return DefaultProfile(), nil
	}
	return Profile{}, fmt.Errorf("want lean or full, have %q", name)
}

// Profiles returns different ways to write the same webhook.
func Profiles() []Profile {
	d := DefaultProfile()
	with := func(name string, change func(*Profile)) Profile {
		p := d
		p.Name = name
		change(&p)
		return p
	}
	return []Profile{
		d,
		with("pascal keys, dashed hex", func(p *Profile) { p.Events, p.Keys, p.Form, p.NoZone = Pascal, Pascal, HexDashed, true }),
		with("snake keys, base64", func(p *Profile) { p.Events, p.Keys, p.Form = Snake, Snake, Base64 }),
		with("nested, hex", func(p *Profile) { p.Nested, p.Form = true, Hex }),
		with("nested pascal, base64 without padding", func(p *Profile) { p.Nested, p.Keys, p.Form = true, Pascal, Base64Raw }),
		with("lean, url alphabet", func(p *Profile) { p.Lean, p.Form = true, Base64URL }),
		with("list, sha256=", func(p *Profile) { p.List, p.Form = true, Prefixed }),
		with("dotted names, v1=", func(p *Profile) { p.Events, p.Form = Dotted, V1 }),
		with("upper names, lower keys, v1,", func(p *Profile) { p.Events, p.Keys, p.Form = UpperSnake, Lower, V1Comma }),
		with("camel names, hmac-sha256=", func(p *Profile) { p.Events, p.Form = Camel, HMAC }),
	}
}

// body writes an event as JSON values.
func (pr Profile) body(h Event) any {
	own := map[string]string{}
	if !pr.Lean {
		for key, value := range h.Entities {
			own[pr.Keys.key(key)] = value
		}
	}
	body := map[string]any{}
	put := func(key, value string) {
		if value != "" {
			body[pr.Keys.key(key)] = value
		}
	}
	put("eventName", pr.event(h.Type))
	put("clientId", id(kindClient, 1))
	put("correlationId", h.Correlation)
	layout := time.RFC3339Nano
	if pr.NoZone {
		layout = "2006-01-02T15:04:05.999"
	}
	if !pr.Timeless {
		put("timestamp", h.At.UTC().Format(layout))
	}
	put("adminId", h.Admin)
	if pr.Nested {
		body[pr.Keys.key("data")] = own
		if h.User != "" {
			body[pr.Keys.key("user")] = map[string]string{pr.Keys.key("id"): h.User}
		}
	} else {
		put("userId", h.User)
		for key, value := range own {
			body[key] = value
		}
	}
	if pr.List {
		return []any{body}
	}
	return body
}

func (pr Profile) event(name string) string {
	if pr.Events == Words {
		for _, e := range absorb.Events() {
			if e.Name == name {
				return e.Title
			}
		}
	}
	return pr.Events.key(name)
}

// key writes a name, given in camel or Pascal case, in the style.
func (s Style) key(name string) string {
	var words []string
	for i, r := range name {
		if i == 0 || unicode.IsUpper(r) {
			words = append(words, "")
		}
		words[len(words)-1] += string(unicode.ToLower(r))
	}
	titled := func(from int) string {
		var b strings.Builder
		for i, w := range words {
			if i >= from {
				w = strings.ToUpper(w[:1]) + w[1:]
			}
			b.WriteString(w)
		}
		return b.String()
	}
	switch s {
	case Pascal:
		return titled(0)
	case Dotted:
		return strings.Join(words, ".")
	case Snake:
		return strings.Join(words, "_")
	case UpperSnake:
		return strings.ToUpper(strings.Join(words, "_"))
	case Lower:
		return strings.Join(words, "")
	case Words:
		return strings.Join(words, " ")
	default:
		return titled(1)
	}
}

// Sign returns the absorb-signature header of a body.
func Sign(secret string, body []byte, form SignatureForm) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	sum := mac.Sum(nil)
	lower := hex.EncodeToString(sum)
	switch form {
	case HexUpper:
		return strings.ToUpper(lower)
	case HexDashed:
		var pairs []string
		for i := 0; i < len(lower); i += 2 {
			pairs = append(pairs, strings.ToUpper(lower[i:i+2]))
		}
		return strings.Join(pairs, "-")
	case Base64:
		return base64.StdEncoding.EncodeToString(sum)
	case Base64Raw:
		return base64.RawStdEncoding.EncodeToString(sum)
	case Base64URL:
		return base64.URLEncoding.EncodeToString(sum)
	case Prefixed, HMAC, V1:
		return string(form) + lower
	case V1Comma:
		return string(form) + base64.StdEncoding.EncodeToString(sum)
	default:
		return lower
	}
}

// randomSecret returns a secret that no receiver knows.
func randomSecret() string { return crand.Text() }
