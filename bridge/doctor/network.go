package doctor

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/gateway"
	"github.com/absorb-bridge/absorb-bridge/bridge/intake"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

const (
	someSkew = 30 * time.Second
	muchSkew = 5 * time.Minute

	fewDays = 14 // automatic renewal happens earlier, usually 30 days before the certificate expires
)

// listening checks that the bridge's addresses are free, or that a bridge uses them.
func (e *examination) listening(ctx context.Context) []Finding {
	findings := []Finding{e.address(ctx, "listen", e.config.Listen, "/", ours)}
	if e.config.Admin.Listen != "" {
		findings = append(findings, e.address(ctx, "admin.listen", e.config.Admin.Listen, "/healthz", func(status int, body string) bool {
			return status == http.StatusOK && body == "ok\n"
		}))
	}
	return findings
}

// address checks which program uses an address of this machine.
func (e *examination) address(ctx context.Context, check, address, path string, is func(status int, body string) bool) Finding {
	host, port, err := net.SplitHostPort(address)
	if err != nil { // it was checked
		return fail(check, "", "%v", err)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	status, body, err := e.get(ctx, "http://"+net.JoinHostPort(host, port)+path)
	switch {
	case err == nil && is(status, body):
		return ok(check, "%s: a bridge answers", address)
	case err == nil:
		return fail(check, "set "+check+" to another address, or stop the other program", "%s: another program answers", address)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return fail(check, "set "+check+" to another address; ports below 1024 may need a privilege", "%v", err)
	}
	_ = l.Close()
	return ok(check, "%s is free", address)
}

// get makes a GET request. It posts nothing: a bridge refuses it with its own message.
func (e *examination) get(ctx context.Context, address string) (status int, body string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, "", err
	}
	res, err := e.HTTP.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 4<<10))
	return res.StatusCode, string(text), err
}

// ours reports whether an answer is a bridge's refusal of a GET, on any path.
func ours(status int, body string) bool {
	return strings.Contains(words(body), intake.NoSource) && status == http.StatusNotFound || atWebhook(status, body)
}

// atWebhook reports whether an answer is a bridge's refusal of a GET on a webhook's path.
func atWebhook(status int, body string) bool {
	return status == http.StatusMethodNotAllowed && words(body) == intake.OnlyPOST
}

func words(body string) string {
	var answer struct {
		Error string `json:"error"`
	}
	_ = json.Unmarshal([]byte(body), &answer) // without JSON there is no message
	return answer.Error
}

// publicURL follows the path of a webhook through DNS and the proxy, with a GET request.
func (e *examination) publicURL(ctx context.Context) []Finding {
	if e.URL == "" {
		return nil
	}
	const check = "public URL"
	u, err := url.Parse(e.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return []Finding{fail(check, "give the whole URL, such as https://bridge.example.com/absorb", "--url is not a URL")}
	}
	var findings []Finding
	addresses, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil {
		return []Finding{fail(check, "create the DNS entry, or wait until this machine resolves it", "%s does not resolve: %v", u.Hostname(), err)}
	}
	for _, a := range addresses {
		if a.Unmap().IsPrivate() || a.IsLoopback() {
			findings = append(findings, warn(check, "make sure that the portal can reach it from the internet", "%s resolves to %s, which is not a public address", u.Hostname(), a.Unmap()))
			break
		}
	}
	if u.Scheme == "http" {
		findings = append(findings, warn(check, "put a TLS proxy in front of the bridge (docs/deployment.md)", "webhooks would arrive unencrypted"))
	}
	var paths []string
	for _, s := range e.config.Sources {
		paths = append(paths, s.Path)
	}
	if !slices.Contains(paths, u.Path) {
		findings = append(findings, fail(check, "use the path of a source: "+strings.Join(paths, ", "), "no source has the path %q", u.Path))
	}
	return append(findings, e.throughTheProxy(ctx, u))
}

func (e *examination) throughTheProxy(ctx context.Context, u *url.URL) Finding {
	const check = "public URL"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return fail(check, "", "%v", err)
	}
	res, err := e.HTTP.Do(req)
	if err != nil {
		if ue, is := errors.AsType[*url.Error](err); is {
			err = ue.Err
		}
		if _, bad := errors.AsType[*tls.CertificateVerificationError](err); bad {
			return fail(check, "give the proxy a certificate that browsers trust, with its chain, for "+u.Hostname(), "%v", err)
		}
		return fail(check, "start the proxy and the bridge, and open the firewall for the portal", "%v", err)
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(res.Body, 4<<10))
	certificate := ""
	if res.TLS != nil {
		days := int(time.Until(res.TLS.PeerCertificates[0].NotAfter) / (24 * time.Hour))
		certificate = fmt.Sprintf("; its certificate is valid for %d days", days)
		if days < fewDays {
			return warn(check, "renew the certificate", "%s%s", u.Host, certificate)
		}
	}
	switch {
	case atWebhook(res.StatusCode, string(text)):
		return ok(check, "%s leads to a bridge%s", u.Host, certificate)
	case res.StatusCode >= 300 && res.StatusCode < 400:
		return fail(check, "set the portal's webhook to the target URL: Absorb does not follow redirects", "it redirects (%d)", res.StatusCode)
	case ours(res.StatusCode, string(text)):
		return fail(check, "let the proxy pass the path unchanged", "a bridge answers, but no source has the path that reaches it")
	}
	return fail(check, "let the proxy pass it to "+e.config.Listen, "something other than the bridge answers (%d)", res.StatusCode)
}

// clock compares this machine's clock with other clocks. The expiry of tokens and the
// age of signatures depend on it.
func (e *examination) clock(ctx context.Context) Finding {
	const check = "clock"
	skew, by := e.store.Skew, ""
	if store.IsShared(e.config.Store.Reveal()) && e.broken == nil {
		by = "the database"
	}
	for _, s := range e.config.Sources {
		if s.API == nil {
			continue
		}
		if ahead, err := e.ahead(ctx, gateway.APIAddress(*s.API)); err == nil && (by == "" || ahead.Abs() > skew.Abs()) {
			skew, by = ahead, "the API of "+s.Name
		}
	}
	switch {
	case by == "":
		return ok(check, "%s; there is no other clock to compare it with", time.Now().UTC().Format(time.RFC3339))
	case skew.Abs() >= muchSkew:
		return fail(check, "synchronise the clock with NTP", "it differs from the clock of %s by %s", by, skew.Abs().Round(time.Second))
	case skew.Abs() >= someSkew:
		return warn(check, "synchronise the clock with NTP", "it differs from the clock of %s by %s", by, skew.Abs().Round(time.Second))
	}
	return ok(check, "agrees with the clock of %s", by)
}

// ahead returns how far a server's clock is ahead of this one, to within two seconds.
func (e *examination) ahead(ctx context.Context, base string) (time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/", nil)
	if err != nil {
		return 0, err
	}
	before := time.Now()
	res, err := e.HTTP.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	at, err := http.ParseTime(res.Header.Get("Date"))
	if err != nil {
		return 0, err
	}
	return at.Sub(before.Add(time.Since(before) / 2)), nil
}
