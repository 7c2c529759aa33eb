package dispatch

import (
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// If a message makes its sink panic in Encode, it becomes a dead letter, and the bridge
// continues. A panic in Send is retried.
func TestPanicsAreSurvived(t *testing.T) {
	inSyntheticTime(t, func(t *testing.T, r *fixture) {
		r.add(0, 3, "a")
		sink := &faultySink{fakeSink{script: func(n int, _ string) error {
			if n == 0 {
				panic("while it is sent")
			}
			return nil
		}}}
		stop := r.run(map[string]bridge.Sink{"a": sink}, bridge.Limit{})
		time.Sleep(time.Minute)
		stop()
		if c := r.counts("a"); c[bridge.Sent] != 2 || c[bridge.Dead] != 1 {
			t.Errorf("counts %v", c)
		}
	})
}

// faultySink cannot encode event 1.
type faultySink struct{ fakeSink }

func (s *faultySink) Encode(m bridge.Message) (bridge.Payload, error) {
	if m.Title == "event 1" {
		panic("while it is encoded")
	}
	return s.fakeSink.Encode(m)
}
