package kit

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// Reach connects to a URL's host as the client would, through its proxy if it has
// one, and sends nothing. It says what it found, without the URL.
func Reach(ctx context.Context, client *http.Client, secret bridge.Secret) (found string, err error) {
	u, err := url.Parse(secret.Reveal())
	if err != nil {
		return "", &bridge.SendError{Kind: bridge.DestinationBroken, Detail: "the URL cannot be used for a request"}
	}
	t, ok := client.Transport.(*http.Transport)
	if !ok {
		t = http.DefaultTransport.(*http.Transport)
	}
	if t.Proxy != nil {
		if proxy, err := t.Proxy(&http.Request{URL: u}); err == nil && proxy != nil {
			found = "the proxy " + proxy.Host + " takes connections; what is behind it was not tried"
			return found, dial(ctx, t, proxy, func(net.Conn) error { return nil })
		}
	}
	found = u.Hostname() + " takes connections"
	err = dial(ctx, t, u, func(conn net.Conn) error {
		if u.Scheme != "https" {
			return nil
		}
		trust := t.TLSClientConfig.Clone()
		if trust == nil {
			trust = &tls.Config{MinVersion: tls.VersionTLS12}
		}
		trust.ServerName = u.Hostname()
		secured := tls.Client(conn, trust)
		if err := secured.HandshakeContext(ctx); err != nil {
			return err
		}
		days := time.Until(secured.ConnectionState().PeerCertificates[0].NotAfter) / (24 * time.Hour)
		found = fmt.Sprintf("%s takes connections by TLS, its certificate is valid for %d days", u.Hostname(), days)
		return nil
	})
	return found, err
}

// dial connects to the host of a URL for a moment.
func dial(ctx context.Context, t *http.Transport, u *url.URL, use func(net.Conn) error) error {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443"}[u.Scheme]
	}
	if port == "" {
		port = "80"
	}
	connect := t.DialContext
	if connect == nil {
		connect = new(net.Dialer).DialContext
	}
	conn, err := connect(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return noAnswer(err, bridge.Secret(u.String()))
	}
	defer conn.Close()
	if err := use(conn); err != nil {
		return noAnswer(err, bridge.Secret(u.String()))
	}
	return nil
}
