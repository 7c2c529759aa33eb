package webhook

import (
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// publicOnly is a client like the one given that connects to public addresses
// alone. It looks at the address that is dialled, after all names are resolved,
// so that a name which leads elsewhere a moment later does not help.
func publicOnly(client *http.Client) *http.Client {
	var guarded http.Client
	if client != nil {
		guarded = *client
	}
	transport, ok := guarded.Transport.(*http.Transport)
	if !ok {
		transport = http.DefaultTransport.(*http.Transport)
	}
	transport = transport.Clone()
	transport.DialContext = (&net.Dialer{Timeout: 30 * time.Second, Control: refusePrivate}).DialContext
	guarded.Transport = transport
	return &guarded
}

// refusePrivate is a net.Dialer's Control.
func refusePrivate(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err == nil && public(to.Addr()) {
		return nil
	}
	return &bridge.SendError{
		Kind: bridge.DestinationBroken,
		Detail: "the URL's host leads to " + address + ", which is no public address, so nothing was sent; " +
			"if the endpoint or its proxy is in your own network set allow_private: true",
	}
}

// public tells whether an address is one of the internet's.
func public(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false // also loopback, link-local (where cloud metadata is) and unique-local ones
	}
	for _, special := range specialNetworks() {
		if netip.MustParsePrefix(special).Contains(a) {
			return false
		}
	}
	return true
}

// specialNetworks are those of the IANA's registries of special-purpose addresses
// that net/netip does not tell, those that carry an IPv4 address inside, and the
// one of Azure's metadata, which looks public.
func specialNetworks() []string {
	return []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"168.63.129.16/32",
		"64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10", "::/96",
	}
}
