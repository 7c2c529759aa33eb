// Package sinktest holds the promises of a sink as a test suite. The test file
// of every sink starts with one call of Run.
package sinktest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Behaviour is what a fake platform does with whatever it is sent.
type Behaviour int

// The behaviours that a fake platform must be able to show.
const (
	Accept Behaviour = iota // takes the message
	Reject                  // refuses this message for good, in the platform's own words
	Break                   // refuses everything until somebody mends the destination
	Limit                   // too fast; if the platform can say how long to wait, it says RetryAfter
	Fail                    // an error of its own that may pass
	Hang                    // never answers
	Reset                   // drops the connection
)

// RetryAfter is what a fake platform asks for under Limit.
const RetryAfter = 7 * time.Second

// Suite describes a sink to Run.
type Suite struct {
	Type string // the sink's, as the configuration spells it
	Mode string // one of its ways to send, such as "bot", or ""
	New  func(kit.Setup) (bridge.Sink, error)

	// Settings are valid settings, complete, that lead to the fake platform at
	// base. They hold each of Secrets.
	Settings func(base string) map[string]any
	Secrets  []string

	// Start runs a fake platform until the test ends and gives its base; nil
	// when the sink has no destination that could fail.
	Start func(*testing.T, Behaviour) (base string)

	// Own are the platform's own answers, of a sink that speaks HTTP.
	Own Own

	// NoHTTP says that the sink speaks another protocol.
	NoHTTP bool

	// NoRetryAfter says that the platform cannot tell how long to wait.
	NoRetryAfter bool

	// Notice is the key of what the platform's notifications show, such as text or
	// attachments.fallback; "" when they show the beginning of the message itself.
	Notice string

	// Check fails the test if a payload breaks one of the platform's limits or
	// lets the message's data act: mention, link, or break out of its place.
	Check func(*testing.T, bridge.Message, bridge.Payload)
}

// Run checks every promise.
func Run(t *testing.T, s Suite) {
	t.Helper()
	t.Run("settings", s.settings)
	t.Run("encode", s.encode)
	t.Run("notices", s.notices)
	if s.Start == nil {
		return
	}
	t.Run("accepted", s.accepted)
	t.Run("failures", s.failures)
	t.Run("context", s.contextEnds)
	t.Run("concurrent", s.concurrent)
	t.Run("probe", s.probe)
	if s.NoHTTP {
		return
	}
	if s.Own.Refused == "" {
		t.Fatal("the suite does not say what the platform's own answers are")
	}
	t.Run("answers", s.answers)
	t.Run("endless", s.endless)
	t.Run("redirects", s.redirects)
	t.Run("drips", s.drips)
	if _, verbatim := s.sink(t, anyBase).(bridge.Verbatim); !verbatim {
		t.Run("decoration", s.decoration)
		t.Run("simpler", s.simpler)
	}
}

// sink builds the sink with its valid settings.
func (s Suite) sink(t *testing.T, base string) bridge.Sink {
	t.Helper()
	sink, err := s.New(s.setup(s.Settings(base)))
	if err != nil {
		t.Fatalf("valid settings are refused: %v", err)
	}
	return sink
}

func (s Suite) setup(settings map[string]any) kit.Setup {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	return kit.Setup{Name: "under-test", Settings: settings, Client: kit.NewClient(transport, 10*time.Second)}
}

const anyBase = "http://127.0.0.1:9"

func (s Suite) settings(t *testing.T) {
	s.sink(t, anyBase)

	unknown := s.Settings(anyBase)
	unknown["urll"] = "x"
	_, err := s.New(s.setup(unknown))
	if faults := kit.SettingErrors(err); len(faults) != 1 || faults[0].Key != "urll" {
		t.Errorf("unknown setting urll: got %v, want one SettingError with that key", err)
	}

	for key := range s.Settings(anyBase) {
		wrong := s.Settings(anyBase)
		wrong[key] = map[string]any{"nested": []any{1}}
		_, err := s.New(s.setup(wrong))
		if err == nil {
			t.Errorf("setting %s accepts a mapping", key)
		}
		s.noSecret(t, "error for setting "+key, fmt.Sprintf("%v %+v %#v", err, err, err))
	}
}

