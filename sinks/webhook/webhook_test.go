package webhook

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
	"github.com/absorb-bridge/absorb-bridge/sinks/sinktest"
)

const (
	secret    = "whsec_c2VjcmV0LW9mLXRoZS10ZXN0cy1vZi1hYnNvcmI="
	oldSecret = "whsec_b2xkLXNlY3JldC1vZi10aGUtdGVzdHMtb2YtaXQ="
	token     = "t0k3n-0f-th3-h34d3r"
)

func suite() sinktest.Suite {
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(code)
			// An endpoint that repeats all that it was sent.
			_ = json.NewEncoder(w).Encode(map[string]any{"received": true, "id": 7, "error": fmt.Sprint(r.URL, r.Header)})
		}
	}
	return sinktest.Suite{
		Type: "webhook",
		New:  New,
		Settings: func(base string) map[string]any {
			return map[string]any{
				"url": base + "/hooks/s3cr3t-0f-th3-p4th?key=s3cr3t-0f-th3-qu3ry", "secrets": []any{secret, oldSecret},
				"headers": map[string]any{"Authorization": "Bearer " + token, "X-Portal": "eu"}, "method": "PUT", "format": "event", "allow_private": true,
				"expect": map[string]any{
					"content_type": "application/json",
					"taken":        map[string]any{"json": map[string]any{"received": "true", "id": ""}},
					"refused":      map[string]any{"json": map[string]any{"error": ""}},
				},
			}
		},
		Secrets: []string{secret, oldSecret, token, "s3cr3t-0f-th3-p4th", "s3cr3t-0f-th3-qu3ry"},
		Start: sinktest.HTTP(map[sinktest.Behaviour]http.HandlerFunc{
			sinktest.Accept: status(202),
			sinktest.Reject: status(422),
			sinktest.Break:  status(410),
		}),
		Own: sinktest.Own{
			Taken: `{"received":true,"id":7}`, Refused: `{"error":"no"}`, Header: map[string]string{"Content-Type": "application/json; charset=utf-8"},
		},
		Check: check,
	}
}

func TestConformance(t *testing.T) { sinktest.Run(t, suite()) }

func FuzzEncode(f *testing.F) { sinktest.Fuzz(f, suite()) }

// check holds that a payload is the documented one, whatever the message holds.
func check(t *testing.T, m bridge.Message, p bridge.Payload) {
	t.Helper()
	var got struct {
		Type, Timestamp *string
		Data            struct {
			Message struct {
				Title, Text string
				Fields      []struct{ Name, Value string }
			}
		}
	}
	if err := json.Unmarshal(p.Body, &got); err != nil || !utf8.Valid(p.Body) {
		t.Fatalf("payload: %v", err)
	}
	if got.Type == nil || *got.Type == "" || got.Timestamp == nil {
		t.Errorf("no type or no timestamp in %.200s", p.Body)
	}
	if _, err := time.Parse(time.RFC3339Nano, *got.Timestamp); err != nil {
		t.Error(err)
	}
	clean := m.Clean()
	if said := got.Data.Message; said.Title != clean.Title || said.Text != clean.Text || len(said.Fields) != len(clean.Fields) {
		t.Errorf("the message is changed: %.200q, want %.200q", said.Title, clean.Title)
	}
}

// request is what an endpoint got.
type request struct {
	method string
	header http.Header
	body   []byte
}

// endpoint answers 200 and keeps what it got.
func endpoint(t *testing.T) (url string, got func() []request) {
	t.Helper()
	all := make(chan request, 100)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		all <- request{r.Method, r.Header, body}
	}))
	t.Cleanup(server.Close)
	return server.URL, func() []request {
		var list []request
		for len(all) > 0 {
			list = append(list, <-all)
		}
		return list
	}
}

func build(t *testing.T, settings map[string]any) bridge.Sink {
	t.Helper()
	sink, err := New(kit.Setup{Name: "crm", Settings: settings, Client: kit.NewClient(nil, 10*time.Second)})
	if err != nil {
		t.Fatal(err)
	}
	return sink
}

func send(t *testing.T, sink bridge.Sink, m bridge.Message) {
	t.Helper()
	if _, err := sinktest.Send(t, sink, m); err != nil {
		t.Fatal(err)
	}
}

