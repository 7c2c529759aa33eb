package portal

import (
	"bytes"
	"net/http"
	"strings"
	"time"
)

// Mode is a way in which the Integration API fails.
type Mode string

// The modes of a fault.
const (
	TooMany      Mode = "too-many"             // 429 without Retry-After
	TooManyRetry Mode = "too-many-retry-after" // 429 with Retry-After: 1
	ServerError  Mode = "server-error"         // 500 with an empty body
	Unavailable  Mode = "unavailable"          // 503 with a page in HTML
	Forbidden    Mode = "forbidden"            // 403: the user's role has no right
	Missing      Mode = "missing"              // 404
	Unauthorized Mode = "unauthorized"         // 401, whatever the token
	Empty        Mode = "empty"                // 200 without a body
	HTML         Mode = "html"                 // 200 with a login page
	WrongType    Mode = "wrong-type"           // 200, JSON of another shape
	Huge         Mode = "huge"                 // 200 with a body of 32 MiB
	Slow         Mode = "slow"                 // the headers are sent after a second
	Hang         Mode = "hang"                 // no answer
	Reset        Mode = "reset"                // the connection is dropped
	Redirect     Mode = "redirect"             // 302 to another host
)

// Fault makes requests fail.
type Fault struct {
	Mode   Mode
	Prefix string // of the affected paths; "" affects all
	Count  int    // how many requests fail; 0 means all until Mend
	used   int
}

// Break adds a fault.
func (p *Portal) Break(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = append(p.faults, &f)
}

// Mend ends all faults.
func (p *Portal) Mend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = nil
}

// takeFault returns the fault that affects a path, and counts its use.
func (p *Portal) takeFault(path string) *Fault {
	for _, f := range p.faults {
		if strings.HasPrefix(path, f.Prefix) && (f.Count == 0 || f.used < f.Count) {
			f.used++
			return f
		}
	}
	return nil
}

// huge is the size of a Huge answer, in bytes.
const huge = 32 << 20

func (f *Fault) serve(w http.ResponseWriter, r *http.Request) {
	page := func(status int) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		_, _ = w.Write([]byte("<!doctype html><title>Absorb</title><h1>We'll be right back</h1>"))
	}
	switch f.Mode {
	case TooMany:
		tooMany(w)
	case TooManyRetry:
		w.Header().Set("Retry-After", "1")
		tooMany(w)
	case Unavailable:
		page(http.StatusServiceUnavailable)
	case Forbidden:
		problem(w, http.StatusForbidden, "You do not have permission to view this resource.", "Forbidden")
	case Missing:
		problem(w, http.StatusNotFound, "Resource not found.", "NotFound")
	case Unauthorized:
		write(w, http.StatusUnauthorized, object{"message": "Unauthorized"})
	case Empty:
		w.WriteHeader(http.StatusOK)
	case HTML:
		page(http.StatusOK)
	case WrongType:
		write(w, http.StatusOK, "surprise")
	case Huge:
		w.Header().Set("Content-Type", "application/json")
		blanks := bytes.Repeat([]byte(" "), 64<<10)
		for range huge / len(blanks) {
			if _, err := w.Write(blanks); err != nil {
				return
			}
		}
	case Slow:
		select {
		case <-time.After(time.Second):
		case <-r.Context().Done():
		}
		problem(w, http.StatusNotFound, "Resource not found.", "NotFound")
	case Hang:
		<-r.Context().Done()
	case Reset:
		panic(http.ErrAbortHandler)
	case Redirect:
		http.Redirect(w, r, "https://elsewhere.invalid"+r.URL.Path, http.StatusFound)
	default:
		w.WriteHeader(http.StatusInternalServerError)
	}
}
