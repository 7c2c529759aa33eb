package portal

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// scope is the scope that an integration must request.
const scope = "admin.v1"

// codeLife is how long an authorization code is valid.
const codeLife = 10 * time.Minute

// maxCodes limits how many codes are valid at a time.
const maxCodes = 1000

// consent is what an authorization code was issued for.
type consent struct {
	client, redirect string
	challenge        string // of PKCE, or ""
	expires          time.Time
}

// authorize serves the page where an admin consents (RFC 6749, section 4.1). The emulated
// admin always consents; the answer redirects to the redirect_uri with a code.
func (p *Portal) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	if client := q.Get("client_id"); client == "" || p.ClientID != "" && client != p.ClientID {
		page(w, http.StatusBadRequest, "The client_id is not one of this portal's clients.")
		return
	}
	if err != nil || back.Host == "" || back.Scheme != "https" && back.Scheme != "http" || back.Fragment != "" {
		page(w, http.StatusBadRequest, "The redirect_uri is not a whole http or https address.")
		return
	}
	answer := back.Query()
	if state := q.Get("state"); state != "" {
		answer.Set("state", state)
	}
	challenge, method := q.Get("code_challenge"), q.Get("code_challenge_method")
	switch {
	case q.Get("response_type") != "code":
		answer.Set("error", "unsupported_response_type")
	case !slices.Contains(strings.Fields(q.Get("scope")), scope):
		answer.Set("error", "invalid_scope")
	case challenge != "" && method != "S256":
		answer.Set("error", "invalid_request")
	default:
		answer.Set("code", p.newCode(consent{client: q.Get("client_id"), redirect: q.Get("redirect_uri"), challenge: challenge}))
	}
	back.RawQuery = answer.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

func (p *Portal) newCode(c consent) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.Now()
	for code, other := range p.codes {
		if len(p.codes) >= maxCodes || !now.Before(other.expires) {
			delete(p.codes, code)
		}
	}
	p.sequence++
	code := fmt.Sprintf("emulated-code-%s-%x", id(kindCorrelation, p.sequence), p.random.Uint64())
	c.expires = now.Add(codeLife)
	p.codes[code] = c
	return code
}

// oauth exchanges an authorization code or a refresh token for an access token and the
// next refresh token.
func (p *Portal) oauth(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, code, words string) {
		write(w, status, object{"error": code, "error_description": words})
	}
	client, secret, basic := r.BasicAuth()
	if !basic {
		client, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ClientID != "" && (client != p.ClientID || secret != p.ClientSecret) {
		refuse(http.StatusUnauthorized, "invalid_client", "The client is unknown, or its secret is wrong.")
		return
	}
	switch r.PostFormValue("grant_type") {
	case "refresh_token":
		if r.PostFormValue("refresh_token") != p.refresh {
			refuse(http.StatusBadRequest, "invalid_grant", "The refresh token is invalid or was used before.")
			return
		}
	case "authorization_code":
		if !p.redeem(r, client) {
			refuse(http.StatusBadRequest, "invalid_grant", "The code is invalid, expired, was used before, or was given for another client or redirect_uri.")
			return
		}
	default:
		refuse(http.StatusBadRequest, "unsupported_grant_type", "The grant_type must be authorization_code or refresh_token.")
		return
	}
	access := p.newToken("access")
	p.refresh = "emulated-refresh-" + id(kindCorrelation, p.sequence)
	write(w, http.StatusOK, object{
		"access_token": access, "token_type": "Bearer", "expires_in": int(tokenLife.Seconds()), "refresh_token": p.refresh, "scope": scope,
	})
}

// redeem invalidates a code, and reports whether it was valid.
func (p *Portal) redeem(r *http.Request, client string) bool {
	code := r.PostFormValue("code")
	c, known := p.codes[code]
	delete(p.codes, code)
	if c.challenge != "" {
		sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
		known = known && base64.RawURLEncoding.EncodeToString(sum[:]) == c.challenge
	}
	return known && p.Now().Before(c.expires) && c.client == client && c.redirect == r.PostFormValue("redirect_uri")
}

// page answers with an HTML page.
func page(w http.ResponseWriter, status int, words string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<!doctype html><meta charset=utf-8><title>Emulated Absorb portal</title><p>%s</p>\n", html.EscapeString(words)) // the client is gone
}
