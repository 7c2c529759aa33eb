//go:build !windows

package pgtest

import (
	"errors"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// account gives a server's processes somebody else's account when the tests run as
// root, since PostgreSQL refuses to run so, and gives its folder to that account.
func account(dir string) (*syscall.SysProcAttr, error) {
	as := &syscall.SysProcAttr{}
	dieWithUs(as)
	if os.Getuid() != 0 {
		return as, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := user.Lookup(name); err == nil {
			uid, _ := strconv.ParseUint(u.Uid, 10, 32)
			gid, _ := strconv.ParseUint(u.Gid, 10, 32)
			as.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
			return as, os.Chown(dir, int(uid), int(gid))
		}
	}
	return nil, errors.New("no user to run PostgreSQL as")
}

// end asks a server to stop at once.
func (s *Server) end() {
	_ = s.cmd.Process.Signal(syscall.SIGQUIT) // it may be gone already
	s.Resume()
}

// Pause has the server hang: it takes connections and requests and answers none.
// It is for a server that New has started.
func (s *Server) Pause() { s.signal(syscall.SIGSTOP) }

// Resume ends a Pause.
func (s *Server) Resume() { s.signal(syscall.SIGCONT) }

// signal sends a signal to the server and to the processes that it has started.
func (s *Server) signal(sig syscall.Signal) {
	pid := s.cmd.Process.Pid
	_ = syscall.Kill(pid, sig)
	all, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range all {
		text, _ := os.ReadFile(file) // it may be gone
		_, rest, _ := strings.Cut(string(text), ") ")
		if fields := strings.Fields(rest); len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			child, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			_ = syscall.Kill(child, sig)
		}
	}
}
