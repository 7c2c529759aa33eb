package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/bridge/config"
	"github.com/absorb-bridge/absorb-bridge/bridge/gateway"
)

// api asks a source's Integration API who we are.
func (e *examination) api(ctx context.Context, s config.Source) Finding {
	check := "api of " + s.Name
	if s.API == nil {
		return ok(check, "there is none, so messages show ids instead of names")
	}
	err := gateway.TryAPI(ctx, s.Name, *s.API, e.store, e.config.StoreKeys)
	switch {
	case err == nil:
		return ok(check, "%s lets us in", gateway.APIAddress(*s.API))
	case errors.Is(err, gateway.ErrNoLogin):
		return fail(check, "run absorb-bridge login "+s.Name+"; until then messages hold ids", "%v", err)
	case errors.Is(err, absorb.ErrUnreadable):
		return fail(check, "add the key to store_keys, or run absorb-bridge login "+s.Name+"; until then messages hold ids", "the refresh token in the store is encrypted by a key that is not in store_keys")
	case errors.Is(err, gateway.ErrOneUse):
		return warn(check, "", "%v", err)
	}
	found, remedy := refused(s, err)
	return fail(check, remedy+"; until then messages hold ids", "%s", found)
}

// refused says what an API's refusal means, and what to do.
func refused(s config.Source, err error) (found, remedy string) {
	at := "sources." + s.Name + ".api"
	refusal, isRefusal := errors.AsType[*gateway.APIRefusal](err)
	answer, answered := errors.AsType[*absorb.APIError](err)
	if !isRefusal || !answered {
		return err.Error(), "check " + at
	}
	compare := fmt.Sprintf("the bridge asks %s: compare its ending with that of your portal's address (.com, .ca, .eu, .com.au; a sandbox has a region of its own)", gateway.APIAddress(*s.API))
	const key = "the private key in Portal Settings (Rest API Private Key), which belongs to one portal"
	switch {
	case refusal.OtherScheme != "":
		return fmt.Sprintf("there is a token, but the API refuses it (401) with scheme: %s and accepts it with scheme: %s", s.API.Scheme, refusal.OtherScheme),
			fmt.Sprintf("set %s.scheme: %s", at, refusal.OtherScheme)
	case strings.Contains(err.Error(), "failed to verify certificate"):
		return err.Error(), fmt.Sprintf("if the certificate is one of your own, or of a proxy that reads along, put its authority into %s.ca", at)
	case answer.Status == 0:
		return err.Error(), "let this machine connect to the API (firewall, proxy, DNS); " + compare
	case answer.Status == http.StatusForbidden:
		return err.Error(), "ask whether the portal is disabled, and give the role of the API's administrator the right to view"
	case answer.Status == http.StatusUnauthorized && !refusal.Login:
		return "there is a token, but the API refuses it (401) with either scheme: " + err.Error(),
			fmt.Sprintf("compare %s.key with %s; if a proxy is in between, have it pass the header x-api-key on; give the role of the API's administrator the right to view; %s", at, key, compare)
	case answer.Temporary:
		return err.Error(), "try again later; if it stays, ask Absorb's support"
	case refusal.Login && (answer.Status == http.StatusUnauthorized || answer.Status == http.StatusBadRequest):
		return err.Error(), fmt.Sprintf("log in to the portal as the API's administrator to try username and password; compare %s.key with %s; %s", at, key, compare)
	}
	return err.Error(), "no Integration API answers there; " + compare
}
