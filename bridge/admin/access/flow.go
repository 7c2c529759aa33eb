package access

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// flowLife is how long a login at the provider may take.
const flowLife = 10 * time.Minute

// flow is a login in progress, with the values that must come back.
type flow struct {
	State    string `json:"s"`
	Nonce    string `json:"n"`
	Verifier string `json:"v"`
	Next     string `json:"t"`
	Ends     int64  `json:"e"` // seconds since 1970
}

func newFlow(next string) flow {
	return flow{
		State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Next: next,
		Ends: time.Now().Add(flowLife).Unix(),
	}
}

// signature signs a flow's text. The key is derived from the client secret, which all
// replicas know, because a login may come back to another replica.
func signature(secret bridge.Secret, text string) []byte {
	h := hmac.New(sha256.New, []byte("absorb-bridge login "+secret.Reveal()))
	h.Write([]byte(text))
	return h.Sum(nil)
}

// signed returns a flow as the browser keeps it.
func (f flow) signed(secret bridge.Secret) string {
	data, _ := json.Marshal(f) // texts and a number always encode
	text := base64.RawURLEncoding.EncodeToString(data)
	return text + "." + base64.RawURLEncoding.EncodeToString(signature(secret, text))
}

// readFlow reads the flow of the request that comes back.
func (u *rules) readFlow(r *http.Request) (f flow, err error) {
	c, err := r.Cookie(u.flowCookie(r, "", 0).Name)
	if err != nil {
		return f, err
	}
	text, mark, _ := strings.Cut(c.Value, ".")
	have, err := base64.RawURLEncoding.DecodeString(mark)
	if err != nil || !hmac.Equal(have, signature(u.provider.ClientSecret, text)) {
		return f, errors.New("this bridge did not sign the flow")
	}
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(data, &f)
	}
	switch {
	case err != nil:
	case f.State == "" || subtle.ConstantTimeCompare([]byte(f.State), []byte(r.FormValue("state"))) != 1:
		err = errors.New("the state belongs to another login")
	case time.Now().Unix() >= f.Ends:
		err = errors.New("the login took too long")
	}
	return f, err
}

// flowCookie returns the cookie of a flow. With TLS, its name has the prefix that makes
// browsers accept it from this host only, which needs the path of all pages; without
// TLS the browser sends it to the login only.
func (u *rules) flowCookie(r *http.Request, value string, seconds int) *http.Cookie {
	name, path := "absorb-bridge-login", LoginPath
	if u.secure(r) {
		name, path = "__Host-absorb-bridge-login", "/"
	}
	c := u.cookie(r, name, value, path)
	c.MaxAge = seconds
	return c
}
