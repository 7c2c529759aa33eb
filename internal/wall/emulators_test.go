package wall

import (
	"reflect"
	"testing"
	"time"
)

// Every entry of the table is complete. A missing part would fail only when it is used.
func TestEveryEmulatorIsComplete(t *testing.T) {
	for _, e := range emulators() {
		if e.title == "" {
			t.Errorf("%s has no title", e.name)
		}
		if e.name == Email {
			continue
		}
		if e.start == nil || e.sink == nil || e.draw == nil {
			t.Errorf("%s has no server, settings or drawing", e.name)
			continue
		}
		for _, p := range e.start(time.Now) {
			if p.Name != e.name {
				t.Errorf("%s starts a server of %s", e.name, p.Name)
			}
		}
		if first, second := e.sink("http://a"), e.sink("http://a"); !reflect.DeepEqual(first, second) || len(first) == 0 {
			t.Errorf("%s: settings %v, then %v", e.name, first, second)
		}
	}
}
