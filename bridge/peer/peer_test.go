package peer_test

import (
	"net/http"
	"net/netip"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge/peer"
)

func TestAddress(t *testing.T) {
	trusted := peer.Proxies{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::1/128")}
	for _, c := range []struct {
		name, remote string
		forwarded    []string
		want         string
	}{
		{"no proxy", "192.0.2.1:5000", nil, "192.0.2.1"},
		{"a header of somebody who is not trusted", "192.0.2.1:5000", []string{"198.51.100.1"}, "192.0.2.1"},
		{"a proxy", "10.0.0.1:5000", []string{"198.51.100.1"}, "198.51.100.1"},
		{"a proxy by IPv6", "[fd00::1]:5000", []string{"198.51.100.1"}, "198.51.100.1"},
		{"a proxy by IPv4 in IPv6", "[::ffff:10.0.0.1]:5000", []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
		{"a made-up beginning", "10.0.0.1:5000", []string{"1.2.3.4, 198.51.100.1"}, "198.51.100.1"},
		{"a trusted address in a made-up beginning", "10.0.0.1:5000", []string{"10.0.0.9, 198.51.100.1"}, "198.51.100.1"},
		{"two proxies", "10.0.0.1:5000", []string{"1.2.3.4, 198.51.100.1,10.0.0.2"}, "198.51.100.1"},
		{"two headers", "10.0.0.1:5000", []string{"1.2.3.4", "198.51.100.1", "10.0.0.2"}, "198.51.100.1"},
		{"with a port", "10.0.0.1:5000", []string{"198.51.100.1:443"}, "198.51.100.1"},
		{"with brackets", "10.0.0.1:5000", []string{"[2001:db8::1]"}, "2001:db8::1"},
		{"with brackets and port", "10.0.0.1:5000", []string{"[2001:db8::1]:443"}, "2001:db8::1"},
		{"with a zone", "[fe80::1%eth0]:5000", nil, "fe80::1"},
		{"no address", "10.0.0.1:5000", []string{"198.51.100.1, unknown"}, "10.0.0.1"},
		{"an empty header", "10.0.0.1:5000", []string{""}, "10.0.0.1"},
		{"a proxy without a header", "10.0.0.1:5000", nil, "10.0.0.1"},
		{"proxies alone", "10.0.0.1:5000", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"none", "@", nil, "invalid IP"},
	} {
		r := &http.Request{RemoteAddr: c.remote, Header: http.Header{"X-Forwarded-For": c.forwarded}}
		if got := trusted.Address(r).String(); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestGroup(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.1": "192.0.2.1/32", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
	} {
		if got := peer.Group(netip.MustParseAddr(address)).String(); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
	for address, want := range map[string]string{"192.0.2.1": "192.0.2.1", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64"} {
		if got := peer.Label(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
	if one, other := peer.Group(netip.Addr{}), peer.Group(netip.Addr{}); one != other {
		t.Errorf("requests without an address are in different groups: %v, %v", one, other)
	}
}
