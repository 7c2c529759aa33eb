package webhook

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

func TestPublic(t *testing.T) {
	for _, a := range []string{
		"127.0.0.1", "127.255.0.1", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1",
		"100.100.100.200", "168.63.129.16", "192.0.0.8", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
		"::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::7f00:1",
		"64:ff9b::7f00:1", "2002:7f00:1::1", "2001::1", "2001:db8::1",
	} {
		if public(netip.MustParseAddr(a)) {
			t.Errorf("%s is taken for a public address", a)
		}
	}
	for _, a := range []string{"1.1.1.1", "93.184.216.34", "172.32.0.1", "100.128.0.1", "192.1.0.1", "2606:4700::1111", "::ffff:1.1.1.1", "2a00:1450:4001::200e"} {
		if !public(netip.MustParseAddr(a)) {
			t.Errorf("%s is not taken for a public address", a)
		}
	}
}

// TestPrivateIsRefused: whatever name leads to a private address, nothing reaches
// it, and the sink says what would help.
func TestPrivateIsRefused(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the endpoint was reached") }))
	defer server.Close()
	port := server.URL[strings.LastIndexByte(server.URL, ':'):]
	for _, client := range []*http.Client{kit.NewClient(http.DefaultTransport, 10*time.Second), kit.NewClient(nil, 10*time.Second), nil} {
		sink, err := New(kit.Setup{Settings: map[string]any{"url": "https://localhost" + port + "/hook"}, Client: client})
		if err != nil {
			t.Fatal(err)
		}
		_, err = sink.Send(t.Context(), bridge.Payload{MessageID: "m", Body: []byte("{}")})
		if err == nil {
			t.Fatal("sent")
		}
		if e := bridge.AsSendError(err); e.Kind != bridge.DestinationBroken || !strings.Contains(e.Detail, "allow_private: true") {
			t.Errorf("%v: %v", e.Kind, e)
		}
	}
}

// TestRedirectsAreNotFollowed: not to a private address either.
func TestRedirectsAreNotFollowed(t *testing.T) {
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") }))
	defer inside.Close()
	outside := httptest.NewServer(http.RedirectHandler(inside.URL, http.StatusTemporaryRedirect))
	defer outside.Close()
	_, err := build(t, map[string]any{"url": outside.URL, "allow_private": true}).Send(t.Context(), bridge.Payload{MessageID: "m", Body: []byte("{}")})
	if e := bridge.AsSendError(err); err == nil || e.Kind != bridge.Temporary || !strings.Contains(e.Detail, "redirects are not followed") {
		t.Errorf("%v", err)
	}
}
