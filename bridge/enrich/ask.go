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

// listFor is how long a list is used for other events: those of one transaction share
// it, and what happened since is seen when the list is asked for again.
const listFor = 5 * time.Second

// reply is Absorb's answer: what it gives, nil for nothing, and its status.
type reply struct {
	value  any
	status int
}

// status is the HTTP status of an error; 0 when no answer came.
func status(err error) int {
	if e, ok := errors.AsType[*absorb.APIError](err); ok {
		return e.Status
	}
	return 0
}

// ask gives the answer to a path, from the cache if it is there; events that want the
// same at the same time cause one request.
func (e *Enricher) ask(ctx context.Context, path string) (r reply, cached bool, err error) {
	if r, ok := e.cached(path); ok {
		return r, true, nil
	}
	// The first to ask asks for all: its end must not end the others' question.
	result := e.flight.DoChan(path, func() (any, error) { return e.fetch(context.WithoutCancel(ctx), path) })
	select {
	case got := <-result:
		r, _ := got.Val.(reply)
		return r, false, got.Err
	case <-ctx.Done():
		return reply{}, false, ctx.Err()
	}
}

// isList reports whether a path asks for a list: what has a query does.
func isList(path string) bool { return strings.Contains(path, "?") }

func (e *Enricher) cached(path string) (reply, bool) {
	if isList(path) {
		return e.lists.get(path)
	}
	return e.cache.get(path)
}

// fetch asks Absorb. Whatever it answers is an answer: what it does not know or may
// not show is nothing. An error means that it gave none.
func (e *Enricher) fetch(ctx context.Context, path string) (reply, error) {
	if r, ok := e.cached(path); ok {
		return r, nil // another request ended between the look into the cache and this one
	}
	kind, id := thing(path)
	answer, err := e.Client.Get(ctx, path)
	r := reply{e.fit(e.Reads.Shorten(withoutEntrance(answer)), path), http.StatusOK}
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
	// largePart is how many bytes of memory an answer may take before only the fields
	// that are read are kept, and largestPart how many it may take then, about.
	largePart   = 64 << 10
	largestPart = 256 << 10
)

// fit makes an answer small enough to be kept with an event: nothing is left of one that
// is larger than any message could use. Of a list an event keeps no more than an entry.
func (e *Enricher) fit(answer any, path string) any {
	if isList(path) || bridge.Weight(answer) <= largePart {
		return answer
	}
	if answer = e.Reads.Only(answer); bridge.Weight(answer) > largestPart {
		return nil
	}
	return answer
}

// thing tells which thing a path asks for, if it is one whose answer may be used for
// other events. Enrollments and certificates may not: they change with them.
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

// remember keeps a thing's name for the time when it is gone.
func (e *Enricher) remember(ctx context.Context, kind, id string, answer any) {
	name := nameOf(answer)
	if e.Names == nil || name == "" || !e.cache.nameChanged(kind+"/"+id, name) {
		return
	}
	// A name that could not be kept is asked for again with the thing.
	_ = e.Names.RememberName(ctx, e.Source, kind, id, name)
}

// lastKnown is what is left of a thing that Absorb no longer knows: its name.
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

// nameOf is how a thing or person is called.
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
