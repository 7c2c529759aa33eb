package dispatch

import (
	"context"
	"encoding/json"
)

// memory keeps what whoever goes on must know; the store is one.
type memory interface {
	State(ctx context.Context, name string) (string, error) // "" when nothing was kept
	Keep(ctx context.Context, name, value string) error
}

func (s *Sender) key() string { return healthKey(s.Name) }

func healthKey(sink string) string { return "sink " + sink }

// Forget has the next sender of a sink begin as if it had never failed. It is for a
// bridge that does not run; see Sender.Retry for one that does.
func Forget(ctx context.Context, m memory, sink string) error {
	return m.Keep(ctx, healthKey(sink), "")
}

// resume goes on with what is known of the sink and its pace.
func (s *Sender) resume(ctx context.Context) error {
	text, err := s.Store.State(ctx, s.key())
	if err != nil {
		return err
	}
	s.kept, s.health = text, health{}
	if text != "" && json.Unmarshal([]byte(text), &s.health) != nil || s.health.Of != s.Of {
		s.health = health{Of: s.Of} // of other settings, or of another version
	}
	return s.Pace.resume(ctx, s.Store)
}

// remember keeps the sink's health if it has changed. It may be lost: the next
// failure tells it again.
func (s *Sender) remember(ctx context.Context) {
	text := ""
	if s.health.Limited > 0 || s.health.Broken != "" || s.health.streak() > 0 || len(s.health.Alone) > 0 {
		encoded, err := json.Marshal(s.health)
		if err != nil {
			return // a struct of texts and numbers cannot fail
		}
		text = string(encoded)
	}
	if text == s.kept {
		return
	}
	if err := s.Store.Keep(ctx, s.key(), text); err != nil {
		s.Log.Warn("the sink's state could not be kept", "err", err)
		return
	}
	s.kept = text
}
