package sinktest

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Own are a platform's own answers.
type Own struct {
	Taken   string            // the body by which it takes a message, under 200
	Refused string            // the body of a refusal that says no more than its status
	Header  map[string]string // of all its answers
}

// reply is what a fake platform answers.
type reply struct {
	status int
	header map[string]string
	body   string
}

func (r reply) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	for key, value := range r.header {
		w.Header().Set(key, value)
	}
	request := fmt.Sprint(q.URL, " ", q.Header["Authorization"])
	says(r.status, "", strings.ReplaceAll(r.body, "REQUEST", request))(w, q)
}

func (r reply) String() string { return fmt.Sprintf("%d %.40q", r.status, r.body) }

// statuses are those that each kind of answer is tried with.
func statuses() []int {
	return []int{200, 201, 204, 301, 400, 401, 403, 404, 409, 413, 422, 429, 500, 502, 503}
}

// strangers are answers of others: a sign-in page, another service, a firewall, nothing.
// Some repeat the request, as some proxies do.
func strangers() []reply {
	page, object := map[string]string{"Content-Type": "text/html; charset=utf-8"}, map[string]string{"Content-Type": "application/json"}
	return []reply{
		{header: page, body: "<!DOCTYPE html>\n<html><head><title>Sign in for REQUEST</title></head><body>Accept the terms of use</body></html>"},
		{header: object, body: `{"status":"healthy","service":"another one","version":3,"path":"REQUEST"}`},
		{header: map[string]string{"Content-Type": "text/plain"}, body: "Forbidden"},
		{},
	}
}

// answers tries every kind of answer with every status. Only the platform's own answers
// decide about a message; what somebody else says never loses one.
func (s Suite) answers(t *testing.T) {
	var now atomic.Value
	sink := s.sink(t, Serve(t, func(w http.ResponseWriter, r *http.Request) { now.Load().(reply).ServeHTTP(w, r) }))
	payload := s.payload(t, sink)
	try := func(r reply, status int) (reply, *bridge.SendError) {
		r.status = status
		now.Store(r)
		_, err := sink.Send(t.Context(), payload)
		if err == nil {
			return r, nil
		}
		failure, ok := errors.AsType[*bridge.SendError](err)
		if !ok || failure.Detail == "" {
			t.Fatalf("%v: Send = %v (%T), want a *bridge.SendError with words", r, err, err)
		}
		s.noSecret(t, r.String(), fmt.Sprintf("%v %+v %#v", err, err, *failure))
		return r, failure
	}
	for _, status := range append(statuses(), 302, 303, 307, 308) {
		for _, stranger := range strangers() {
			if r, failure := try(stranger, status); failure == nil {
				t.Errorf("%v: taken for a success", r)
			} else if !failure.Intermediary || !waits(status, failure.Kind) {
				t.Errorf("%v: %v, by a stranger: %v; want a failure of a stranger that keeps the message", r, failure.Kind, failure.Intermediary)
			}
		}
	}
	for _, status := range statuses() {
		if r, failure := try(reply{header: s.Own.Header, body: s.Own.Refused}, status); failure == nil {
			t.Errorf("%v: a refusal is taken for a success", r)
		} else if want := kit.Failure(kit.Answer{Status: status}).Kind; status >= 400 && (failure.Kind != want || failure.Intermediary) {
			t.Errorf("%v: %v, by a stranger: %v; want the platform's own %v", r, failure.Kind, failure.Intermediary, want)
		}
		r, failure := try(reply{header: s.Own.Header, body: s.Own.Taken}, status)
		switch accepted := failure == nil; {
		case accepted && status/100 != 2, !accepted && status == http.StatusOK:
			t.Errorf("%v: accepted: %v (%v)", r, accepted, failure)
		case !accepted && failure.Kind == bridge.MessageRejected:
			t.Errorf("%v: %v, for the words of a success", r, failure.Kind)
		}
	}
}

// waits tells whether a failure of somebody in between keeps the message, and does not
// stop the sink for what may pass.
func waits(status int, kind bridge.Kind) bool {
	switch status {
	case http.StatusTooManyRequests:
		return kind == bridge.Limited
	case http.StatusMovedPermanently, http.StatusPermanentRedirect:
		return kind == bridge.DestinationBroken
	}
	return kind == bridge.Temporary
}
