package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
	"github.com/absorb-bridge/absorb-bridge/internal/wall"
)

// play sends a round of all events, waits until they are on the wall, and then
// lets things happen now and then.
func (s *stage) play(ctx context.Context) error {
	s.say(`absorb-bridge demo: everything runs on this machine, with made-up people.

  wall      http://%s/     look here: what Slack, Discord, Google Chat, Teams, a mailbox and others got
  bridge    %s
  admin     http://%s/     what runs, what waits, and what to do about it
  portal    http://%s/     the emulated portal and its Integration API

Let something happen yourself:
  absorb-bridge emit --portal http://%[4]s --url %[2]s --secret %[5]s --webhooks lean --event CertificateAwarded

`, s.wallListener.Addr(), s.posts, s.admin, s.portalListener.Addr(), secret)

	err := s.firstRound(ctx)
	for err == nil {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(s.Every):
			err = s.announce(ctx, s.portal.Next(s.Webhooks))
		}
	}
	if ctx.Err() != nil {
		return nil // told to stop
	}
	return err
}

func (s *stage) firstRound(ctx context.Context) error {
	events := absorb.Events()
	for _, e := range events {
		if err := s.announce(ctx, s.portal.Occur(e.Name, s.Webhooks)); err != nil {
			return err
		}
	}
	for s.onWall() < len(events) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	s.say("All %d events are on the wall, for each of the %d platforms. More happens every %v; Ctrl-C ends the demo.\n",
		len(events), len(wall.Platforms()), s.Every)
	return nil
}

// onWall is how many messages every platform has at least.
func (s *stage) onWall() int {
	least := s.wall.Count(wall.Platforms()[0])
	for _, p := range wall.Platforms() {
		least = min(least, s.wall.Count(p))
	}
	return least
}

func (s *stage) announce(ctx context.Context, w portal.Webhook) error {
	status, answer, err := w.Post(ctx, http.DefaultClient, s.posts, secret)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return errors.New("the bridge refused the demo's " + w.Event + ": " + answer)
	}
	return nil
}

func (s *stage) say(format string, args ...any) { fmt.Fprintf(s.Out, format, args...) }
