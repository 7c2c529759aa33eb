package store

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// remedy adds to the error of a file that cannot be opened what to do about it.
func remedy(err error) error {
	words := ""
	switch text := err.Error(); {
	case errors.Is(err, fs.ErrPermission), strings.Contains(text, "readonly database"), strings.Contains(text, "unable to open"):
		words = "the user that runs the bridge must be able to write the file and its folder"
	case strings.Contains(text, "malformed"), strings.Contains(text, "not a database"):
		words = "restore a backup, or move the file away to begin with an empty store"
	case strings.Contains(text, "disk is full"):
		words = "make room on the disk"
	default:
		return err
	}
	return fmt.Errorf("%w: %s", err, words)
}
