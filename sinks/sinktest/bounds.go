package sinktest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

const (
	// maxRead is far more than a sink should read of an answer, and than the buffers
	// of a connection hold, in bytes.
	maxRead = 64 << 20

	// patience is how long an attempt may take.
	patience = 30 * time.Second
)

// endless answers without an end.
func (s Suite) endless(t *testing.T) {
	var sent atomic.Int64
	sink := s.sink(t, Serve(t, func(w http.ResponseWriter, _ *http.Request) {
		piece := []byte(strings.Repeat("ok ", 10_000))
		for sent.Load() < maxRead {
			n, err := w.Write(piece)
			if sent.Add(int64(n)); err != nil {
				return
			}
		}
	}))
	_, err := sink.Send(t.Context(), s.payload(t, sink))
	keeps(t, "an endless answer", err)
	if sent.Load() >= maxRead {
		t.Errorf("%d bytes of an endless answer were read", sent.Load())
	}
}

// redirects leads elsewhere, where somebody would take the message.
func (s Suite) redirects(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		elsewhere := Serve(t, func(w http.ResponseWriter, r *http.Request) {
			t.Errorf("%d is followed, by %s", status, r.Method)
			_, _ = io.WriteString(w, s.Own.Taken)
		})
		sink := s.sink(t, Serve(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere+r.URL.Path, status)
		}))
		_, err := sink.Send(t.Context(), s.payload(t, sink))
		keeps(t, fmt.Sprint("redirect ", status), err)
	}
}

// drips answers a byte a second. The time is that of a synctest bubble.
func (s Suite) drips(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var platforms sync.WaitGroup
		defer platforms.Wait()
		transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			platforms.Go(func() { drip(theirs) })
			return ours, nil
		}}
		defer transport.CloseIdleConnections()
		sink, err := s.New(kit.Setup{Name: "under-test", Settings: s.Settings(anyBase), Client: kit.NewClient(transport, patience)})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		_, err = sink.Send(t.Context(), s.payload(t, sink))
		keeps(t, "a dripping answer", err)
		if took := time.Since(began); took > patience {
			t.Errorf("a dripping answer was waited for %v", took)
		}
	})
}

// drip answers the request of a connection until that is closed.
func drip(conn net.Conn) {
	defer conn.Close()
	request, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, request.Body)
	_, err = io.WriteString(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
	for err == nil {
		time.Sleep(time.Second)
		_, err = io.WriteString(conn, "1\r\n \r\n")
	}
}

// keeps checks that an answer which says nothing of the message neither loses nor
// refuses it.
func keeps(t *testing.T, what string, err error) {
	t.Helper()
	if err == nil {
		t.Errorf("%s is taken for a success", what)
	} else if kind := bridge.AsSendError(err).Kind; kind == bridge.MessageRejected {
		t.Errorf("%s: %v (%v), want the message kept", what, kind, err)
	}
}
