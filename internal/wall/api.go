package wall

import (
	"encoding/json"
	"math"
	"net/http"
	"time"
)

// faultJSON is a Fault as the API spells it.
type faultJSON struct {
	Platform   string  `json:"platform"`
	Mode       string  `json:"mode"`
	Count      int     `json:"count"`
	RetryAfter float64 `json:"retry_after"` // seconds
}

func (w *Wall) serveMessages(rw http.ResponseWriter, r *http.Request) {
	messages := w.history.messages(r.URL.Query().Get("platform"), 0)
	if messages == nil {
		messages = []Message{}
	}
	writeJSON(rw, http.StatusOK, map[string]any{"counts": w.allCounts(), "messages": messages})
}

func (w *Wall) serveClear(rw http.ResponseWriter, _ *http.Request) {
	w.Clear()
	rw.WriteHeader(http.StatusNoContent)
}

func (w *Wall) serveFaults(rw http.ResponseWriter, _ *http.Request) {
	pending := []faultJSON{}
	for _, f := range w.Faults() {
		pending = append(pending, faultJSON{f.Platform, f.Mode, f.Count, f.RetryAfter.Seconds()})
	}
	writeJSON(rw, http.StatusOK, map[string]any{"pending": pending, "modes": w.faults.modes})
}

func (w *Wall) serveInject(rw http.ResponseWriter, r *http.Request) {
	var f faultJSON
	d := json.NewDecoder(http.MaxBytesReader(rw, r.Body, 4<<10))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		writeJSON(rw, http.StatusBadRequest, map[string]any{"error": err.Error()})
		return
	}
	wait := time.Duration(min(max(f.RetryAfter, 0), math.MaxInt32) * float64(time.Second))
	if err := w.Inject(Fault{Platform: f.Platform, Mode: f.Mode, Count: f.Count, RetryAfter: wait}); err != nil {
		writeJSON(rw, http.StatusBadRequest, map[string]any{"error": err.Error()})
		return
	}
	w.serveFaults(rw, r)
}

func (w *Wall) allCounts() map[string]Counts {
	all := map[string]Counts{}
	for _, p := range everyPlatform() {
		all[p] = w.Counts(p)
	}
	return all
}

func writeJSON(rw http.ResponseWriter, status int, v any) {
	rw.Header().Set("Content-Type", "application/json; charset=utf-8")
	rw.Header().Set("Cache-Control", "no-store")
	rw.WriteHeader(status)
	_ = json.NewEncoder(rw).Encode(v)
}
