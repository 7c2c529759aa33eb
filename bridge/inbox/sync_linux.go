package inbox

import (
	"os"
	"syscall"
)

// syncData has what was written to a file on disk, and of what describes the file only
// what reading needs, such as its size.
func syncData(f *os.File) error {
	for {
		err := syscall.Fdatasync(int(f.Fd()))
		if err != syscall.EINTR {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}