func TestRequest(t *testing.T) {
	url, got := endpoint(t)
	for method, want := range map[string]string{"": "POST", "PUT": "PUT", "PATCH": "PATCH"} {
		settings := map[string]any{"url": url, "allow_private": true, "headers": map[string]any{"x-api-key": "abc", "User-Agent": "own"}}
		if method != "" {
			settings["method"] = method
		}
		send(t, build(t, settings), sinktest.Ordinary()[0].Message)
		r := got()[0]
		if r.method != want || r.header.Get("X-Api-Key") != "abc" || r.header.Get("User-Agent") != "own" || r.header.Get("Content-Type") != "application/json" {
			t.Errorf("got %s with %v", r.method, r.header)
		}
		if r.header.Get("Webhook-Id") != sinktest.Ordinary()[0].Message.ID || r.header["Webhook-Signature"] != nil {
			t.Errorf("without a secret: %v", r.header)
		}
	}
}

// TestBodyTemplate is about what becomes of a template's result.
func TestBodyTemplate(t *testing.T) {
	url, got := endpoint(t)
	settings := map[string]any{"url": url, "allow_private": true, "body": `{"text": {{ .message.title }}}`}
	sink := build(t, settings)
	if text, media := sink.(bridge.Templated).Template(); text != settings["body"] || media != "application/json" {
		t.Errorf("the template is %q, of %s", text, media)
	}
	send(t, sink, bridge.Message{ID: "m", Body: `{"text": "x"}`})
	if r := got()[0]; string(r.body) != `{"text": "x"}` || r.header.Get("Content-Type") != "application/json" {
		t.Errorf("sent %s as %v", r.body, r.header)
	}
	for _, body := range []string{"", "{", `{"text": "x"…`} {
		_, err := sink.Encode(bridge.Message{ID: "m", Body: body})
		if err == nil || bridge.AsSendError(err).Kind != bridge.MessageRejected || !strings.Contains(err.Error(), "no JSON") {
			t.Errorf("body %q: %v", body, err)
		}
	}
	settings["content_type"] = "text/plain; charset=utf-8"
	sink = build(t, settings)
	if _, media := sink.(bridge.Templated).Template(); media != settings["content_type"] {
		t.Errorf("the media type is %q", media)
	}
	send(t, sink, bridge.Message{ID: "m", Body: "no JSON"})
	if r := got()[0]; string(r.body) != "no JSON" || r.header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("sent %s as %v", r.body, r.header)
	}
	settings["content_type"] = "application/soap+xml; charset=iso-8859-1"
	sink = build(t, settings)
	for body, good := range map[string]bool{`<?xml version="1.0" encoding="iso-8859-1"?><a b="c">d</a>`: true, "<a>": false, "<a>&</a>": false, "": false} {
		if _, err := sink.Encode(bridge.Message{ID: "m", Body: body}); (err == nil) != good {
			t.Errorf("XML %q: %v", body, err)
		}
	}
}

func TestCloudEvent(t *testing.T) {
	url, got := endpoint(t)
	m := sinktest.Ordinary()[0].Message
	m.Facts = bridge.Facts{"source": "production", "event": map[string]any{"type": "CertificateAwarded"}, "course": map[string]any{"name": "x"}}
	send(t, build(t, map[string]any{"url": url, "allow_private": true, "format": "cloudevents"}), m)
	r := got()[0]
	var event map[string]any
	if err := json.Unmarshal(r.body, &event); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"specversion": "1.0", "id": m.ID, "source": "urn:absorb-bridge:production", "type": "com.absorblms.CertificateAwarded",
		"time": "2026-11-23T14:02:31Z", "datacontenttype": "application/json",
	} {
		if event[key] != want {
			t.Errorf("%s is %v, want %s", key, event[key], want)
		}
	}
	if r.header.Get("Content-Type") != "application/cloudevents+json; charset=utf-8" || event["data"].(map[string]any)["facts"].(map[string]any)["course"] == nil {
		t.Errorf("sent %s as %v", r.body, r.header)
	}
}

