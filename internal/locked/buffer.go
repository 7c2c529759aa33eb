// Package locked holds a buffer for what several goroutines say, such as the log of a
// bridge that a test reads while it runs.
package locked

import (
	"bytes"
	"sync"
)

// Buffer is a bytes.Buffer that may be read while others write. The zero value is
// ready for use.
type Buffer struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

// Write adds to the buffer.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// String is what was written so far.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// Tail is the end of what was written so far, at most n bytes.
func (b *Buffer) Tail(n int) string {
	s := b.String()
	return s[max(0, len(s)-n):]
}
