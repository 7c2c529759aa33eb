package pgtest

import "syscall"

// On Windows the tests start no server of their own: BRIDGE_TEST_POSTGRES names one.

func account(string) (*syscall.SysProcAttr, error) { return nil, errMissing }

func (s *Server) end() { _ = s.cmd.Process.Kill() }

// Pause is not possible here.
func (s *Server) Pause() {}

// Resume has nothing to end.
func (s *Server) Resume() {}
