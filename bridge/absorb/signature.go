package absorb

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// SignatureHeader is the header with the HMAC-SHA256 of the raw body, keyed with the
// webhook's Secret Key.
const SignatureHeader = "absorb-signature"

// Key is a webhook's Secret Key, ready to verify with.
type Key struct {
	bytes    bridge.Secret
	text     bridge.Secret // as configured
	encoding string        // how the text encodes the key
}

// NewKey makes a key from a secret. The encoding is that of the secret's text: "text"
// (or ""), as the portal shows it, "hex" or "base64".
func NewKey(secret bridge.Secret, encoding string) (Key, error) {
	if strings.TrimSpace(secret.Reveal()) == "" {
		return Key{}, errors.New("the secret is empty")
	}
	decoded, err := decodeSecret(secret.Reveal(), encoding)
	if err == nil && len(decoded) < ShortKey && encoding != "" && encoding != "text" {
		err = fmt.Errorf("the secret has only %d bytes in %s, so it can be guessed; use at least %d bytes, or check secret_encoding", len(decoded), encoding, ShortKey)
	}
	return Key{bridge.Secret(decoded), secret, encoding}, err
}

// ShortKey is the size below which a key can be guessed, in bytes.
const ShortKey = 16

// Bytes returns the bytes that sign.
func (k Key) Bytes() bridge.Secret { return k.bytes }

func decodeSecret(secret, encoding string) (decoded []byte, err error) {
	switch encoding {
	case "", "text":
		decoded = []byte(secret)
	case "hex":
		decoded, err = hex.DecodeString(secret)
	case "base64":
		decoded, err = base64.StdEncoding.DecodeString(secret)
	default:
		return nil, fmt.Errorf("secret_encoding must be text, hex or base64, not %q", encoding)
	}
	if err != nil { // the original error would show parts of the secret
		return nil, fmt.Errorf("the secret is not valid %s", encoding)
	}
	return decoded, nil
}

// Form is how a signature is spelled. Absorb does not publish the form, so the bridge
// accepts every common form of the same 32 bytes; a source may allow only one.
type Form string

// The forms of a signature. A prefix such as "sha256=" does not change the form.
const (
	Hex       Form = "hex"
	HexUpper  Form = "hex-upper"
	HexDashed Form = "hex-dashed" // bytes separated by dashes or colons, as .NET's BitConverter writes them
	Base64    Form = "base64"
	Base64URL Form = "base64url"
)

// Forms returns all forms that a source may allow.
func Forms() []Form { return []Form{Hex, HexUpper, HexDashed, Base64, Base64URL} }

// Match says which key verified a body, and the form of its signature.
type Match struct {
	Key  int // index in the keys given
	Form Form
}

// Reason is why a signature was refused.
type Reason string

// The reasons.
const (
	Missing   Reason = "missing"
	Malformed Reason = "malformed"
	Mismatch  Reason = "mismatch"
	WrongForm Reason = "form-not-allowed"
)

// SignatureError is why a request is not verified. Its text helps an admin, and
// contains neither a secret nor the signature.
type SignatureError struct {
	Reason Reason
	Hint   string
}

// Error returns the hint.
func (e *SignatureError) Error() string { return e.Hint }

// Verify returns the key that signed the body. It compares the signature of each header
// value with all keys, in constant time. If a form is pinned, other forms are refused.
func Verify(header []string, body []byte, keys []Key, pinned Form) (Match, error) {
	if len(header) == 0 {
		return Match{}, &SignatureError{Missing, "the request has no " + SignatureHeader + " header; is a Secret Key set for the webhook?"}
	}
	var all []digest
	for _, value := range header {
		if d, ok := readDigest(value, pinned); ok {
			all = append(all, d)
		}
	}
	if len(all) == 0 {
		return Match{}, &SignatureError{Malformed, malformedHint(header[len(header)-1])}
	}
	sums := signAll(keys, body) // computed once for all signatures
	var wrongForm Form
	for _, d := range all {
		key := d.among(sums)
		switch {
		case key < 0:
		case pinned == "" || d.form == pinned:
			return Match{Key: key, Form: d.form}, nil
		default:
			wrongForm = d.form
		}
	}
	if wrongForm != "" {
		return Match{}, &SignatureError{WrongForm, fmt.Sprintf(
			"the signature is in the form %s, but the source's signature setting allows only %s; with signature: %s it would match", wrongForm, pinned, wrongForm)}
	}
	if !slices.ContainsFunc(all, func(d digest) bool { return pinned == "" || d.form == pinned }) {
		return Match{}, &SignatureError{WrongForm, fmt.Sprintf("the signature is in the form %s, but the source's signature setting allows only %s", all[0].form, pinned)}
	}
	return Match{}, &SignatureError{Mismatch, mismatchHint(all, body, keys)}
}

func malformedHint(value string) string {
	if len(value) > maxSignature {
		return fmt.Sprintf("the signature has %d characters; the limit is %d", len(value), maxSignature)
	}
	return fmt.Sprintf("the signature has %d characters and is not 32 bytes in hex or base64", len(value))
}

// mismatchHint says what to do about a signature that matches no key. If another
// reading of a secret matches, the hint names the setting. It is for the admin, who
// decides, and never for the sender.
func mismatchHint(all []digest, body []byte, keys []Key) string {
	which := "its secret"
	if len(keys) != 1 {
		which = fmt.Sprintf("any of its %d secrets", len(keys))
	}
	hint := fmt.Sprintf("the signature is 32 bytes in the form %s but does not match %s", all[0].form, which)
	for i, k := range keys {
		for _, r := range k.otherReadings() {
			sums := signAll([]Key{r.key}, body)
			if slices.ContainsFunc(all, func(d digest) bool { return d.among(sums) >= 0 }) {
				return fmt.Sprintf("%s; secret %d would match %s", hint, i+1, r.remedy)
			}
		}
	}
	return hint + "; copy the whole Secret Key of this webhook again (the portal's Test Webhook button never matches)"
}

// reading is another key that a secret's text may encode.
type reading struct {
	key    Key
	remedy string // how to configure it
}

func (k Key) otherReadings() (all []reading) {
	text := k.text.Reveal()
	trimmed := strings.TrimSpace(text)
	for _, encoding := range []string{"text", "base64", "hex"} {
		decoded, err := decodeSecret(trimmed, encoding)
		if err != nil || len(decoded) == 0 || string(decoded) == k.bytes.Reveal() {
			continue
		}
		remedy := "with secret_encoding: " + encoding
		if trimmed != text {
			remedy = "without the spaces around it"
			if encoding != cmp.Or(k.encoding, "text") {
				remedy += " and with secret_encoding: " + encoding
			}
		}
		all = append(all, reading{Key{bytes: bridge.Secret(decoded)}, remedy})
	}
	return all
}

func signAll(keys []Key, body []byte) [][sha256.Size]byte {
	sums := make([][sha256.Size]byte, len(keys))
	for i, k := range keys {
		k.sum(body, &sums[i])
	}
	return sums
}

func (k Key) sum(body []byte, into *[sha256.Size]byte) {
	mac := hmac.New(sha256.New, []byte(k.bytes.Reveal()))
	mac.Write(body)
	mac.Sum(into[:0])
}

// Sign returns a body's signature in lower-case hex.
func Sign(key Key, body []byte) string {
	var sum [sha256.Size]byte
	key.sum(body, &sum)
	return hex.EncodeToString(sum[:])
}
