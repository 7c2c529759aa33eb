package enrich

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
)

// listFor is how long a list is used for other events: the events of one transaction
// share it, and the next request shows what happened since.
const listFor = 5 * time.Second

// reply is Absorb's answer and its status; the answer may be nil.
type reply struct {
	value  any
	status int
}

// status returns the HTTP status of an error; 0 without an answer.
func status(err error) int {
	if e, ok := errors.AsType[*absorb.APIError](err); ok {
		return e.Status
	}
	return 0
}

// ask returns the answer to a path, from the cache if possible. Events that need the
// same at the same time share one request.
func (e *Enricher) ask(ctx context.Context, path string) (r reply, cached bool, err error) {
	if r, ok := e.cached(path); ok {
		return r, true, nil
	}
	// The first caller asks for all of them, so its context must not end the request.
	result := e.flight.DoChan(path, func() (any, error) { return e.fetch(context.WithoutCancel(ctx), path) })
	select {
	case got := <-result:
		r, _ := got.Val.(reply)
		return r, false, got.Err
	case <-ctx.Done():
		return reply{}, false, ctx.Err()
	}
}

// isList reports whether a path requests a list: lists have a query.
func isList(path string) bool { return strings.Contains(path, "?") }

func (e *Enricher) cached(path string) (reply, bool) {
	if isList(path) {
		return e.lists.get(path)
	}
	return e.cache.get(path)
}

// fetch requests a path. If Absorb does not know the thing or may not show it, the
// answer is nil without an error. An error means that there was no answer.
func (e *Enricher) fetch(ctx context.Context, path string) (reply, error) {
	if r, ok := e.cached(path); ok {
		return r, nil // another request ended after this one looked into the cache
	}
	kind, id := thing(path)
	answer, err := e.Client.Get(ctx, path)
	r := reply{e.fit(e.Reads.Shorten(withoutAccessCodes(answer)), path), http.StatusOK}
	switch {
	case absorb.NotFound(err):
		r = reply{e.lastKnown(ctx, kind, id), http.StatusNotFound}
		e.cache.put(path, r, missingFor)
		return r, nil
	case absorb.Answered(err):
		return reply{nil, status(err)}, nil
	case err != nil:
		return reply{nil, status(err)}, err
	}
	switch {
	case isList(path):
		e.lists.put(path, r, listFor)
	case kind != "":
		e.remember(ctx, kind, id, answer)
		e.cache.put(path, r, e.CacheFor)
	}
	return r, nil
}

const (
	// largePart is the size in memory, in bytes, from which only the fields that
	// somebody reads are kept, and largestPart is roughly the limit after that.
	largePart   = 64 << 10
	largestPart = 256 << 10
)

// fit makes an answer small enough to store with an event. It drops an answer that is
// larger than any message could use. Of a list, an event keeps one entry.
func (e *Enricher) fit(answer any, path string) any {
	if isList(path) || bridge.Weight(answer) <= largePart {
		return answer
	}
	if answer = e.Reads.Only(answer); bridge.Weight(answer) > largestPart {
		return nil
	}
	return answer
}

// thing returns the thing that a path requests, if other events may use the answer.
// Enrollments and certificates change with events, so their answers are not reused.
func thing(path string) (kind, id string) {
	kind, id, ok := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if !ok || strings.ContainsAny(id, "/?") {
		return "", ""
	}
	switch kind {
	case "users", "courses", "departments", "groups", "categories", "roles", "instructor-led-course-sessions":
		return kind, id
	}
	return "", ""
}

// remember stores a thing's name for the time after its deletion.
func (e *Enricher) remember(ctx context.Context, kind, id string, answer any) {
	name := nameOf(answer)
	if e.Names == nil || name == "" || !e.cache.nameChanged(kind+"/"+id, name) {
		return
	}
	// A name that was not stored is looked up again with the thing.
	_ = e.Names.RememberName(ctx, e.Source, kind, id, name)
}

// lastKnown returns what remains of a thing that Absorb no longer knows: its name.
func (e *Enricher) lastKnown(ctx context.Context, kind, id string) any {
	if e.Names == nil || kind == "" {
		return nil
	}
	name, err := e.Names.Name(ctx, e.Source, kind, id)
	if err != nil || name == "" {
		return nil
	}
	return map[string]any{"id": id, "name": name, "lastKnown": true}
}

// nameOf returns the name of a thing or person.
func nameOf(answer any) string {
	object, ok := answer.(map[string]any)
	if !ok {
		return ""
	}
	text := func(key string) string {
		switch v := object[key].(type) {
		case string:
			return v
		case json.Number:
			return fmt.Sprint(v)
		}
		return ""
	}
	if name := strings.TrimSpace(text("name")); name != "" {
		return bridge.CleanLine(fmt.Sprintf("%.*s", longestName, name))
	}
	return bridge.CleanLine(fmt.Sprintf("%.*s", longestName, text("firstName")+" "+text("lastName")))
}
