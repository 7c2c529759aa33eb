package access

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
)

// grounds are what a session rests on: the token that it was begun with, or what a
// provider said of the person. They are kept beside the session, and the role follows
// from them and from the settings of the moment.
type grounds struct {
	Token  string   `json:"token,omitempty"`  // hash of the token, with the session's ticket as key
	Issuer string   `json:"issuer,omitempty"` // the provider …
	Client string   `json:"client,omitempty"`
	Claim  string   `json:"claim,omitempty"`
	Values []string `json:"values,omitempty"` // … and the values of its claim
}

// keyed is what is kept of a token. The key is the ticket, which only the browser has:
// nobody who reads the store can try tokens against it.
func keyed(ticket, token string) string {
	h := hmac.New(sha256.New, []byte(ticket))
	h.Write([]byte(token))
	return hex.EncodeToString(h.Sum(nil))
}

// maxValues bounds how many bytes of a claim's values are kept. Some people are in
// hundreds of groups.
const maxValues = 16 << 10

// grounds are those of somebody whom the provider logged in. Values that give rights
// come first, so that these are kept if not all can be.
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
	text, _ := json.Marshal(g) // texts alone can always be written
	return string(text)
}

// read reads what text has written; it gives no grounds for anything else.
func read(text string) (g grounds) {
	if json.Unmarshal([]byte(text), &g) != nil {
		return grounds{}
	}
	return g
}

// roleBy gives the role that a session's grounds give today, or "".
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
