//go:build !windows

package store

import "golang.org/x/sys/unix"

// writableFolder says why this process cannot make files in a folder.
func writableFolder(folder string) error { return unix.Access(folder, unix.W_OK|unix.X_OK) }

// writableFile says why this process cannot read and write a file.
func writableFile(file string) error { return unix.Access(file, unix.R_OK|unix.W_OK) }

// freeBytes is how much room a folder's disk has for this process; 0 if that is
// not known.
func freeBytes(folder string) uint64 {
	var disk unix.Statfs_t
	if err := unix.Statfs(folder, &disk); err != nil || disk.Bavail < 0 { //nolint:staticcheck // FreeBSD counts below 0 what is reserved
		return 0
	}
	return uint64(disk.Bavail) * uint64(disk.Bsize)
}
