package bridge

import (
	"fmt"
	"log/slog"
)

// Redacted is printed instead of a secret.
const Redacted = "(redacted)"

// Secret is a text that must never be printed: a key, a password, a webhook URL.
// Formatting or encoding a Secret gives Redacted. Only Reveal returns the text, so a
// search for Reveal finds every use of a secret.
//
// Go has two exceptions. Package fmt calls no methods on unexported fields: if a struct
// has a Secret in such a field, refer to the struct by a pointer. The keys of maps are
// encoded as they are: never use a Secret as a key.
type Secret string

// Reveal returns the secret's text.
func (s Secret) Reveal() string { return string(s) }

// Empty reports whether the secret is empty.
func (s Secret) Empty() bool { return s == "" }

// String returns Redacted, or "" for an empty secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return Redacted
}

// Format redacts under every verb, %x and %#v included.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue redacts in package slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText redacts in JSON and every other text encoding.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalYAML redacts in YAML.
func (s Secret) MarshalYAML() (any, error) { return s.String(), nil }
