package absorb

import (
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

// SignatureHeader holds the HMAC-SHA256 of the raw body, keyed with the webhook's
// Secret Key.
const SignatureHeader = "absorb-signature"

// Key is a webhook's Secret Key, ready to verify with.
type Key struct{ bytes bridge.Secret }

// NewKey makes a key of a secret. The encoding says what the secret's text
// stands for: "text" (or "", as the portal shows it), "hex" or "base64".
func NewKey(secret bridge.Secret, encoding string) (Key, error) {
	if secret.Empty() {
		return Key{}, errors.New("the secret is empty")
	}
	var decoded []byte
	var err error
	switch encoding {
	case "", "text":
		decoded = []byte(secret.Reveal())
	case "hex":
		decoded, err = hex.DecodeString(secret.Reveal())
	case "base64":
		decoded, err = base64.StdEncoding.DecodeString(secret.Reveal())
	default:
		return Key{}, fmt.Errorf("secret_encoding is text, hex or base64, not %q", encoding)
	}
	if err != nil { // the error would show parts of the secret
		return Key{}, fmt.Errorf("the secret is not %s", encoding)
	}
	return Key{bytes: bridge.Secret(decoded)}, nil
}

// Form is how a signature is spelled. Absorb does not publish it, so every
// common form of the same 32 bytes is accepted; a source may pin one.
type Form string

// The forms of a signature. A prefix such as "sha256=" makes no other form.
const (
	Hex       Form = "hex"
	HexUpper  Form = "hex-upper"
	HexDashed Form = "hex-dashed" // bytes divided by dashes or colons, as .NET's BitConverter does
	Base64    Form = "base64"
	Base64URL Form = "base64url"
)

// Forms are all forms that a source may pin.
func Forms() []Form { return []Form{Hex, HexUpper, HexDashed, Base64, Base64URL} }

// Match says which key verified a body, and how its signature was spelled.
type Match struct {
	Key  int // index in the keys given
	Form Form
}

// Reason says why a signature was refused.
type Reason string

// The reasons.
const (
	Missing   Reason = "missing"
	Malformed Reason = "malformed"
	Mismatch  Reason = "mismatch"
	WrongForm Reason = "form-not-allowed"
)

// SignatureError is why a request is not verified. Its text helps an admin and
// holds neither a secret nor the signature.
type SignatureError struct {
	Reason Reason
	Hint   string
}

// Error gives the hint.
func (e *SignatureError) Error() string { return e.Hint }

// Verify finds a key that signed the body. All header values and all keys are
// tried, each in constant time. A pinned form refuses every other one.
func Verify(header []string, body []byte, keys []Key, pinned Form) (Match, error) {
	why := &SignatureError{Missing, "the request has no " + SignatureHeader + " header; is a Secret Key set for the webhook?"}
	var sums [][sha256.Size]byte // made once, whatever the number of header values
	for _, value := range header {
		claimed, form, ok := decodeSignature(value, pinned)
		if !ok {
			why = &SignatureError{Malformed, fmt.Sprintf("the signature has %d characters and is neither the hex nor the base64 form of 32 bytes", len(value))}
			continue
		}
		if pinned != "" && form != pinned {
			why = &SignatureError{WrongForm, fmt.Sprintf("the signature is in the form %s, but the source's signature setting allows only %s", form, pinned)}
			continue
		}
		if sums == nil {
			sums = signAll(keys, body)
		}
		for i := range sums {
			if hmac.Equal(claimed[:], sums[i][:]) {
				return Match{Key: i, Form: form}, nil
			}
		}
		why = &SignatureError{Mismatch, mismatchHint(form, len(keys))}
	}
	return Match{}, why
}

func mismatchHint(form Form, keys int) string {
	which := "its secret"
	if keys != 1 {
		which = fmt.Sprintf("any of its %d secrets", keys)
	}
	return fmt.Sprintf("the signature is 32 bytes in the form %s but does not match %s; was the Secret Key copied whole, and is it this webhook's? (the portal's Test Webhook button never matches)", form, which)
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

// Sign gives a body's signature in lower-case hex.
func Sign(key Key, body []byte) string {
	var sum [sha256.Size]byte
	key.sum(body, &sum)
	return hex.EncodeToString(sum[:])
}

// maxSignature bounds the text that is decoded: dashed hex with a prefix has
// some 110 characters.
const maxSignature = 256

// decodeSignature reads 32 bytes in any of the forms. A text that is right in two
// forms is in the one that is expected.
func decodeSignature(value string, expected Form) (sum [sha256.Size]byte, form Form, ok bool) {
	if len(value) > maxSignature {
		return sum, "", false
	}
	text := trimPrefix(strings.TrimSpace(value))
	if digits := strings.ReplaceAll(strings.ReplaceAll(text, "-", ""), ":", ""); len(digits) == hex.EncodedLen(len(sum)) {
		if _, err := hex.Decode(sum[:], []byte(digits)); err == nil {
			return sum, hexForm(text, digits, expected), true
		}
	}
	form, encoding := Base64, base64.RawStdEncoding
	if strings.ContainsAny(text, "-_") || expected == Base64URL && !strings.ContainsAny(text, "+/") {
		form, encoding = Base64URL, base64.RawURLEncoding
	}
	decoded, err := encoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil || len(decoded) != len(sum) {
		return sum, "", false
	}
	return [sha256.Size]byte(decoded), form, true
}

func trimPrefix(text string) string {
	for _, prefix := range []string{"hmac-sha256=", "sha256=", "v1=", "v1,"} {
		if len(text) > len(prefix) && strings.EqualFold(text[:len(prefix)], prefix) {
			return strings.TrimSpace(text[len(prefix):])
		}
	}
	return text
}

func hexForm(text, digits string, expected Form) Form {
	switch {
	case len(text) != len(digits):
		return HexDashed
	case slices.ContainsFunc([]byte(digits), func(c byte) bool { return 'A' <= c && c <= 'F' }):
		return HexUpper
	case expected == HexUpper && !strings.ContainsAny(digits, "abcdef"):
		return HexUpper
	}
	return Hex
}
