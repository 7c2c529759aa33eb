package bounds

import (
	"container/list"
	"net"
	"net/http"
	"net/netip"
	"sync"

	"github.com/absorb-bridge/absorb-bridge/bridge/peer"
)

// Connections limits the number of a server's connections. At the limit, a new connection
// replaces the one that has been idle longest: an honest request takes milliseconds, so
// slow and idle clients are closed first.
type Connections struct {
	Max        int          // in all
	PerAddress int          // from one address; with IPv6, from one /64 network
	Trusted    peer.Proxies // proxies that forward the requests of many clients; PerAddress does not apply to them
	Closed     func(Reason) // called after a connection was closed because of a limit; may be nil
}

// Reason says which limit closed a connection.
type Reason string

// The reasons.
const (
	TooMany            Reason = "total"
	TooManyFromAddress Reason = "address"
)

// Limit returns a listener that limits the server's connections.
func (c Connections) Limit(server *http.Server, l net.Listener) net.Listener {
	limited := &listener{Listener: l, Connections: c, from: map[netip.Prefix]int{}}
	server.ConnState = limited.note
	return limited
}

type listener struct {
	net.Listener
	Connections

	mu   sync.Mutex // guards what follows
	all  list.List  // of *conn; the one that has been idle longest is first
	from map[netip.Prefix]int
}

// Accept returns the next connection.
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

// add counts a connection, and returns the one to close for it, or nil.
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

// network returns the network whose connections are counted together. It is invalid for
// a trusted proxy.
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

// note restarts the idle time of a connection whose state changes.
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

// remove stops counting a connection. The caller holds the lock.
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

// conn is a counted connection.
type conn struct {
	net.Conn
	of    *listener
	from  netip.Prefix  // or none
	place *list.Element // nil when it is no longer counted
}

// Close closes the connection.
func (c *conn) Close() error {
	c.of.mu.Lock()
	c.of.remove(c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}

// CloseWrite closes the sending side, so that the peer can read the answer before the
// connection ends.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
