package portal

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The bounds of a list: its page's size and the number of pages.
const (
	defaultLimit = 20
	maxLimit     = 1000
	maxPage      = 65535
)

func (p *Portal) lists(mux *http.ServeMux) {
	for path, name := range map[string]string{
		"/users": "users", "/courses": "courses", "/departments": "departments", "/groups": "groups", "/roles": "roles",
	} {
		mux.HandleFunc("GET "+path, p.list(name, func(*http.Request) []object { return p.world.things[name] }))
	}
	mux.HandleFunc("GET /instructor-led-course-sessions", p.list("sessions", func(*http.Request) []object {
		return p.world.things["instructor-led-course-sessions"]
	}))
	for _, name := range []string{"enrollments", "certificates", "competencies"} {
		mux.HandleFunc("GET /users/{id}/"+name, p.list(name, func(r *http.Request) []object {
			return p.world.of(name, "userId", r.PathValue("id"))
		}))
	}
	mux.HandleFunc("GET /courses/{id}/enrollments", p.list("enrollments", func(r *http.Request) []object {
		return p.world.of("enrollments", "courseId", r.PathValue("id"))
	}))
	mux.HandleFunc("GET /categories", p.authorized(func(w http.ResponseWriter, _ *http.Request) {
		write(w, http.StatusOK, p.world.things["categories"]) // a bare list
	}))
}

// list answers with a page of what find gives, filtered and sorted as asked.
func (p *Portal) list(name string, find func(*http.Request) []object) http.HandlerFunc {
	return p.authorized(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		page, err := number(q, "_offset", 0, maxPage)
		limit, err2 := number(q, "_limit", defaultLimit, maxLimit)
		keep, err3 := parseFilter(q.Get("_filter"))
		if p.Plain && strings.Contains(q.Get("_filter"), "datetime'") {
			err3 = complaint("Invalid filter: datetime")
		}
		for _, err := range []error{err, err2, err3} {
			if err != nil {
				invalid(w, err.Error())
				return
			}
		}
		found := slices.DeleteFunc(slices.Clone(find(r)), func(o object) bool { return !keep(o) })
		order(found, q.Get("_sort"))
		start := min(page*limit, len(found)) // the offset counts pages
		returned := found[start:min(start+limit, len(found))]
		if p.Bare {
			write(w, http.StatusOK, append([]object{}, returned...))
			return
		}
		write(w, http.StatusOK, object{
			"totalItems": len(found), "returnedItems": len(returned), "limit": limit, "offset": page, name: append([]object{}, returned...),
		})
	})
}

// complaint is what is wrong with a request, in Absorb's words.
type complaint string

func (c complaint) Error() string { return string(c) }

func number(q url.Values, key string, fallback, most int) (int, error) {
	if !q.Has(key) {
		return fallback, nil
	}
	n, err := strconv.Atoi(q.Get(key))
	if err != nil || n < 0 || n > most {
		return 0, complaint("Invalid value provided for " + key)
	}
	return n, nil
}

func order(all []object, keys string) {
	for _, key := range slices.Backward(strings.Split(keys, ",")) {
		name, down := strings.CutPrefix(strings.TrimSpace(key), "-")
		if name == "" {
			continue
		}
		slices.SortStableFunc(all, func(a, b object) int {
			c := strings.Compare(text(a[name]), text(b[name]))
			if down {
				return -c
			}
			return c
		})
	}
}

// text is a value as text that sorts as the value does.
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	b, _ := json.Marshal(v) // numbers and truths of our own
	return string(b)
}

// condition is one comparison of the OData subset: a field, an operator and a
// literal.
var condition = regexp.MustCompile(`^\s*(\w+)\s+(eq|ne|gt|ge|lt|le)\s+(?:guid|datetime)?'?([^']*)'?\s*$`)

// parseFilter reads comparisons joined by "and".
func parseFilter(filter string) (func(object) bool, error) {
	if strings.TrimSpace(filter) == "" {
		return func(object) bool { return true }, nil
	}
	var all []func(object) bool
	for part := range strings.SplitSeq(filter, " and ") {
		found := condition.FindStringSubmatch(part)
		if found == nil {
			return nil, complaint(fmt.Sprintf("Invalid filter: %.80s", part))
		}
		field, operator, literal := found[1], found[2], found[3]
		all = append(all, func(o object) bool { return holds(operator, compare(o[field], literal)) })
	}
	return func(o object) bool {
		return !slices.ContainsFunc(all, func(c func(object) bool) bool { return !c(o) })
	}, nil
}

func holds(operator string, c int) bool {
	switch operator {
	case "eq":
		return c == 0
	case "ne":
		return c != 0
	case "gt":
		return c > 0
	case "ge":
		return c >= 0
	case "lt":
		return c < 0
	default:
		return c <= 0
	}
}

func compare(value any, literal string) int {
	have := text(value)
	if a, err := when(have); err == nil {
		if b, err := when(literal); err == nil {
			return a.Compare(b)
		}
	}
	if a, err := strconv.ParseFloat(have, 64); err == nil {
		if b, err := strconv.ParseFloat(literal, 64); err == nil {
			return int(a*1000) - int(b*1000)
		}
	}
	return strings.Compare(strings.ToLower(have), strings.ToLower(literal))
}

func when(s string) (time.Time, error) {
	return time.Parse("2006-01-02T15:04:05.999999999", strings.TrimSuffix(s, "Z"))
}
