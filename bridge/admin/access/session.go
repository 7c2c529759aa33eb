package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// Where people log in and out.
const (
	LoginPath    = "/login"
	LogoutPath   = "/logout"
	providerPath = "/login/oidc"
	callbackPath = "/login/callback"
)

// maxForm bounds the body of a login.
const maxForm = 64 << 10

// Routes adds the login and the logout to a server.
func (g *Gate) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET "+LoginPath, func(w http.ResponseWriter, r *http.Request) {
		g.show(w, r, http.StatusOK, "")
	})
	mux.HandleFunc("POST "+LoginPath, g.login)
	mux.HandleFunc("POST "+LogoutPath, g.logout)
	if g.provider != nil {
		mux.HandleFunc("GET "+providerPath, g.toProvider)
		mux.HandleFunc("GET "+callbackPath, g.fromProvider)
	}
}

func (g *Gate) show(w http.ResponseWriter, r *http.Request, status int, problem string) {
	g.Login(w, r, LoginView{
		Status: status, Token: !g.Token.Empty() || !g.ViewToken.Empty(), OIDC: g.provider != nil,
		Next: next(r.FormValue("next")), Problem: problem,
	})
}

// login begins a session for who knows a token.
func (g *Gate) login(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	from := g.address(r)
	if !g.ownPage(r) {
		g.show(w, r, http.StatusForbidden, "Another site's page sent this login. Log in here.")
		return
	}
	if !g.throttle.may(from) {
		w.Header().Set("Retry-After", "60")
		g.show(w, r, http.StatusTooManyRequests, "Too many wrong tokens. Wait a minute.")
		return
	}
	p, ok := g.token(strings.TrimSpace(r.PostFormValue("token")))
	if !ok {
		g.throttle.failed(from)
		g.Log.Warn("somebody tried to log in with a wrong token", "from", from)
		g.show(w, r, http.StatusUnauthorized, "This is not the token. It is admin.token, or admin.view_token, in bridge.yaml.")
		return
	}
	g.begin(w, r, p, next(r.PostFormValue("next")))
}

// begin begins a session and goes on.
func (g *Gate) begin(w http.ResponseWriter, r *http.Request, p Person, to string) {
	ticket := rand.Text() + rand.Text()
	expires := time.Now().Add(g.Life)
	err := g.Sessions.Begin(r.Context(), store.Session{ID: hash(ticket), Who: p.Name, Role: string(p.Role), Expires: expires})
	if err != nil {
		g.Log.Error("nobody can log in", "err", err)
		g.show(w, r, http.StatusServiceUnavailable, "The store does not answer. Try again soon.")
		return
	}
	if g.Noted != nil {
		g.Noted(r.Context(), p.Name, "login")
	}
	c := g.cookie(r, g.cookieName(r), ticket, "/")
	c.Expires = expires
	http.SetCookie(w, c)
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// hash is what is kept of a session's ticket: who reads the store cannot use it.
func hash(ticket string) string {
	sum := sha256.Sum256([]byte(ticket))
	return hex.EncodeToString(sum[:])
}

// session gives the person of a request's session.
func (g *Gate) session(r *http.Request) (p Person, ok bool) {
	c, err := r.Cookie(g.cookieName(r))
	if err != nil || g.Sessions == nil {
		return p, false
	}
	s, err := g.Sessions.Session(r.Context(), hash(c.Value))
	if err != nil {
		return p, false
	}
	return Person{Name: s.Who, Role: Role(s.Role), Session: true}, true
}

func (g *Gate) logout(w http.ResponseWriter, r *http.Request) {
	if !g.ownPage(r) {
		g.show(w, r, http.StatusForbidden, "Another site's page sent this request.")
		return
	}
	name := g.cookieName(r)
	if c, err := r.Cookie(name); err == nil && g.Sessions != nil {
		if err := g.Sessions.End(r.Context(), hash(c.Value)); err != nil {
			g.Log.Error("a session could not be ended", "err", err)
		}
	}
	g.forget(w, r, name, "/")
	http.Redirect(w, r, LoginPath, http.StatusSeeOther)
}

// secure tells whether the browser talks to us, or to a proxy before us, by TLS.
func (g *Gate) secure(r *http.Request) bool {
	return r.TLS != nil || strings.HasPrefix(g.URL, "https://") || r.Header.Get("X-Forwarded-Proto") == "https"
}

// cookieName of the session: with its prefix, browsers take it from no other host.
func (g *Gate) cookieName(r *http.Request) string {
	if g.secure(r) {
		return "__Host-absorb-bridge"
	}
	return "absorb-bridge"
}

// cookie is one that no script and no other site's request has. Lax, so that a link
// from a chat message opens the page it leads to.
func (g *Gate) cookie(r *http.Request, name, value, path string) *http.Cookie {
	return &http.Cookie{Name: name, Value: value, Path: path, HttpOnly: true, Secure: g.secure(r), SameSite: http.SameSiteLaxMode}
}

func (g *Gate) forget(w http.ResponseWriter, r *http.Request, name, path string) {
	c := g.cookie(r, name, "", path)
	c.MaxAge = -1
	http.SetCookie(w, c)
}

// next is where to go after a login: a page of ours, and nowhere else.
func next(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(text, "/") || strings.HasPrefix(text, "//") || strings.ContainsAny(text, "\\\r\n\t") || strings.HasPrefix(u.Path, LoginPath) {
		return "/"
	}
	return text
}
