package dispatch

import (
	"errors"
	"log/slog"
	"runtime/debug"
)

var errPanic = errors.New("a fault in the program; please report it with the stack in the log")

// guarded turns a panic into errPanic: one message must not stop the bridge at every start.
func guarded[T any](log *slog.Logger, act string, f func() (T, error)) (result T, err error) {
	defer func() {
		if p := recover(); p != nil { // do not log p: it may contain the message
			log.Error("a sink panicked", "act", act, "stack", string(debug.Stack()))
			err = errPanic
		}
	}()
	return f()
}
