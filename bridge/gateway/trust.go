package gateway

import (
	"fmt"
	"net/http"

	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// trusting returns a client with the trust settings, which were checked. Its errors say
// what to do about an untrusted certificate.
func trusting(client *http.Client, trust kit.Trust) *http.Client {
	config, err := trust.TLS()
	if err == nil {
		client = kit.WithTLS(client, config)
	}
	advised := *client
	advised.Transport = adviser{client.Transport}
	return &advised
}

// adviser adds advice to the errors of connections that failed because of a
// certificate.
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
