package bounds

import (
	"container/list"
	"net"
	"net/http"
	"net/netip"
	"sync"

	"github.com/absorb-bridge/absorb-bridge/bridge/peer"
)

// Connections bounds how many connections a server has. When there are too many,
// the one that has waited longest gives way to the new one: an honest request takes
// milliseconds, so whoever is slow or idle leaves first.
type Connections struct {
	Max        int          // in all
	PerAddress int          // from one address; of IPv6, from one /64 network
	Trusted    peer.Proxies // which bring the requests of many
	Closed     func(Reason) // called when one gave way; may be nil
}

// Reason is why a connection gave way.
type Reason string

// The reasons.
const (
	TooMany            Reason = "total"
	TooManyFromAddress Reason = "address"
)

// Limit bounds the connections that the server gets from a listener.
func (c Connections) Limit(server *http.Server, l net.Listener) net.Listener {
	limited := &listener{Listener: l, Connections: c, from: map[netip.Prefix]int{}}
	server.ConnState = limited.note
	return limited
}

type listener struct {
	net.Listener
	Connections

	mu   sync.Mutex // guards what follows
	all  list.List  // of *conn; in front who has waited longest
	from map[netip.Prefix]int
}

// Accept gives the next connection.
func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	added, victim, reason := l.add(c)
	if victim != nil {
		_ = victim.Close()
		if l.Closed != nil {
			l.Closed(reason)
		}
	}
	return added, nil
}

// add notes a connection, and gives the one that makes room for it, if any must.
func (l *listener) add(c net.Conn) (added, victim *conn, reason Reason) {
	added = &conn{Conn: c, of: l, from: l.network(c.RemoteAddr())}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case added.from.IsValid() && l.from[added.from] >= l.PerAddress:
		victim, reason = l.oldest(added.from), TooManyFromAddress
	case l.all.Len() >= l.Max:
		victim, reason = l.all.Front().Value.(*conn), TooMany
	}
	if victim != nil {
		l.remove(victim)
	}
	added.place = l.all.PushBack(added)
	if added.from.IsValid() {
		l.from[added.from]++
	}
	return added, victim, reason
}

// network is whose connections are counted together; none for a trusted proxy.
func (l *listener) network(of net.Addr) netip.Prefix {
	a := peer.Connected(of.String())
	if l.Trusted.Trusts(a) {
		return netip.Prefix{}
	}
	return peer.Group(a)
}

func (l *listener) oldest(from netip.Prefix) *conn {
	for e := l.all.Front(); e != nil; e = e.Next() {
		if c := e.Value.(*conn); c.from == from {
			return c
		}
	}
	return nil
}

// note has a connection whose state changes wait from now on.
func (l *listener) note(of net.Conn, state http.ConnState) {
	c, ok := of.(*conn)
	if !ok || state != http.StateActive && state != http.StateIdle {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.place != nil {
		l.all.MoveToBack(c.place)
	}
}

// remove forgets a connection. The caller has the lock.
func (l *listener) remove(c *conn) {
	if c.place == nil {
		return
	}
	l.all.Remove(c.place)
	c.place = nil
	if c.from.IsValid() {
		if l.from[c.from]--; l.from[c.from] == 0 {
			delete(l.from, c.from)
		}
	}
}

// conn is a connection that is counted.
type conn struct {
	net.Conn
	of    *listener
	from  netip.Prefix  // or none
	place *list.Element // nil once it is not counted any more
}

// Close closes the connection.
func (c *conn) Close() error {
	c.of.mu.Lock()
	c.of.remove(c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}

// CloseWrite says that nothing more is sent, so that the peer reads the answer
// before the connection ends.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
