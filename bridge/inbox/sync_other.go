//go:build !linux

package inbox

import "os"

// syncData has what was written to a file on disk.
func syncData(f *os.File) error { return f.Sync() }
