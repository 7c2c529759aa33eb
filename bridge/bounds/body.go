package bounds

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// The errors of bodies that were not read.
var (
	ErrTooLarge = errors.New("the body is too large")
	ErrBusy     = errors.New("other requests use the memory for bodies")
)

const (
	blockSize = 16 << 10 // size of the blocks after the first, in bytes
	discarded = 2 << 20  // bytes of a refused body to read and discard, because many clients read the answer only after sending the whole body
)

// Body limits one body.
type Body struct {
	Max  int64         // bytes
	Time time.Duration // for the whole body to arrive
}

// Read reads a request's body. It reserves memory as the bytes arrive, whatever length
// the sender announces. The error is ErrTooLarge, ErrBusy, or a connection error.
func (b Body) Read(w http.ResponseWriter, r *http.Request, c *Claim) ([]byte, error) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(b.Time)) // only a test's recorder cannot do this
	if r.ContentLength > b.Max {
		return nil, discard(r.Body, ErrTooLarge)
	}
	first := int64(SmallBody)
	if n := r.ContentLength; n >= 0 {
		first = min(n, SmallBody)
	}
	if !c.takeSmall(first) {
		return nil, discard(r.Body, ErrBusy)
	}
	var blocks [][]byte
	for size, next := int64(0), first; ; {
		block, err := fill(r.Body, make([]byte, next))
		blocks, size = append(blocks, block), size+int64(len(block))
		switch {
		case size > b.Max:
			return nil, discard(r.Body, ErrTooLarge)
		case errors.Is(err, io.EOF), size == r.ContentLength:
			_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // otherwise the deadline would end the request
			return join(r.Body, blocks, size, c)
		case err != nil:
			return nil, err
		}
		next = min(blockSize, b.Max+1-size)
		if !c.takeLarge(next) {
			return nil, discard(r.Body, ErrBusy)
		}
	}
}

// fill reads until the block is full or the body ends.
func fill(from io.Reader, block []byte) ([]byte, error) {
	n := 0
	for n < len(block) {
		m, err := from.Read(block[n:])
		n += m
		if err != nil {
			return block[:n], err
		}
	}
	return block[:n], nil
}

// join returns the blocks as one slice and frees their memory.
func join(rest io.Reader, blocks [][]byte, size int64, c *Claim) ([]byte, error) {
	if len(blocks) == 1 {
		return blocks[0], nil
	}
	if !c.takeLarge(size) {
		return nil, discard(rest, ErrBusy)
	}
	whole := make([]byte, 0, size)
	for _, block := range blocks {
		whole = append(whole, block...)
	}
	c.give(c.taken - size)
	return whole, nil
}

func discard(body io.Reader, err error) error {
	_, _ = io.CopyN(io.Discard, body, discarded)
	return err
}

// copies is the memory for a body that a handler reads itself, as a multiple of the
// body's size: buffers grow by doubling, and forms are decoded.
const copies = 4

// Guard reserves memory from the budget for the bodies that a handler reads. Without free
// memory it answers 503.
func (b *Budget) Guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body == nil || r.Body == http.NoBody {
			next.ServeHTTP(w, r)
			return
		}
		claim := b.Claim()
		defer claim.Release()
		if !claim.takeSmall(1) {
			w.Header().Set("Retry-After", "5")
			http.Error(w, "other requests use the memory for bodies; try again soon", http.StatusServiceUnavailable)
			return
		}
		taking := *r
		taking.Body = &guarded{ReadCloser: r.Body, claim: claim}
		next.ServeHTTP(w, &taking)
	})
}

// guarded is a body that reserves memory as it is read.
type guarded struct {
	io.ReadCloser
	claim *Claim
	size  int64
}

// Read reserves memory for the bytes that it read.
func (g *guarded) Read(p []byte) (int, error) {
	n, err := g.ReadCloser.Read(p)
	g.size += int64(n)
	take := g.claim.takeSmall
	if g.size > SmallBody {
		take = g.claim.takeLarge
	}
	if !take(copies * int64(n)) {
		return 0, ErrBusy
	}
	return n, err
}
