// Package peer returns the client address of a request: the address that connected or,
// if that is a trusted proxy, the address that the proxy reports.
package peer

import (
	"net/http"
	"net/netip"
	"strings"
)

// Proxies are the addresses of the proxies whose X-Forwarded-For is trusted.
type Proxies []netip.Prefix

// Trusts reports whether an address is one of the proxies.
func (p Proxies) Trusts(a netip.Addr) bool {
	for _, network := range p {
		if network.Contains(a) {
			return true
		}
	}
	return false
}

// Address returns the client address of a request, without a zone. It is invalid if the
// request has no address, as in a test.
//
// Address reads X-Forwarded-For from its end, which the nearest proxy wrote. The first
// address that is not a trusted proxy is the client; a client may have invented
// everything before it.
func (p Proxies) Address(r *http.Request) netip.Addr {
	from := Connected(r.RemoteAddr)
	hops := r.Header.Values("X-Forwarded-For")
	for i := len(hops) - 1; i >= 0; i-- {
		for rest, hop := hops[i], ""; ; {
			if !p.Trusts(from) {
				return from
			}
			at := strings.LastIndexByte(rest, ',')
			hop = rest[at+1:]
			before, ok := parse(hop)
			if !ok {
				return from
			}
			from = before
			if at < 0 {
				break
			}
			rest = rest[:at]
		}
	}
	return from
}

// Connected returns the address of a connection's other end, such as 192.0.2.1:51234.
func Connected(remote string) netip.Addr {
	a, _ := parse(remote)
	return a
}

// parse reads an address, which some proxies write with a port.
func parse(text string) (netip.Addr, bool) {
	text = strings.TrimSpace(text)
	a, err := netip.ParseAddr(strings.Trim(text, "[]"))
	if err != nil {
		var with netip.AddrPort
		with, err = netip.ParseAddrPort(text)
		a = with.Addr()
	}
	return a.WithZone("").Unmap(), err == nil
}

// Group returns the network that one client may use: the address itself for IPv4, and
// its /64 for IPv6, because every IPv6 client has at least a /64.
func Group(a netip.Addr) netip.Prefix {
	bits := 32
	if a.Is6() {
		bits = 64
	}
	network, _ := a.Prefix(bits) // an invalid address gives an invalid network, which is a group, too
	return network
}

// Label returns the name of an address's group: an IPv4 address, or an IPv6 network.
func Label(a netip.Addr) string {
	if a.Is6() {
		return Group(a).String()
	}
	return a.String()
}
