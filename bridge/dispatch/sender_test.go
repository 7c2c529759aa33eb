package dispatch

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

func TestOrderAndRate(t *testing.T) {
	inSyntheticTime(t, func(t *testing.T, r *fixture) {
		r.add(0, 20, "a")
		sink := &fakeSink{}
		stop := r.run(map[string]bridge.Sink{"a": sink}, bridge.Limit{Rate: 1, Burst: 3})
		time.Sleep(time.Minute)
		stop()
		if got := sink.got(); !slices.Equal(got, numbered(20)) {
			t.Fatalf("sent %v", got)
		}
		for i := 3; i < 20; i++ { // in any window of 3 s at most 3 and the burst
			if window := sink.at[i].Sub(sink.at[i-3]); window < 900*time.Millisecond {
				t.Errorf("message %d came %v after the third before it", i, window)
			}
		}
		if c := r.counts("a"); c[bridge.Sent] != 20 || len(c) != 1 {
			t.Errorf("counts %v", c)
		}
	})
}

// One sink never answers; the other one is not delayed.
func TestStuckSinkDelaysNoOther(t *testing.T) {
	inSyntheticTime(t, func(t *testing.T, r *fixture) {
		r.add(0, 30, "stuck", "free")
		free := &fakeSink{}
		stop := r.run(map[string]bridge.Sink{"stuck": stuckSink{}, "free": free}, bridge.Limit{})
		time.Sleep(time.Second)
		if got := free.got(); !slices.Equal(got, numbered(30)) {
			t.Errorf("the free sink got %d", len(got))
		}
		stop()
		if c := r.counts("stuck"); c[bridge.Pending] != 30 {
			t.Errorf("the stuck sink: %v", c)
		}
	})
}

type stuckSink struct{}

func (stuckSink) Encode(m bridge.Message) (bridge.Payload, error) {
	return bridge.Payload{Body: []byte(m.Title)}, nil
}

func (stuckSink) Send(ctx context.Context, _ bridge.Payload) (bridge.Receipt, error) {
	<-ctx.Done()
	return bridge.Receipt{}, &bridge.SendError{Kind: bridge.Temporary, Detail: ctx.Err().Error()}
}

// TestInterruptedSendIsNotBlamed stops the sender during an attempt.
func TestInterruptedSendIsNotBlamed(t *testing.T) {
	inSyntheticTime(t, func(t *testing.T, r *fixture) {
		r.add(0, 1, "a")
		stop := r.run(map[string]bridge.Sink{"a": stuckSink{}}, bridge.Limit{})
		time.Sleep(time.Second)
		began := time.Now()
		stop()
		if took := time.Since(began); took < grace || took > 2*grace {
			t.Errorf("a message under way was given %v", took)
		}
		due, err := r.store.Due(context.Background(), "a", time.Now(), 10)
		if err != nil || len(due) != 1 || due[0].Attempts != 0 {
			t.Errorf("%+v, %v", due, err)
		}
	})
}

func TestRestartGoesOn(t *testing.T) {
	inSyntheticTime(t, func(t *testing.T, r *fixture) {
		r.add(0, 10, "a")
		first := &fakeSink{}
		stop := r.run(map[string]bridge.Sink{"a": first}, bridge.Limit{Rate: 1, Burst: 1})
		time.Sleep(4500 * time.Millisecond)
		stop()
		r.close()
		r.store = openStore(t, r.path)
		second := &fakeSink{}
		stop = r.run(map[string]bridge.Sink{"a": second}, bridge.Limit{Rate: 1, Burst: 1})
		time.Sleep(time.Minute)
		stop()
		if all := append(first.got(), second.got()...); !slices.Equal(all, numbered(10)) || len(first.got()) == 10 {
			t.Errorf("before %v, after %v", first.got(), second.got())
		}
	})
}
