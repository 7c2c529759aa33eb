package sinktest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// probe tries the sink without a message, where nobody listens and where all is well.
func (s Suite) probe(t *testing.T) {
	nowhere, can := s.sink(t, anyBase).(bridge.Probed)
	if !can {
		return
	}
	found, err := nowhere.Probe(t.Context())
	if _, ok := errors.AsType[*bridge.SendError](err); !ok {
		t.Errorf("Probe = %q, %v (%T), want a *bridge.SendError", found, err, err)
	}
	s.noSecret(t, "error", fmt.Sprintf("%v %+v %#v", err, err, err))

	found, err = s.sink(t, s.Start(t, Accept)).(bridge.Probed).Probe(t.Context())
	if err != nil || found == "" {
		t.Errorf("Probe = %q, %v", found, err)
	}
	s.noSecret(t, "what was found", found)
}
