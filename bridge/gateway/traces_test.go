package gateway_test

import (
	"bytes"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/absorb-bridge/absorb-bridge/internal/portal"
	"github.com/absorb-bridge/absorb-bridge/internal/wall"
)

// spans are what an OTLP endpoint received.
type spans struct {
	mu  sync.Mutex // guards all
	all []*tracepb.Span
}

// receive is an OTLP endpoint; the URL is its address.
func (s *spans) receive(t *testing.T) (url string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var request collector.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &request)
		}
		if err != nil || r.URL.Path != "/v1/traces" {
			t.Errorf("%s: %v", r.URL.Path, err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, resource := range request.ResourceSpans {
			if !strings.Contains(resource.Resource.String(), "absorb-bridge") {
				t.Errorf("spans of %v", resource.Resource)
			}
			for _, scope := range resource.ScopeSpans {
				s.all = append(s.all, scope.Spans...)
			}
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// of gives the spans of a trace in the order in which they began, and their names.
func (s *spans) of(trace []byte) (all []*tracepb.Span, names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, span := range s.all {
		if bytes.Equal(span.TraceId, trace) {
			all = append(all, span)
		}
	}
	slices.SortStableFunc(all, func(a, b *tracepb.Span) int { return int(a.StartTimeUnixNano) - int(b.StartTimeUnixNano) })
	for _, span := range all {
		names = append(names, span.Name)
	}
	return all, names
}

// named gives the spans of a name.
func (s *spans) named(name string) (all []*tracepb.Span) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, span := range s.all {
		if span.Name == name {
			all = append(all, span)
		}
	}
	return all
}

func traced(t *testing.T) (*stage, *spans) {
	s, got := newStage(t), &spans{}
	s.settings["traces"] = map[string]any{"endpoint": got.receive(t)}
	s.settings["routes"] = []any{map[string]any{"name": "everything", "events": []string{"*"}, "to": []string{"slack", "discord"}}}
	return s, got
}

// TestOneTrace follows an event over a restart: Slack takes it at the second try only.
func TestOneTrace(t *testing.T) {
	s, got := traced(t)
	if err := s.wall.Inject(wall.Fault{Platform: "slack", Mode: "503", Count: 1}); err != nil {
		t.Fatal(err)
	}
	g, stop := s.run(t)
	request, err := s.portal.Webhook("EnrollmentCompletedByLearner", portal.DefaultProfile()).Request(t.Context(), "http://"+g.Addr().String()+"/absorb", secret)
	if err != nil {
		t.Fatal(err)
	}
	const theirs = "4bf92f3577b34da6a3ce929d0e0e4736"
	request.Header.Set("traceparent", "00-"+theirs+"-00f067aa0ba902b7-01")
	response, err := http.DefaultClient.Do(request)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatal(response, err)
	}
	_ = response.Body.Close()
	for deadline := time.Now().Add(time.Minute); s.wall.Count("discord") < 1 || s.wall.Counts("slack").Refused+s.wall.Counts("slack").Unposted < 1; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing was sent")
		}
	}
	stop()
	_, stop = s.run(t)
	for deadline := time.Now().Add(time.Minute); s.wall.Count("slack") < 1; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing was sent after the restart")
		}
	}
	stop()

	posts := got.named("POST /absorb")
	if len(posts) != 1 || len(posts[0].ParentSpanId) != 0 || posts[0].Kind != tracepb.Span_SPAN_KIND_SERVER {
		t.Fatalf("%v", posts)
	}
	if links := posts[0].Links; len(links) != 1 || hex.EncodeToString(links[0].TraceId) != theirs {
		t.Errorf("the sender's trace is no link: %v", links)
	}
	all, names := got.of(posts[0].TraceId)
	counts := map[string]int{}
	ids := map[string]bool{}
	for _, span := range all {
		counts[span.Name]++
		ids[string(span.SpanId)] = true
	}
	for _, span := range all[1:] {
		if !ids[string(span.ParentSpanId)] {
			t.Errorf("%s has no parent in the trace", span.Name)
		}
	}
	want := map[string]int{
		"POST /absorb": 1, "accept": 1, "route": 1, "fan out": 1, "send discord": 1, "send slack": 2,
		"look up user": 1, "look up course": 1, "look up enrollment": 1,
	}
	for name, n := range want {
		if counts[name] != n {
			t.Errorf("%d spans %q", counts[name], name)
		}
	}
	if text := got.text(); strings.Contains(text, "Halvorsen") || strings.Contains(text, "@example.com") || strings.Contains(text, "hooks") || strings.Contains(text, secret) {
		t.Errorf("spans say more than ids: %s", text)
	}
	if t.Failed() {
		t.Log(names)
	}
}

func (s *spans) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all strings.Builder
	for _, span := range s.all {
		all.WriteString(span.String())
	}
	return all.String()
}

// The message of a digest is in the trace of each event that it tells of.
func TestTracesOfADigest(t *testing.T) {
	s, got := traced(t)
	s.settings["routes"] = []any{map[string]any{
		"name": "everything", "events": []string{"*"}, "to": []string{"slack"}, "digest": map[string]any{"wait": "2s"},
	}}
	g, stop := s.run(t)
	for range 3 {
		post(t, g, s.portal.Next(portal.DefaultProfile()))
	}
	for deadline := time.Now().Add(time.Minute); s.wall.Count("slack") < 1; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing was sent")
		}
	}
	stop()
	posts := got.named("POST /absorb")
	if len(posts) != 3 {
		t.Fatalf("%d requests", len(posts))
	}
	for _, p := range posts {
		if _, names := got.of(p.TraceId); !slices.Contains(names, "send slack") {
			t.Errorf("a trace without its message: %v", names)
		}
	}
}

// An endpoint that is down costs spans, and nothing else.
func TestNobodyTakesTheTraces(t *testing.T) {
	s := newStage(t)
	s.settings["traces"] = map[string]any{"endpoint": "http://127.0.0.1:1"}
	g, stop := s.run(t)
	post(t, g, s.portal.Webhook("UserCreated", portal.DefaultProfile()))
	s.wait(t, 1)
	stop()
}
