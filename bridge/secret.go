package bridge

import (
	"fmt"
	"log/slog"
)

// Redacted stands wherever a secret would have been printed.
const Redacted = "(redacted)"

// Secret is a text that must never be printed: a key, a password, a webhook URL.
// Every way of formatting or encoding it gives Redacted; only Reveal gives the
// text, so that a search for Reveal finds every place where a secret is used.
//
// Two ways around that are Go's own: package fmt calls no methods on unexported
// fields, so a struct that has a Secret in one must be held by a pointer where
// it may be printed as a part of another; and a map's keys are encoded as they
// are, so a Secret must not be one.
type Secret string

// Reveal is the secret's text, for the one place that needs it.
func (s Secret) Reveal() string { return string(s) }

// Empty tells whether there is no secret at all.
func (s Secret) Empty() bool { return s == "" }

// String gives Redacted, or "" for an empty secret.
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
