package config

import (
	"slices"
	"strings"
	"unicode"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
)

// MadeUp is the placeholder that init writes for a value without an example.
const MadeUp = "replace-me"

// shortStoreKey is the minimum length of a store key, in characters. Somebody with a copy
// of the store can try keys unnoticed.
const shortStoreKey = 32

func (b *builder) storeKeys(all []bridge.Secret) []bridge.Secret {
	for i, key := range all {
		b.random(element("store_keys", i), key.Reveal(), shortStoreKey)
	}
	return all
}

// readable warns of refresh tokens that are stored unencrypted.
func (b *builder) readable() {
	for _, s := range b.config.Sources {
		if s.API != nil && s.API.OAuth != nil && len(b.config.StoreKeys) == 0 {
			b.warn("OAuth refresh tokens, such as that of source %s, are stored unencrypted in the database and its backups: set store_keys to encrypt them", s.Name)
			return
		}
	}
}

// random reports a secret that can be guessed.
func (b *builder) random(at, text string, least int) {
	const remedy = "use a long random value, such as the output of `openssl rand -hex 32`"
	different := map[rune]bool{}
	for _, r := range text {
		different[r] = true
	}
	switch {
	case len(text) < least:
		b.atValue(at, "can be guessed: it has %d characters, and needs at least %d; %s", len(text), least, remedy)
	case len(different) < fewDifferent:
		b.atValue(at, "can be guessed: it has only %d different characters; %s", len(different), remedy)
	case strings.TrimSpace(text) != text || strings.ContainsFunc(text, unicode.IsControl):
		b.atValue(at, "begins or ends with a blank, or contains a line break or another control character: remove it")
	}
}

// secretUse lists the sources that use a secret, by the secret's bytes.
type secretUse map[string][]Source

func (b *builder) secrets(key string, s Source, used secretUse) {
	if len(s.Secrets) == 0 {
		b.warn("source %s has no secret yet: the bridge answers requests to %s as tests and delivers none of them. Save the webhook in the portal, and copy its Secret Key into %s.secrets", s.Name, s.Path, key)
	}
	for i, secret := range s.Secrets {
		at := element(key+".secrets", i)
		k, err := absorb.NewKey(secret, s.SecretEncoding)
		if err != nil {
			b.atValue(at, "%v", err)
			continue
		}
		if what := around(secret.Reveal()); what != "" {
			b.atValue(at, "the secret has %s, but a Secret Key never has: remove them", what)
			continue
		}
		bytes := k.Bytes().Reveal()
		switch {
		case secret.Reveal() == MadeUp:
			b.warn("%s is still the placeholder of init, which is public: replace it by the webhook's Secret Key", at)
		case len(bytes) < absorb.ShortKey:
			b.warn("%s has %d characters, and anyone who guesses it can sign events: was the Secret Key copied whole?", at, len(bytes))
		}
		for _, other := range used[bytes] {
			switch {
			case other.Name == s.Name:
			case other.Path == s.Path:
				b.atValue(at, "source %s has the same secret on the same path, so their events cannot be told apart; give one of them another path", other.Name)
			default:
				b.warn("sources %s and %s share a secret: each accepts requests that are signed for the other. Give each webhook its own Secret Key", other.Name, s.Name)
			}
		}
		used[bytes] = append(used[bytes], s)
	}
}

// families groups the sources that share a secret, directly or through other sources.
// They recognise each other's events as duplicates, because requests with the same bytes
// come from one webhook.
func (c *Config) families() {
	for i, one := range c.Sources {
		for _, other := range c.Sources[i+1:] {
			if shareSecret(one, other) {
				c.join(one.Name, other.Name)
			}
		}
	}
}

// join merges the families of two sources.
func (c *Config) join(one, other string) {
	at := func(name string) int {
		return slices.IndexFunc(c.Sources, func(s Source) bool { return s.Name == name })
	}
	first, second := at(c.Sources[at(one)].Family), at(c.Sources[at(other)].Family)
	into, from := c.Sources[min(first, second)].Name, c.Sources[max(first, second)].Name
	for i := range c.Sources {
		if c.Sources[i].Family == from {
			c.Sources[i].Family = into
		}
	}
}

func shareSecret(a, b Source) bool {
	for _, mine := range a.keys() {
		for _, theirs := range b.keys() {
			if mine == theirs {
				return true
			}
		}
	}
	return false
}

// keys returns the bytes of the valid secrets.
func (s Source) keys() (all []string) {
	for _, secret := range s.Secrets {
		if k, err := absorb.NewKey(secret, s.SecretEncoding); err == nil {
			all = append(all, k.Bytes().Reveal())
		}
	}
	return all
}

// unverified warns of sources without a secret that share a path with one that has some.
func (b *builder) unverified() {
	for _, s := range b.config.Sources {
		var others []string
		for _, other := range b.config.Sources {
			if other.Path == s.Path && len(other.Secrets) > 0 {
				others = append(others, other.Name)
			}
		}
		if len(s.Secrets) == 0 && len(others) > 0 {
			b.warn("source %s has no secret and shares the path %s with %s, whose requests must be verified: unsigned requests to it are refused unless a test window of %s is open. Give it a path of its own until it has a secret",
				s.Name, s.Path, strings.Join(others, ", "), s.Name)
		}
	}
}
