package shoutrrr

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
	"github.com/absorb-bridge/absorb-bridge/sinks/sinktest"
)

// suite sends to Gotify, whose token stands in the URL that it posts to.
func suite() sinktest.Suite {
	return sinktest.Suite{
		Type: "shoutrrr",
		New:  New,
		Settings: func(base string) map[string]any {
			return map[string]any{"url": "gotify://" + strings.TrimPrefix(base, "http://") + "/Aaaa.bbbb.ccc.d?disabletls=yes"}
		},
		Secrets:      []string{"Aaaa.bbbb.ccc.d"},
		NoRetryAfter: true,
		Start: sinktest.HTTP(map[sinktest.Behaviour]http.HandlerFunc{
			sinktest.Accept: sinktest.Says(200, `{"id":1}`),
			sinktest.Reject: sinktest.Says(413, `{"error":"Request Entity Too Large","errorCode":413,"errorDescription":"too large"}`),
			sinktest.Break:  sinktest.Says(401, `{"error":"Unauthorized","errorCode":401,"errorDescription":"you need to provide a valid access token"}`),
		}),
		NoHTTP: true, // a library speaks it
		Check:  check,
	}
}

func TestConformance(t *testing.T) { sinktest.Run(t, suite()) }

func FuzzEncode(f *testing.F) { sinktest.Fuzz(f, suite()) }

var alive = regexp.MustCompile(`@[^` + kit.ZeroWidth + `]|<[^` + kit.ZeroWidth + `]|\]\(`)

func check(t *testing.T, _ bridge.Message, p bridge.Payload) {
	t.Helper()
	text := string(p.Body)
	if len(text) > maxBytes("gotify") || !utf8.ValidString(text) {
		t.Errorf("the text has %d bytes", len(text))
	}
	if found := alive.FindString(text); found != "" {
		t.Errorf("%q is live in %.300q", found, text)
	}
	title, _, _ := strings.Cut(text, afterTitle)
	if title == "" || strings.Contains(title, "\n") {
		t.Errorf("title %q", title)
	}
}

func TestGolden(t *testing.T) {
	sink, err := New(kit.Setup{Settings: Type().Example})
	if err != nil {
		t.Fatal(err)
	}
	sinktest.Golden(t, sink)
}

