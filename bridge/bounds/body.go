package bounds

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// Why a body was not read.
var (
	ErrTooLarge = errors.New("the body is too large")
	ErrBusy     = errors.New("other requests use the memory for bodies")
)

const (
	blockSize = 16 << 10 // of the blocks that a body is read into after the first one
	discarded = 2 << 20  // of a body that is refused: a sender comes to read the answer once it has sent all
)

// Body says what one body may take.
type Body struct {
	Max  int64         // bytes
	Time time.Duration // for all of it to arrive
}

// Read reads a request's body, for which it takes memory as the bytes arrive,
// whatever the sender announces. The error is ErrTooLarge, ErrBusy, or that of the
// connection.
func (b Body) Read(w http.ResponseWriter, r *http.Request, c *Claim) ([]byte, error) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(b.Time)) // a server can, a test's recorder cannot
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
			_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // else the request would end with it
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

// fill reads until a block is full, or the body ends.
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

// join makes one text of the blocks, and gives their memory back.
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

// copies is how many times as large as a body what is made of it may be, for
// handlers that read it by themselves: their buffers double, and forms are decoded.
const copies = 4

// Guard has a handler's requests take their bodies from the budget. While nothing is
// left, they are answered 503.
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

// guarded is a body whose bytes are taken from a budget as they are read.
type guarded struct {
	io.ReadCloser
	claim *Claim
	size  int64
}

// Read takes memory for what it read.
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
