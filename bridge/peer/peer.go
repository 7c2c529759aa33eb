// Package peer says where a request comes from: from the address that connected, or,
// when that is a proxy that the admin trusts, from whom the proxy had it.
package peer

import (
	"net/http"
	"net/netip"
	"strings"
)

// Proxies are the addresses of the proxies that are trusted to say in
// X-Forwarded-For where a request came from.
type Proxies []netip.Prefix

// Trusts tells whether an address is one of the proxies.
func (p Proxies) Trusts(a netip.Addr) bool {
	for _, network := range p {
		if network.Contains(a) {
			return true
		}
	}
	return false
}

// Address gives the address that a request comes from, without a zone. It is invalid
// when the request has none, as in a test.
//
// X-Forwarded-For is read from its end, which is the part that the nearest proxy
// wrote: the first address that is no trusted proxy is the one. Whatever stands
// before it may be made up.
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

// Connected gives the address of a connection's other end, such as 192.0.2.1:51234.
func Connected(remote string) netip.Addr {
	a, _ := parse(remote)
	return a
}

// parse reads an address, which some proxies write with its port.
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

// Group gives the network that whoever has an address is taken to have: the address
// alone for IPv4, and the /64 around it for IPv6, of which everybody has at least one.
func Group(a netip.Addr) netip.Prefix {
	bits := 32
	if a.Is6() {
		bits = 64
	}
	network, _ := a.Prefix(bits) // an invalid address gives an invalid network, which is a group, too
	return network
}

// Label names the group of an address: an address of IPv4, or a network of IPv6.
func Label(a netip.Addr) string {
	if a.Is6() {
		return Group(a).String()
	}
	return a.String()
}