// TestTitles: a service that shows titles is given the title apart, others have it
// in the text.
func TestTitles(t *testing.T) {
	got := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got <- r.Header.Get("Title") + "|" + string(body)
		_, _ = io.WriteString(w, "{}")
	}))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	for address, want := range map[string]string{
		"ntfy://" + host + "/topic?scheme=http":      "Größe|Score: 92.5 %",
		"generic://" + host + "/path?disabletls=yes": "|Größe\n\nScore: 92.5 %",
	} {
		sink, err := New(kit.Setup{Settings: map[string]any{"url": address}})
		if err != nil {
			t.Fatal(err)
		}
		p, err := sink.Encode(bridge.Message{ID: "m", Title: "Größe", Fields: []bridge.Field{{Name: "Score", Value: "92.5 %"}}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := sink.Send(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		if have := <-got; have != want {
			t.Errorf("%s got %q, want %q", address, have, want)
		}
	}
}

func TestKinds(t *testing.T) {
	s := &Sink{url: "ntfy://ntfy.sh/topic"}
	for words, want := range map[string]bridge.Kind{
		"got unexpected HTTP status: 401 Unauthorized":                                         bridge.DestinationBroken,
		`failed to send notification to pushover device: "x", response status "404 Not Found"`: bridge.DestinationBroken,
		"failed to send Signal message: server returned status 429":                            bridge.Limited,
		"server returned unexpected response status code: 413 Request Entity Too Large":        bridge.MessageRejected,
		"server returned unexpected response status code: 400 Bad Request":                     bridge.Temporary,
		"server returned unexpected response status code: 502 Bad Gateway":                     bridge.Temporary,
		"Bad Request: chat not found":                                                          bridge.DestinationBroken,
		"dial tcp 127.0.0.1:8404: connection refused":                                          bridge.Temporary,
		"something unheard of": bridge.Temporary,
	} {
		if got := s.failure(errors.New(words)); got.Kind != want || got.RetryAfter != 0 || got.Detail != words {
			t.Errorf("%s: %v, %q", words, got.Kind, got.Detail)
		}
	}
}

// TestSecretsOfOtherServices holds what those services put into their errors.
func TestSecretsOfOtherServices(t *testing.T) {
	for address, secrets := range map[string][]string{
		"telegram://110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw@telegram?chats=@academy":    {"110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"},
		"pushover://shoutrrr:azGDORePK8gMaC0QOYAMyEEuzJnyUi@uQiRzpo4DXghDmr9QzzfQu27cmVRsG/": {"azGDORePK8gMaC0QOYAMyEEuzJnyUi", "uQiRzpo4DXghDmr9QzzfQu27cmVRsG"},
		"pushbullet://o.abcdefghijklmnopqrstuvwxyz012345/channel":                            {"abcdefghijklmnopqrstuvwxyz012345"},
		"slack://hook:T0000000-B0000000-xxxxSECRETxxxxxxxxxxxxxxx@webhook":                   {"xxxxSECRETxxxxxxxxxxxxxxx"},
		"ntfy://user:p%40ssword1@ntfy.example.com/topic":                                     {"p@ssword1", "p%40ssword1"},
		"generic+https://example.com/hook?key=S3cr3tK3y0fHook":                               {"S3cr3tK3y0fHook"},
		"ifttt://k3y0fIfttt/?events=event1":                                                  {"k3y0fIfttt"},
		"gotify://gotify.example.com/AzyoeNS.D4iJLVa":                                        {"AzyoeNS.D4iJLVa"},
	} {
		s := &Sink{url: bridge.Secret(address)}
		for _, secret := range secrets {
			for _, words := range []string{address, fmt.Sprintf(`Post "https://api.example.com/bot%s/send?x=%s": timeout`, secret, secret)} {
				if got := s.failure(errors.New(words)); strings.Contains(got.Detail, secret) {
					t.Errorf("%s is shown in %s", secret, got.Detail)
				}
			}
		}
	}
	if got := (&Sink{url: "gotify://gotify.example.com/AzyoeNS.D4iJLVa"}).failure(errors.New("lookup gotify.example.com: no such host")); !strings.Contains(got.Detail, "gotify.example.com") {
		t.Errorf("the host is hidden: %s", got.Detail)
	}
}

func TestSettingsAreChecked(t *testing.T) {
	for url, words := range map[string]string{
		"":                                 "required",
		"ntfy.sh/topic":                    "want a URL",
		"ntfi://ntfy.sh/topic":             `did you mean "ntfy"?`,
		"telegram://s3cr3tt0k3n@telegram":  "for telegram",
		"pushover://shoutrrr:s3cr3tt0k3n@": "for pushover",
	} {
		_, err := New(kit.Setup{Settings: map[string]any{"url": url}})
		faults := kit.SettingErrors(err)
		if len(faults) != 1 || faults[0].Key != "url" || !strings.Contains(faults[0].Problem, words) || strings.Contains(faults[0].Problem, "s3cr3t") {
			t.Errorf("url %q: %v", url, err)
		}
	}
	// Nothing is logged in to while the settings are checked.
	if _, err := New(kit.Setup{Settings: map[string]any{"url": "matrix://user:pass@127.0.0.1:9/?rooms=!room:example.com"}}); err != nil {
		t.Error(err)
	}
}

// TestHangingAttemptsAreBounded: the library cannot be told to stop.
func TestHangingAttemptsAreBounded(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { <-release; _, _ = io.WriteString(w, "{}") }))
	defer server.Close()
	sink, err := New(kit.Setup{Settings: map[string]any{"url": "ntfy://" + strings.TrimPrefix(server.URL, "http://") + "/topic?scheme=http"}})
	if err != nil {
		t.Fatal(err)
	}
	send := func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err := sink.Send(ctx, bridge.Payload{MessageID: "m", Body: []byte("x")})
		return err
	}
	for range maxHanging {
		if err := send(); err == nil || !strings.Contains(err.Error(), "no answer from ntfy") {
			t.Errorf("got %v", err)
		}
	}
	if err := send(); err == nil || !strings.Contains(err.Error(), "earlier attempts") {
		t.Errorf("got %v", err)
	}
	close(release)
	for send() != nil {
		time.Sleep(time.Millisecond)
	}
}

func TestReadme(t *testing.T) {
	page := sinktest.Readme(t, New, map[string]string{"TELEGRAM_TOKEN": "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"})
	if !strings.Contains(page, "Best effort") {
		t.Error("the page does not say what the sink cannot do")
	}
}
