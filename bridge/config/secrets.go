package config

import (
	"slices"
	"strings"
	"unicode"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
)

// MadeUp stands where init has a value filled in and no example shows its form.
const MadeUp = "replace-me"

// shortStoreKey is the least length of a key of the store, in characters. Whoever has a
// copy of the store can try keys without anybody seeing it.
const shortStoreKey = 32

func (b *builder) storeKeys(all []bridge.Secret) []bridge.Secret {
	for i, key := range all {
		b.random(element("store_keys", i), key.Reveal(), shortStoreKey)
	}
	return all
}

// readable warns of refresh tokens that are stored as they are.
func (b *builder) readable() {
	for _, s := range b.config.Sources {
		if s.API != nil && s.API.OAuth != nil && len(b.config.StoreKeys) == 0 {
			b.warn("the refresh tokens of OAuth, such as that of source %s, can be read in the database and in its backups: set store_keys to encrypt them", s.Name)
			return
		}
	}
}

// random refuses a secret that can be guessed.
func (b *builder) random(at, text string, least int) {
	const remedy = "take a long random one, such as `openssl rand -hex 32` prints"
	different := map[rune]bool{}
	for _, r := range text {
		different[r] = true
	}
	switch {
	case len(text) < least:
		b.atValue(at, "can be guessed: it has %d characters, and must have %d; %s", len(text), least, remedy)
	case len(different) < fewDifferent:
		b.atValue(at, "can be guessed: it has %d different characters; %s", len(different), remedy)
	case strings.TrimSpace(text) != text || strings.ContainsFunc(text, unicode.IsControl):
		b.atValue(at, "begins or ends with a blank, or has a line break or another control character in it: remove it")
	}
}

// secretUse is where a secret is used: by the keys of their bytes.
type secretUse map[string][]Source

func (b *builder) secrets(key string, s Source, used secretUse) {
	if len(s.Secrets) == 0 {
		b.warn("source %s has no secret yet: whatever is posted to %s is answered as a test and never delivered. Save the webhook in the portal, copy its Secret Key, and put it into %s.secrets", s.Name, s.Path, key)
	}
	for i, secret := range s.Secrets {
		at := element(key+".secrets", i)
		k, err := absorb.NewKey(secret, s.SecretEncoding)
		if err != nil {
			b.atValue(at, "%v", err)
			continue
		}
		if what := around(secret.Reveal()); what != "" {
			b.atValue(at, "the secret has %s, which no portal's Secret Key has: remove them", what)
			continue
		}
		bytes := k.Bytes().Reveal()
		switch {
		case secret.Reveal() == MadeUp:
			b.warn("%s is still what init made up, which everybody knows: put the webhook's Secret Key in its place", at)
		case len(bytes) < absorb.ShortKey:
			b.warn("%s has %d characters, and anyone who guesses it can sign events: was the Secret Key copied whole?", at, len(bytes))
		}
		for _, other := range used[bytes] {
			switch {
			case other.Name == s.Name:
			case other.Path == s.Path:
				b.atValue(at, "source %s has the same secret on the same path, so nobody could tell their events apart", other.Name)
			default:
				b.warn("sources %s and %s share a secret: what is signed for one is accepted for the other, at the other's path. Give each webhook its own Secret Key", other.Name, s.Name)
			}
		}
		used[bytes] = append(used[bytes], s)
	}
}

// families has the sources that share a secret, directly or by others, recognise each
// other's events as repetitions: the same bytes come from one webhook.
func (c *Config) families() {
	for i, one := range c.Sources {
		for _, other := range c.Sources[i+1:] {
			if shareSecret(one, other) {
				c.join(one.Name, other.Name)
			}
		}
	}
}

// join makes one family of those of two sources.
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

// keys are the bytes of the secrets that are right.
func (s Source) keys() (all []string) {
	for _, secret := range s.Secrets {
		if k, err := absorb.NewKey(secret, s.SecretEncoding); err == nil {
			all = append(all, k.Bytes().Reveal())
		}
	}
	return all
}

// unverified warns of sources without a secret on the path of one that has some.
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
