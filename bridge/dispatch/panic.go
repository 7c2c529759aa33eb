package dispatch

import (
	"errors"
	"log/slog"
	"runtime/debug"
)

var errPanic = errors.New("a fault in the program; its log has more, please report it")

// guarded gives errPanic for a panic: one message must not stop the bridge, and
// again at every start.
func guarded[T any](log *slog.Logger, act string, f func() (T, error)) (result T, err error) {
	defer func() {
		if p := recover(); p != nil { // not told: it may hold the message
			log.Error("a sink panicked", "act", act, "stack", string(debug.Stack()))
			err = errPanic
		}
	}()
	return f()
}
