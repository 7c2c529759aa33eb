package pages

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"sync"

	"github.com/absorb-bridge/absorb-bridge/bridge/admin"
	"github.com/absorb-bridge/absorb-bridge/bridge/admin/access"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

//go:embed assets
var assets embed.FS

// view is a page: the file of its template, and its contents.
type view struct {
	File  string
	Title string
	Body  any
}

// frame is what surrounds every page.
type frame struct {
	view
	Sections []section
	Here     string // path of the current section
	Person   access.Person
	Done     string // the result of the last form
	Query    url.Values
}

// templates parses the page templates once, when first needed.
var templates = sync.OnceValue(func() map[string]*template.Template {
	layout := template.Must(template.New("layout").Funcs(functions()).ParseFS(assets, "assets/layout.html", "assets/parts.html"))
	all := map[string]*template.Template{}
	files, err := assets.ReadDir("assets")
	if err != nil {
		panic("embedded assets: " + err.Error())
	}
	for _, f := range files {
		if path.Ext(f.Name()) == ".html" && f.Name() != "layout.html" && f.Name() != "parts.html" {
			all[f.Name()] = template.Must(template.Must(layout.Clone()).ParseFS(assets, "assets/"+f.Name()))
		}
	}
	return all
})

func (s *site) page(f func(*http.Request) (view, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := f(r)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		s.show(w, r, http.StatusOK, v)
	}
}

// act handles a form; its handler redirects the browser.
func (s *site) act(f func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			s.refuse(w, r, http.StatusBadRequest, "The form is incomplete or too large. Go back and send it again.")
			return
		}
		if err := f(w, r); err != nil {
			s.fail(w, r, err)
		}
	}
}

func (s *site) show(w http.ResponseWriter, r *http.Request, status int, v view) {
	render(w, r, s.Log.Error, status, v)
}

// render writes a complete page, or an error.
func render(w http.ResponseWriter, r *http.Request, complain func(string, ...any), status int, v view) {
	here := "/" + strings.SplitN(strings.TrimPrefix(r.URL.Path, "/"), "/", 2)[0]
	if here == "/captures" {
		here = "/sources"
	}
	f := frame{view: v, Sections: sections(), Here: here, Person: access.From(r.Context()), Query: r.URL.Query(), Done: done(r.URL.Query())}
	var b bytes.Buffer
	if err := templates()[v.File].ExecuteTemplate(&b, "layout", f); err != nil {
		complain("cannot write a page", "page", v.File, "err", err)
		http.Error(w, "cannot write the page; see the log", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the browser may have disconnected
}

// fail shows an error.
func (s *site) fail(w http.ResponseWriter, r *http.Request, err error) {
	if e, ok := errors.AsType[*admin.Error](err); ok {
		s.refuse(w, r, e.Status, e.Message)
		return
	}
	if errors.Is(err, store.ErrNotFound) {
		s.refuse(w, r, http.StatusNotFound, "Nothing has this id. It may have been deleted: the settings keep and keep_dead say after how long.")
		return
	}
	if r.Context().Err() == nil {
		s.Log.Error("cannot show a page", "path", r.URL.Path, "err", err)
	}
	s.refuse(w, r, http.StatusServiceUnavailable, "The store does not answer. Try again soon; the log has the reason.")
}

// refuse shows why there is no page, or the login page if nobody is logged in.
func (s *site) refuse(w http.ResponseWriter, r *http.Request, status int, message string) {
	if status == http.StatusUnauthorized {
		if r.Method == http.MethodGet && r.Header.Get("Sec-Fetch-Dest") != "empty" && r.Header.Get("Authorization") == "" {
			http.Redirect(w, r, access.LoginPath+"?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
			return
		}
		message = "Log in first."
	}
	s.show(w, r, status, view{"error.html", http.StatusText(status), message})
}

// Login shows the login page.
func Login(w http.ResponseWriter, r *http.Request, v access.LoginView) {
	render(w, r, func(string, ...any) {}, v.Status, view{"login.html", "Log in", v})
}

// done describes the result of the last form, from the query that back wrote.
func done(q url.Values) string {
	n, _ := strconv.Atoi(q.Get("n"))
	messages := plural(n, "message", "messages")
	switch q.Get("done") {
	case admin.Retry:
		return messages + " will be tried again."
	case admin.Cancel:
		return messages + " cancelled."
	case admin.Move:
		return messages + " moved."
	case admin.Replay:
		return plural(n, "event", "events") + " will be looked up and routed again."
	case "test-window":
		return "The test window is open."
	case "test-window-closed":
		return "The test window is closed."
	case "test-window-stays":
		return "The source stays on test until its first event is verified."
	case "try-api":
		return "The Integration API was tried; the checklist has the result."
	case "saved":
		return "The template was saved and is in use. If there was a file before, it is now beside the new one, with .bak at the end of its name."
	case "reload":
		return "The configuration was read again and is in use."
	case "sessions/end":
		return plural(n, "session", "sessions") + " ended."
	}
	return ""
}

// back redirects the browser to a page of this site, which says what was done.
func back(w http.ResponseWriter, r *http.Request, to, what string, n int) {
	u, err := url.Parse(to)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.Contains(to, `\`) {
		u = &url.URL{Path: "/"}
	}
	q := u.Query()
	q.Set("done", what)
	q.Set("n", strconv.Itoa(n))
	u.RawQuery = q.Encode()
	http.Redirect(w, r, u.String(), http.StatusSeeOther)
}

func serveAsset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	data, err := assets.ReadFile("assets/" + name)
	if media := mime.TypeByExtension(path.Ext(name)); err == nil && media != "" && path.Ext(name) != ".html" {
		w.Header().Set("Content-Type", media)
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin") // sandboxed frames load them, too
		_, _ = w.Write(data)                                           // the browser may have disconnected
		return
	}
	http.NotFound(w, r)
}

func plural(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%s %s", thousands(n), more)
}
