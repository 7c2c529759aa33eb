package store

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
)

// sealed begins a token that is stored encrypted: AES-256-GCM with a random nonce, in
// base64.
const sealed = "aes-256-gcm:"

// Keys encrypt the tokens in the store. Without any, which nil is too, tokens are
// stored as they are.
type Keys struct{ all []cipher.AEAD }

// NewKeys derives keys from secrets. The first one encrypts, and all of them decrypt.
func NewKeys(secrets []bridge.Secret) (*Keys, error) {
	k := &Keys{}
	for _, secret := range secrets {
		key, err := hkdf.Key(sha256.New, []byte(secret.Reveal()), nil, "absorb-bridge tokens", 32)
		if err != nil {
			return nil, fmt.Errorf("derive a key of the store: %w", err)
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, fmt.Errorf("make a cipher of the store: %w", err)
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, fmt.Errorf("make a cipher of the store: %w", err)
		}
		k.all = append(k.all, aead)
	}
	return k, nil
}

func (k *Keys) none() bool { return k == nil || len(k.all) == 0 }

// seal is a token as it is stored. It can be opened under the same name only.
func (k *Keys) seal(name, token string) string {
	if k.none() {
		return token
	}
	return sealed + base64.RawStdEncoding.EncodeToString(k.all[0].Seal(nil, nil, []byte(token), []byte(name))) //nolint:gosec // no nonce is given: this cipher makes a random one
}

// open reads a stored token, and tells whether seal would store it in the same way.
func (k *Keys) open(name, stored string) (token string, current bool, err error) {
	text, encrypted := strings.CutPrefix(stored, sealed)
	if !encrypted {
		return stored, k.none(), nil
	}
	data, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil || k == nil {
		return "", false, absorb.ErrUnreadable
	}
	for i, aead := range k.all {
		if token, err := aead.Open(nil, nil, data, []byte(name)); err == nil {
			return string(token), i == 0, nil
		}
	}
	return "", false, absorb.ErrUnreadable
}

// UseKeys has tokens encrypted by keys from now on. Those that are stored as they are,
// or by an older key, are stored again. It tells how many no key opens: they stay, for
// the key may come back.
func (s *Store) UseKeys(ctx context.Context, k *Keys) (unreadable int, err error) {
	before := s.keys.Swap(k)
	if unreadable, err = s.encrypt(ctx, k); err != nil {
		s.keys.Store(before)
		return unreadable, fmt.Errorf("encrypt the stored tokens: %w", err)
	}
	return unreadable, nil
}

func (s *Store) encrypt(ctx context.Context, k *Keys) (unreadable int, err error) {
	type row struct{ name, token string }
	rows, err := list(ctx, s, func(r scanner) (one row, err error) { return one, r.Scan(&one.name, &one.token) }, `SELECT name, token FROM tokens`)
	if err != nil {
		return 0, err
	}
	var again []statement
	for _, r := range rows {
		token, current, err := k.open(r.name, r.token)
		switch {
		case err != nil:
			unreadable++
		case !current:
			// Another process may have stored a newer one meanwhile.
			again = append(again, change(`UPDATE tokens SET token = ? WHERE name = ? AND token = ?`, k.seal(r.name, token), r.name, r.token))
		}
	}
	if len(again) > 0 {
		err = s.overwrite(ctx, again)
	}
	return unreadable, err
}

// overwrite changes tokens, and has nothing left of those before.
func (s *Store) overwrite(ctx context.Context, all []statement) error {
	s.closing.RLock() // nobody closes it meanwhile
	defer s.closing.RUnlock()
	if s.closed {
		return ErrClosed
	}
	return s.engine.overwrite(ctx, "tokens", all)
}
