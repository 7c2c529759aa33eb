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

// Paths of the login and the logout.
const (
	LoginPath    = "/login"
	LogoutPath   = "/logout"
	providerPath = "/login/oidc"
	callbackPath = "/login/callback"
)

// maxForm limits the body of a login, in bytes.
const maxForm = 64 << 10

// Routes adds the login and the logout to a mux.
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

// login starts a session for the owner of a token.
func (u *rules) login(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if !u.ownPage(r) {
		u.refused(r, otherSite, "another site's page sent a login", "")
		u.show(w, r, http.StatusForbidden, "A page of another site sent this login. Log in here.")
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
		u.show(w, r, http.StatusTooManyRequests, "Too many wrong tokens. Wait a minute, then try again.")
		return
	}
	u.show(w, r, http.StatusUnauthorized, "The token is wrong. Use admin.token or admin.view_token of bridge.yaml.")
}

// begin starts a session and redirects the browser. Each request checks the grounds
// again.
func (u *rules) begin(w http.ResponseWriter, r *http.Request, p Person, to string, grounds func(ticket string) grounds) {
	ticket := rand.Text() + rand.Text()
	expires := time.Now().Add(u.Life)
	err := u.Sessions.Begin(r.Context(), store.Session{ID: hash(ticket), Who: p.Name, Role: string(p.Role), Expires: expires, Grounds: grounds(ticket).text()})
	if err != nil {
		u.Log.Error("cannot start a session", "err", err)
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

// hash returns what is stored of a session's ticket, so that nobody who reads the store
// can use it.
func hash(ticket string) string {
	sum := sha256.Sum256([]byte(ticket))
	return hex.EncodeToString(sum[:])
}

// session returns the person of a request's session, with the role that the current
// settings give. It ends a session whose grounds give no role.
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
		u.Log.Info("ended a session: its login no longer gives any rights", "who", s.Who)
		if err := u.Sessions.End(r.Context(), s.ID); err != nil {
			u.Log.Error("cannot end a session", "err", err)
		}
		return p, false
	}
	return Person{Name: s.Who, Role: role, Session: true}, true
}

func (u *rules) logout(w http.ResponseWriter, r *http.Request) {
	if !u.ownPage(r) {
		u.refused(r, otherSite, "another site's page sent a logout", "")
		u.show(w, r, http.StatusForbidden, "A page of another site sent this request. Log out on the bridge's own page.")
		return
	}
	name := u.cookieName(r)
	if p, ok := u.session(r); ok {
		c, _ := r.Cookie(name) // it exists: the session was found by it
		if err := u.Sessions.End(r.Context(), hash(c.Value)); err != nil {
			u.Log.Error("cannot end a session", "err", err)
			u.show(w, r, http.StatusServiceUnavailable, "The store does not answer, so you are still logged in. Try again soon.")
			return
		}
		u.note(r, p.Name, "logout")
	}
	u.forget(w, r, name, "/")
	http.Redirect(w, r, LoginPath, http.StatusSeeOther)
}

// secure reports whether the browser uses TLS, to the bridge or to a proxy in front of
// it.
func (u *rules) secure(r *http.Request) bool {
	return r.TLS != nil || strings.HasPrefix(u.URL, "https://") || r.Header.Get("X-Forwarded-Proto") == "https"
}

// cookieName returns the session cookie's name. With its prefix, browsers accept it
// from no other host.
func (u *rules) cookieName(r *http.Request) string {
	if u.secure(r) {
		return "__Host-absorb-bridge"
	}
	return "absorb-bridge"
}

// cookie returns a cookie that scripts and other sites' requests cannot use. It is Lax,
// so that a link in a chat message opens its page.
func (u *rules) cookie(r *http.Request, name, value, path string) *http.Cookie {
	return &http.Cookie{Name: name, Value: value, Path: path, HttpOnly: true, Secure: u.secure(r), SameSite: http.SameSiteLaxMode}
}

func (u *rules) forget(w http.ResponseWriter, r *http.Request, name, path string) {
	c := u.cookie(r, name, "", path)
	c.MaxAge = -1
	http.SetCookie(w, c)
}

// next returns where to go after a login: always a page of this site.
func next(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(text, "/") || strings.HasPrefix(text, "//") || strings.ContainsAny(text, "\\\r\n\t") || strings.HasPrefix(u.Path, LoginPath) {
		return "/"
	}
	return text
}
