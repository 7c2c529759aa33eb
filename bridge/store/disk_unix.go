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
	if err := unix.Statfs(folder, &disk); err != nil {
		return 0
	}
	return unsigned(disk.Bavail) * unsigned(disk.Bsize)
}

// unsigned takes a number in the type that a system has for it. FreeBSD counts below 0
// what is kept for root.
func unsigned[T int32 | int64 | uint32 | uint64](n T) uint64 { return uint64(max(0, n)) }
