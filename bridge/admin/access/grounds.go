package access

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
)

// grounds are what a session is based on: the token that started it, or the provider's
// claims about the person. The session stores them, and each request computes the role
// from them and the current settings.
type grounds struct {
	Token  string   `json:"token,omitempty"`  // hash of the token, keyed with the session's ticket
	Issuer string   `json:"issuer,omitempty"` // the provider …
	Client string   `json:"client,omitempty"`
	Claim  string   `json:"claim,omitempty"`
	Values []string `json:"values,omitempty"` // … and the values of its claim
}

// keyed returns the stored hash of a token. The key is the ticket, which only the
// browser knows, so nobody who reads the store can try tokens against it.
func keyed(ticket, token string) string {
	h := hmac.New(sha256.New, []byte(ticket))
	h.Write([]byte(token))
	return hex.EncodeToString(h.Sum(nil))
}

// maxValues limits the stored values of a claim, in bytes. Some people are in hundreds
// of groups.
const maxValues = 16 << 10

// grounds returns the grounds of a login at the provider. Values that give rights come
// first, so that the limit drops others.
func (p *provider) grounds(values []string) grounds {
	g := grounds{Issuer: p.Issuer, Client: p.ClientID, Claim: p.Claim}
	helps := func(value string) int {
		if p.role(value) != "" {
			return 0
		}
		return 1
	}
	room := maxValues
	for _, value := range slices.SortedStableFunc(slices.Values(values), func(a, b string) int { return helps(a) - helps(b) }) {
		if room -= len(value); room < 0 {
			break
		}
		g.Values = append(g.Values, value)
	}
	return g
}

func (g grounds) text() string {
	text, _ := json.Marshal(g) // texts always encode
	return string(text)
}

// read is the reverse of text; it returns no grounds for other input.
func read(text string) (g grounds) {
	if json.Unmarshal([]byte(text), &g) != nil {
		return grounds{}
	}
	return g
}

// roleBy returns the role that a session's grounds give under the current settings, or
// "".
func (u *rules) roleBy(g grounds, ticket string) Role {
	for _, t := range u.tokens() {
		if !t.Empty() && hmac.Equal([]byte(g.Token), []byte(keyed(ticket, t.Reveal()))) {
			return t.Role
		}
	}
	if p := u.provider; p != nil && g.Issuer == p.Issuer && g.Client == p.ClientID && g.Claim == p.Claim {
		return p.role(g.Values...)
	}
	return ""
}
