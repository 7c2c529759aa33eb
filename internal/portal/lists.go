package portal

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// The limits of lists: the size of a page and the number of pages.
const (
	defaultLimit = 20
	maxLimit     = 1000
	maxPage      = 65535
)

func (p *Portal) lists(mux *http.ServeMux) {
	for path, name := range map[string]string{
		"users": "users", "courses": "courses", "departments": "departments", "groups": "groups", "roles": "roles",
		sessions: "sessions", "schedules": "schedules",
	} {
		mux.HandleFunc("GET /"+path, p.list(path, name, func(*http.Request) []object { return p.database.all(path) }))
	}
	for _, name := range []string{"enrollments", "certificates", "competencies"} {
		mux.HandleFunc("GET /users/{id}/"+name, p.list(name, name, func(r *http.Request) []object {
			return p.database.ownedBy(name, "userId", r.PathValue("id"))
		}))
	}
	mux.HandleFunc("GET /users/{id}/enrollments/{courseId}/sessions", p.list(sessionEnrollments, "sessions", func(r *http.Request) []object {
		e := p.database.enrollment(r.PathValue("id"), r.PathValue("courseId"))
		return p.database.ownedBy(sessionEnrollments, "courseEnrollmentId", text(e["id"]))
	}))
	mux.HandleFunc("GET /courses/{id}/enrollments", p.list("enrollments", "enrollments", func(r *http.Request) []object {
		return p.database.ownedBy("enrollments", "courseId", r.PathValue("id"))
	}))
	mux.HandleFunc("GET /categories", p.authorized(func(w http.ResponseWriter, _ *http.Request) {
		write(w, http.StatusOK, p.database.all("categories")) // a bare list
	}))
}

// list answers with one page of a collection's resources that find returns, filtered and
// sorted as requested. The name is the list's key in the envelope.
func (p *Portal) list(collection, name string, find func(*http.Request) []object) http.HandlerFunc {
	return p.authorized(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		page, err := number(q, "_offset", 0, maxPage)
		limit, err2 := number(q, "_limit", defaultLimit, maxLimit)
		keep, err3 := parseFilter(q.Get("_filter"), p.Plain)
		for _, err := range []error{err, err2, err3} {
			if err != nil {
				invalid(w, err.Error())
				return
			}
		}
		found := slices.DeleteFunc(slices.Clone(find(r)), func(o object) bool { return !keep(o) })
		order(found, q.Get("_sort"))
		start := min(page*limit, len(found)) // the offset counts pages
		returned := []object{}
		for _, o := range found[start:min(start+limit, len(found))] {
			returned = append(returned, p.show(collection, o))
		}
		if p.Bare {
			write(w, http.StatusOK, returned)
			return
		}
		write(w, http.StatusOK, object{
			"totalItems": len(found), "returnedItems": len(returned), "limit": limit, "offset": page, name: returned,
		})
	})
}

// requestError is the error of an invalid request, as Absorb words it.
type requestError string

func (c requestError) Error() string { return string(c) }

func number(q url.Values, key string, fallback, most int) (int, error) {
	if !q.Has(key) {
		return fallback, nil
	}
	n, err := strconv.Atoi(q.Get(key))
	if err != nil || n < 0 || n > most {
		return 0, requestError("Invalid value provided for " + key)
	}
	return n, nil
}

// order sorts a list by fields; "-" means descending. Nulls come first.
func order(all []object, keys string) {
	for _, key := range slices.Backward(strings.Split(keys, ",")) {
		name, down := strings.CutPrefix(strings.TrimSpace(key), "-")
		if name == "" {
			continue
		}
		slices.SortStableFunc(all, func(a, b object) int {
			if down {
				a, b = b, a
			}
			return compare(a[name], b[name])
		})
	}
}

// text returns a value as JSON writes it, without quotes.
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	b, _ := json.Marshal(v) // always valid
	return string(b)
}
