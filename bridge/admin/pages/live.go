package pages

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/admin/access"
)

const (
	// maxStreams is how many pages are updated at the same time; further pages stay as
	// they were loaded.
	maxStreams = 64

	// lookEvery is how often a stream checks for changes, and beatEvery how often it
	// sends a sign of life.
	lookEvery = 2 * time.Second
	beatEvery = 15 * time.Second

	// maxStream is how long a stream lasts; then the page opens another.
	maxStream = 15 * time.Minute

	// writeWithin is how long a browser may take to receive something.
	writeWithin = 20 * time.Second
)

// errNotLetIn ends the stream of somebody who is no longer allowed to see it.
var errNotLetIn = errors.New("no longer allowed to see this page")

// live streams one block of a page's template as server-sent events, whenever it
// changes.
func (s *site) live(file, block string, f func(*http.Request) (view, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		select {
		case s.streams <- struct{}{}:
			defer func() { <-s.streams }()
		default:
			w.Header().Set("Retry-After", "30")
			http.Error(w, "too many open pages are updated live; reload this page to see changes", http.StatusServiceUnavailable)
			return
		}
		t := &stream{w: w, c: http.NewResponseController(w)}
		if t.begin() != nil {
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), maxStream)
		defer cancel()
		s.follow(ctx, t, func() ([]byte, error) {
			now, ok := s.Gate.Still(r)
			if !ok {
				return nil, errNotLetIn
			}
			v, err := f(now)
			if err != nil {
				return nil, err
			}
			var b bytes.Buffer
			err = templates()[file].ExecuteTemplate(&b, block, frame{view: v, Person: access.From(now.Context())})
			return b.Bytes(), err
		})
	}
}

// follow sends the result of look whenever it changes, until the context ends, the
// process stops, or the browser disconnects.
func (s *site) follow(ctx context.Context, t *stream, look func() ([]byte, error)) {
	tick, beat := time.NewTicker(lookEvery), time.NewTicker(beatEvery)
	defer tick.Stop()
	defer beat.Stop()
	var last []byte
	for {
		now, err := look()
		switch {
		case errors.Is(err, errNotLetIn):
			return
		case err != nil:
			s.Log.Warn("cannot update an open page", "err", err)
			return
		case !bytes.Equal(now, last):
			if t.send(now) != nil {
				return
			}
			last = now
		}
		select {
		case <-ctx.Done():
			return
		case <-s.Done:
			return
		case <-beat.C:
			if t.write(": still here\n\n") != nil {
				return
			}
		case <-tick.C:
		}
	}
}

// stream writes server-sent events.
type stream struct {
	w http.ResponseWriter
	c *http.ResponseController
}

// begin exempts the stream from the server's time limits.
func (t *stream) begin() error {
	if err := t.c.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	t.w.Header().Set("Content-Type", "text/event-stream")
	t.w.Header().Set("X-Accel-Buffering", "no") // proxies must not buffer events
	return t.write("retry: 3000\n\n")
}

func (t *stream) send(html []byte) error {
	text, err := json.Marshal(string(html))
	if err != nil {
		return err
	}
	return t.write(fmt.Sprintf("data: %s\n\n", text))
}

func (t *stream) write(text string) error {
	if err := t.c.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := t.w.Write([]byte(text)); err != nil {
		return err
	}
	return t.c.Flush()
}
