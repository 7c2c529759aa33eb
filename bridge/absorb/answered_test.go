package absorb_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
)

// What Absorb says of the thing is an answer. Whatever may pass is none.
func TestAnswered(t *testing.T) {
	huge := `"` + strings.Repeat("x", 5<<20) + `"`
	for name, c := range map[string]struct {
		answer func(*http.Request) (*http.Response, error)
		want   bool
	}{
		"400":                {says(400, `{"message":"no"}`), true},
		"403":                {says(403, `{"message":"no"}`), true},
		"404":                {says(404, `{"message":"no"}`), true},
		"404 in HTML":        {says(404, "<html>no</html>"), true},
		"405":                {says(405, ""), true},
		"410":                {says(410, ""), true},
		"422":                {says(422, `{"validations":{"id":["bad"]}}`), true},
		"too large":          {says(200, huge), true},
		"a refused token":    {says(401, `{"message":"no"}`), false},
		"407 of a proxy":     {says(407, ""), false},
		"408":                {says(408, ""), false},
		"429":                {says(429, ""), false},
		"500":                {says(500, ""), false},
		"503 in HTML":        {says(503, "<html>back soon</html>"), false},
		"HTML with 200":      {says(200, "<html>log in</html>"), false},
		"an empty answer":    {says(200, ""), false},
		"a redirect":         {says(302, "", "Location", "https://elsewhere.invalid/"), false},
		"a broken network":   {func(*http.Request) (*http.Response, error) { return nil, errors.New("reset") }, false},
		"what broke the API": {says(599, ""), false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, _ := against(t, c.answer)
				for range 5 { // the circuit opens meanwhile
					_, err := client.Get(t.Context(), "/users/x")
					if err == nil || absorb.Answered(err) != c.want {
						t.Fatalf("%v is an answer: %v, want %v", err, !c.want, c.want)
					}
				}
			})
		})
	}
	if absorb.Answered(nil) || absorb.Answered(errors.New("another error")) {
		t.Error("what is no error of the API is an answer")
	}
}

// A login that is refused says nothing about the thing, whatever its status.
func TestRefusedLoginIsNoAnswer(t *testing.T) {
	for _, way := range []string{"password", "OAuth"} {
		for _, status := range []int{200, 302, 400, 401, 403, 404, 422} {
			o := options(portal.New(portal.Options{}))
			if way == "OAuth" {
				o = byOAuth(portal.New(portal.Options{}), &shelf{})
			}
			o.HTTP = &http.Client{
				Transport:     refusesLogins{status},
				CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			}
			_, err := client(t, o).Get(t.Context(), "/users/x")
			if err == nil || absorb.Answered(err) {
				t.Errorf("%s: a login answered %d is an answer: %v", way, status, err)
			}
		}
	}
}

// refusesLogins is a RoundTripper that answers each login with a status.
type refusesLogins struct{ status int }

func (l refusesLogins) RoundTrip(r *http.Request) (*http.Response, error) {
	return says(l.status, `{"message":"no"}`, "Location", "/")(r)
}

// Failures that open the circuit come one after the other: an answer between them
// begins the count again.
func TestSuccessResetsTheCircuit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := true
		c, a := against(t, func(r *http.Request) (*http.Response, error) {
			if down {
				return says(503, "")(r)
			}
			return says(200, "{}")(r)
		})
		for range 4 {
			down = true
			for range 2 {
				if _, err := c.Get(t.Context(), "/users/x"); err == nil {
					t.Fatal("no error")
				}
			}
			down = false
			asked := len(a.asked)
			if _, err := c.Get(t.Context(), "/users/x"); err != nil || len(a.asked) != asked+1 {
				t.Fatalf("%v: two failures open the circuit", err)
			}
		}
	})
}
