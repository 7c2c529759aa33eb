package admin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// Forget is a request to remove a person's data.
type Forget struct {
	store.Person
	DryRun bool `json:"dry_run,omitempty"`
}

func (svc *Service) forget(r *http.Request) (any, error) {
	var f Forget
	if err := decode(r, &f); err != nil {
		return nil, err
	}
	if strings.TrimSpace(f.User) == "" {
		return nil, &Error{http.StatusBadRequest, "user: write the person's id in the portal"}
	}
	removal, err := svc.Store.Forget(r.Context(), f.Person, f.DryRun)
	if n := removal.Total(); !f.DryRun && (err == nil || n > 0) {
		words := "person " + fingerprint(f.User)
		if err != nil {
			words += ", not finished"
		}
		svc.Noted(r.Context(), "forget", words, n)
	}
	return removal, err
}

// fingerprint identifies a person to somebody who knows the id, and to nobody else: ids
// are random.
func fingerprint(user string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(strings.TrimSpace(user))))
	return "sha256:" + hex.EncodeToString(sum[:8])
}

// Forget makes the bridge remove a person's data.
func (c *Client) Forget(ctx context.Context, ask Forget) (r store.Removal, err error) {
	return r, c.post(ctx, "forget", ask, &r)
}
