package bounds

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"testing"
)

// caller is a connection from an address.
type caller struct {
	net.Conn
	name   string
	closed *[]string
}

func (c caller) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(c.name))
}
func (c caller) Close() error { *c.closed = append(*c.closed, c.name); return nil }

// queue is a listener to which callers come.
type queue struct{ callers []net.Conn }

func (q *queue) Accept() (net.Conn, error) {
	c := q.callers[0]
	q.callers = q.callers[1:]
	return c, nil
}
func (*queue) Close() error   { return nil }
func (*queue) Addr() net.Addr { return &net.TCPAddr{} }

// Each case is a series of callers, by address and port; "+" and a name is a
// request of it, "-" and a name its end.
func TestConnections(t *testing.T) {
	for name, c := range map[string]struct {
		calls []string
		want  []string // who gave way, in order
	}{
		"few":                     {[]string{"192.0.2.1:1", "192.0.2.2:1", "192.0.2.3:1"}, nil},
		"many":                    {[]string{"192.0.2.1:1", "192.0.2.2:1", "192.0.2.3:1", "192.0.2.4:1", "192.0.2.5:1"}, []string{"192.0.2.1:1 total"}},
		"who asks is not idle":    {[]string{"192.0.2.1:1", "192.0.2.2:1", "192.0.2.3:1", "192.0.2.4:1", "+192.0.2.1:1", "192.0.2.5:1"}, []string{"192.0.2.2:1 total"}},
		"who left is not counted": {[]string{"192.0.2.1:1", "192.0.2.2:1", "192.0.2.3:1", "192.0.2.4:1", "-192.0.2.2:1", "192.0.2.5:1"}, nil},
		"one address":             {[]string{"192.0.2.9:1", "192.0.2.1:1", "192.0.2.1:2", "192.0.2.1:3"}, []string{"192.0.2.1:1 address"}},
		"one address left":        {[]string{"192.0.2.1:1", "192.0.2.1:2", "-192.0.2.1:1", "192.0.2.1:3"}, nil},
		"mapped into IPv6":        {[]string{"192.0.2.1:1", "[::ffff:192.0.2.1]:2", "192.0.2.1:3"}, []string{"192.0.2.1:1 address"}},
		"one network of IPv6":     {[]string{"[2001:db8::1]:1", "[2001:db8::2]:1", "[2001:db8::3]:1"}, []string{"[2001:db8::1]:1 address"}},
		"networks of IPv6":        {[]string{"[2001:db8:0:1::1]:1", "[2001:db8:0:2::1]:1", "[2001:db8:0:3::1]:1"}, nil},
		"a trusted proxy":         {[]string{"10.0.0.1:1", "10.0.0.1:2", "10.0.0.1:3", "10.0.0.1:4"}, nil},
		"and the total":           {[]string{"10.0.0.1:1", "10.0.0.1:2", "10.0.0.1:3", "10.0.0.1:4", "10.0.0.1:5"}, []string{"10.0.0.1:1 total"}},
	} {
		var closed, reasons []string
		q, server := &queue{}, &http.Server{}
		l := Connections{
			Max: 4, PerAddress: 2, Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
			Closed: func(why Reason) { reasons = append(reasons, string(why)) },
		}.Limit(server, q)
		open := map[string]net.Conn{}
		var left []string
		for _, call := range c.calls {
			switch call[0] {
			case '+':
				server.ConnState(open[call[1:]], http.StateActive)
			case '-':
				_ = open[call[1:]].Close()
				left = append(left, call[1:])
			default:
				q.callers = append(q.callers, caller{name: call, closed: &closed})
				accepted, err := l.Accept()
				if err != nil {
					t.Fatal(err)
				}
				open[call] = accepted
			}
		}
		closed = slices.DeleteFunc(closed, func(one string) bool { return slices.Contains(left, one) })
		var got []string
		for i, one := range closed {
			got = append(got, fmt.Sprintf("%s %s", one, reasons[i]))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v gave way, want %v", name, got, c.want)
		}
	}
}
