package render

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// The bounds of one template's work. Templates are an admin's, but what they
// loop over comes from Absorb.
const (
	maxOutput = 64 << 10        // bytes of one value of a message
	maxSteps  = 100_000         // turns of all loops while one value is made
	maxTime   = 2 * time.Second // for all values of a message together
)

var (
	errFull  = errors.New("the value is longer than 64 KiB")
	errSteps = fmt.Errorf("loops more than %d times", maxSteps)
)

// scope is what a template runs on. It is the template's $, which cannot be
// assigned, so functions that need it are handed it by the rewritten tree.
type scope struct {
	ctx   context.Context
	facts map[string]any
	out   output
	steps int

	quotes quotes // of the output, where it is JSON or CSV
	markup markup // of the output, where it is XML or HTML

	// missing is set in a path when a value that it is made from is empty.
	missing bool

	// people are those whom the message mentions so far; nil where nobody can be.
	people *[]bridge.Person
}

func newScope(ctx context.Context, data any) *scope {
	s := &scope{ctx: ctx}
	switch d := data.(type) {
	case bridge.Facts:
		s.facts = d
	case map[string]any:
		s.facts = d
	}
	s.out.ctx = ctx
	return s
}

// tick runs at every turn of every loop, so that none goes on for ever.
func tick(s *scope) (string, error) {
	s.steps++
	if s.steps > maxSteps {
		return "", errSteps
	}
	return "", s.ctx.Err()
}

// output gathers what a template writes, and stops it when that is enough.
type output struct {
	ctx context.Context
	buf bytes.Buffer
}

// Write keeps what fits. It fails when the output is full or the time is up.
func (o *output) Write(p []byte) (int, error) {
	if err := o.ctx.Err(); err != nil {
		return 0, err
	}
	if room := maxOutput - o.buf.Len(); len(p) > room {
		o.buf.Write(p[:room])
		return room, errFull
	}
	return o.buf.Write(p)
}

// cut is the output that was kept when it became full: whole characters, no
// escape without what it escapes, and a sign that there was more.
func (o *output) cut() string {
	b := o.buf.Bytes()
	for len(b) > 0 {
		if r, size := utf8.DecodeLastRune(b); r != utf8.RuneError || size != 1 {
			break
		}
		b = b[:len(b)-1]
	}
	return string(bytes.TrimRight(b, `\`)) + "…"
}