func (s Suite) encode(t *testing.T) {
	sink := s.sink(t, anyBase)
	for _, c := range All() {
		t.Run(c.Name, func(t *testing.T) {
			p, err := sink.Encode(c.Message)
			if err != nil {
				t.Fatalf("Encode: %v", err)
			}
			again, err := sink.Encode(c.Message)
			if err != nil || string(again.Body) != string(p.Body) {
				t.Error("encoding the same message again gives another body, so platforms cannot deduplicate")
			}
			if p.MessageID != c.Message.ID {
				t.Errorf("MessageID = %q, want %q", p.MessageID, c.Message.ID)
			}
			if len(p.Body) == 0 || p.ContentType == "" {
				t.Error("the payload has no body or no content type")
			}
			s.noSecret(t, "payload", string(p.Body))
			s.Check(t, c.Message, p)
			Dump(t, strings.TrimSuffix(s.Type+"-"+s.Mode, "-"), c.Name, p)
		})
	}
}

// DumpVariable names a folder to which payloads are written, for validators
// outside of Go to read.
const DumpVariable = "BRIDGE_TEST_PAYLOADS"

// Dump writes a payload for a sink type, or TYPE-MODE, as TYPE.NAME.json, or .eml for a mail,
// if the environment names a folder for it.
func Dump(t *testing.T, sinkType, name string, p bridge.Payload) {
	t.Helper()
	dir := os.Getenv(DumpVariable)
	if dir == "" {
		return
	}
	ending := "json"
	if strings.HasPrefix(p.ContentType, "message/rfc822") {
		ending = "eml"
	}
	file := fmt.Sprintf("%s.%s.%s", sinkType, strings.ReplaceAll(name, " ", "-"), ending)
	if err := os.WriteFile(filepath.Join(dir, file), p.Body, 0o600); err != nil {
		t.Error(err)
	}
}

func (s Suite) accepted(t *testing.T) {
	receipt, err := s.send(t, Accept)
	if err != nil {
		t.Fatalf("Send: %v", err)
	}
	s.noSecret(t, "receipt", fmt.Sprintf("%+v", receipt))
}

func (s Suite) failures(t *testing.T) {
	for _, c := range []struct {
		behaviour Behaviour
		name      string
		kind      bridge.Kind
	}{
		{Reject, "reject", bridge.MessageRejected},
		{Break, "break", bridge.DestinationBroken},
		{Limit, "limit", bridge.Limited},
		{Fail, "fail", bridge.Temporary},
		{Reset, "reset", bridge.Temporary},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := s.send(t, c.behaviour)
			se, ok := errors.AsType[*bridge.SendError](err)
			if !ok {
				t.Fatalf("Send = %v (%T), want a *bridge.SendError", err, err)
			}
			if se.Kind != c.kind {
				t.Errorf("kind = %v, want %v (%v)", se.Kind, c.kind, err)
			}
			if se.Detail == "" {
				t.Error("Detail is empty: the operator learns nothing")
			}
			if c.behaviour == Limit && !s.NoRetryAfter && se.RetryAfter != RetryAfter {
				t.Errorf("RetryAfter = %v, want %v", se.RetryAfter, RetryAfter)
			}
			s.noSecret(t, "error", fmt.Sprintf("%v %+v %#v", err, err, *se))
		})
	}
}

func (s Suite) contextEnds(t *testing.T) {
	sink := s.sink(t, s.Start(t, Hang))
	payload := s.payload(t, sink)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := sink.Send(ctx, payload)
		done <- err
	}()
	cancel()
	select {
	case err := <-done:
		if err == nil {
			t.Error("Send succeeds although its context ended and nobody answered")
		}
		s.noSecret(t, "error", fmt.Sprintf("%v %+v", err, err))
	case <-time.After(30 * time.Second): // a hang, not a measure of speed
		t.Fatal("Send goes on after its context ended")
	}
}

func (s Suite) concurrent(t *testing.T) {
	sink := s.sink(t, s.Start(t, Accept))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			p, err := sink.Encode(Ordinary()[0].Message)
			if err != nil {
				t.Errorf("Encode: %v", err)
				return
			}
			if _, err := sink.Send(t.Context(), p); err != nil {
				t.Errorf("Send: %v", err)
			}
		})
	}
	wg.Wait()
}

func (s Suite) send(t *testing.T, b Behaviour) (bridge.Receipt, error) {
	t.Helper()
	sink := s.sink(t, s.Start(t, b))
	return sink.Send(t.Context(), s.payload(t, sink))
}

func (s Suite) payload(t *testing.T, sink bridge.Sink) bridge.Payload {
	t.Helper()
	p, err := sink.Encode(Ordinary()[0].Message)
	if err != nil {
		t.Fatalf("Encode: %v", err)
	}
	return p
}

func (s Suite) noSecret(t *testing.T, where, text string) {
	t.Helper()
	for _, secret := range s.Secrets {
		if strings.Contains(text, secret) {
			t.Errorf("%s shows the secret %q: %s", where, secret, text)
		}
	}
}
