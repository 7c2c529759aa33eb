package store

import (
	"os"

	"golang.org/x/sys/windows"
)

// writableFolder says why this process cannot make files in a folder. Windows
// decides by access lists when a file is made, so only the folder is looked at.
func writableFolder(folder string) error {
	_, err := os.ReadDir(folder)
	return err
}

// writableFile says why this process cannot read and write a file.
func writableFile(file string) error {
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return f.Close()
}

// freeBytes is how much room a folder's disk has for this process; 0 if that is
// not known.
func freeBytes(folder string) (free uint64) {
	name, err := windows.UTF16PtrFromString(folder)
	if err != nil {
		return 0
	}
	if err := windows.GetDiskFreeSpaceEx(name, &free, nil, nil); err != nil {
		return 0
	}
	return free
}
