package pgtest

import "syscall"

// dieWithUs has a server end when the test does, however that ends.
func dieWithUs(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGQUIT }
