package dispatch

import (
	"context"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/condition"
)

// threadKey returns the thread of a message, if it is the same for all its deliveries.
func (r Route) threadKey(deliveries []bridge.Delivery, byTemplate string) string {
	switch {
	case r.Thread == nil:
		return ""
	case r.Thread.By == nil:
		return byTemplate
	}
	return commonKey(r.Thread.By, deliveries)
}

// updateKey identifies what a message is about if it may replace an earlier one, or is "".
func (r Route) updateKey(deliveries []bridge.Delivery) string {
	if r.Update == nil {
		return ""
	}
	return commonKey(r.Update.By, deliveries)
}

// commonKey returns the key that all deliveries share. It is "" if they have several or if a
// key cannot be evaluated; then the message starts no thread and replaces none.
func commonKey(by *condition.Key, deliveries []bridge.Delivery) (key string) {
	for i, d := range deliveries {
		k, err := by.Of(d.Facts)
		if err != nil || i > 0 && k != key {
			return ""
		}
		key = k
	}
	return key
}

// postKey identifies an earlier message, or a thread, on the platform.
type postKey struct {
	kind bridge.PostKind
	key  string
}

func (s *Sender) threads() bool {
	t, ok := s.Sink.(bridge.Threaded)
	return ok && t.Threads()
}

func (s *Sender) updates() bool {
	u, ok := s.Sink.(bridge.Updating)
	return ok && u.Updates()
}

// refersToEarlier reports whether a message depends on earlier ones. It cannot be encoded
// before they are sent.
func (s *Sender) refersToEarlier(p preparedMessage) bool {
	return p.message.ThreadKey != "" && s.threads() || p.updateKey != "" && s.updates()
}

// encodeReference encodes a message that refers to earlier ones, after they were sent. It
// returns false if the message cannot be sent now: the store does not answer, or took so long
// that another replica may send the message.
func (s *Sender) encodeReference(ctx, late context.Context, p *preparedMessage) bool {
	if p.err != nil || !s.refersToEarlier(*p) {
		return true
	}
	if err := s.resolveReferences(late, p); err != nil {
		pauseAfterError(ctx, s.Log, err)
		return false
	}
	p.payload, p.err = s.encode(p.log, &p.message)
	return s.lease.Valid()
}

// resolveReferences finds the earlier messages that a message refers to.
func (s *Sender) resolveReferences(ctx context.Context, p *preparedMessage) (err error) {
	if p.message.ThreadKey != "" && s.threads() {
		if p.message.Thread, _, err = s.findPost(ctx, postKey{bridge.ThreadPost, p.message.ThreadKey}); err != nil {
			return err
		}
	}
	if p.updateKey == "" || !s.updates() {
		return nil
	}
	ref, at, err := s.findPost(ctx, postKey{bridge.MessagePost, p.updateKey})
	if err == nil && time.Since(at) < s.Routes[p.route()].Update.Within {
		p.message.Replaces = ref
	}
	return err
}

// findPost looks in the current batch, and then in the store.
func (s *Sender) findPost(ctx context.Context, p postKey) (ref string, at time.Time, err error) {
	if ref, ok := s.recentPosts[p]; ok {
		return ref, time.Now(), nil
	}
	return s.Store.Post(ctx, s.Name, p.kind, p.key)
}

// newPosts returns what later messages may refer to after this one was sent.
func (s *Sender) newPosts(p preparedMessage, r bridge.Receipt) (all []bridge.Post) {
	// The thread is a new one if the platform no longer has the thread of the message.
	if p.message.ThreadKey != "" && r.Thread != "" && r.Thread != p.message.Thread && s.threads() {
		all = append(all, bridge.Post{Kind: bridge.ThreadPost, Key: p.message.ThreadKey, Ref: r.Thread})
	}
	if p.updateKey != "" && r.ID != "" && s.updates() {
		all = append(all, bridge.Post{Kind: bridge.MessagePost, Key: p.updateKey, Ref: r.ID})
	}
	for _, one := range all {
		s.recentPosts[postKey{one.Kind, one.Key}] = one.Ref
	}
	return all
}
