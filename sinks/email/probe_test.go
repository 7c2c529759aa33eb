package email

import (
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
	"github.com/absorb-bridge/absorb-bridge/sinks/sinktest"
)

// TestProbe logs in and leaves without a mail.
func TestProbe(t *testing.T) {
	box := &mailbox{auth: plainAuth(testPassword)}
	try := func(base string) (string, error) {
		sink, err := New(kit.Setup{Settings: suite().Settings(base)})
		if err != nil {
			t.Fatal(err)
		}
		return sink.(bridge.Probed).Probe(t.Context())
	}
	if found, err := try("smtp://" + serveSMTP(t, box, nil, false)); err != nil || found != "127.0.0.1 takes connections and lets the user in" {
		t.Errorf("%q, %v", found, err)
	}
	if len(box.all()) != 0 {
		t.Error("a mail was sent")
	}
	if _, err := try(startFake(t, sinktest.Break)); err == nil || strings.Contains(err.Error(), testPassword) {
		t.Errorf("a wrong password: %v", err)
	}
}
