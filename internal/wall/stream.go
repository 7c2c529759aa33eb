package wall

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// streamPause is how long changes are gathered before the page hears of them,
// so that a flood of messages does not become a flood of events.
const streamPause = 120 * time.Millisecond

// streamed is a message as the page's script inserts it.
type streamed struct {
	Platform string `json:"platform"`
	HTML     string `json:"html"`
}

// serveEvents tells the page of new messages by server-sent events: "messages"
// with what to insert and the counters, "cleared" when all is gone. The id of an
// event is the last message's sequence number, from which a reconnect goes on.
func (w *Wall) serveEvents(rw http.ResponseWriter, r *http.Request) {
	after := r.Header.Get("Last-Event-ID")
	if after == "" {
		after = r.URL.Query().Get("after")
	}
	last, _ := strconv.ParseUint(after, 10, 64)
	changes, stop := w.history.watch()
	defer stop()
	rw.Header().Set("Content-Type", "text/event-stream")
	rw.Header().Set("Cache-Control", "no-store")
	out := http.NewResponseController(rw)
	_, _ = fmt.Fprint(rw, "retry: 1000\n\n")
	generation := w.history.cleared()
	for {
		if now := w.history.cleared(); now != generation {
			generation = now
			_, _ = fmt.Fprint(rw, "event: cleared\ndata: {}\n\n")
		}
		var err error
		if last, err = w.sendMessages(rw, last); err != nil || out.Flush() != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-w.done:
			return
		case <-changes:
		}
		select {
		case <-r.Context().Done():
			return
		case <-time.After(streamPause):
		}
	}
}

// sendMessages writes what came after a sequence number as one event.
func (w *Wall) sendMessages(rw http.ResponseWriter, last uint64) (uint64, error) {
	news := []streamed{}
	for _, m := range w.history.messages("", last) {
		var b strings.Builder
		if err := pageTemplates().ExecuteTemplate(&b, "message", newEntry(m)); err != nil {
			return last, err
		}
		news = append(news, streamed{m.Platform, b.String()})
		last = m.Seq
	}
	data, err := json.Marshal(map[string]any{"messages": news, "counts": w.allCounts()})
	if err != nil {
		return last, err
	}
	_, err = fmt.Fprintf(rw, "id: %d\nevent: messages\ndata: %s\n\n", last, data)
	return last, err
}
