package absorb_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
)

func TestHugeAnswers(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes long, and does one thing at a time")
	}
	for name, body := range map[string]string{
		"a text":     `{"name":"` + strings.Repeat("x", 5<<20) + `"}`,
		"many texts": `{"names":[` + strings.Repeat(`"some name",`, 40_000) + `""]}`,
	} {
		c, _ := against(t, says(200, body))
		if _, err := c.Get(t.Context(), "/users/x"); err == nil || !strings.Contains(err.Error(), "larger than") {
			t.Errorf("%s: %v", name, err)
		}
	}
	p := portal.New(portal.Options{})
	answer, err := client(t, options(p)).Get(t.Context(), "/groups/40000000-0000-4000-a000-000000000002")
	if err != nil {
		t.Fatal(err)
	}
	group := answer.(map[string]any)
	if n := len(group["userIds"].([]any)); n != 100 || group["userIdsCount"] != json.Number("50000") {
		t.Errorf("%d ids are kept, counted %v", n, group["userIdsCount"])
	}
}

// What becomes much more in memory than its bytes is not decoded.
func TestAnswersOfManyValuesAreNotDecoded(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes long, and does one thing at a time")
	}
	for want, body := range map[string]string{
		"more than 100000 values":    `[` + strings.Repeat(`{"a":1},`, 60_000) + `{}]`,
		"more than 64 levels deep":   strings.Repeat(`{"a":`, 100) + `1` + strings.Repeat(`}`, 100),
		"nested more than 64 levels": `{"a\\\"":` + strings.Repeat(`[`, 100) + strings.Repeat(`]`, 100) + `}`,
	} {
		c, _ := against(t, says(200, body))
		if _, err := c.Get(t.Context(), "/users/x"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// A course whose description holds a picture is still a course.
func TestLongTextsAreCut(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes long, and does one thing at a time")
	}
	c, _ := against(t, says(200, `{"name":"Safety","parts":[{"description":"`+strings.Repeat("é", 1<<20)+`"}]}`))
	answer, err := c.Get(t.Context(), "/courses/x")
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprint(answer)
	if !strings.HasPrefix(text, "map[name:Safety parts:[map[description:éé") || !strings.HasSuffix(text, "é…]]]") || len(text) > 5000 {
		t.Errorf("%d bytes: %.80s", len(text), text)
	}
}

// However many lookups a portal gives long answers to, few of these are in memory at a
// time, and fewer of large ones.
func TestFewLongAnswersAtATime(t *testing.T) {
	for _, c := range []struct{ size, beyond, most int64 }{
		{20 << 10, 8 << 10, 16},
		{256 << 10, 64 << 10, 2},
	} {
		t.Run(fmt.Sprint(c.size), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var now, most atomic.Int64
				client, _ := against(t, func(r *http.Request) (*http.Response, error) {
					body := &slowBody{Reader: strings.NewReader(`{"name":"` + strings.Repeat("x", int(c.size)) + `"}`), beyond: int(c.beyond), now: &now, most: &most}
					return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: body, Request: r}, nil
				})
				var all sync.WaitGroup
				for i := range 20 {
					all.Go(func() {
						if _, err := client.Get(t.Context(), fmt.Sprint("/users/", i)); err != nil {
							t.Error(err)
						}
					})
				}
				all.Wait()
				if n := most.Load(); n != c.most {
					t.Errorf("%d answers are read at a time, want %d", n, c.most)
				}
			})
		})
	}
}

// slowBody takes a second for what is beyond its first bytes.
type slowBody struct {
	io.Reader
	beyond    int
	now, most *atomic.Int64
	given     int
	large     bool
}

func (b *slowBody) Read(p []byte) (int, error) {
	if b.given >= b.beyond && !b.large {
		b.large = true
		n := b.now.Add(1)
		most := b.most.Load()
		for n > most && !b.most.CompareAndSwap(most, n) {
			most = b.most.Load()
		}
		time.Sleep(time.Second)
	}
	n, err := b.Reader.Read(p)
	b.given += n
	if err == io.EOF && b.large {
		b.now.Add(-1)
	}
	return n, err
}

func (b *slowBody) Close() error { return nil }

// The newest refresh token, which the options do not hold, is not told either, nor
// the part of it that fits into a shortened answer, nor a secret as a form or JSON
// encodes it.
func TestRefusedSecretsAreNotTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := byOAuth(portal.New(portal.Options{}), &shelf{})
		o.OAuth.ClientSecret, o.OAuth.RefreshToken = `cl13nt+/="&<s3cret`, "r3fresh+/=0"
		newest := strings.Repeat("r0tated+", 100)
		asked := 0
		o.HTTP = &http.Client{Transport: &answers{list: []func(*http.Request) (*http.Response, error){
			func(r *http.Request) (*http.Response, error) {
				if asked++; asked == 1 {
					return says(200, fmt.Sprintf(`{"access_token":"acc3ss","refresh_token":%q,"expires_in":0}`, newest))(r)
				}
				if r.URL.Path != "/oauth/token" {
					return says(401, r.Header.Get("Authorization"))(r) // so there is a second refresh, later
				}
				sent, _ := io.ReadAll(r.Body)
				quoted, _ := json.Marshal(map[string]string{"message": o.OAuth.ClientSecret.Reveal() + " " + string(sent)})
				return says(400, string(quoted))(r)
			},
		}}}
		c := client(t, o)
		for range 2 {
			_, err := c.Get(t.Context(), someUser)
			if err == nil || !strings.Contains(err.Error(), "(redacted)") {
				t.Fatalf("%v: nothing was repeated", err)
			}
			for _, secret := range []string{"cl13nt", "s3cret", "r3fresh", "r0tated", "acc3ss"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("%q is in %v", secret, err)
				}
			}
			time.Sleep(3 * time.Minute)
		}
	})
}

// TestIDsInLists: the entries of a list are trimmed as the thing itself is.
func TestIDsInLists(t *testing.T) {
	ids := `["` + strings.Repeat(`1","`, 499) + `1"]`
	for _, body := range []string{`{"totalItems":1,"groups":[{"userIds":` + ids + `}]}`, `[{"userIds":` + ids + `}]`} {
		c, _ := against(t, says(200, body))
		v, err := c.Get(t.Context(), "/groups?_limit=20")
		if err != nil {
			t.Fatal(err)
		}
		group, _ := bridge.Entries(v)[0].(map[string]any)
		if list, _ := group["userIds"].([]any); len(list) != 100 || fmt.Sprint(group["userIdsCount"]) != "500" {
			t.Errorf("%d ids, count %v", len(list), group["userIdsCount"])
		}
	}
}
