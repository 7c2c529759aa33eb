//go:build !linux && !windows

package pgtest

import "syscall"

// dieWithUs does nothing: only Linux ends a process with its parent.
func dieWithUs(*syscall.SysProcAttr) {}
