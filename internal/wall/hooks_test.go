package wall_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/absorb-bridge/absorb-bridge/internal/wall"
)

func TestMattermostJudges(t *testing.T) {
	start(t, wall.Options{}).judge(t, wall.Mattermost, []judgement{
		{"no JSON", `{`, 400, "web.incoming_webhook.parse.app_error", ""},
		{"a list", `[]`, 400, "parse", ""},
		{"text is a number", `{"text":1}`, 400, "parse", ""},
		{"fields are no list", `{"attachments":[{"fields":{}}]}`, 400, "parse", ""},
		{"nothing", `{}`, 400, "No text specified.", ""},
		{"an attachment", `{"attachments":[{"text":"x"}]}`, 200, "ok", ""},
		{"too long", `{"text":"` + strings.Repeat("x", 16384) + `"}`, 400, "Maximum text length", ""},
		{"a mention", `{"attachments":[{"text":"@channel"}]}`, 200, "ok", "mentions @channel"},
		{"a broken mention", `{"text":"@\u200ball"}`, 200, "ok", ""},
	})
}

func TestRocketChatJudges(t *testing.T) {
	start(t, wall.Options{}).judge(t, wall.RocketChat, []judgement{
		{"no JSON", `{`, 400, "Invalid JSON", ""},
		{"nothing", `{}`, 400, "unknown-error", ""},
		{"an attachment", `{"attachments":[{"text":"x"}]}`, 200, `{"success":true}`, ""},
		{"too long", `{"attachments":[{"text":"` + strings.Repeat("x", 5001) + `"}]}`, 400, "error-message-size-exceeded", ""},
		{"a mention", `{"text":"@all"}`, 200, "success", "mentions @all"},
	})
}

func TestHooksThatAreNone(t *testing.T) {
	b := start(t, wall.Options{})
	if got := b.post(t, b.url+"/hooks/short", `{"text":"x"}`); got.status != 400 || !strings.Contains(got.body, "invalid.app_error") {
		t.Errorf("Mattermost answered %d %s", got.status, got.body)
	}
	if got := b.post(t, b.url+"/hooks/a/b", `{"text":"x"}`); got.status != 401 || !strings.Contains(got.body, "Invalid integration") {
		t.Errorf("Rocket.Chat answered %d %s", got.status, got.body)
	}
}

// TestWebhookVerifies signs by the library of Standard Webhooks.
func TestWebhookVerifies(t *testing.T) {
	now := time.Date(2026, 11, 23, 14, 2, 31, 0, time.UTC)
	b := start(t, wall.Options{Now: func() time.Time { return now }})
	other := "whsec_" + base64.StdEncoding.EncodeToString([]byte("another secret of nobody"))
	post := func(method, secret, id, body string, at time.Time) int {
		t.Helper()
		signer, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			t.Fatal(err)
		}
		signature, err := signer.Sign(id, at, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequestWithContext(t.Context(), method, b.url+"/webhook/crm", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("webhook-id", id)
		req.Header.Set("webhook-timestamp", strconv.FormatInt(at.Unix(), 10))
		req.Header.Set("webhook-signature", "v1,AAAA "+signature)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		_, _ = io.Copy(io.Discard, resp.Body)
		return resp.StatusCode
	}
	for _, c := range []struct {
		name, method, secret, id, body string
		at                             time.Time
		want                           int
	}{
		{"right", "POST", wall.WebhookSecret, "a", "{}", now, 204},
		{"the same again", "POST", wall.WebhookSecret, "a", "{}", now, 204},
		{"another method", "PUT", wall.WebhookSecret, "b", "{}", now.Add(-4 * time.Minute), 204},
		{"another secret", "POST", other, "c", "{}", now, 401},
		{"too old", "POST", wall.WebhookSecret, "d", "{}", now.Add(-6 * time.Minute), 401},
		{"no id", "POST", wall.WebhookSecret, "", "{}", now, 400},
		{"no JSON", "POST", wall.WebhookSecret, "e", "{", now, 422},
	} {
		if got := post(c.method, c.secret, c.id, c.body, c.at); got != c.want {
			t.Errorf("%s: answered %d, want %d", c.name, got, c.want)
		}
	}
	if got, want := b.Counts(wall.Webhook), (wall.Counts{Accepted: 2, Repeated: 1, Refused: 4}); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
}