func TestAnswers(t *testing.T) {
	sinktest.Classifies(t, func(base string) bridge.Sink { return build(t, map[string]any{"url": base, "allow_private": true}) }, sinktest.Answers{
		{301, "", "the words", bridge.DestinationBroken, 0, "redirects are not followed"},
		{400, "", "the words", bridge.MessageRejected, 0, "the words"},
		{401, "", "the words", bridge.DestinationBroken, 0, "the words"},
		{404, "", "the words", bridge.DestinationBroken, 0, "the words"},
		{408, "", "the words", bridge.Temporary, 0, "the words"},
		{410, "", "the words", bridge.DestinationBroken, 0, "take it out of the configuration"},
		{413, "", "the words", bridge.MessageRejected, 0, "the words"},
		{425, "", "the words", bridge.Temporary, 0, "the words"},
		{429, "", "the words", bridge.Limited, 0, "the words"},
		{429, "12", "the words", bridge.Limited, 12 * time.Second, "the words"},
		{500, "12", "the words", bridge.Temporary, 12 * time.Second, "the words"},
		{502, "", "the words", bridge.Temporary, 0, "the words"},
		{502, "12", "the words", bridge.Limited, 12 * time.Second, "the words"},
		{503, "", "the words", bridge.Temporary, 0, "the words"},
		{503, "12", "the words", bridge.Limited, 12 * time.Second, "the words"},
		{504, "12", "the words", bridge.Limited, 12 * time.Second, "the words"},
	})
}

func TestSettingsAreChecked(t *testing.T) {
	for _, c := range []struct {
		key      string
		settings map[string]any
	}{
		{"url", map[string]any{}},
		{"url", map[string]any{"url": "example.com/x"}},
		{"url", map[string]any{"url": "ftp://example.com/x", "allow_private": true}},
		{"url", map[string]any{"url": "http://example.com/x"}},
		{"url", map[string]any{"url": "https://10.1.2.3/x"}},
		{"url", map[string]any{"url": "https://[::1]:8443/x"}},
		{"url", map[string]any{"url": "https://169.254.169.254/latest/meta-data"}},
		{"method", map[string]any{"url": "https://example.com", "method": "GET"}},
		{"format", map[string]any{"url": "https://example.com", "format": "cloudevent"}},
		{"body", map[string]any{"url": "https://example.com", "format": "cloudevents", "body": "x"}},
		{"content_type", map[string]any{"url": "https://example.com", "content_type": "text/plain"}},
		{"content_type", map[string]any{"url": "https://example.com", "body": "x", "content_type": "text/plain; x"}},
		{"secrets[0]", map[string]any{"url": "https://example.com", "secrets": "short"}},
		{"secrets[1]", map[string]any{"url": "https://example.com", "secrets": []any{secret, "whsec_c2hvcnQ="}}},
		{"headers.a b", map[string]any{"url": "https://example.com", "headers": map[string]any{"a b": "x"}}},
		{"headers.A", map[string]any{"url": "https://example.com", "headers": map[string]any{"A": "x\ny"}}},
		{"headers.host", map[string]any{"url": "https://example.com", "headers": map[string]any{"host": "x"}}},
		{"headers.webhook-id", map[string]any{"url": "https://example.com", "headers": map[string]any{"webhook-id": "x"}}},
		{"headers.content-type", map[string]any{"url": "https://example.com", "headers": map[string]any{"content-type": "x"}}},
		{"expect.content_type", expecting(map[string]any{"content_type": "json; x"})},
		{"expect.taken.status[1]", expecting(map[string]any{"taken": map[string]any{"status": []any{200, 302}}})},
		{"expect.refused.status[0]", expecting(map[string]any{"refused": map[string]any{"status": []any{429}}})},
		{"expect.refused.status[0]", expecting(map[string]any{"taken": map[string]any{"status": []any{409}}, "refused": map[string]any{"status": []any{409}}})},
		{"expect.taken.sttus", expecting(map[string]any{"taken": map[string]any{"sttus": []any{200}}})},
	} {
		_, err := New(kit.Setup{Settings: c.settings})
		if faults := kit.SettingErrors(err); len(faults) != 1 || faults[0].Key != c.key {
			t.Errorf("%v: %v, want a fault of %s", c.settings, err, c.key)
		}
	}
	_, err := New(kit.Setup{Settings: map[string]any{"method": "GET", "format": "x", "secrets": "x", "headers": map[string]any{"Host": "x"}}})
	var keys []string
	for _, fault := range kit.SettingErrors(err) {
		keys = append(keys, fault.Key)
	}
	slices.Sort(keys)
	if want := []string{"format", "headers.Host", "method", "secrets[0]", "url"}; !slices.Equal(keys, want) {
		t.Errorf("faults of %v, want %v in one go", keys, want)
	}
}

func TestGolden(t *testing.T) {
	sinktest.Golden(t, build(t, map[string]any{"url": "https://example.com"}))
}
