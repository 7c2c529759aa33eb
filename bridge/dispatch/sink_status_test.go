package dispatch

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// states is a stateStore in a map.
type states map[string]string

func (s states) State(_ context.Context, name string) (string, error) {
	if s == nil {
		return "", errors.New("the store is gone")
	}
	return s[name], nil
}

func (s states) Keep(_ context.Context, name, value string) error { s[name] = value; return nil }

func TestSinkStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const soon, past = `"2099-01-01T00:00:00Z"`, `"1999-01-01T00:00:00Z"`
		limiter := NewLimiter(LimiterConfig{Name: "sink a", Destination: "x"})
		for name, c := range map[string]struct {
			sink, limiter string
			want          bridge.Health
		}{
			"nothing is known":          {"", "", bridge.Healthy},
			"broken":                    {`{"of":"x","broken":"no_service","until":` + soon + `}`, "", bridge.Broken},
			"broken, of other settings": {`{"of":"y","broken":"no_service"}`, "", bridge.Healthy},
			"one fails":                 {`{"of":"x","failing":["1"]}`, "", bridge.Failing},
			"five fail":                 {`{"of":"x","failing":["1","2","3","4","5"]}`, "", bridge.Probing},
			"paused":                    {"", `{"of":"x","paused":` + soon + `}`, bridge.Paused},
			"paused, of another":        {"", `{"of":"y","paused":` + soon + `}`, bridge.Healthy},
			"not any more":              {"", `{"of":"x","paused":` + past + `}`, bridge.Healthy},
			"broken and paused":         {`{"of":"x","broken":"no_service"}`, `{"of":"x","paused":` + soon + `}`, bridge.Broken},
			"another version's":         {`[]`, `7`, bridge.Healthy},
		} {
			got, err := ReadSinkStatus(t.Context(), states{"sink a": c.sink, "pace sink a": c.limiter}, "a", "x", limiter)
			if err != nil || got.State != c.want {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
		}
		if _, err := ReadSinkStatus(t.Context(), states(nil), "a", "x", limiter); err == nil {
			t.Error("a store that does not answer says nothing")
		}
	})
}

// ReadSinkStatus reads what a limiter stores.
func TestSinkStatusOfLimiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, limiter := states{}, NewLimiter(LimiterConfig{Name: "bucket googlechat A"})
		if err := limiter.Pause(t.Context(), m, time.Minute); err != nil {
			t.Fatal(err)
		}
		got, err := ReadSinkStatus(t.Context(), m, "a", "x", limiter)
		if err != nil || got.State != bridge.Paused || !got.Until.Equal(time.Now().Add(time.Minute)) {
			t.Errorf("%+v, %v", got, err)
		}
		time.Sleep(2 * time.Minute)
		if got, err := ReadSinkStatus(t.Context(), m, "a", "x", limiter); err != nil || got.State != bridge.Healthy {
			t.Errorf("%+v, %v", got, err)
		}
	})
}
