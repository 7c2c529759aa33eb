package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// secretPrefix marks a secret of Standard Webhooks.
const secretPrefix = "whsec_"

// How long a key is, in bytes, by the specification.
const (
	minKey = 24
	maxKey = 64
)

// signingKey gives a secret's bytes.
func signingKey(secret bridge.Secret) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret.Reveal(), secretPrefix))
	if err != nil || len(key) < minKey || len(key) > maxKey {
		return nil, errors.New(`want whsec_ and 24 to 64 bytes in base64; this makes one: echo "whsec_$(openssl rand -base64 32)"`)
	}
	return key, nil
}

// sign adds the headers of Standard Webhooks: the message's id, the time of the
// attempt, and a signature of both and the body for each key.
func sign(header http.Header, keys [][]byte, id string, at time.Time, body []byte) {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	header.Set("Webhook-Id", id)
	header.Set("Webhook-Timestamp", timestamp)
	var signatures []string
	for _, key := range keys {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + timestamp + "."))
		mac.Write(body)
		signatures = append(signatures, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	if len(signatures) > 0 {
		header.Set("Webhook-Signature", strings.Join(signatures, " "))
	}
}
