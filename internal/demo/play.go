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

// play sends one of each event, waits until all are on the wall, and then sends an event
// at intervals.
func (s *stage) play(ctx context.Context) error {
	s.say(`absorb-bridge demo: everything runs on this machine, with made-up people.

  wall      http://%s/     look here: the messages on Slack, Discord, Google Chat, Teams, by mail and others
  bridge    %s
  admin     http://%s/     the bridge's admin pages: state, problems, and how to fix them
  portal    http://%s/     the emulated portal and its Integration API

Send an event yourself:
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
		return nil // stopped by the caller
	}
	return err
}

func (s *stage) firstRound(ctx context.Context) error {
	events := absorb.Events()
	for _, e := range events {
		if err := s.announce(ctx, s.portal.TriggerNew(e.Name, s.Webhooks)); err != nil {
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
	s.say("All %d events are on the wall, for each of the %d platforms. Another event follows every %v. Press Ctrl-C to stop.\n",
		len(events), len(wall.Platforms()), s.Every)
	return nil
}

// onWall returns the smallest number of messages that a platform has received.
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
