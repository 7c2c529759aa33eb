package admin

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Login is what the portal returns after an admin has consented. The tokens are
// secrets: never log them.
type Login struct {
	Access  string    `json:"access_token"`
	Expires time.Time `json:"expires"` // when Access expires
	Refresh string    `json:"refresh_token"`
	DryRun  bool      `json:"dry_run,omitempty"` // only check whether it would be kept
}

func (svc *Service) login(r *http.Request) (any, error) {
	s, err := svc.source(r.PathValue("name"))
	if err != nil {
		return nil, err
	}
	var l Login
	if err := decode(r, &l); err != nil {
		return nil, err
	}
	if !l.DryRun && (l.Access == "" || l.Refresh == "" || l.Expires.IsZero()) {
		return nil, &Error{http.StatusBadRequest, "set access_token, refresh_token and expires, the time when the access token expires"}
	}
	if err := svc.KeepLogin(r.Context(), s.Name, l); err != nil {
		return nil, err
	}
	if !l.DryRun {
		svc.Noted(r.Context(), "login", s.Name, 1)
	}
	return struct{}{}, nil
}

// Login makes the bridge store the tokens of a source's login.
func (c *Client) Login(ctx context.Context, source string, l Login) error {
	return c.post(ctx, "sources/"+url.PathEscape(source)+"/login", l, &struct{}{})
}
