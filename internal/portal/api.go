package portal

import (
	"encoding/json"
	"net/http"
	"regexp"
	"time"
)

// tokenLife is how long a token of /authenticate is valid.
const tokenLife = 4 * time.Hour

// Handler serves the Integration API, with its paths at the root.
func (p *Portal) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /authenticate", p.authenticate)
	mux.HandleFunc("GET /{$}", p.serveDashboard)
	mux.HandleFunc("POST "+triggerPath, p.serveTrigger)
	mux.HandleFunc("GET /oauth/authorize", p.authorize)
	mux.HandleFunc("POST /oauth/token", p.oauth)
	mux.HandleFunc("GET /my-details", p.resource("users", "User", func(*http.Request) object { return p.database.byID("users", id(kindUser, 2)) }))
	for collection, name := range map[string]string{
		"users": "User", "courses": "Course", "departments": "Department", "groups": "Group", "roles": "Role",
		"categories": "Category", sessions: "Session", "schedules": "Schedule",
	} {
		mux.HandleFunc("GET /"+collection+"/{id}", p.resource(collection, name, func(r *http.Request) object {
			return p.database.byID(collection, r.PathValue("id"))
		}))
	}
	mux.HandleFunc("GET /users/{id}/enrollments/{courseId}", p.resource("enrollments", "Enrollment", func(r *http.Request) object {
		return p.database.enrollment(r.PathValue("id"), r.PathValue("courseId"))
	}))
	if !p.ListedCertificates {
		mux.HandleFunc("GET /users/{id}/certificates/{certificateId}", p.resource("certificates", "Certificate", func(r *http.Request) object {
			return p.database.byID("certificates", r.PathValue("certificateId"))
		}))
	}
	p.lists(mux)
	return p.guard(mux)
}

// guard runs before every request: it counts the request, serves faults, and enforces the
// rate limit.
func (p *Portal) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		now := p.Now()
		p.mu.Lock()
		p.applyDue(now)
		p.count(r.URL.Path)
		fault := p.takeFault(r.URL.Path)
		tooFast := p.Limit && !p.quota.take(now)
		p.mu.Unlock()
		switch {
		case fault != nil:
			fault.serve(w, r)
		case tooFast:
			tooMany(w)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func tooMany(w http.ResponseWriter) {
	write(w, http.StatusTooManyRequests, object{"message": "Too Many Requests"})
}

// hasKey checks the headers that every request needs.
func (p *Portal) hasKey(r *http.Request) bool {
	return r.Header.Get("x-api-key") == p.Key && r.Header.Get("x-api-version") == "2"
}

func (p *Portal) authenticate(w http.ResponseWriter, r *http.Request) {
	var login struct{ Username, Password, PrivateKey string }
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&login); err != nil || login.Username == "" || login.Password == "" {
		problem(w, http.StatusBadRequest, "The required body parameters were not included.", "BadRequest")
		return
	}
	if !p.hasKey(r) || login.Username != p.Username || login.Password != p.Password || login.PrivateKey != p.Key {
		write(w, http.StatusUnauthorized, object{"message": "Unauthorized"})
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	write(w, http.StatusOK, p.newToken("session"))
}

// newToken replaces the current token: each user has one.
func (p *Portal) newToken(kind string) string {
	p.sequence++
	now := p.Now()
	p.token = token{text: "emulated-" + kind + "-" + id(kindCorrelation, p.sequence), expires: now.Add(tokenLife), reliable: now.Add(p.TokenDelay)}
	return p.token.text
}

func (p *Portal) allowed(r *http.Request) bool {
	return p.hasKey(r) && !p.denies(r.URL.Path) && p.hasValidToken(r)
}

var guid = regexp.MustCompile(`(?i)^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$`)

// resource answers with one resource: 404 if there is none, 422 if an id in the
// path is malformed.
func (p *Portal) resource(collection, name string, find func(*http.Request) object) http.HandlerFunc {
	return p.authorized(func(w http.ResponseWriter, r *http.Request) {
		if found := find(r); found != nil {
			write(w, http.StatusOK, p.show(collection, found))
			return
		}
		problem(w, http.StatusNotFound, name+" not found.", "NotFound")
	})
}

// authorized serves valid, authorized requests, with the lock held.
func (p *Portal) authorized(serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if !p.allowed(r) {
			write(w, http.StatusUnauthorized, object{"message": "Unauthorized"})
			return
		}
		for _, name := range []string{"id", "courseId", "certificateId"} {
			if value := r.PathValue(name); value != "" && !guid.MatchString(value) {
				invalid(w, "Invalid format provided for "+name)
				return
			}
		}
		serve(w, r)
	}
}

// problem is an error whose validations are a list.
func problem(w http.ResponseWriter, status int, message, term string) {
	write(w, status, object{"validations": []any{}, "code": status, "message": message, "term": term, "_meta": object{}})
}

// invalid is an error whose validations are an object.
func invalid(w http.ResponseWriter, message string) {
	write(w, http.StatusUnprocessableEntity, object{
		"validations": object{"0": []any{object{"message": message}}}, "code": 422, "message": message, "term": "ValidationError", "_meta": object{},
	})
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client is gone
}
