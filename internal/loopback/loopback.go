// Package loopback gives tests addresses of this machine.
package loopback

import (
	"net"
	"testing"
)

// Address is one that was free a moment ago, for a process that must be told its
// address beforehand, or for a destination that is not there.
func Address(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
