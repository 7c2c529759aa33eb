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

// api logs in to a source's Integration API and makes one request.
func (e *examination) api(ctx context.Context, s config.Source) Finding {
	check := "api of " + s.Name
	if s.API == nil {
		return ok(check, "there is none, so messages show ids instead of names")
	}
	err := gateway.TryAPI(ctx, s.Name, *s.API, e.store, e.config.StoreKeys)
	switch {
	case err == nil:
		return ok(check, "%s accepts the login", gateway.APIAddress(*s.API))
	case errors.Is(err, gateway.ErrNoLogin):
		return fail(check, "run absorb-bridge login "+s.Name+"; until then messages show ids", "%v", err)
	case errors.Is(err, absorb.ErrUnreadable):
		return fail(check, "add the key to store_keys, or run absorb-bridge login "+s.Name+"; until then messages show ids", "the refresh token in the store is encrypted with a key that is not in store_keys")
	case errors.Is(err, gateway.ErrOneUse):
		return warn(check, "", "%v", err)
	}
	found, remedy := refused(s, err)
	return fail(check, remedy+"; until then messages show ids", "%s", found)
}

// refused explains an API's refusal and how to fix it.
func refused(s config.Source, err error) (found, remedy string) {
	at := "sources." + s.Name + ".api"
	refusal, isRefusal := errors.AsType[*gateway.APIRefusal](err)
	answer, answered := errors.AsType[*absorb.APIError](err)
	if !isRefusal || !answered {
		return err.Error(), "check " + at
	}
	compare := fmt.Sprintf("the bridge uses %s: compare its ending with the ending of your portal's address (.com, .ca, .eu, .com.au; a sandbox has a region of its own)", gateway.APIAddress(*s.API))
	const key = "the private key in Portal Settings (Rest API Private Key), which belongs to one portal"
	switch {
	case refusal.OtherScheme != "":
		return fmt.Sprintf("the API refuses the token (401) with scheme: %s and accepts it with scheme: %s", s.API.Scheme, refusal.OtherScheme),
			fmt.Sprintf("set %s.scheme: %s", at, refusal.OtherScheme)
	case strings.Contains(err.Error(), "failed to verify certificate"):
		return err.Error(), fmt.Sprintf("if the certificate is your own, or belongs to a proxy that inspects TLS, set %s.ca to the file of its certificate authority", at)
	case answer.Status == 0:
		return err.Error(), "let this machine connect to the API (firewall, proxy, DNS); " + compare
	case answer.Status == http.StatusForbidden:
		return err.Error(), "check that the portal is not disabled, and give the role of the API's administrator the right to view"
	case answer.Status == http.StatusUnauthorized && !refusal.Login:
		return "the API refuses the token (401) with either scheme: " + err.Error(),
			fmt.Sprintf("compare %s.key with %s; if there is a proxy, let it pass the header x-api-key; give the role of the API's administrator the right to view; %s", at, key, compare)
	case answer.Temporary:
		return err.Error(), "try again later; if it keeps failing, ask Absorb's support"
	case refusal.Login && (answer.Status == http.StatusUnauthorized || answer.Status == http.StatusBadRequest):
		return err.Error(), fmt.Sprintf("log in to the portal as the API's administrator to test username and password; compare %s.key with %s; %s", at, key, compare)
	}
	return err.Error(), "no Integration API answers there; " + compare
}
