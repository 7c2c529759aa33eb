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
	for pattern, serve := range map[string]func(*rules, http.ResponseWriter, *http.Request){
		"GET " + LoginPath:    (*rules).loginPage,
		"POST " + LoginPath:   (*rules).login,
		"POST " + LogoutPath:  (*rules).logout,
		"GET " + providerPath: (*rules).toProvider,
		"GET " + callbackPath: (*rules).fromProvider,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { serve(g.rules.Load(), w, r) })
	}
}

func (u *rules) loginPage(w http.ResponseWriter, r *http.Request) { u.show(w, r, http.StatusOK, "") }

func (u *rules) show(w http.ResponseWriter, r *http.Request, status int, problem string) {
	u.Login(w, r, LoginView{
		Status: status, Token: !u.Token.Empty() || !u.ViewToken.Empty(), OIDC: u.provider != nil,
		Next: next(r.FormValue("next")), Problem: problem,
	})
}

// login begins a session for who knows a token.
func (u *rules) login(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if !u.ownPage(r) {
		u.refused(r, otherSite, "another site's page sent a login", "")
		u.show(w, r, http.StatusForbidden, "Another site's page sent this login. Log in here.")
		return
	}
	given := strings.TrimSpace(r.PostFormValue("token"))
	if p, ok := u.holder(given); ok {
		u.begin(w, r, p, next(r.PostFormValue("next")), func(ticket string) grounds { return grounds{Token: keyed(ticket, given)} })
		return
	}
	u.refused(r, wrongToken, "somebody tried to log in with a wrong token", "")
	if u.visitors.guessed(u.Proxies.Address(r)) {
		w.Header().Set("Retry-After", retryAfter)
		u.show(w, r, http.StatusTooManyRequests, "Too many wrong tokens. Wait a minute.")
		return
	}
	u.show(w, r, http.StatusUnauthorized, "This is not the token. It is admin.token, or admin.view_token, in bridge.yaml.")
}

// begin begins a session and goes on. Its grounds are judged again at each request.
func (u *rules) begin(w http.ResponseWriter, r *http.Request, p Person, to string, grounds func(ticket string) grounds) {
	ticket := rand.Text() + rand.Text()
	expires := time.Now().Add(u.Life)
	err := u.Sessions.Begin(r.Context(), store.Session{ID: hash(ticket), Who: p.Name, Role: string(p.Role), Expires: expires, Grounds: grounds(ticket).text()})
	if err != nil {
		u.Log.Error("nobody can log in", "err", err)
		u.show(w, r, http.StatusServiceUnavailable, "The store does not answer. Try again soon.")
		return
	}
	u.note(r, p.Name, "login")
	c := u.cookie(r, u.cookieName(r), ticket, "/")
	c.Expires = expires
	http.SetCookie(w, c)
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func (u *rules) note(r *http.Request, who, action string) {
	if u.Noted != nil {
		u.Noted(r.Context(), who, action, "", 1)
	}
}

// hash is what is kept of a session's ticket: who reads the store cannot use it.
func hash(ticket string) string {
	sum := sha256.Sum256([]byte(ticket))
	return hex.EncodeToString(sum[:])
}

// session gives the person of a request's session, with the role that the settings of
// now give. A session whose grounds are gone is ended.
func (u *rules) session(r *http.Request) (p Person, ok bool) {
	c, err := r.Cookie(u.cookieName(r))
	if err != nil || u.Sessions == nil {
		return p, false
	}
	s, err := u.Sessions.Session(r.Context(), hash(c.Value))
	if err != nil {
		return p, false
	}
	role := u.roleBy(read(s.Grounds), c.Value)
	if role == "" {
		u.Log.Info("a session has ended: what it was begun with gives no rights any more", "who", s.Who)
		if err := u.Sessions.End(r.Context(), s.ID); err != nil {
			u.Log.Error("a session could not be ended", "err", err)
		}
		return p, false
	}
	return Person{Name: s.Who, Role: role, Session: true}, true
}

func (u *rules) logout(w http.ResponseWriter, r *http.Request) {
	if !u.ownPage(r) {
		u.refused(r, otherSite, "another site's page sent a logout", "")
		u.show(w, r, http.StatusForbidden, "Another site's page sent this request.")
		return
	}
	name := u.cookieName(r)
	if p, ok := u.session(r); ok {
		c, _ := r.Cookie(name) // it is there: the session was found by it
		if err := u.Sessions.End(r.Context(), hash(c.Value)); err != nil {
			u.Log.Error("a session could not be ended", "err", err)
			u.show(w, r, http.StatusServiceUnavailable, "The store does not answer, so you are still logged in. Try again soon.")
			return
		}
		u.note(r, p.Name, "logout")
	}
	u.forget(w, r, name, "/")
	http.Redirect(w, r, LoginPath, http.StatusSeeOther)
}

// secure tells whether the browser talks to us, or to a proxy before us, by TLS.
func (u *rules) secure(r *http.Request) bool {
	return r.TLS != nil || strings.HasPrefix(u.URL, "https://") || r.Header.Get("X-Forwarded-Proto") == "https"
}

// cookieName of the session: with its prefix, browsers take it from no other host.
func (u *rules) cookieName(r *http.Request) string {
	if u.secure(r) {
		return "__Host-absorb-bridge"
	}
	return "absorb-bridge"
}

// cookie is one that no script and no other site's request has. Lax, so that a link
// from a chat message opens the page it leads to.
func (u *rules) cookie(r *http.Request, name, value, path string) *http.Cookie {
	return &http.Cookie{Name: name, Value: value, Path: path, HttpOnly: true, Secure: u.secure(r), SameSite: http.SameSiteLaxMode}
}

func (u *rules) forget(w http.ResponseWriter, r *http.Request, name, path string) {
	c := u.cookie(r, name, "", path)
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
