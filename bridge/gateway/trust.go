package gateway

import (
	"fmt"
	"net/http"

	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// trusting is a client that trusts what the settings say, which were checked. Its errors
// say what to do about a certificate that is not trusted.
func trusting(client *http.Client, trust kit.Trust) *http.Client {
	config, err := trust.TLS()
	if err == nil {
		client = kit.WithTLS(client, config)
	}
	advised := *client
	advised.Transport = adviser{client.Transport}
	return &advised
}

// adviser adds advice to the errors of connections that failed by their certificates.
type adviser struct{ next http.RoundTripper }

// RoundTrip passes a request on.
func (a adviser) RoundTrip(r *http.Request) (*http.Response, error) {
	next := a.next
	if next == nil {
		next = http.DefaultTransport
	}
	resp, err := next.RoundTrip(r)
	if err == nil {
		return resp, nil
	}
	if advice := kit.Untrusted(err); advice != "" {
		err = fmt.Errorf("%w: %s", err, advice)
	}
	return nil, err
}
